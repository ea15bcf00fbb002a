"""A batch of vouchers of head office: they stand at the hub, and any cafe may ask for one."""

from collections.abc import Sequence
from dataclasses import dataclass

from cloud.domain.refusals import Refusal, refusal
from sync_protocol.accounts import FEN, HUB_HOLDER, VOUCHER, VOUCHER_BOOK
from sync_protocol.claims import TAKE, ClaimWrite
from sync_protocol.kinds import PASS, TRANSACTION, VOUCHER_CLAIM, field_index
from sync_protocol.ledger import REASON_VOUCHER, Transaction
from sync_protocol.registers import Change, RegisterWrite
from sync_protocol.rights_rule import month_after

BATCH_MAX = 200
AMOUNT_MAX_FEN = 100_000
"""¥1,000: above what a voucher is worth, below what a slipped key costs."""
VALID_MONTHS = 3
"""Without a last day a voucher holds to the end of the third month after that of its issue."""


@dataclass(frozen=True, slots=True)
class NewVoucher:
    """One voucher: fresh random ids, the claim key of its code, the number that it is called by."""

    voucher: int
    code: int
    key: bytes
    number: str


def batch_fault(count: int, amount_fen: int, until_day: int, today: int) -> Refusal | None:
    """Return why a batch cannot be issued."""
    if not 1 <= count <= BATCH_MAX:
        return refusal("voucher_count")
    if not 1 <= amount_fen <= AMOUNT_MAX_FEN:
        return refusal("voucher_amount")
    return refusal("voucher_day") if until_day and until_day < today else None


def batch_ops(
    batch: Sequence[NewVoucher],
    amount_fen: int,
    until_day: int,
    business_day: int,
    utc_offset_min: int,
) -> list[tuple[int, object]]:
    """Return the hub's ops of a batch: for each the account, the claim, the document."""
    month = until_day // 100 if until_day else month_after(business_day // 100, VALID_MONTHS)
    ops: list[tuple[int, object]] = []
    for one in batch:
        raised = (VOUCHER, one.voucher, *HUB_HOLDER, month, FEN, -amount_fen)
        book = (VOUCHER_BOOK, one.voucher, 0, 0, 0, FEN, amount_fen)
        entry = Transaction(
            0, REASON_VOUCHER, business_day, utc_offset_min, 0, one.voucher, None, [raised, book]
        )
        ops.append((TRANSACTION, entry.body()))
        ops.append((VOUCHER_CLAIM, ClaimWrite(b"", one.key, 0, one.voucher, TAKE).body()))
        ops.append((PASS, _document(one, amount_fen, until_day, business_day)))
    return ops


def _document(one: NewVoucher, amount_fen: int, until_day: int, business_day: int) -> list[object]:
    values = {
        "form": "voucher",
        "from_day": business_day,
        "to_day": until_day,
        "price_fen": amount_fen,
        "status": "issued",
        "number": one.number,
    }
    changes = [Change(field_index(PASS, name), value, None) for name, value in values.items()]
    changes.sort(key=lambda change: change.index)
    return RegisterWrite(b"", one.voucher, 0, changes).body()
