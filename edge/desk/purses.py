"""What a payment needs to know of this cafe's rules and of the member who pays."""

from collections.abc import Iterable
from dataclasses import replace

from edge.desk import facts
from edge.desk.catalogue import Catalogue
from edge.domain.clawback import Held
from edge.domain.decision import Here, read_int, read_text
from edge.domain.lost_cards import list_age_ms, lost_list_rule
from edge.domain.spending import (
    GIVING_BACK_REASONS,
    SPENDING_REASONS,
    Spending,
    spending_rule,
)
from edge.domain.tenders import Offered, offered_tenders
from edge.domain.top_up_rule import TopUpRule, top_up_rule
from edge.store.reader import Reader
from sync_protocol.accounts import BONUS, FEN, LUCKY_HELD, POINTS_HELD, RECEIVABLE, WALLET
from sync_protocol.annotations import LOST, VOID
from sync_protocol.clock import stamp_ms
from sync_protocol.kinds import CARD, MEMBER
from sync_protocol.ops import OpRef
from sync_protocol.rights_rule import is_expired, month_after

SPENDS_LOOKED_AT = 500
"""The newest of a member's entries, of which those of today count against the limit of a day."""


def offered(reader: Reader, catalogue: Catalogue) -> Offered:
    """The tenders that head office offers at this cafe."""
    return offered_tenders(catalogue.rules(reader, "tenders"))


def spending_of(
    reader: Reader,
    catalogue: Catalogue,
    at: Here,
    member: int,
    *,
    pin_correct: bool = False,
    approved: bool = False,
) -> Spending:
    """What bounds a member's spending now: the rule, the member's own limit, today's spends."""
    found = catalogue.rule_in_force(reader, "spending")
    spending = spending_rule(found.version, found.rows[0])
    members = facts.members_of(reader, member)
    own_fen = read_int(MEMBER, facts.row(reader, MEMBER, member), "daily_limit_fen")
    limited = bool(own_fen or spending.daily_limit_fen)
    return replace(
        spending,
        own_daily_limit_fen=own_fen,
        spent_today_fen=spent_fen(reader, members, at.business_day) if limited else 0,
        card_has_pin=any(
            read_text(CARD, card.shown, "pin_hash")
            for one in members
            for card in reader.registers_where(CARD, "member", one)
            if read_text(CARD, card.shown, "status") == "active"
        ),
        pin_correct=pin_correct,
        approved=approved,
        lost_list=lost_list_rule(catalogue.rules(reader, "counter")[0]),
        lost_list_age_ms=lost_list_age_ms(reader, at.now_ms, cut_off=at.cut_off),
    )


def held_of(reader: Reader, catalogue: Catalogue, at: Here, member: int) -> Held:
    """What this node holds of what money earned a member, and what points are worth."""
    members = facts.members_of(reader, member) if member else ()
    bonus = facts.parts_here(reader, at, members, (BONUS,))
    return Held(
        tuple(part for part in bonus if not is_expired(part.month, at.business_day)),
        facts.parts_here(reader, at, members, (POINTS_HELD,)),
        facts.parts_here(reader, at, members, (LUCKY_HELD,)),
        catalogue.rules(reader, "points")[0]["yuan_points"],
    )


def top_up_rule_of(reader: Reader, catalogue: Catalogue) -> TopUpRule:
    """The rules of top-ups that hold at this cafe."""
    found = catalogue.rule_in_force(reader, "top_up")
    return top_up_rule(
        found.version,
        found.rows[0],
        catalogue.rules(reader, "top_up_tiers"),
        catalogue.rules(reader, "top_up_packages"),
        catalogue.rules(reader, "top_up_amounts"),
    )


def points_month(reader: Reader, business_day: int) -> int:
    """The month in which points of a day expire, 0 for never."""
    months = facts.rights(reader).points_months
    return month_after(business_day // 100, months) if months else 0


def lost_list_age_ms(reader: Reader, now_ms: int, *, cut_off: bool) -> int:
    """How old the list of lost cards is; see `edge.domain.lost_cards`."""
    return list_age_ms(now_ms, stamp_ms(reader.cursor().greatest_effective), cut_off=cut_off)


def spent_fen(reader: Reader, members: Iterable[int], business_day: int) -> int:
    """What a person spent from stored value on a business day, all cafes that are known here.

    What gives back counts against it; a top-up or a redemption that was taken back is no spend.
    """
    spent_fen = 0
    backs: dict[OpRef, int] = {}
    for one in members:
        for entry in reader.entries(one, (WALLET, BONUS, RECEIVABLE), FEN, limit=SPENDS_LOOKED_AT):
            if entry.business_day != business_day or entry.verdict in (VOID, LOST):
                continue
            if entry.reason in GIVING_BACK_REASONS:
                backs[entry.reference] = backs.get(entry.reference, 0) + entry.amount
            elif entry.reason in SPENDING_REASONS:
                spent_fen += entry.amount
    return spent_fen + sum(min(back_fen, 0) for back_fen in backs.values())
