"""What the pages show, read from one moment of the store. Nothing here changes anything."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from edge.desk import facts
from edge.desk.answers import Session
from edge.desk.asked import ASK_AGAIN_NS
from edge.desk.cases import case_words
from edge.desk.catalogue import Catalogue
from edge.desk.commit import Committer
from edge.desk.copy_state import CopyState
from edge.desk.door_watch import DoorWatch
from edge.desk.goods_views import asset_views, product_view, sale_view, transfer_views
from edge.desk.history import latest_events, member_ledger
from edge.desk.open_tickets import checkout, kept_tickets, priced, ticket_at
from edge.desk.people import find_members, member_view, present
from edge.desk.screens import Screens
from edge.desk.settings import Clocks, DeskSettings
from edge.desk.staff import StaffDesk
from edge.desk.tills import latest_shifts, shift_at, shift_of, shift_report
from edge.desk.view_types import (
    AssetView,
    CafeView,
    CounterView,
    DeviceView,
    DoorsView,
    EventView,
    KeptTicketView,
    LedgerEntryView,
    MemberView,
    PresentView,
    PrintJobView,
    ProductView,
    SaleView,
    ShiftReportView,
    StaffView,
    TapView,
    TicketLineView,
    TicketView,
    TransferView,
    TruthLine,
)
from edge.domain.approvals import approver_refusal
from edge.domain.business_day import days_before
from edge.domain.decision import Here, read_int, read_text
from edge.domain.initials import initials_of_words
from edge.domain.open_tickets import TICKET_MODE, OpenTicket
from edge.domain.shifts import Shift
from edge.domain.staff import log_in_refusal, person_of
from edge.effects.after_commit import Effects
from edge.store.reader import Reader
from edge.store.store import Store
from edge.store.tables import PRINT_DONE, PRINT_FAILED, PRINT_KEPT, PRINT_SENT, PRINT_WAITING
from sync_protocol.kinds import SALE, SITE, STAFF

EVENTS_SHOWN = 12
CAFES_MAX = 1000
SHIFT_DAYS = 7
STAFF_TAP_MS = 60_000


class Views:
    """Reads for pages; each call is one snapshot of the store."""

    def __init__(
        self,
        store: Store,
        settings: DeskSettings,
        committer: Committer,
        effects: Effects,
        screens: Screens,
        staff: StaffDesk,
        clocks: Clocks,
        devices: Callable[[], tuple[DeviceView, ...]],
    ) -> None:
        self._store = store
        self._settings = settings
        self._catalogue = committer.catalogue
        self._line = committer.asked.line
        self._asked = committer.asked
        self._effects = effects
        self._screens = screens
        self._staff = staff
        self._clocks = clocks
        self._devices = devices
        self._mains = committer.mains
        self._initials: dict[str, str] = {}
        self.doors: DoorWatch | None = None
        """Who watches the doors; the desk says so here."""
        self.second_copy: Callable[[], CopyState] = lambda: CopyState.OFF
        """How the second copy does; who makes one says so here."""

    async def counter(self, session: Session | None, terminal: int) -> CounterView:
        """All of the counter page of a terminal."""
        screen = self._screens.at(terminal)
        with self._store.read() as reader:
            at = self._here(reader)
            name, name_en = facts.cafe_name(reader, at.cafe)
            member = self._member(reader, at, screen.member) if screen.member else None
            return CounterView(
                at.cafe,
                name,
                name_en,
                at.business_day,
                session,
                _settled(screen.tap, member, at.now_ms),
                member,
                present(reader, at),
                _ticket(reader, self._catalogue, at, terminal),
                transfer_views(reader, at, incoming=True),
                case_words(reader, at),
                latest_events(reader, EVENTS_SHOWN),
                self._truth_line(reader, terminal),
            )

    async def member(self, member: int) -> MemberView | None:
        """A member, None where there is none."""
        with self._store.read() as reader:
            return self._member(reader, self._here(reader), member)

    async def find_members(self, text: str) -> tuple[MemberView, ...]:
        """Members by phone, number or part of a name, the surest first."""
        with self._store.read() as reader:
            (counter,) = self._catalogue.rules(reader, "counter")
            return find_members(
                reader,
                self._here(reader),
                self._settings.chain_key,
                text,
                swipe_only=counter["swipe_only"],
            )

    async def ledger(self, member: int, limit: int = 100) -> tuple[LedgerEntryView, ...]:
        """A member's entries, newest first, each with its op."""
        with self._store.read() as reader:
            return member_ledger(reader, member, limit)

    async def present(self) -> tuple[PresentView, ...]:
        """Who is here now."""
        with self._store.read() as reader:
            return present(reader, self._here(reader))

    async def events(self, limit: int = EVENTS_SHOWN) -> tuple[EventView, ...]:
        """What this box wrote last, newest first."""
        with self._store.read() as reader:
            return latest_events(reader, limit)

    async def products(self) -> tuple[ProductView, ...]:
        """What can be sold here."""
        with self._store.read() as reader:
            cafe = reader.identity.cafe
            return tuple(
                product_view(reader, cafe, product)
                for product in self._catalogue.products(reader)
                if product.on_sale
            )

    def product_names(self, skus: Iterable[str]) -> Mapping[str, facts.Name]:
        """What the products of some skus are called; without those that there are not."""
        with self._store.read() as reader:
            return {sku: one.names for sku, one in facts.products(reader, skus).items()}

    async def product_initials(self, names: Iterable[str]) -> Mapping[str, str]:
        """Name of a product -> what a cashier types for it; each is worked out once.

        Off the loop: those of a new catalogue take a second.
        """
        new = [name for name in names if name not in self._initials]
        if new:
            found = await asyncio.to_thread(lambda: [initials_of_words(name) for name in new])
            self._initials.update(zip(new, found, strict=True))
        return self._initials

    async def sales(self, limit: int = 50) -> tuple[SaleView, ...]:
        """The sales of this business day, newest first."""
        with self._store.read() as reader:
            at = self._here(reader)
            found = reader.registers_where(SALE, "business_day", at.business_day, limit=10_000)
            found.sort(key=lambda document: -read_int(SALE, document.shown, "number"))
            return tuple(sale_view(reader, document) for document in found[:limit])

    async def transfers(self, *, incoming: bool) -> tuple[TransferView, ...]:
        """Transfers that this cafe has still to receive, or the last that it sent."""
        with self._store.read() as reader:
            return transfer_views(reader, self._here(reader), incoming=incoming)

    async def assets(self) -> tuple[AssetView, ...]:
        """The tagged assets of this cafe."""
        with self._store.read() as reader:
            return asset_views(reader, reader.identity.cafe)

    async def cafes(self) -> tuple[CafeView, ...]:
        """The cafes of the chain that are open."""
        with self._store.read() as reader:
            return tuple(
                CafeView(int(document.key), *facts.cafe_name(reader, int(document.key)))
                for document in reader.registers(SITE, limit=CAFES_MAX)
                if facts.is_cafe_open(document.shown)
            )

    async def staff_to_log_in(self) -> tuple[StaffView, ...]:
        """Who may log in at this cafe."""
        with self._store.read() as reader:
            cafe = reader.identity.cafe
            return tuple(
                StaffView(
                    int(document.key),
                    read_text(STAFF, document.shown, "name"),
                    read_text(STAFF, document.shown, "role"),
                )
                for document in reader.registers(STAFF, limit=facts.STAFF_MAX)
                if log_in_refusal(document.shown, cafe) is None
            )

    async def shift_report(self, session: Session, shift: int = 0) -> ShiftReportView | None:
        """The report of a shift, of the terminal's open one for 0; None where there is none.

        Others' shifts are for who may see the till.
        """
        with self._store.read() as reader:
            found = shift_of(reader, shift) if shift else shift_at(reader, session.terminal)
            if found is None:
                return None
            if found.staff != session.staff and not session.may("see_till"):
                return None
            return shift_report(reader, found, session)

    async def shifts(self, session: Session) -> tuple[Shift, ...]:
        """The last days' shifts, the newest first: one's own, or all for who may see the till."""
        with self._store.read() as reader:
            found = latest_shifts(reader, days_before(self._here(reader).business_day, SHIFT_DAYS))
            may_see_all = session.may("see_till")
            return tuple(one for one in found if may_see_all or one.staff == session.staff)

    def staff_of_last_tap(self) -> int:
        """Who laid their staff card on a reader within the last minute; 0 for nobody."""
        tap = self._screens.last_tap
        if tap is None:
            return 0
        fresh = 0 <= self._clocks.wall_ms() - tap.at_ms <= STAFF_TAP_MS
        return tap.staff if fresh else 0

    def approvers(self, operation: str, asker: int) -> tuple[StaffView, ...]:
        """Who here may approve an operation that `asker` asks for."""
        with self._store.read() as reader:
            cafe = reader.identity.cafe
            people = (
                person_of(int(document.key), document.shown)
                for document in reader.registers(STAFF, limit=facts.STAFF_MAX)
                if log_in_refusal(document.shown, cafe) is None
            )
            return tuple(
                StaffView(person.staff, person.name, person.role)
                for person in people
                if approver_refusal(asker, person, operation) is None
            )

    async def print_jobs(self, limit: int = 50) -> tuple[PrintJobView, ...]:
        """The latest receipts, newest first."""
        with self._store.read() as reader:
            return tuple(
                PrintJobView(
                    job.id,
                    job.kind,
                    job.created_ms,
                    _PRINT_STATES[job.state],
                    job.copies,
                    job.error,
                )
                for job in reader.latest_print_jobs(limit)
            )

    async def truth_line(self, terminal: int = 1) -> TruthLine:
        """How this box does."""
        with self._store.read() as reader:
            return self._truth_line(reader, terminal)

    def _member(self, reader: Reader, at: Here, member: int) -> MemberView | None:
        person = facts.person_of(reader, member)
        return member_view(reader, self._asked.here_for(reader, at, person), person)

    def _here(self, reader: Reader) -> Here:
        now_ms = self._clocks.wall_ms()
        return facts.here(reader, self._settings, now_ms, cut_off=not self._line.up)

    def _doors(self) -> DoorsView | None:
        counted = any(device.kind == "door_counter" for device in self._devices())
        return self.doors.view() if counted and self.doors is not None else None

    def _truth_line(self, reader: Reader, terminal: int) -> TruthLine:
        outbox = reader.outbox()
        cashier = self._staff.cashier_at(reader, terminal)
        waiting = reader.count_print_jobs(PRINT_WAITING) + reader.count_print_jobs(PRINT_SENT)
        return TruthLine(
            self._line.up,
            self._line.since_ms,
            outbox.count,
            outbox.oldest_ms or 0,
            outbox.money_fen,
            cashier,
            shift_at(reader, terminal),
            self._devices(),
            self._effects.drawer.is_open,
            waiting,
            self._store.clock_trust,
            self._line.clock_offset_ms,
            reader.stop_spending() or "",
            outbox.count == 0 and not self._effects.printer_queue.printing,
            self.second_copy(),
            doors=self._doors(),
            mains_failed_ms=self._mains.failed_since_ms,
        )


def _settled(tap: TapView | None, member: MemberView | None, now_ms: int) -> TapView | None:
    """A tap that no longer waits for rights: they have come, or no answer will come any more."""
    if tap is None or not tap.asking_for_rights:
        return tap
    waits = 0 <= now_ms - tap.at_ms < ASK_AGAIN_NS // 1_000_000
    if waits and member is not None and member.spendable_reason is not None:
        return tap
    return replace(tap, asking_for_rights=False)


_PRINT_STATES = {
    PRINT_WAITING: "waiting",
    PRINT_SENT: "waiting",
    PRINT_KEPT: "kept",
    PRINT_DONE: "printed",
    PRINT_FAILED: "failed",
}


def _ticket(reader: Reader, catalogue: Catalogue, at: Here, terminal: int) -> TicketView:
    in_hand = ticket_at(reader, terminal)
    ticket = priced(reader, catalogue, at, in_hand)
    lines = tuple(
        TicketLineView(
            line.product.sku,
            *line.product.names,
            line.quantity,
            cost.total_fen // line.quantity,
            cost.total_fen,
            cost.list_fen,
            *cost.reason,
            gift=place >= len(ticket.lines),
        )
        for place, (line, cost) in enumerate(ticket.sold)
    )
    rule = checkout(reader, catalogue)
    return TicketView(
        ticket.id,
        lines,
        ticket.member,
        ticket.name,
        ticket.total_fen,
        ticket.points(catalogue.rule(reader)) if lines else 0,
        ticket.priced.discount_fen + ticket.offset_fen,
        ticket.offset_fen,
        sum(line.list_fen for line in lines if not line.gift),
        in_hand.label,
        facts.staff_name(reader, in_hand.served_by),
        rule.mode == TICKET_MODE,
        rule.walk_in_number,
        tuple(_kept_ticket(reader, catalogue, at, kept) for kept in kept_tickets(reader)),
    )


def _kept_ticket(
    reader: Reader, catalogue: Catalogue, at: Here, kept: OpenTicket
) -> KeptTicketView:
    return KeptTicketView(
        kept.id,
        kept.label,
        kept.member,
        facts.member_name(reader, kept.member),
        sum(kept.lines.values()),
        priced(reader, catalogue, at, kept).total_fen,
    )
