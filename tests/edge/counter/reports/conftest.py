"""The till of the tests about money, for those about reports."""

from tests.edge.counter.money.conftest import till

__all__ = ["till"]
