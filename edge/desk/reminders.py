"""Reminders at the counter: what falls due here, what of it somebody has seen to.

What is due is looked for when the list is opened and, for the number on the page, every half hour:
among all members and passes in slices, so that neither tap nor page waits. What was seen and done
is this box's own note (a setting), not the chain's.
"""

import asyncio
from collections.abc import Callable, Iterator

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.catalogue import Catalogue
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.passes import pass_name
from edge.desk.settings import DeskSettings
from edge.domain import reminders
from edge.domain.business_day import days_before
from edge.domain.cards import ACTIVE
from edge.domain.decision import Decision, Here, Judgement, read_int, read_text
from edge.domain.members import STATUS_ACTIVE
from edge.domain.refusals import refuse
from edge.domain.reminders import (
    Leads,
    Reminder,
    Settled,
    falls_due,
    leads_of,
    next_birthday,
    with_states,
)
from edge.effects.page_events import Region
from edge.store.facts import Document
from edge.store.reader import Reader
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import ITEM, STOCK
from sync_protocol.kinds import CARD, MEMBER, PASS, PRODUCT, VISIT

SETTLED = "counter.reminders"
"""Setting: [[key, state, day, who], ...]."""
SETTLED_MAX = 5_000
SLICE, PAUSE_S = 50, 0.02
"""Members of one read: some 5 ms, so that no page waits for long; 100,000 take a minute."""
LOOK_WAIT_S = 1.0
"""So long the list waits for a look; a cafe's own few thousand members are through by then."""
LISTED_MAX = 500
LOOK_AGAIN_MS = 30 * 60_000
"""The number on the page is at most so old."""
SEEN_DAYS = 7
"""A low balance is told of members who were here within so many days."""
LATELY_MAX = 300


class RemindersDesk:
    """What is due, and the command that says somebody saw to it."""

    def __init__(
        self,
        store: Store,
        settings: DeskSettings,
        committer: Committer,
        wall_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._settings = settings
        self._committer = committer
        self._wall_ms = wall_ms
        self._found: dict[str, Reminder] = {}
        self._of_look: list[Reminder] = []
        self._looked_ms: int | None = None
        self._looking: asyncio.Task[None] | None = None

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {"settle_reminder": self.settle_reminder}

    async def settle_reminder(self, request: Request, reminder: str, state: str) -> Outcome:
        """Note that a reminder was seen, or that it is done; `all` for every one that is due."""
        due = set(self._found) if reminder == "all" else {reminder}

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            if state not in (reminders.SEEN, reminders.DONE):
                return refuse("field_invalid", field="state")
            if not due <= self._found.keys():
                return refuse("reminder_unknown")
            settled = _kept(_settled(transaction), at.business_day)
            for key in due:
                if key not in settled or state == reminders.DONE:
                    settled[key] = (state, at.business_day, request.staff)
            rows = [[key, *value] for key, value in settled.items()]
            transaction.set_setting(SETTLED, rows[-SETTLED_MAX:])
            return Decision(values={"reminder": reminder, "state": state})

        return await self._committer.commit(request, decide, Region.TAP)

    async def due(self) -> list[Reminder]:
        """All that is due here, the nearest first.

        Members and passes are looked through anew; of a large chain it is those of the last look.
        """
        await asyncio.wait({self._begin_look()}, timeout=LOOK_WAIT_S)
        self._find()
        with self._store.read() as reader:
            return with_states(self._found.values(), _settled(reader))[:LISTED_MAX]

    def chip(self) -> int:
        """How many are due that nobody has seen, by the last look; an old one is made anew."""
        now_ms = self._wall_ms()
        if self._looked_ms is None or not 0 <= now_ms - self._looked_ms < LOOK_AGAIN_MS:
            self._begin_look()
        with self._store.read() as reader:
            settled = _settled(reader)
        return sum(key not in settled for key in self._found)

    def of_member(self, member: int) -> list[Reminder]:
        """What is due for one member: for the screen at a tap."""
        with self._store.read() as reader:
            at, leads = self._here(reader), self._leads(reader)
            person = facts.person_of(reader, member)
            row = facts.row(reader, MEMBER, person)
            if row is None or row.entries is None:
                return []
            found = [
                *_member_due(Document(MEMBER, person, row, None), leads, at.business_day),
                *_cards_of(reader, person, leads, at),
                *_passes_of(reader, self._committer.catalogue, person, leads, at),
                *self._balance_of(reader, person, leads, at),
            ]
            return with_states(found, _settled(reader))

    # --- reading ----------------------------------------------------------------------------------

    def _here(self, reader: Reader) -> Here:
        return facts.here(reader, self._settings, self._wall_ms(), spends=False)

    def _leads(self, reader: Reader) -> Leads:
        return leads_of(self._committer.catalogue.rules(reader, "reminders"))

    def _balance_of(
        self, reader: Reader, member: int, leads: Leads, at: Here
    ) -> Iterator[Reminder]:
        if reminders.BALANCE not in leads:
            return
        low_fen = self._committer.catalogue.rules(reader, "counter")[0]["low_balance_fen"]
        balance_fen = facts.purse_of(reader, at, member).balance_fen
        if balance_fen < low_fen:
            name = facts.member_name(reader, member)
            day = at.business_day
            yield Reminder(reminders.BALANCE, member, day, member, name, balance_fen)

    def _find(self) -> None:
        """Take together what is read at once and what the last look found."""
        with self._store.read() as reader:
            at, leads = self._here(reader), self._leads(reader)
            found = [
                *self._of_look,
                *_cards_due(reader, leads, at),
                *_stock_due(reader, self._committer.catalogue, leads, at),
            ]
            for member in _lately_here(reader, at) if reminders.BALANCE in leads else ():
                found += self._balance_of(reader, member, leads, at)
        self._found = {one.key: one for one in found}

    def _begin_look(self) -> "asyncio.Task[None]":
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())
        return self._looking

    async def _look(self) -> None:
        """Go through all members and passes: a slice, then a pause in which pages are made."""
        found: list[Reminder] = []
        with self._store.read() as reader:
            at, leads = self._here(reader), self._leads(reader)
        for kind in (MEMBER, PASS):
            after: int | str | None = None
            while True:
                with self._store.read() as reader:
                    page = list(reader.registers(kind, after, SLICE))
                    for document in page:
                        found += self._due_of(reader, kind, document, leads, at)
                if len(page) < SLICE:
                    break
                after = page[-1].key
                await asyncio.sleep(PAUSE_S)
        self._of_look, self._looked_ms = found, self._wall_ms()
        self._find()

    def _due_of(
        self, reader: Reader, kind: int, document: Document, leads: Leads, at: Here
    ) -> Iterator[Reminder]:
        if kind == PASS:
            yield from _pass_due(reader, self._committer.catalogue, document, leads, at)
        elif read_int(MEMBER, document.shown, "home_cafe") == at.cafe:
            yield from _member_due(document, leads, at.business_day)


def _settled(reader: Reader) -> Settled:
    """What was seen or done: {key: (state, day, who)}."""
    rows = reader.setting(SETTLED)
    return {
        str(row[0]): (str(row[1]), int(row[2]), int(row[3]))
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, list) and len(row) == len(("key", "state", "day", "who"))
    }


def _kept(settled: Settled, today: int) -> Settled:
    """What is still worth remembering."""
    oldest = days_before(today, reminders.KEPT_DAYS)[-1]
    return {key: value for key, value in settled.items() if value[1] >= oldest}


def _member_due(document: Document, leads: Leads, today: int) -> Iterator[Reminder]:
    row, member = document.shown, int(document.key)
    if read_text(MEMBER, row, "status") not in ("", STATUS_ACTIVE):
        return
    name = read_text(MEMBER, row, "name")
    until = read_int(MEMBER, row, "tier_until_day")
    if read_text(MEMBER, row, "tier") and falls_due(leads, reminders.TIER, until, today):
        yield Reminder(reminders.TIER, member, until, member, name)
    if reminders.BIRTHDAY in leads:
        birth = read_int(MEMBER, row, "birth_date")
        day = next_birthday(birth, today, leads[reminders.BIRTHDAY])
        if day:
            yield Reminder(reminders.BIRTHDAY, member, day, member, name)


def _card_due(reader: Reader, document: Document, leads: Leads, today: int) -> Iterator[Reminder]:
    row = document.shown
    until = read_int(CARD, row, "valid_to_day")
    if read_text(CARD, row, "status") != ACTIVE or not falls_due(
        leads, reminders.CARD, until, today
    ):
        return
    member = facts.person_of(reader, read_int(CARD, row, "member"))
    if member:
        name = facts.member_name(reader, member)
        yield Reminder(reminders.CARD, document.key, until, member, name)


def _cards_due(reader: Reader, leads: Leads, at: Here) -> Iterator[Reminder]:
    if reminders.CARD not in leads:
        return
    end = reminders.ahead(at.business_day, leads[reminders.CARD]) + 1
    for document in reader.registers_between(
        CARD, "valid_to_day", at.business_day, end, LISTED_MAX
    ):
        yield from _card_due(reader, document, leads, at.business_day)


def _cards_of(reader: Reader, member: int, leads: Leads, at: Here) -> Iterator[Reminder]:
    for one in facts.members_of(reader, member):
        for document in reader.registers_where(CARD, "member", one):
            yield from _card_due(reader, document, leads, at.business_day)


def _pass_due(
    reader: Reader, catalogue: Catalogue, document: Document, leads: Leads, at: Here
) -> Iterator[Reminder]:
    row = document.shown
    member, until = read_int(PASS, row, "member"), read_int(PASS, row, "to_day")
    is_pass = read_text(PASS, row, "form") in ("visits", "period")
    standing = read_text(PASS, row, "status") == "active"
    if not is_pass or not member or not standing:
        return
    if falls_due(leads, reminders.PASS, until, at.business_day):
        person = facts.person_of(reader, member)
        chinese, _english = pass_name(reader, catalogue, read_text(PASS, row, "code"))
        name = f"{facts.member_name(reader, person)} · {chinese}"
        yield Reminder(reminders.PASS, document.key, until, person, name)


def _passes_of(
    reader: Reader, catalogue: Catalogue, member: int, leads: Leads, at: Here
) -> Iterator[Reminder]:
    for one in facts.members_of(reader, member):
        for document in reader.registers_where(PASS, "member", one):
            yield from _pass_due(reader, catalogue, document, leads, at)


def _stock_due(reader: Reader, catalogue: Catalogue, leads: Leads, at: Here) -> Iterator[Reminder]:
    if reminders.STOCK not in leads:
        return
    for product in catalogue.products(reader):
        if not product.counted or not product.on_sale:
            continue
        low = read_int(PRODUCT, facts.row(reader, PRODUCT, product.sku), "low_stock")
        pieces = reader.balance((STOCK, at.cafe, 0, 0, 0, ITEM + product.sku)).shown
        if low and pieces <= low:
            name, day = product.name, at.business_day
            yield Reminder(reminders.STOCK, product.sku, day, 0, name, pieces)


def _lately_here(reader: Reader, at: Here) -> list[int]:
    """The members who were at this cafe within the last days, each once."""
    found: dict[int, None] = {}
    for day in days_before(at.business_day, SEEN_DAYS):
        prefix = f"{at.cafe}.{day}."
        for document in reader.registers(VISIT, after=prefix, limit=LISTED_MAX):
            if not str(document.key).startswith(prefix):
                break
            member = facts.person_of(reader, read_int(VISIT, document.shown, "member"))
            found[member] = None
    return list(found)[:LATELY_MAX]
