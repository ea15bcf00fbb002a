"""Cash-out: stored value is given back in money, less the share of what it had earned."""

from dataclasses import dataclass

from edge.domain.approvals import approval_needed
from edge.domain.clawback import Due, Held, claw_back, clawback_postings
from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    PrintSlip,
    document_change,
    transaction,
)
from edge.domain.earned import Earned, due_of, settled_postings
from edge.domain.parts import Part, lowered, take
from edge.domain.refusals import Refusal, refuse
from edge.domain.stored_value import Purse, taken_for_chain
from edge.domain.tenders import Laid, Offered, given_back, tender_refusal
from edge.domain.top_up import FORM_CASH_OUT, Who
from edge.domain.top_up_rule import TopUpRule
from sync_protocol.kinds import TOP_UP
from sync_protocol.ledger import REASON_CASH_OUT

CASH_OUT = "approve_cash_out"
"""The right of the second person."""


@dataclass(frozen=True, slots=True)
class CashOut:
    """A wished cash-out; `tender` is the way the money goes, with the provider's number if any.

    `unapproved_today_fen` is what the member got before on this business day, at this cafe, without
    a second person: two below the limit are as one above it.
    """

    id: int
    number: int
    paper: str
    who: Who
    amount_fen: int
    tender: Laid
    purse: Purse
    earned: Earned
    held: Held
    reason: str
    offered: Offered
    unapproved_today_fen: int = 0


def cash_out(here: Here, wished: CashOut, rule: TopUpRule) -> Judgement:
    """Give money back that this node holds for a member; bonus credit itself is never paid out."""
    refusal = _refusal(here, wished, rule)
    if refusal is not None:
        return refusal
    share = wished.earned.share(wished.amount_fen)
    due = _due(wished, share) if rule.claws_back else Due()
    back = claw_back(due, wished.held, wished.amount_fen)
    paid_fen = wished.amount_fen - back.kept_fen
    lines = [[wished.tender.code, paid_fen, wished.tender.reference]] if paid_fen else []
    op = transaction(
        here,
        REASON_CASH_OUT,
        (
            *lowered(here, take(wished.purse.wallet_parts, wished.amount_fen)),
            *given_back(here, lines),
            *taken_for_chain(here, -paid_fen),
            *clawback_postings(here, wished.who.member, back),
            *settled_postings(here, share),
        ),
        document=wished.id,
        rule_version=rule.version,
    )
    facts = {
        "name": wished.who.name,
        "number": wished.paper,
        "amount_fen": wished.amount_fen,
        "paid_fen": paid_fen,
        "tenders": lines,
        "tender": wished.tender.code,
        "reason": wished.reason,
        **back.facts,
    }
    values = {
        "member": wished.who.member,
        "top_up": wished.id,
        "number": wished.paper,
        "amount_fen": wished.amount_fen,
        "paid_fen": paid_fen,
        **back.facts,
    }
    document = document_change(
        here, TOP_UP, wished.id, None, _document(here, wished, due, lines, rule.version)
    )
    return Decision((op, document), (PrintSlip("cash_out", facts),), values)


def _due(wished: CashOut, share: tuple[Part, ...]) -> Due:
    """What comes back; of bonus credit at least the share of what is left, whatever gave it."""
    purse, earned = wished.purse, due_of(share)
    left_fen = purse.bonus_fen * wished.amount_fen // max(purse.wallet_fen, 1)
    return Due(max(earned.bonus_fen, left_fen), earned.points, earned.lucky)


def _refusal(here: Here, wished: CashOut, rule: TopUpRule) -> Refusal | None:
    purse, amount_fen = wished.purse, wished.amount_fen
    if here.spending_stopped:
        return refuse("spending_stopped")
    if amount_fen > purse.wallet_fen:
        return refuse("cash_out_too_large", wallet_fen=purse.wallet_fen, bonus_fen=purse.bonus_fen)
    if amount_fen > max(purse.here_fen, 0):
        return refuse(
            "spendable_elsewhere",
            balance_fen=purse.balance_fen,
            elsewhere_fen=purse.elsewhere_fen,
            places=purse.places,
            spendable_fen=max(purse.here_fen, 0),
        )
    owed_fen = purse.advance.owed_fen
    if owed_fen and amount_fen > purse.wallet_fen - owed_fen:
        return refuse("cash_out_owed", owed_fen=owed_fen)
    unapproved_fen = wished.unapproved_today_fen + amount_fen
    if unapproved_fen > rule.cash_out_approval_above_fen and not wished.who.approver:
        return approval_needed(CASH_OUT)
    return tender_refusal(wished.tender, wished.offered)


def _document(
    here: Here, wished: CashOut, due: Due, lines: list[list[object]], version: int
) -> dict[str, object]:
    """Of what was earned it keeps what was settled: in kind, in money, or as far as there was."""
    return {
        "number": wished.number,
        "form": FORM_CASH_OUT,
        "member": wished.who.member,
        "amount_fen": wished.amount_fen,
        "bonus_fen": due.bonus_fen,
        "points": due.points,
        "lucky": due.lucky,
        "tenders": lines,
        "business_day": here.business_day,
        "shift": here.shift,
        "cashier": wished.who.cashier,
        "approver": wished.who.approver,
        "note": wished.reason,
        "at_ms": here.now_ms,
        "rule_version": version,
    }
