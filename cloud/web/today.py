"""The home page's facts: takings of the day per cafe, the last fortnight, how the boxes do."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from peewee import fn

from cloud.domain.judge import ADMITTED, CLOSED
from cloud.hub.node_sessions import NodeLine
from cloud.store.database import Database
from cloud.store.log import Author
from cloud.store.report_models import ReportEntry
from cloud.store.reports import TENDER_CLASSES, TILL_REASONS, read_documents, takings
from cloud.web.documents import Cafe, fields_of
from sync_protocol.accounts import REVENUE
from sync_protocol.kinds import NODE
from sync_protocol.ops import HUB

DAYS_SHOWN = 14
ONLINE_MS = 60_000
"""A box is on line if it was heard of within this time: several heartbeats."""
LATE_MS = 15 * 60_000
"""Takings that are complete to longer ago than this are marked."""
CLOCK_OFF_MS = 60_000
"""A clock this far off is worth a look."""


@dataclass(frozen=True, slots=True)
class CafeTakings:
    """One cafe's day: by account class of the tender, and what it sold; complete to when.

    `has_box`: some box of it may still bring takings.
    """

    cafe: int
    name: str
    name_en: str
    tenders_fen: dict[int, int]
    sales_fen: int
    complete_ms: int
    is_late: bool
    has_box: bool

    @property
    def takings_fen(self) -> int:
        return sum(self.tenders_fen.values())


@dataclass(frozen=True, slots=True)
class DayTakings:
    """The chain's takings on one business day."""

    day: int
    takings_fen: int


@dataclass(frozen=True, slots=True)
class Box:
    """How one box does. `behind`: ops that it said it has and the hub lacks."""

    node: int
    epoch: int
    name: str
    cafe: int
    standing: str
    heard_ms: int
    is_online: bool
    behind: int
    version: str
    offset_ms: int

    @property
    def is_well(self) -> bool:
        on_time = abs(self.offset_ms) < CLOCK_OFF_MS
        return self.is_online and on_time and self.standing == "current"


def cafe_takings(
    database: Database,
    business_day: int,
    now_ms: int,
    cafes: Sequence[Cafe],
    authors: Sequence[Author],
) -> list[CafeTakings]:
    """Every cafe's day, by cafe number."""
    tenders = {cafe.cafe: dict.fromkeys(TENDER_CLASSES, 0) for cafe in cafes}
    for row in takings(database, business_day):
        tenders.setdefault(row.cafe, dict.fromkeys(TENDER_CLASSES, 0))[row.code] = row.amount
    sales = _sales(database, business_day)
    complete = _complete_ms(authors)
    return [
        CafeTakings(
            cafe.cafe,
            cafe.name,
            cafe.name_en,
            tenders[cafe.cafe],
            sales.get(cafe.cafe, 0),
            complete.get(cafe.cafe, 0),
            now_ms - complete.get(cafe.cafe, 0) > LATE_MS,
            cafe.cafe in complete,
        )
        for cafe in cafes
    ]


def _sales(database: Database, business_day: int) -> dict[int, int]:
    query = (
        ReportEntry.select(ReportEntry.cafe, fn.SUM(ReportEntry.amount).alias("total"))
        .where(ReportEntry.business_day == business_day, ReportEntry.code == REVENUE)
        .group_by(ReportEntry.cafe)
        .tuples()
    )
    return {cafe: -int(total) for cafe, total in database.rows(query)}


def _complete_ms(authors: Sequence[Author]) -> dict[int, int]:
    """Up to when all that a cafe's boxes wrote is here, 0 for never; the earliest box counts.

    So does one that is fenced: what it went on to write is not here. One that was written off
    brings nothing more.
    """
    boxes: dict[tuple[int, int], int] = {}
    for author in _incarnations(authors).values():
        if author.standing != CLOSED:
            earlier = (one.complete_ms for one in authors if one.node == author.node)
            boxes[author.cafe, author.node] = max(earlier)
    return {
        cafe: min(at_ms for (of, _node), at_ms in boxes.items() if of == cafe)
        for cafe, _node in boxes
    }


def _incarnations(authors: Sequence[Author]) -> dict[int, Author]:
    """Each node's latest epoch; an admitted branch is numbered behind it, and is nobody's pen."""
    latest: dict[int, Author] = {}
    for author in authors:
        known = latest.get(author.node, author)
        if author.node != HUB and author.standing != ADMITTED and author.epoch >= known.epoch:
            latest[author.node] = author
    return latest


def days(database: Database, business_day: int, own: Collection[int] = ()) -> list[DayTakings]:
    """What the cafes `own` (none: all) took on the last DAYS_SHOWN days, today last.

    Days without any takings are zero.
    """
    today = date(business_day // 10000, business_day // 100 % 100, business_day % 100)
    wanted = [today - timedelta(days=back) for back in range(DAYS_SHOWN - 1, -1, -1)]
    numbers = [day.year * 10000 + day.month * 100 + day.day for day in wanted]
    query = (
        ReportEntry.select(ReportEntry.business_day, fn.SUM(ReportEntry.amount).alias("total"))
        .where(
            ReportEntry.business_day.between(numbers[0], numbers[-1]),
            ReportEntry.code.in_(TENDER_CLASSES),
            ReportEntry.reason.not_in(TILL_REASONS),
            *([ReportEntry.cafe.in_(own)] if own else []),
        )
        .group_by(ReportEntry.business_day)
        .tuples()
    )
    found = {day: int(total) for day, total in database.rows(query)}
    return [DayTakings(number, found.get(number, 0)) for number in numbers]


def node_names(database: Database) -> dict[int, str]:
    """Each box's name by its node number."""
    return {
        int(key): str(fields_of(NODE, row).get("name") or key)
        for key, row in read_documents(database, NODE)
    }


def boxes(
    authors: Sequence[Author], lines: dict[int, NodeLine], names: dict[int, str], now_ms: int
) -> list[Box]:
    """The latest epoch of every node, worst first."""
    found = []
    for node, author in _incarnations(authors).items():
        line = lines.get(node, NodeLine())
        found.append(
            Box(
                node,
                author.epoch,
                names.get(node, str(node)),
                author.cafe,
                author.standing,
                line.heard_ms,
                now_ms - line.heard_ms < ONLINE_MS,
                max(0, line.expected_seq - author.seq),
                line.software,
                author.offset_ms,
            )
        )
    return sorted(found, key=lambda box: (box.is_well, box.node))
