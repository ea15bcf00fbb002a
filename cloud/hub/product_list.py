"""Importing products in head office's name: a block for each batch, nothing for what stands."""

from collections.abc import Sequence

from cloud.domain.product_list import NewProduct
from cloud.domain.refusals import Refusal
from cloud.hub.builder import Proposal
from cloud.hub.draft import Draft, HubOps
from cloud.hub.hub import Hub
from cloud.hub.registers import register_body
from sync_protocol.kinds import PRODUCT
from sync_protocol.ops import OpRef

BATCH = 200


async def import_products(hub: Hub, products: Sequence[NewProduct], actor: int) -> int | Refusal:
    """Write products; returns how many were new or changed."""
    written = 0
    for start in range(0, len(products), BATCH):
        outcome = await hub.propose(_proposal(hub, products[start : start + BATCH], actor))
        if isinstance(outcome, Refusal):
            return outcome
        written += len(outcome)
    return written


def _proposal(hub: Hub, batch: Sequence[NewProduct], actor: int) -> Proposal:
    def decide(draft: Draft) -> HubOps | list[OpRef] | Refusal:
        ops: list[tuple[int, object]] = []
        for one in batch:
            row = draft.state.register(PRODUCT, one.sku)
            body = register_body(
                PRODUCT, one.sku, 0, one.values, row, hub.surroundings.random_bytes
            )
            if body is not None:
                ops.append((PRODUCT, body))
        return ops

    return Proposal(decide, actor)
