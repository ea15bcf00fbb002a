"""Issuing vouchers in head office's name: one block, codes that nobody keeps."""

import hmac
from hashlib import sha256

from cloud.domain.refusals import Refusal
from cloud.domain.vouchers import NewVoucher, batch_fault, batch_ops
from cloud.hub.builder import Proposal
from cloud.hub.draft import Draft, HubOps
from cloud.hub.hub import Hub
from sync_protocol.claims import claim_key
from sync_protocol.expect import ID_MAX
from sync_protocol.ops import OpRef
from sync_protocol.voucher_codes import code_text, normal_form


async def issue_vouchers(
    hub: Hub, count: int, amount_fen: int, until_day: int, actor: int
) -> list[tuple[str, str]] | Refusal:
    """Issue vouchers that any cafe may redeem; return (number, code) of each.

    The codes are told once: the log has their keyed hashes only.
    """
    business_day, utc_offset_min = hub.surroundings.business_day()
    fault = batch_fault(count, amount_fen, until_day, business_day)
    if fault is not None:
        return fault
    series = code_text(_draw(hub) >> 32)
    batch = [_new(hub, f"H{business_day}-{series}-{place + 1:03d}") for place in range(count)]

    def decide(_draft: Draft) -> HubOps | list[OpRef] | Refusal:
        return batch_ops(batch, amount_fen, until_day, business_day, utc_offset_min)

    outcome = await hub.propose(Proposal(decide, actor))
    if isinstance(outcome, Refusal):
        return outcome
    return [(one.number, code_text(one.code)) for one in batch]


def _new(hub: Hub, number: str) -> NewVoucher:
    code = _draw(hub)
    secret = hub.keys.claim_secret
    key = claim_key(hmac.new(secret, normal_form(code).encode(), sha256).digest())
    return NewVoucher(_draw(hub), code, key, number)


def _draw(hub: Hub) -> int:
    """A random id of 52 bits."""
    return (int.from_bytes(hub.surroundings.random_bytes(7), "big") & (ID_MAX >> 1)) or 1
