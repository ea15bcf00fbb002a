"""Refunds: money of a sale goes back as it was paid, and what it earned comes back by its share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.domain.clawback import Clawback, Due, Held, claw_back, clawback_postings
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
    transaction,
)
from edge.domain.parts import total
from edge.domain.points import points_of_part
from edge.domain.refusals import refuse
from edge.domain.spending import BONUS_TENDER, STORED_VALUE_TENDERS
from edge.domain.stored_value import taken_for_chain
from edge.domain.tenders import CASH, given_back, joined, less, shared, without
from sync_protocol.accounts import (
    BONUS,
    FEN,
    POINTS,
    POINTS_HELD,
    POINTS_SPENT,
    REFUNDABLE,
    REFUNDABLE_BOOK,
    REVENUE,
    SPENT,
    SPENT_BOOK,
    SPENT_UNIT,
    WALLET,
)
from sync_protocol.kinds import SALE
from sync_protocol.ledger import REASON_REFUND
from sync_protocol.registers import RegisterRow
from sync_protocol.rights_rule import is_expired

Lines = Sequence[Sequence[object]]
"""[[code, fen, reference], ...], see `tenders`."""


@dataclass(frozen=True, slots=True)
class Earned:
    """What a sale moved beside its money.

    `points` and the rebate it earned, `points_used` paid part of it, `card_type` is the one that
    it counts for. Points that come back expire in `points_month`.
    """

    points: int = 0
    rebate_fen: int = 0
    points_used: int = 0
    card_type: str = ""
    points_month: int = 0
    points_over: bool = False
    """The points that it earned have expired: of them nothing is left to take, or to pay."""


@dataclass(frozen=True, slots=True)
class SoldFacts:
    """A sale that money goes back on.

    `tenders` is how it was paid, `refunded` what of that went back already; `refundable_fen` is
    what this node may still give back, `elsewhere_fen` what the box before it or head office may.
    `held` is what this node holds of the member's. `reference` names the sale's transaction, None
    where it is no longer kept here; `reason` is that transaction's. `paper` is the number as papers
    say it.
    """

    sale: int
    number: int
    member: int
    name: str
    total_fen: int
    tenders: Lines
    refunded: Lines
    refundable_fen: int
    earned: Earned
    held: Held
    reference: list[object] | None
    row: RegisterRow | None
    paper: str = ""
    reason: int = 0
    elsewhere_fen: int = 0

    @property
    def voided(self) -> bool:
        """Whether the whole sale was taken back."""
        return read_int(SALE, self.row, "voided_ms") > 0


@dataclass(frozen=True, slots=True)
class Back:
    """What goes back: the share of each tender, what is given of it, and the clawback."""

    share: list[list[object]]
    given: list[list[object]]
    points_settled: int
    points_returned: int
    clawback: Clawback


def refund(
    here: Here, sold: SoldFacts, amount_fen: int, reason: str, code: int = REASON_REFUND
) -> Judgement:
    """Give money of a sale back by the tenders that paid, and take its share of points back.

    Points that are spent or held elsewhere are not taken: a balance is never lowered below what is
    held here; what they are worth is taken from the refund. Bonus credit whose month is over comes
    back to the end of this month. Goods that come back are booked by a goods receipt.
    """
    if here.spending_stopped:
        return refuse("spending_stopped")
    if sold.voided:
        return refuse("sale_voided")
    if sold.refundable_fen < amount_fen <= sold.refundable_fen + sold.elsewhere_fen:
        return refuse("refund_elsewhere", amount_fen=sold.elsewhere_fen, sale=sold.sale)
    if amount_fen > sold.refundable_fen:
        return refuse("refund_too_large", refundable_fen=max(sold.refundable_fen, 0))
    back = back_of(sold, amount_fen)
    op = transaction(
        here,
        code,
        back_postings(here, sold, back, amount_fen),
        document=sold.sale,
        corrects=sold.reference,
    )
    return Decision(
        (op, _document(here, sold, back)),
        (PrintSlip("refund", back_slip(sold, back, amount_fen, reason)),),
        {
            "sale": sold.sale,
            "member": sold.member,
            "amount_fen": amount_fen - back.clawback.kept_fen,
            "refundable_fen": sold.refundable_fen - amount_fen,
            "points": total(back.clawback.points),
            "bonus_fen": back.clawback.bonus_fen,
            "kept_fen": back.clawback.kept_fen,
            "tender": str(back.share[0][0]) if back.share else "",
        },
    )


def back_of(sold: SoldFacts, amount_fen: int) -> Back:
    """What goes back with an amount of a sale's money."""
    share = shared(less(sold.tenders, sold.refunded), amount_fen)
    before_fen = sold.total_fen - sold.refundable_fen
    earned = sold.earned

    def part(whole: int) -> int:
        """The share of this refund, such that the shares of all refunds come to the whole."""
        if not sold.total_fen:
            return whole
        until = points_of_part(whole, before_fen + amount_fen, sold.total_fen)
        return until - points_of_part(whole, before_fen, sold.total_fen)

    points = 0 if earned.points_over else part(earned.points)
    due = Due(bonus_fen=part(earned.rebate_fen), points=points)
    clawback = claw_back(due, sold.held, amount_fen)
    given, _kept_fen = without(share, clawback.kept_fen)
    settled = points_of_part(earned.points, before_fen, sold.total_fen) + part(earned.points)
    return Back(share, given, settled, part(earned.points_used), clawback)


def back_postings(here: Here, sold: SoldFacts, back: Back, amount_fen: int) -> list[Posting]:
    """The postings that take an amount of a sale's money back."""
    others = [line for line in back.given if line[0] not in STORED_VALUE_TENDERS]
    stored = stored_value_back(here, sold.member, back.given)
    stored_fen = -sum(posting[6] for posting in stored)
    return [
        *stored,
        *given_back(here, others),
        *taken_for_chain(here, stored_fen + back.clawback.kept_fen),
        plain(REVENUE, here.cafe, FEN, amount_fen),
        own(here, REFUNDABLE, sold.sale, FEN, amount_fen),
        plain(REFUNDABLE_BOOK, here.cafe, FEN, -amount_fen),
        *clawback_postings(here, sold.member, back.clawback),
        *_unbought(here, sold, back.points_returned, amount_fen),
    ]


def _unbought(here: Here, sold: SoldFacts, points: int, amount_fen: int) -> list[Posting]:
    """Postings that take a purchase back from what a member bought, and return points that paid."""
    if not sold.member:
        return []
    unit, node, epoch = SPENT_UNIT + sold.earned.card_type, here.node, here.epoch
    month = sold.earned.points_month
    return [
        plain(SPENT, sold.member, unit, amount_fen),
        plain(SPENT_BOOK, here.cafe, unit, -amount_fen),
        plain(POINTS_SPENT, sold.member, POINTS, points),
        (POINTS_HELD, sold.member, node, epoch, month, POINTS, -points),
    ]


def stored_value_back(here: Here, member: int, lines: Iterable[Sequence[object]]) -> list[Posting]:
    """Postings that give a member back what `wallet` and `bonus` lines paid."""
    postings: list[Posting] = []
    for code, amount_fen, reference in lines:
        if code not in STORED_VALUE_TENDERS:
            continue
        month = int(str(reference)) if code == BONUS_TENDER and reference else 0
        if is_expired(month, here.business_day):
            month = here.business_day // 100
        account = BONUS if code == BONUS_TENDER else WALLET
        amount = -int(str(amount_fen))
        postings.append((account, member, here.node, here.epoch, month, FEN, amount))
    return postings


def _document(here: Here, sold: SoldFacts, back: Back) -> NewOp:
    return document_change(here, SALE, sold.sale, sold.row, back_values(sold, back))


def back_values(sold: SoldFacts, back: Back) -> dict[str, object]:
    """What the sale's document keeps of what went back."""
    return {
        "refunded": joined(sold.refunded, back.share),
        "points_back": back.points_settled,
    }


def back_slip(sold: SoldFacts, back: Back, amount_fen: int, reason: str) -> dict[str, object]:
    """What the slip says of what went back."""
    codes = [line[0] for line in back.given]
    return {
        "number": sold.paper or str(sold.number),
        "name": sold.name,
        "amount_fen": amount_fen - back.clawback.kept_fen,
        "kept_fen": back.clawback.kept_fen,
        "tenders": back.given,
        "tender": CASH if CASH in codes else "",
        "reason": reason,
        "points": total(back.clawback.points),
        "bonus_fen": back.clawback.bonus_fen,
    }
