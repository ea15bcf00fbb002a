"""A box's store, as the store's own tests have it."""

from tests.edge.store.conftest import box, hands, hub, open_box

__all__ = ["box", "hands", "hub", "open_box"]
