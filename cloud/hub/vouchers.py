"""Issuing vouchers in head office's name: one block, codes that nobody keeps.

Ids and codes of a batch follow from the form that asked for it, by a key that only the hub has: a
form that is sent twice asks for one batch, and whoever lost its answer gets the same codes again.
"""

import hmac
from dataclasses import replace
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cloud.domain.refusals import Refusal
from cloud.domain.vouchers import NewVoucher, batch_fault, batch_ops
from cloud.hub.builder import Proposal
from cloud.hub.draft import Draft, HubOps
from cloud.hub.hub import Hub
from cloud.hub.keys import HubKeys
from sync_protocol.claims import claim_key
from sync_protocol.expect import ID_MAX
from sync_protocol.kinds import PASS, field_index
from sync_protocol.ops import OpRef
from sync_protocol.voucher_codes import code_text, normal_form


async def issue_vouchers(
    hub: Hub, count: int, amount_fen: int, until_day: int, actor: int, request: str
) -> list[tuple[str, str]] | Refusal:
    """Issue vouchers that any cafe may redeem; return (number, code) of each.

    The log has keyed hashes of the codes only. `request`: the form's id.
    """
    business_day, utc_offset_min = hub.surroundings.business_day()
    fault = batch_fault(count, amount_fen, until_day, business_day)
    if fault is not None:
        return fault
    wish = f"{request} {actor} {count} {amount_fen} {until_day}"
    draws = _Draws(hub.keys, wish)
    series = code_text(draws.take() >> 32)
    batch = [
        draws.voucher(f"H{business_day}-{series}-{place:03d}") for place in range(1, count + 1)
    ]

    def decide(draft: Draft) -> HubOps | list[OpRef] | Refusal:
        known = draft.state.register(PASS, batch[0].voucher)
        if known is None:
            return batch_ops(batch, amount_fen, until_day, business_day, utc_offset_min)
        # Asked again, perhaps on the next business day: the numbers are those of the first time.
        for place, one in enumerate(batch):
            document = draft.state.register(PASS, one.voucher)
            number = None if document is None else document.value(field_index(PASS, "number"))
            batch[place] = replace(one, number=str(number or one.number))
        return []

    outcome = await hub.propose(Proposal(decide, actor))
    if isinstance(outcome, Refusal):
        return outcome
    return [(one.number, code_text(one.code)) for one in batch]


class _Draws:
    """Numbers of 52 bits that nobody but the hub can tell from the wish that they follow from."""

    def __init__(self, keys: HubKeys, wish: str) -> None:
        private = keys.private.private_bytes_raw()
        self._key = HKDF(SHA256(), 32, salt=None, info=b"cafebox vouchers").derive(private)
        self._claim_secret = keys.claim_secret
        self._wish = wish
        self._taken = 0

    def take(self) -> int:
        self._taken += 1
        drawn = hmac.new(self._key, f"{self._taken} {self._wish}".encode(), sha256).digest()
        return (int.from_bytes(drawn[:7], "big") & (ID_MAX >> 1)) or 1

    def voucher(self, number: str) -> NewVoucher:
        code = self.take()
        form = normal_form(code).encode()
        key = claim_key(hmac.new(self._claim_secret, form, sha256).digest())
        return NewVoucher(self.take(), code, key, number)
