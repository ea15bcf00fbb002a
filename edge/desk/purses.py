"""What a payment needs to know of this cafe's rules and of the member who pays."""

from collections.abc import Iterable, Mapping
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
from edge.store.facts import LedgerEntry
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import BONUS, FEN, LUCKY_HELD, POINTS_HELD, RECEIVABLE, WALLET
from sync_protocol.annotations import LOST, VOID
from sync_protocol.clock import stamp_ms
from sync_protocol.kinds import CARD, MEMBER
from sync_protocol.ops import OpRef
from sync_protocol.rights_rule import is_expired, month_after

PROVED_SETTING = "proved.{}"
"""Member -> the box's epoch and last op before a debit that a PIN or a second person proved."""
ENTRIES_LOOKED_AT = (40, 500)
"""So many of a member's newest entries are looked through for those of a day: the first number,
and where all of these are of that day, the second."""


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
    spent, backs = _of_day(reader, members, at.business_day)
    return replace(
        spending,
        own_daily_limit_fen=own_fen,
        spent_today_fen=sum(spent.values()) + sum(min(fen, 0) for fen in backs.values()),
        unproved_today_fen=_unproved_fen(reader, at, member, spent),
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
    spent, backs = _of_day(reader, members, business_day)
    return sum(spent.values()) + sum(min(back_fen, 0) for back_fen in backs.values())


def note_proof(transaction: WriteTransaction, at: Here, member: int) -> None:
    """Note that the debit which this write is about to make was proved: by a PIN, or by a person.

    Call before its ops are appended: the first debit behind this place is that one.
    """
    place = [at.epoch, transaction.own_head().seq]
    transaction.set_setting(PROVED_SETTING.format(member), place)


def _unproved_fen(reader: Reader, at: Here, member: int, spent: Mapping[OpRef, int]) -> int:
    """What was spent today since a PIN or a second person proved a debit at this box."""
    kept = reader.setting(PROVED_SETTING.format(member))
    epoch, seq = kept if isinstance(kept, list) else (0, 0)
    own = [one for one in spent if (one.node, one.epoch) == (at.node, epoch)]
    proved = [one for one in own if one.seq <= seq]
    later = sorted((one for one in own if one.seq > seq), key=lambda one: one.seq)
    return sum(spent.values()) - sum(spent[one] for one in (*proved, *later[:1]))


def entries_of_day(
    reader: Reader, member: int, classes: tuple[int, ...], business_day: int
) -> list[LedgerEntry]:
    """A member's entries of a business day in fen, those without effect left out."""
    found: list[LedgerEntry] = []
    for limit in ENTRIES_LOOKED_AT:
        found = reader.entries(member, classes, FEN, limit=limit)
        if len(found) < limit or found[-1].business_day < business_day:
            break
    return [
        entry
        for entry in found
        if entry.business_day == business_day and entry.verdict not in (VOID, LOST)
    ]


def _of_day(
    reader: Reader, members: Iterable[int], business_day: int
) -> tuple[dict[OpRef, int], dict[OpRef, int]]:
    """(what was spent, what was given back) on a business day, in fen by op."""
    spent: dict[OpRef, int] = {}
    backs: dict[OpRef, int] = {}
    for one in members:
        for entry in entries_of_day(reader, one, (WALLET, BONUS, RECEIVABLE), business_day):
            if entry.reason in GIVING_BACK_REASONS:
                backs[entry.reference] = backs.get(entry.reference, 0) + entry.amount
            elif entry.reason in SPENDING_REASONS:
                spent[entry.reference] = spent.get(entry.reference, 0) + entry.amount
    return spent, backs
