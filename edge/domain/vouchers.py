"""Vouchers: numbered, worth money, goods or a booking, usable once in the chain, found by a code.

A voucher is a limited account of its own whose unit says what it is worth: `fen`, `item:<sku>`, or
`visits` for a booking. It is held where it may be used: at the hub, which grants it to whichever
cafe asks, or at the one cafe that issued it for itself, which then needs no line. Its code is
claimed, so that no two vouchers have one; a document of kind PASS keeps its number and its days.
Redeeming money makes bonus credit of it, which may be spent and is never paid out: nobody paid for
a voucher. Redeeming goods takes a piece out of the stock.
"""

from dataclasses import dataclass

from edge.domain.business_day import date_of
from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    NewOp,
    Posting,
    PrintSlip,
    document_change,
    own,
    plain,
    read_int,
    read_text,
    transaction,
)
from edge.domain.members import number_of_text
from edge.domain.parts import Part, lowered, total
from edge.domain.refusals import Refusal, refuse
from sync_protocol.accounts import (
    BONUS,
    FEN,
    HUB_HOLDER,
    ITEM,
    STOCK,
    VISITS,
    VOUCHER,
    VOUCHER_BOOK,
)
from sync_protocol.claims import TAKE, ClaimWrite
from sync_protocol.kinds import PASS, VOUCHER_CLAIM
from sync_protocol.ledger import REASON_REDEMPTION, REASON_VOUCHER
from sync_protocol.registers import RegisterRow
from sync_protocol.rights_rule import is_expired, month_after
from sync_protocol.voucher_codes import code_text, normal_form

VALID_MONTHS = 3
"""One without a last day may be used to the end of the third month after that of its issue."""
BATCH_MAX = 30
"""Vouchers of one batch: their slips fit on one paper."""
VOUCHER_FORM, BOOKING_FORM = "voucher", "booking"
ISSUED, USED = "issued", "used"


def normal_code(text: str) -> str | Refusal:
    """The normal form of a voucher's code, which its claim hashes."""
    number = number_of_text(text)
    return refuse("voucher_unknown") if number is None else normal_form(number)


@dataclass(frozen=True, slots=True)
class NewVoucher:
    """What a voucher is made of: fresh random ids, and the claim key of its code.

    `amount` counts `unit`. `number` is what people call it; `until_day` its last day, 0 for
    VALID_MONTHS. `what` is the sku or the words of what it is for; `member` whom it is for, 0 for
    whoever brings it; a booking holds on `from_day` only.
    """

    voucher: int
    code: int
    key: bytes
    amount: int
    only_here: bool
    number: str = ""
    unit: str = FEN
    until_day: int = 0
    from_day: int = 0
    what: str = ""
    member: int = 0
    form: str = VOUCHER_FORM

    @property
    def amount_fen(self) -> int:
        """What it is worth in money; 0 for goods and bookings."""
        return self.amount if self.unit == FEN else 0


def issue_voucher(here: Here, new: NewVoucher) -> Decision:
    """A new voucher, for the whole chain or for this cafe alone."""
    holder = (here.node, here.epoch) if new.only_here else HUB_HOLDER
    months = month_after(here.business_day // 100, VALID_MONTHS)
    month = new.until_day // 100 if new.until_day else months
    postings = (
        (VOUCHER, new.voucher, *holder, month, new.unit, -new.amount),
        plain(VOUCHER_BOOK, new.voucher, new.unit, new.amount),
    )
    claim = ClaimWrite(b"", new.key, here.cafe, new.voucher, TAKE)
    document = {
        "member": new.member,
        "code": new.what,
        "form": new.form,
        "sold_cafe": here.cafe,
        "from_day": new.from_day or here.business_day,
        "to_day": new.until_day,
        "price_fen": new.amount_fen,
        "status": ISSUED,
        "number": new.number,
    }
    values = {
        "voucher": new.voucher,
        "number": new.number,
        "code": code_text(new.code),
        "amount_fen": new.amount_fen,
        "month": month,
        "until_day": new.until_day,
    }
    op = transaction(here, REASON_VOUCHER, postings, document=new.voucher)
    ops = (
        op,
        NewOp(VOUCHER_CLAIM, claim.body()),
        document_change(here, PASS, new.voucher, None, document),
    )
    return Decision(ops, values=values)


def issue_batch(here: Here, batch: list[NewVoucher], what: tuple[str, str]) -> Decision:
    """Several vouchers alike; the slip has the code of each, for people and for scanners."""
    issued = [issue_voucher(here, new) for new in batch]
    codes = [[one.values["number"], one.values["code"]] for one in issued]
    slip = {
        "what": what,
        "amount_fen": batch[0].amount_fen,
        "codes": codes,
        "month": issued[0].values["month"],
        "until_day": batch[0].until_day,
        "from_day": batch[0].from_day,
    }
    ops = tuple(op for one in issued for op in one.ops)
    values = {**issued[0].values, "codes": codes, "member": batch[0].member}
    return Decision(ops, (PrintSlip(batch[0].form, slip),), values)


def day_refusal(here: Here, from_day: int, until_day: int) -> Refusal | None:
    """Why a voucher cannot be issued for these days, None where it can."""
    for day in (from_day, until_day):
        if day and (date_of(day) is None or day < here.business_day):
            return refuse("voucher_day_past")
    return None


@dataclass(frozen=True, slots=True)
class VoucherFacts:
    """What is known of a voucher: the parts held here, what others hold, and where (zh, en).

    `row` is its document, None for one that was issued without; `elsewhere` counts `unit`.
    """

    voucher: int
    parts: tuple[Part, ...]
    elsewhere: int
    places: tuple[str, str]
    months: tuple[int, ...]
    row: RegisterRow | None = None
    unit: str = FEN


def redeem_voucher(here: Here, member: int, facts: VoucherFacts) -> Judgement:
    """Use a voucher, once and whole: money becomes bonus credit that may be spent here."""
    refusal = _redeem_refusal(here, member, facts)
    if refusal is not None:
        return refusal
    unit, amount = facts.parts[0].unit, total(facts.parts)
    postings = (*lowered(here, facts.parts), _given(here, member, facts.voucher, unit, amount))
    ops = [transaction(here, REASON_REDEMPTION, postings, document=facts.voucher)]
    if facts.row is not None:
        used = {"status": USED, "member": member or read_int(PASS, facts.row, "member")}
        ops.append(document_change(here, PASS, facts.voucher, facts.row, used))
    number, what = read_text(PASS, facts.row, "number"), read_text(PASS, facts.row, "code")
    values = {
        "member": member,
        "voucher": facts.voucher,
        "number": number,
        "what": what,
        "amount_fen": amount if unit == FEN else 0,
    }
    slip = PrintSlip("voucher_used", {"number": number, "what": what, **values})
    return Decision(tuple(ops), (slip,), values)


def _redeem_refusal(here: Here, member: int, facts: VoucherFacts) -> Refusal | None:
    if here.spending_stopped:
        return refuse("spending_stopped")
    amount = total(facts.parts)
    if not amount and not facts.elsewhere:
        return refuse("voucher_used")
    until, first = read_int(PASS, facts.row, "to_day"), read_int(PASS, facts.row, "from_day")
    if all(is_expired(month, here.business_day) for month in facts.months):
        return refuse("voucher_expired", month=max(facts.months))
    if until and until < here.business_day:
        return refuse("voucher_expired", month=until)
    if first > here.business_day:
        return refuse("voucher_not_yet", day=first)
    if not amount:
        code = "voucher_cut_off" if here.cut_off else "voucher_elsewhere"
        return refuse(code, places=facts.places)
    if facts.parts[0].unit == FEN and not member:
        return refuse("voucher_needs_member")
    return None


def _given(here: Here, member: int, voucher: int, unit: str, amount: int) -> Posting:
    """What a voucher's worth becomes: bonus credit, a piece less in the stock, a kept booking."""
    if unit == FEN:
        return own(here, BONUS, member, FEN, -amount)
    if unit.startswith(ITEM):
        return plain(STOCK, here.cafe, unit, -amount)
    return plain(VOUCHER_BOOK, voucher, VISITS, -amount)
