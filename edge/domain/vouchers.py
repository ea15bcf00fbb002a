"""Vouchers: worth so much, usable once in the whole chain, found by a code.

A voucher is a limited account of its own, held where it may be used: at the hub, which grants it to
whichever cafe asks, or at the one cafe that issued it for itself, which then needs no line. Its
code is claimed, so that no two vouchers have one. Redeeming turns it into stored value of a member.
"""

from dataclasses import dataclass

from edge.domain.decision import Decision, Here, Judgement, NewOp, own, plain, transaction
from edge.domain.members import number_of_text, number_text
from edge.domain.parts import Part, lowered, total
from edge.domain.refusals import Refusal, refuse
from sync_protocol.accounts import FEN, HUB_HOLDER, VOUCHER, VOUCHER_BOOK, WALLET
from sync_protocol.claims import TAKE, ClaimWrite
from sync_protocol.kinds import VOUCHER_CLAIM
from sync_protocol.ledger import REASON_REDEMPTION, REASON_VOUCHER
from sync_protocol.rights_rule import is_expired, month_after

VALID_MONTHS = 3
"""A voucher may be used to the end of the third month after that of its issue."""


def normal_code(text: str) -> str | Refusal:
    """The normal form of a voucher's code, which its claim hashes."""
    number = number_of_text(text)
    return refuse("voucher_unknown") if number is None else "voucher " + number_text(number)


@dataclass(frozen=True, slots=True)
class NewVoucher:
    """What a voucher is made of: fresh random ids, and the claim key of its code."""

    voucher: int
    code: int
    key: bytes
    amount_fen: int
    only_here: bool


def issue_voucher(here: Here, new: NewVoucher) -> Decision:
    """A new voucher, for the whole chain or for this cafe alone."""
    holder = (here.node, here.epoch) if new.only_here else HUB_HOLDER
    month = month_after(here.business_day // 100, VALID_MONTHS)
    postings = (
        (VOUCHER, new.voucher, *holder, month, FEN, -new.amount_fen),
        plain(VOUCHER_BOOK, new.voucher, FEN, new.amount_fen),
    )
    claim = ClaimWrite(b"", new.key, here.cafe, new.voucher, TAKE)
    values = {
        "voucher": new.voucher,
        "code": number_text(new.code),
        "amount_fen": new.amount_fen,
        "month": month,
    }
    op = transaction(here, REASON_VOUCHER, postings, document=new.voucher)
    return Decision((op, NewOp(VOUCHER_CLAIM, claim.body())), values=values)


@dataclass(frozen=True, slots=True)
class VoucherFacts:
    """What is known of a voucher: the parts held here, what others hold, and where (zh, en)."""

    voucher: int
    parts: tuple[Part, ...]
    elsewhere_fen: int
    places: tuple[str, str]
    months: tuple[int, ...]


def redeem_voucher(here: Here, member: int, facts: VoucherFacts) -> Judgement:
    """Use a voucher, once and whole: its worth becomes stored value that may be spent here."""
    if here.spending_stopped:
        return refuse("spending_stopped")
    amount_fen = total(facts.parts)
    if not amount_fen and not facts.elsewhere_fen:
        return refuse("voucher_used")
    if all(is_expired(month, here.business_day) for month in facts.months):
        return refuse("voucher_expired", month=max(facts.months))
    if not amount_fen:
        code = "voucher_cut_off" if here.cut_off else "voucher_elsewhere"
        return refuse(code, places=facts.places)
    postings = (*lowered(here, facts.parts), own(here, WALLET, member, FEN, -amount_fen))
    op = transaction(here, REASON_REDEMPTION, postings, document=facts.voucher)
    values = {"member": member, "voucher": facts.voucher, "amount_fen": amount_fen}
    return Decision((op,), values=values)
