"""Top-ups: money for stored value, with the bonus of its tier or package; taking one back.

What was drawn here in advance is repaid first. Bonus credit, points and lucky points are what the
rule says on the day; the document keeps them, so that a cancelled top-up takes back exactly those.
"""

from dataclasses import dataclass, field

from edge.domain.advances import NO_ADVANCE, Advance, drawn, repaid
from edge.domain.approvals import approval_needed
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
    transaction,
)
from edge.domain.earned import Earned, earned_postings, settled_postings
from edge.domain.parts import lowered, take, total
from edge.domain.refusals import Refusal, refuse
from edge.domain.stored_value import Purse, taken_for_chain
from edge.domain.tenders import (
    CASH,
    OFFERED_DEFAULT,
    Laid,
    Offered,
    Taken,
    given_back,
    taken,
    without,
)
from edge.domain.top_up_rule import TOP_UP_RULE_DEFAULT, Package, Reward, TopUpRule
from sync_protocol.accounts import (
    BONUS,
    FEN,
    LUCKY,
    LUCKY_HELD,
    LUCKY_ISSUED,
    POINTS,
    POINTS_HELD,
    POINTS_ISSUED,
    PROMOTION,
    WALLET,
)
from sync_protocol.kinds import TOP_UP
from sync_protocol.ledger import REASON_TOP_UP, REASON_VOID
from sync_protocol.registers import RegisterRow

FORM_TOP_UP = "top_up"
FORM_CASH_OUT = "cash_out"
FORM_CANCEL = "cancel"
"""Values of the document's field `form`."""
APPROVE_TOP_UP = "approve_top_up"
CANCEL_TOP_UP = "cancel_top_up"
"""Rights of the second person."""


@dataclass(frozen=True, slots=True)
class Who:
    """Whose money it is and who handles it: ids, the member's name, the approver (0: nobody)."""

    member: int
    name: str = ""
    cashier: int = 0
    approver: int = 0


@dataclass(frozen=True, slots=True)
class TopUp:
    """A wished top-up. `points_month`: when points of today expire; `note` says what for.

    `paper` is the number as papers say it; `unapproved_today_fen` what the member topped up before
    on this business day, at this cafe, without a second person.
    """

    id: int
    number: int
    paper: str
    who: Who
    amount_fen: int
    laid: tuple[Laid, ...]
    package: Package | None = None
    advance: Advance = NO_ADVANCE
    points_month: int = 0
    note: str = ""
    offered: Offered = field(default_factory=lambda: OFFERED_DEFAULT)
    unapproved_today_fen: int = 0


def top_up(here: Here, wished: TopUp, rule: TopUpRule = TOP_UP_RULE_DEFAULT) -> Judgement:
    """Money for stored value; it may be spent at this cafe at once."""
    refusal = top_up_refusal(wished, rule)
    if refusal is not None:
        return refusal
    paid = taken(here, wished.amount_fen, wished.laid, wished.offered)
    if isinstance(paid, Refusal):
        return paid
    reward = rule.reward_of(wished.amount_fen, wished.package)
    repaid_fen, repayment = repaid(here, wished.advance, wished.amount_fen)
    member = wished.who.member
    op = transaction(
        here,
        REASON_TOP_UP,
        (
            *paid.postings,
            own(here, WALLET, member, FEN, -(wished.amount_fen - repaid_fen)),
            *repayment,
            *taken_for_chain(here, wished.amount_fen),
            *rewarded(here, member, reward, wished.points_month),
            *earned_postings(here, member, wished.amount_fen, reward, wished.points_month),
        ),
        document=wished.id,
        rule_version=rule.version,
    )
    document = _document(here, wished, paid, reward, repaid_fen, rule.version)
    facts = {
        "name": wished.who.name,
        "number": wished.paper,
        "amount_fen": wished.amount_fen,
        "bonus_fen": reward.bonus_fen,
        "bonus_month": reward.month(here.business_day),
        "points": reward.points,
        "lucky": reward.lucky,
        "repaid_fen": repaid_fen,
        **paid.slip_facts,
    }
    values = {
        "member": member,
        "top_up": wished.id,
        "number": wished.paper,
        "amount_fen": wished.amount_fen,
        "bonus_fen": reward.bonus_fen,
        "points": reward.points,
        "repaid_fen": repaid_fen,
        "change_fen": paid.change_fen,
    }
    return Decision((op, document), (PrintSlip("top_up", facts),), values)


def top_up_refusal(wished: TopUp, rule: TopUpRule) -> Refusal | None:
    """Why an amount is not taken, None where it is.

    What nobody approved of a day counts together: two below the limit are as one above it.
    """
    amount_fen, package = wished.amount_fen, wished.package
    if package is None and amount_fen < rule.minimum_fen:
        return refuse("top_up_too_small", minimum_fen=rule.minimum_fen)
    if package is None and amount_fen > rule.maximum_fen:
        return refuse("top_up_too_large", maximum_fen=rule.maximum_fen)
    unapproved_fen = wished.unapproved_today_fen + amount_fen
    if unapproved_fen > rule.approval_above_fen and not wished.who.approver:
        return approval_needed(APPROVE_TOP_UP)
    return None


def rewarded(here: Here, member: int, reward: Reward, points_month: int) -> list[Posting]:
    """Postings of a reward: each may be used here at once, and none of zero counts."""
    node, epoch = here.node, here.epoch
    month = reward.month(here.business_day)
    return [
        (BONUS, member, node, epoch, month, FEN, -reward.bonus_fen),
        plain(PROMOTION, here.cafe, FEN, reward.bonus_fen),
        (POINTS_HELD, member, node, epoch, points_month, POINTS, -reward.points),
        plain(POINTS_ISSUED, member, POINTS, reward.points),
        own(here, LUCKY_HELD, member, LUCKY, -reward.lucky),
        plain(LUCKY_ISSUED, member, LUCKY, reward.lucky),
    ]


def _document(
    here: Here, wished: TopUp, paid: Taken, reward: Reward, repaid_fen: int, version: int
) -> NewOp:
    values = {
        "number": wished.number,
        "form": FORM_TOP_UP,
        "member": wished.who.member,
        "amount_fen": wished.amount_fen,
        "bonus_fen": reward.bonus_fen,
        "bonus_month": reward.month(here.business_day),
        "points": reward.points,
        "lucky": reward.lucky,
        "repaid_fen": repaid_fen,
        "tenders": paid.lines,
        "business_day": here.business_day,
        "shift": here.shift,
        "cashier": wished.who.cashier,
        "approver": wished.who.approver,
        "note": wished.note,
        "package": wished.package.code if wished.package else "",
        "at_ms": here.now_ms,
        "rule_version": version,
    }
    return document_change(here, TOP_UP, wished.id, None, values)


@dataclass(frozen=True, slots=True)
class MadeTopUp:
    """A top-up as its document has it; `reference` names its transaction, None where it is gone.

    `due` is what it had earned and has not expired; `cashed_out`: a later cash-out took its share
    back of what top-ups had earned.
    """

    id: int
    paper: str
    form: str
    member: int
    amount_fen: int
    tenders: list[list[object]]
    repaid_fen: int
    due: Due
    cancelled: bool
    row: RegisterRow | None
    reference: list[object] | None = None
    cashed_out: bool = False


@dataclass(frozen=True, slots=True)
class Cancelling:
    """What cancelling needs: the new document's id and number, and what the member has here."""

    id: int
    number: int
    paper: str
    who: Who
    purse: Purse
    held: Held
    reason: str
    earned: Earned


def cancel_top_up(here: Here, made: MadeTopUp, wished: Cancelling) -> Judgement:
    """Take a wrong top-up back: its money by its tenders, and exactly what it had earned.

    Its money must still be here; what was spent of the bonus or of the points is kept from it.
    """
    refusal = _cancel_refusal(here, made, wished)
    if refusal is not None:
        return refusal
    purse = wished.purse
    back = claw_back(made.due, wished.held, made.amount_fen)
    given, kept_fen = without(made.tenders, back.kept_fen)
    op = transaction(
        here,
        REASON_VOID,
        (
            *lowered(here, take(purse.wallet_parts, made.amount_fen - made.repaid_fen)),
            *drawn(here, purse.advance, made.repaid_fen),
            *given_back(here, given),
            *taken_for_chain(here, kept_fen - made.amount_fen),
            *clawback_postings(here, made.member, back),
            *settled_postings(here, wished.earned.of_top_up(made.amount_fen, made.due)),
        ),
        document=wished.id,
        corrects=made.reference,
    )
    return _cancelled(here, made, wished, back, given, op)


def _cancel_refusal(here: Here, made: MadeTopUp, wished: Cancelling) -> Refusal | None:
    if here.spending_stopped:
        return refuse("spending_stopped")
    if made.form != FORM_TOP_UP:
        return refuse("top_up_unknown")
    if made.cancelled:
        return refuse("top_up_cancelled")
    if made.cashed_out:
        return refuse("top_up_cashed_out")
    purse, needed_fen = wished.purse, made.amount_fen - made.repaid_fen
    if needed_fen > max(purse.here_fen, 0):
        if needed_fen <= purse.wallet_fen:
            return refuse(
                "top_up_elsewhere", elsewhere_fen=purse.wallet_elsewhere_fen, places=purse.places
            )
        return refuse("top_up_spent", amount_fen=made.amount_fen, left_fen=max(purse.wallet_fen, 0))
    if made.repaid_fen > total(purse.advance.rights):
        return refuse("top_up_repaid", repaid_fen=made.repaid_fen)
    if purse.bonus_here_fen < made.due.bonus_fen <= purse.bonus_fen:
        return refuse("bonus_elsewhere", places=purse.places)
    return None if wished.who.approver else approval_needed(CANCEL_TOP_UP)


def _cancelled(
    here: Here,
    made: MadeTopUp,
    wished: Cancelling,
    back: Clawback,
    given: list[list[object]],
    op: NewOp,
) -> Decision:
    values = {
        "number": wished.number,
        "form": FORM_CANCEL,
        "member": made.member,
        "amount_fen": made.amount_fen,
        "bonus_fen": back.bonus_fen,
        "points": total(back.points),
        "lucky": total(back.lucky),
        "tenders": given,
        "business_day": here.business_day,
        "shift": here.shift,
        "cashier": wished.who.cashier,
        "approver": wished.who.approver,
        "note": wished.reason,
        "at_ms": here.now_ms,
        "of": made.id,
    }
    facts = {
        "name": wished.who.name,
        "number": wished.paper,
        "of": made.paper,
        "amount_fen": made.amount_fen - back.kept_fen,
        "tenders": given,
        "tender": CASH if any(line[0] == CASH for line in given) else "",
        "reason": wished.reason,
        **back.facts,
    }
    answer = {
        "member": made.member,
        "top_up": made.id,
        "number": wished.paper,
        "amount_fen": made.amount_fen - back.kept_fen,
        **back.facts,
    }
    ops = (
        op,
        document_change(here, TOP_UP, wished.id, None, values),
        document_change(here, TOP_UP, made.id, made.row, {"voided_by": wished.who.approver}),
    )
    return Decision(ops, (PrintSlip("top_up_cancelled", facts),), answer)
