"""A member's file and the lists of members, as pages show them."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from edge.desk import facts
from edge.desk.catalogue import Catalogue
from edge.desk.deposits import deposits_fen
from edge.desk.exits import left_over
from edge.desk.rules import Row
from edge.desk.settings import DeskSettings
from edge.domain.applications import Note, notes_of
from edge.domain.business_day import date_of, day_number
from edge.domain.custom_fields import custom_fields, custom_of
from edge.domain.decision import read_int, read_list, read_text
from edge.domain.exits import LeftOver
from edge.domain.members import STATUS_ACTIVE, WAITS_FOR_REVIEW, number_text
from edge.store.facts import Document, LedgerEntry, LoggedOp
from edge.store.reader import Reader
from edge.store.store import Store
from sync_protocol.accounts import BONUS, FEN, POINTS, POINTS_HELD, WALLET
from sync_protocol.clock import stamp_ms
from sync_protocol.kinds import KINDS, MEMBER, SALE, VISIT
from sync_protocol.ledger import (
    REASON_GRANT,
    REASON_RELEASE,
    REASON_SWEEP,
    REASON_TOP_UP,
    REASONS,
)
from sync_protocol.registers import write_from_body

LISTED_MAX = 50
ENTRIES_SHOWN = 20
BOUGHT_SHOWN = 8
SALES_LOOKED_AT = 500
VISIT_DAYS = 90
"""So far back a member's visits to this cafe are looked for, one look-up a day."""
CHANGES_SHOWN = 30
MOVED_ONLY = (REASON_GRANT, REASON_RELEASE, REASON_SWEEP)
"""Entries that move what a member has from holder to holder: the person sees no change."""
LISTS = ("all", "waiting", "exit_requested", "closed", "rejected")


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member of a list."""

    member: int
    number: str
    name: str
    phone_tail: str
    category: str
    status: str
    joined_day: int
    approved_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a member's spends, top-ups or points."""

    at_ms: int
    reason: str
    amount: int
    cafe_name: facts.Name
    chain_code: str


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a member's data: which fields, by whom, when, and why where it was locked."""

    at_ms: int
    fields: tuple[str, ...]
    actor_name: str
    reason: str


@dataclass(frozen=True, slots=True)
class MemberFile:
    """All that is known of a member at this cafe. `identity` shows its ends only."""

    member: int
    number: str
    name: str
    phone: str
    identity_kind: str
    identity: str
    birth_date: int
    category: Row | None
    status: str
    joined_day: int
    home_cafe: facts.Name
    consent: str
    approved_by: str
    approved_day: int
    custom: tuple[tuple[str, str, str], ...]
    """(Chinese name, English name, value) of each field that head office defines."""
    balance_fen: int
    deposit_fen: int
    left: LeftOver
    exit_reason: str
    spends: tuple[Entry, ...]
    top_ups: tuple[Entry, ...]
    points: tuple[Entry, ...]
    bought: tuple[tuple[str, str, int], ...]
    """(Chinese name, English name, pieces) of what was bought most."""
    visit_days: tuple[int, ...]
    notes: tuple[Note, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class MemberForm:
    """What the form of a member's data begins with."""

    values: dict[str, str]
    locked: bool


class MemberViews:
    """Reads for the works about members; each call is one snapshot of the store."""

    def __init__(
        self,
        store: Store,
        settings: DeskSettings,
        catalogue: Catalogue,
        wall_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._settings = settings
        self._catalogue = catalogue
        self._wall_ms = wall_ms

    async def rules(self, *names: str) -> dict[str, tuple[Row, ...]]:
        """Rules of head office by name, for a page that shows them."""
        with self._store.read() as reader:
            return {name: self._catalogue.rules(reader, name) for name in names}

    async def listed(self, which: str, category: str = "", after: int = 0) -> list[MemberLine]:
        """Members of one of LISTS or of a category, from the one beyond `after` on."""
        with self._store.read() as reader:
            return [_line(reader, one) for one in _listed(reader, which, category, after)]

    async def form(self, member: int) -> MemberForm | None:
        """A member's data as the form shows it; None for nobody."""
        with self._store.read() as reader:
            document = reader.register(MEMBER, facts.person_of(reader, member))
        if document is None or document.erased:
            return None
        row = document.shown
        values = {
            name: read_text(MEMBER, row, name)
            for name in ("name", "phone", "identity_kind", "identity", "category")
        }
        birth = date_of(read_int(MEMBER, row, "birth_date"))
        values["birth_date"] = birth.isoformat() if birth is not None else ""
        for code, value in custom_of(read_list(MEMBER, row, "custom")).items():
            values[f"custom:{code}"] = value
        return MemberForm(values, read_int(MEMBER, row, "approved_by") > 0)

    async def file(self, member: int) -> MemberFile | None:
        """A member's file; None for nobody."""
        with self._store.read() as reader:
            person = facts.person_of(reader, member)
            document = reader.register(MEMBER, person)
            return None if document is None else self._file(reader, person, document)

    def _file(self, reader: Reader, member: int, document: Document) -> MemberFile:
        row = document.shown
        members = facts.members_of(reader, member)
        at = facts.here(reader, self._settings, self._wall_ms())
        money = _entries(reader, members, (WALLET, BONUS), FEN)
        category = read_text(MEMBER, row, "category")
        home = read_int(MEMBER, row, "home_cafe")
        return MemberFile(
            member,
            read_text(MEMBER, row, "number") or number_text(member),
            read_text(MEMBER, row, "name"),
            read_text(MEMBER, row, "phone"),
            read_text(MEMBER, row, "identity_kind"),
            masked(read_text(MEMBER, row, "identity")),
            read_int(MEMBER, row, "birth_date"),
            self._category(reader, category),
            read_text(MEMBER, row, "status") or STATUS_ACTIVE,
            read_int(MEMBER, row, "joined_day"),
            facts.cafe_name(reader, home) if home else ("", ""),
            read_text(MEMBER, row, "consent"),
            facts.staff_name(reader, read_int(MEMBER, row, "approved_by")),
            read_int(MEMBER, row, "approved_day"),
            self._custom(reader, read_list(MEMBER, row, "custom")),
            facts.purse_of(reader, at, member).balance_fen,
            deposits_fen(reader, member),
            left_over(reader, at, member),
            read_text(MEMBER, row, "exit_reason"),
            _shown(reader, [entry for entry in money if entry.reason != REASON_TOP_UP]),
            _shown(reader, [entry for entry in money if entry.reason == REASON_TOP_UP]),
            _shown(reader, _entries(reader, members, (POINTS_HELD,), POINTS)),
            _bought(reader, members),
            _visit_days(reader, members, at.cafe, at.business_day),
            notes_of(row),
            _changes(reader, member),
        )

    def _category(self, reader: Reader, code: str) -> Row | None:
        for row in self._catalogue.rules(reader, "categories"):
            if row["of"] == "member" and row["code"] == code:
                return row
        return None

    def _custom(self, reader: Reader, stored: Iterable[object]) -> tuple[tuple[str, str, str], ...]:
        values = custom_of(stored)
        fields = custom_fields(self._catalogue.rules(reader, "custom_fields"))
        return tuple((field.name, field.name_en, values.get(field.code, "")) for field in fields)


def masked(number: str) -> str:
    """A document's number with its ends only: who has the document can compare."""
    return number if len(number) < 8 else f"{number[:4]}…{number[-4:]}"


def _listed(reader: Reader, which: str, category: str, after: int) -> Iterable[Document]:
    if category:
        found = reader.registers_where(MEMBER, "category", category, 10_000)
    elif which == "waiting":
        found = reader.registers_where(MEMBER, "approved_day", WAITS_FOR_REVIEW, 10_000)
    elif which in LISTS[2:]:
        found = reader.registers_where(MEMBER, "status", which, 10_000)
    else:
        return reader.registers(MEMBER, after, LISTED_MAX)
    return [one for one in found if int(one.key) > after][:LISTED_MAX]


def _line(reader: Reader, document: Document) -> MemberLine:
    row, member = document.shown, int(document.key)
    return MemberLine(
        member,
        read_text(MEMBER, row, "number") or number_text(member),
        read_text(MEMBER, row, "name"),
        read_text(MEMBER, row, "phone")[-4:],
        read_text(MEMBER, row, "category"),
        read_text(MEMBER, row, "status") or STATUS_ACTIVE,
        read_int(MEMBER, row, "joined_day"),
        facts.staff_name(reader, read_int(MEMBER, row, "approved_by")),
        read_text(MEMBER, row, "exit_reason"),
    )


def _entries(
    reader: Reader, members: Iterable[int], classes: tuple[int, ...], unit: str
) -> list[LedgerEntry]:
    found = [
        entry
        for member in members
        for entry in reader.entries(member, classes, unit, limit=ENTRIES_SHOWN * 4)
        if entry.reason not in MOVED_ONLY
    ]
    found.sort(key=lambda entry: -entry.stamp)
    return found


def _shown(reader: Reader, entries: list[LedgerEntry]) -> tuple[Entry, ...]:
    shown = []
    for entry in entries[:ENTRIES_SHOWN]:
        logged = reader.op(entry.reference)
        cafe = logged.op.body[0] if logged is not None and isinstance(logged.op.body, list) else 0
        name = facts.cafe_name(reader, cafe) if isinstance(cafe, int) else ("", "")
        shown.append(
            Entry(
                stamp_ms(entry.stamp),
                REASONS.get(entry.reason, str(entry.reason)),
                -entry.amount,
                name,
                facts.chain_code(entry.reference),
            )
        )
    return tuple(shown)


def _bought(reader: Reader, members: Iterable[int]) -> tuple[tuple[str, str, int], ...]:
    """What a person bought most at this cafe: the products by pieces."""
    pieces: Counter[str] = Counter()
    for member in members:
        for document in reader.registers_where(SALE, "member", member, SALES_LOOKED_AT):
            for line in read_list(SALE, document.shown, "lines"):
                if isinstance(line, list) and len(line) > 1 and isinstance(line[1], int):
                    pieces[str(line[0])] += line[1]
    bought = []
    for sku, count in pieces.most_common(BOUGHT_SHOWN):
        product = facts.product(reader, sku)
        names = (product.name, product.name_en or product.name) if product else (sku, sku)
        bought.append((*names, count))
    return tuple(bought)


def _visit_days(reader: Reader, members: Iterable[int], cafe: int, today: int) -> tuple[int, ...]:
    """The days on which a person was at this cafe, the latest first."""
    day = date_of(today)
    if day is None:
        return ()
    days = []
    for back in range(VISIT_DAYS):
        number = day_number(day - timedelta(days=back))
        prefix = facts.visit_prefix(cafe, number)
        if any(reader.register(VISIT, f"{prefix}{member}") for member in members):
            days.append(number)
    return tuple(days)


def _changes(reader: Reader, member: int) -> tuple[Change, ...]:
    """Who changed what of a member's data, newest first, as far as this box keeps the ops."""
    history = reader.register_history(MEMBER, member, CHANGES_SHOWN)
    return tuple(_change(reader, logged) for logged in history if logged.op.body is not None)


def _change(reader: Reader, logged: LoggedOp) -> Change:
    kind = KINDS[MEMBER]
    values = {
        kind.fields[change.index].name: change.value
        for change in write_from_body(kind, logged.op.body).changes
    }
    return Change(
        stamp_ms(logged.op.header.stamp),
        tuple(values),
        facts.staff_name(reader, logged.op.header.actor),
        str(values.get("change_reason") or ""),
    )
