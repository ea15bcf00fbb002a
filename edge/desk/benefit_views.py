"""What the pages show of benefits: rules in force, points, tiers, passes, vouchers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edge.desk import facts
from edge.desk.benefits import gifts_due
from edge.desk.commit import Committer
from edge.desk.growth import grown_of
from edge.desk.passes import pass_name, passes_of
from edge.desk.pricing import events_of_day, name_of, terms_of
from edge.desk.rules import Row
from edge.domain.awards import DueGift, entry_key
from edge.domain.decision import Here, read_int, read_text
from edge.domain.passes import Pass, pass_refusal
from edge.domain.points import EARNING_REASONS
from edge.domain.pricing import Name, Terms
from edge.domain.redemptions import POINTS_TENDER, gift_key
from edge.domain.refusals import Refusal
from edge.domain.tiers import Grown, Tier, ladder_of, tier_in_force
from edge.domain.vouchers import BOOKING_FORM, VOUCHER_FORM
from edge.store.reader import Reader
from edge.store.state_reader import LAST_CHARACTER
from edge.store.store import Store
from sync_protocol.accounts import POINTS, POINTS_HELD, SPENT, SPENT_UNIT, VOUCHER
from sync_protocol.clock import stamp_ms
from sync_protocol.kinds import MEMBER, PASS, SALE, TRANSACTION
from sync_protocol.ledger import (
    REASON_POINTS_ADJUSTMENT,
    REASON_REDEMPTION,
    REASONS,
    transaction_from_body,
)

HISTORY_MAX = 500
"""Entries of a member's points; what is older stands in the first line as a sum."""
VOUCHERS_SHOWN = 60
OWN_OPS_LOOKED_AT = 5_000
"""The newest of this box's ops, among which a day's points are looked for."""


@dataclass(frozen=True, slots=True)
class RedemptionView:
    """A row of the rule `redemptions`, and whether the member has the points for it."""

    code: str
    name: str
    name_en: str
    points: int
    gives: str
    amount_fen: int
    takes_points: bool
    affordable: bool
    given: bool


@dataclass(frozen=True, slots=True)
class GiftView:
    """A gift that is due."""

    gift: DueGift
    given: bool


@dataclass(frozen=True, slots=True)
class EventView:
    """An event of today that members may join."""

    code: str
    name: str
    name_en: str
    entry_points: int
    points: int
    joined: bool


@dataclass(frozen=True, slots=True)
class RedeemedView:
    """A redemption of today, which may be returned."""

    sale: int
    number: int
    what: str
    points: int


@dataclass(frozen=True, slots=True)
class PointsView:
    """All that a member may do with points today."""

    points: int
    redemptions: tuple[RedemptionView, ...]
    gifts: tuple[GiftView, ...]
    events: tuple[EventView, ...]
    redeemed: tuple[RedeemedView, ...]
    rule: Row


@dataclass(frozen=True, slots=True)
class PointsEntryView:
    """One entry of a member's points, with what there was after it."""

    at_ms: int
    business_day: int
    reason: str
    points: int
    after: int
    cafe_name: facts.Name
    chain_code: str


@dataclass(frozen=True, slots=True)
class PassView:
    """A pass of a member; `refusal` says why it does not hold here and now."""

    one: Pass
    name: str
    name_en: str
    hours: str
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class VoucherView:
    """A voucher by its number; where and when it was used, empty and 0 while it was not."""

    voucher: int
    number: str
    form: str
    what: str
    amount_fen: int
    from_day: int
    until_day: int
    member_name: str
    left: int
    used_day: int
    used_at: Name


@dataclass(frozen=True, slots=True)
class TierView:
    """The ladder in force, with its version, and where a member stands on it."""

    version: int
    ladder: tuple[Tier, ...]
    held: Tier | None
    since_day: int
    until_day: int
    grown: Grown
    terms: Terms
    card_type: Row | None
    spent: tuple[tuple[Name, int], ...]
    """(card type, fen) of what was bought with each type of card."""


@dataclass(frozen=True, slots=True)
class WatchedView:
    """A member's points of a day: earned, given by hand; `unusual`: above the limit."""

    member: int
    name: str
    points: int
    by_hand: int
    entries: int
    unusual: bool


class BenefitViews:
    """Reads for the works of the topic; each call is one snapshot of the store."""

    def __init__(self, store: Store, committer: Committer, here: Callable[[Reader], Here]) -> None:
        self._store = store
        self._committer = committer
        self._catalogue = committer.catalogue
        self._here = here

    async def rules(self, *names: str) -> dict[str, tuple[int, tuple[Row, ...]]]:
        """Rules as they are published: name -> (version, rows)."""
        with self._store.read() as reader:
            return {name: tuple(self._catalogue.rule_in_force(reader, name)) for name in names}  # type: ignore[misc]  # a NamedTuple of these two

    async def points(self, member: int) -> PointsView:
        """What a member may do with points."""
        with self._store.read() as reader:
            at = self._here(reader)
            person = facts.person_of(reader, member)
            has = facts.points_of(reader, person)
            return PointsView(
                has,
                tuple(
                    RedemptionView(
                        row["code"],
                        *name_of(row),
                        row["points"],
                        row["gives"],
                        row["amount_fen"],
                        row["takes_points"],
                        row["points"] <= has,
                        facts.is_given(reader, person, gift_key, row["code"]),
                    )
                    for row in self._catalogue.rules(reader, "redemptions")
                ),
                tuple(
                    GiftView(gift, facts.is_given(reader, person, gift_key, gift.code))
                    for gift in gifts_due(reader, self._committer, at, person)
                ),
                tuple(
                    EventView(
                        row["code"],
                        *name_of(row),
                        row["entry_points"],
                        row["points"],
                        facts.is_given(reader, person, entry_key, row["code"]),
                    )
                    for row in events_of_day(reader, self._catalogue, at.business_day)
                    if row["code"]
                ),
                _redeemed(reader, at, person),
                self._catalogue.rules(reader, "points")[0],
            )

    async def points_history(self, member: int) -> tuple[PointsEntryView, ...]:
        """A member's points since the first, newest first; the oldest line is what came before."""
        with self._store.read() as reader:
            person = facts.person_of(reader, member)
            entries = [
                entry
                for one in facts.members_of(reader, person)
                for entry in reader.entries(one, (POINTS_HELD,), POINTS, limit=HISTORY_MAX)
            ]
            entries.sort(key=lambda entry: -entry.stamp)
            after = facts.points_of(reader, person)
            views = []
            for entry in entries:
                logged = reader.op(entry.reference)
                cafe = transaction_from_body(logged.op.body).cafe if logged is not None else 0
                moved = -entry.amount
                views.append(
                    PointsEntryView(
                        stamp_ms(entry.stamp),
                        entry.business_day,
                        REASONS.get(entry.reason, str(entry.reason)),
                        moved,
                        after,
                        facts.cafe_name(reader, cafe),
                        facts.chain_code(entry.reference),
                    )
                )
                after -= moved
            if after:
                views.append(PointsEntryView(0, 0, "opening", after, after, ("", ""), ""))
            return tuple(views)

    async def passes(self, member: int) -> tuple[PassView, ...]:
        """A member's passes, and which of them hold here and now."""
        with self._store.read() as reader:
            at = self._here(reader)
            return tuple(
                PassView(
                    one,
                    *pass_name(reader, self._catalogue, one.code),
                    one.band.hours,
                    pass_refusal(at, one, ""),
                )
                for one in passes_of(reader, at, facts.person_of(reader, member))
            )

    async def vouchers(self, text: str, member: int = 0) -> tuple[VoucherView, ...]:
        """Vouchers whose number begins so; without a text those of a member."""
        with self._store.read() as reader:
            end = text + LAST_CHARACTER
            found = reader.registers_between(PASS, "number", text, end, VOUCHERS_SHOWN)
            if not text:
                found = reader.registers_where(PASS, "member", member, limit=VOUCHERS_SHOWN)
            return tuple(
                _voucher(reader, int(document.key))
                for document in found
                if document.value("form") in (VOUCHER_FORM, BOOKING_FORM)
            )

    async def tiers(self, member: int) -> TierView:
        """The ladder, and a member on it; 0 for nobody."""
        with self._store.read() as reader:
            at = self._here(reader)
            person = facts.person_of(reader, member)
            row = facts.row(reader, MEMBER, person) if person else None
            version, rows = self._catalogue.rule_in_force(reader, "tiers")
            ladder = ladder_of(rows)
            terms = terms_of(reader, self._catalogue, at, person)
            card_types = self._catalogue.rules(reader, "card_types")
            return TierView(
                version,
                ladder,
                tier_in_force(ladder, row, at.business_day),
                read_int(MEMBER, row, "tier_since_day"),
                read_int(MEMBER, row, "tier_until_day"),
                grown_of(reader, person) if person else Grown(0, 0),
                terms,
                next((one for one in card_types if one["code"] == terms.card_type), None),
                _spent(reader, person, card_types) if person else (),
            )

    async def watched(self) -> tuple[WatchedView, ...]:
        """Whose points moved most at this box today, the most first."""
        with self._store.read() as reader:
            at = self._here(reader)
            limit = self._catalogue.rules(reader, "points")[0]["watch_points"]
            return _watched(reader, at, limit)


def _redeemed(reader: Reader, at: Here, member: int) -> tuple[RedeemedView, ...]:
    found = []
    for one in facts.members_of(reader, member):
        for document in reader.registers_where(SALE, "member", one, limit=1000):
            tenders = document.value("tenders")
            if not isinstance(tenders, list) or not tenders or tenders[0][0] != POINTS_TENDER:
                continue
            if read_int(SALE, document.shown, "business_day") == at.business_day:
                number = read_int(SALE, document.shown, "number")
                used = read_int(SALE, document.shown, "points_used")
                found.append(RedeemedView(int(document.key), number, str(tenders[0][2]), used))
    return tuple(sorted(found, key=lambda view: -view.number))


def _voucher(reader: Reader, voucher: int) -> VoucherView:
    row = facts.row(reader, PASS, voucher)
    left = -sum(balance.shown for _, balance in reader.balances_of(VOUCHER, voucher))
    used_day, used_at = 0, ("", "")
    for entry in reader.entries(voucher, (VOUCHER,)):
        if entry.reason == REASON_REDEMPTION:
            used_day = entry.business_day
            used_at = facts.place_of(reader, entry.reference.node, entry.reference.epoch)
    return VoucherView(
        voucher,
        read_text(PASS, row, "number"),
        read_text(PASS, row, "form"),
        read_text(PASS, row, "code"),
        read_int(PASS, row, "price_fen"),
        read_int(PASS, row, "from_day"),
        read_int(PASS, row, "to_day"),
        facts.member_name(reader, read_int(PASS, row, "member")),
        left,
        used_day,
        used_at,
    )


def _spent(
    reader: Reader, member: int, card_types: tuple[Row, ...]
) -> tuple[tuple[Name, int], ...]:
    sums: dict[str, int] = {}
    for one in facts.members_of(reader, member):
        for account, balance in reader.balances_of(SPENT, one):
            code = account[5].removeprefix(SPENT_UNIT)
            sums[code] = sums.get(code, 0) - balance.shown
    names = {row["code"]: name_of(row) for row in card_types}
    no_card = ("无卡类型", "no card type")
    return tuple(
        (names.get(code, (code, code) if code else no_card), fen) for code, fen in sums.items()
    )


def _watched(reader: Reader, at: Here, limit: int) -> tuple[WatchedView, ...]:
    head = reader.own_head().seq
    sums: dict[int, list[int]] = {}
    for op in reader.own_ops(max(head - OWN_OPS_LOOKED_AT, 1), OWN_OPS_LOOKED_AT + 1):
        for member, points, by_hand in _points_moved(op.header.kind, op.body, at.business_day):
            known = sums.setdefault(member, [0, 0, 0])
            known[0] += points
            known[1] += by_hand
            known[2] += 1
    views = [
        WatchedView(
            member,
            facts.member_name(reader, member),
            points,
            by_hand,
            entries,
            points + abs(by_hand) > limit,
        )
        for member, (points, by_hand, entries) in sums.items()
    ]
    return tuple(sorted(views, key=lambda view: -(view.points + abs(view.by_hand))))


def _points_moved(kind: int, body: object, business_day: int) -> Iterator[tuple[int, int, int]]:
    """(member, points earned, points by hand) of an op of a business day."""
    if kind != TRANSACTION or body is None:
        return
    entry = transaction_from_body(body)
    if entry.business_day != business_day:
        return
    for code, subject, _node, _epoch, _month, _unit, amount in entry.postings:
        if code != POINTS_HELD or not isinstance(subject, int):
            continue
        if entry.reason == REASON_POINTS_ADJUSTMENT:
            yield subject, 0, -amount
        elif entry.reason in EARNING_REASONS and amount < 0:
            yield subject, -amount, 0
