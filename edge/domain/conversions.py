"""Conversion: points, money and spend points are turned into one another at published ratios.

Spend points are bonus credit, which can only be spent. What the chain gives or takes for it stands
in `promotion`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    Posting,
    PrintSlip,
    own,
    plain,
    transaction,
)
from edge.domain.parts import Part, lowered, take, total
from edge.domain.points import PointsFacts, points_earned, points_spent
from edge.domain.redemptions import NO_CAP, DailyCap
from edge.domain.refusals import Refusal, refuse
from sync_protocol.accounts import BONUS, FEN, POINTS, PROMOTION, WALLET
from sync_protocol.ledger import REASON_REDEMPTION
from sync_protocol.rights_rule import is_expired


@dataclass(frozen=True, slots=True)
class Ratios:
    """At what ratio is converted: points for a yuan, and points that a yuan buys; 0: not at all.

    `cap` bounds what comes of points.
    """

    yuan_points: int
    money_points: int
    cap: DailyCap = NO_CAP


MONEY, SPEND_POINTS, POINTS_FORM = "money", "spend_points", "points"
"""What is converted: stored value, bonus credit that can only be spent, points."""
_ACCOUNTS = {MONEY: WALLET, SPEND_POINTS: BONUS}


def convert(
    here: Here, facts: PointsFacts, give: str, get: str, amount: int, ratios: Ratios
) -> Judgement:
    """Turn so many points, or fen, of one form into another; the parts are of all forms.

    Money never comes out of spend points: they were given, not paid in. Points give whole fen,
    fen give whole points, rounded down.
    """
    if (give, get) not in _CONVERSIONS:
        return refuse("conversion_unknown")
    if here.spending_stopped:
        return refuse("spending_stopped")
    if give == POINTS_FORM:
        got = amount * 100 // ratios.yuan_points if ratios.yuan_points else 0
        source: Sequence[Posting] | Refusal = points_spent(
            here,
            facts.member,
            amount,
            [part for part in facts.parts if part.unit == POINTS],
            facts.has,
        )
    else:
        got = amount if get == SPEND_POINTS else amount * ratios.money_points // 100
        source = _money_given(here, give, amount, facts.parts)
    if isinstance(source, Refusal):
        return source
    if got <= 0:
        return refuse("conversion_too_little")
    beyond = ratios.cap.refusal(got) if give == POINTS_FORM else None
    if beyond is not None:
        return beyond
    postings = [*source, *_converted(here, facts, give, get, amount, got)]
    op = transaction(here, REASON_REDEMPTION, postings, rule_version=facts.rule.version)
    done = {"give": give, "get": get, "amount": amount, "got": got}
    slip = PrintSlip("conversion", {"name": facts.name, **done})
    return Decision((op,), (slip,), {"member": facts.member, **done})


_CONVERSIONS = (
    (POINTS_FORM, MONEY),
    (POINTS_FORM, SPEND_POINTS),
    (MONEY, POINTS_FORM),
    (MONEY, SPEND_POINTS),
    (SPEND_POINTS, POINTS_FORM),
)


def _money_given(
    here: Here, form: str, amount_fen: int, parts: Iterable[Part]
) -> tuple[Posting, ...] | Refusal:
    mine = [
        part
        for part in parts
        if part.code == _ACCOUNTS[form] and not is_expired(part.month, here.business_day)
    ]
    if amount_fen > total(mine):
        return refuse("conversion_too_much", held_fen=total(mine), amount_fen=amount_fen)
    return lowered(here, take(mine, amount_fen))


def _converted(
    here: Here, facts: PointsFacts, give: str, get: str, amount: int, got: int
) -> list[Posting]:
    if get == POINTS_FORM:
        return [
            plain(PROMOTION, here.cafe, FEN, -amount),
            *points_earned(here, facts.member, got, facts.rule),
        ]
    raised = own(here, _ACCOUNTS[get], facts.member, FEN, -got)
    if give == POINTS_FORM:
        return [raised, plain(PROMOTION, here.cafe, FEN, got)]
    return [raised]
