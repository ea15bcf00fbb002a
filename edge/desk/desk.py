"""The desk: every command by its name, behind one check of session, right and input."""

import logging
import re
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from edge.desk import facts
from edge.desk.answers import Answer, Outcome, Session
from edge.desk.asked import Asked
from edge.desk.assets import AssetsDesk
from edge.desk.audit import AuditDesk, subjects_of
from edge.desk.benefit_views import BenefitViews
from edge.desk.benefits import BenefitsDesk
from edge.desk.card_issue import CardIssue
from edge.desk.card_pin_commands import CardPinsDesk
from edge.desk.card_pins import CardPins
from edge.desk.card_views import CardViews
from edge.desk.cards import CardsDesk
from edge.desk.commands import Command, Handlers
from edge.desk.commit import Committer, Request
from edge.desk.customer_screen import CustomerScreen
from edge.desk.door_counts import DoorCounts
from edge.desk.drawer import DRAWER_OPENED, DrawerDesk
from edge.desk.exits import ExitsDesk
from edge.desk.identity_checks import IdentityChecksDesk
from edge.desk.imports import Imports
from edge.desk.inputs import read_inputs
from edge.desk.kept_tickets import KeptTicketsDesk
from edge.desk.laid_cards import CardsThere, LaidCards, cannot_tell
from edge.desk.line import Line
from edge.desk.member_views import MemberViews
from edge.desk.members import MembersDesk
from edge.desk.money import MoneyDesk
from edge.desk.money_views import MoneyViews
from edge.desk.paper_slips import PaperSlipsDesk
from edge.desk.passes import PassesDesk
from edge.desk.payment_providers import PaymentProviders
from edge.desk.payments import Payments
from edge.desk.pins import Pins
from edge.desk.printing import PrintingDesk
from edge.desk.reminders import RemindersDesk
from edge.desk.reports.views import Reports
from edge.desk.rights import Rights, asks_for_rights
from edge.desk.sales_views import SalesViews
from edge.desk.scans import Scans
from edge.desk.screens import Screens
from edge.desk.seats import SeatsDesk
from edge.desk.session_starts import SessionStarts
from edge.desk.session_views import SessionViews
from edge.desk.session_watch import SessionWatch
from edge.desk.sessions import SessionsDesk
from edge.desk.settings import Clocks, DeskSettings
from edge.desk.shifts import ShiftsDesk
from edge.desk.staff import StaffDesk
from edge.desk.stock import StockDesk
from edge.desk.store_faults import STORE_FAULTS, refusal_of
from edge.desk.table import COMMANDS
from edge.desk.tickets import TicketsDesk
from edge.desk.top_up_lists import TopUpListsDesk
from edge.desk.top_ups import TopUpsDesk
from edge.desk.transfers import TransfersDesk
from edge.desk.view_types import DeviceView, TapView
from edge.desk.views import Views
from edge.desk.visits import Decided, VisitsDesk
from edge.desk.voids import VoidsDesk
from edge.desk.vouchers import VouchersDesk
from edge.domain.refusals import Refusal, refuse
from edge.domain.staff import right_refusal
from edge.effects.after_commit import Effects
from edge.effects.page_events import PageEvents, Region
from edge.events import CardTapped, CardUnread
from edge.store.store import Store

REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
TERMINAL_MAX = 999
SCAN_START_BYTES = 8

log = logging.getLogger(__name__)


class Desk:
    """The counter's commands and views; made once by the composition root, used on the loop."""

    def __init__(
        self,
        store: Store,
        settings: DeskSettings,
        effects: Effects,
        line: Line,
        clocks: Clocks,
        random_bytes: Callable[[int], bytes],
        devices: Callable[[], tuple[DeviceView, ...]],
        cards_there: CardsThere = cannot_tell,
    ) -> None:
        asked = Asked(line, clocks.monotonic_ns, lambda: _new_id(random_bytes))
        committer = Committer(store, settings, effects, asked)
        self._store = store
        self._catalogue = committer.catalogue
        screens = self._screens = Screens()
        pins = Pins(store)
        card_pins = CardPins(store, pins)
        self.payment_providers = PaymentProviders()
        laid_cards = LaidCards(store, screens, settings.chain_key, cards_there)
        payments = Payments(committer, card_pins, self.payment_providers, laid_cards)
        top_ups = TopUpsDesk(committer, payments)
        self.money_views = MoneyViews(store, settings, committer, clocks)
        self._effects = effects
        start = random_bytes(SCAN_START_BYTES)
        self.scans = Scans(effects.page_events, start, clocks.monotonic_ns)
        self.audit = AuditDesk(store, settings)
        self.rights = Rights(store, settings, committer, effects, clocks)
        self._mains = committer.mains
        self.doors = DoorCounts(
            store, settings, clocks, lambda: effects.page_events.publish(Region.TRUTH)
        )
        self._staff = StaffDesk(store, effects.page_events, random_bytes, pins, settings.chain_key)
        self._visits = VisitsDesk(
            store, settings, committer, self.rights, screens, effects, clocks, self.doors.watch
        )
        self.views = Views(
            store, settings, committer, effects, screens, self._staff, clocks, devices
        )
        self.views.doors = self.doors.watch
        self.benefits = BenefitViews(
            store,
            committer,
            lambda reader: facts.here(
                reader, settings, clocks.wall_ms(), cut_off=not asked.line.up
            ),
        )
        self.member_views = MemberViews(store, settings, committer.catalogue, clocks.wall_ms)
        self.card_views = CardViews(store, settings, committer.catalogue, line, clocks.wall_ms)
        self.customer_screen = CustomerScreen(
            store, settings, committer, screens, effects, clocks, devices
        )
        card_issue = CardIssue(settings, committer, payments)
        self.sales_views = SalesViews(store, settings, committer, clocks.wall_ms)
        self.reminders = RemindersDesk(store, settings, committer, clocks.wall_ms)
        self.imports = Imports(store, settings, clocks.wall_ms)
        self.reports = Reports(store, settings, committer, clocks.wall_ms)
        self.session_views = SessionViews(store, settings, committer, effects.page_events)
        sessions = SessionsDesk(store, committer, payments, self.rights)
        self.session_watch = SessionWatch(store, committer, sessions, effects)
        checks = IdentityChecksDesk(settings, committer)
        self.drawer = DrawerDesk(store, committer, self._staff, effects)
        self._handlers = _merged(
            self._staff.handlers(),
            self._visits.handlers(),
            self.rights.handlers(),
            ShiftsDesk(store, committer, self._staff).handlers(),
            MembersDesk(
                store, settings, committer, card_issue, self._visits.show_member, clocks.wall_ms
            ).handlers(),
            ExitsDesk(committer).handlers(),
            CardsDesk(settings, committer, card_issue).handlers(),
            CardPinsDesk(store, committer, card_pins).handlers(),
            MoneyDesk(committer, payments).handlers(),
            top_ups.handlers(),
            TopUpListsDesk(committer, payments, top_ups, settings.chain_key).handlers(),
            VouchersDesk(settings, committer, self.rights).handlers(),
            BenefitsDesk(committer, payments, self.rights).handlers(),
            PassesDesk(committer, payments, self.rights).handlers(),
            SeatsDesk(committer).handlers(),
            checks.handlers(),
            SessionStarts(store, committer, payments, checks, self.rights).handlers(),
            sessions.handlers(),
            TicketsDesk(store, committer, screens, payments).handlers(),
            KeptTicketsDesk(committer).handlers(),
            VoidsDesk(committer).handlers(),
            PaperSlipsDesk(settings, committer, payments, top_ups).handlers(),
            StockDesk(committer).handlers(),
            TransfersDesk(committer).handlers(),
            AssetsDesk(committer).handlers(),
            PrintingDesk(committer).handlers(),
            self.drawer.handlers(),
            self.reports.handlers(),
            self.reminders.handlers(),
        )

    @property
    def command_names(self) -> frozenset[str]:
        """The commands that somebody here does."""
        return frozenset(self._handlers)

    @property
    def audited_commands(self) -> tuple[str, ...]:
        """What rows of the audit log may say was done."""
        return tuple(sorted([*COMMANDS, DRAWER_OPENED]))

    @property
    def page_events(self) -> PageEvents:
        """Where pages learn which of their regions are stale."""
        return self._effects.page_events

    async def session(self, token: str) -> Session | None:
        """The session of a cookie's token, None if there is none."""
        return await self._staff.session(token)

    def session_begun_ms(self, terminal: int) -> int:
        """When the session at a terminal began, 0 for none: another time is another session."""
        with self._store.read() as reader:
            return self._staff.begun_ms(reader, terminal)

    async def perform(
        self,
        name: str,
        session: Session | None,
        request_id: str,
        inputs: Mapping[str, object],
        terminal: int = 1,
    ) -> Outcome:
        """Do a command of `COMMANDS`; see `edge.desk`.

        `terminal` (1 to TERMINAL_MAX) counts only before the log-in; then it is the session's.
        """
        command = COMMANDS.get(name)
        if command is None:
            return refuse("command_unknown", command=name[:40])
        if session is not None:
            terminal = session.terminal
        elif not 1 <= terminal <= TERMINAL_MAX:
            return refuse("field_invalid", field="terminal")
        request = Request(
            name, request_id, session, terminal, subjects=subjects_of(command, inputs)
        )
        try:
            outcome = await self._perform(command, request, inputs)
            if isinstance(outcome, Refusal):
                await self.audit.note_denied(request, outcome)
            return outcome
        except STORE_FAULTS as fault:
            return refusal_of(fault)

    async def _perform(
        self, command: Command, request: Request, inputs: Mapping[str, object]
    ) -> Outcome:
        session = request.session
        if not REQUEST_ID.fullmatch(request.id):
            return refuse("request_id_invalid")
        if command.operation:
            if session is None or await self._staff.session(session.token) is None:
                return refuse("log_in_first")
            refusal = right_refusal(session, command.operation)
            if refusal is not None:
                return refusal
        arguments = read_inputs(command, inputs)
        if isinstance(arguments, Refusal):
            return arguments
        if command.approval and session is not None:
            approver = await self._staff.approver(session, command.approval, arguments)
            if isinstance(approver, Refusal):
                return approver
            request = replace(request, approver=approver)
        outcome = await self._handlers[command.name](request, **arguments)
        self._ask_for_rights(request, arguments, outcome)
        self.scans.used(request.terminal)
        return outcome

    def _ask_for_rights(
        self, request: Request, arguments: Mapping[str, object], outcome: Outcome
    ) -> None:
        if isinstance(outcome, Refusal):
            self.rights.ask_to_settle(outcome)
        if asks_for_rights(request.command, paid=isinstance(outcome, Answer)):
            member = arguments.get("member") or self._screens.at(request.terminal).member
            if isinstance(member, int) and member > 0:
                self.rights.ask_for_sale(member)

    async def tap(self, event: CardTapped) -> TapView:
        """A card was tapped on one of this box's readers; no log-in is needed."""
        return await self._visits.tap(event)

    def begin_tap(self, event: CardTapped) -> "Future[Decided]":
        """Do the urgent half of `tap`, up to the door; from any thread, returns at once."""
        return self._visits.begin_tap(event)

    def end_tap(self, event: CardTapped, committed: "Future[Decided]") -> TapView:
        """Do the other half, once `committed` is done."""
        return self._visits.end_tap(event, committed)

    def card_unread(self, event: CardUnread) -> None:
        """A card came onto a reader and told nothing."""
        self._visits.show_unread(event.reader)

    def log_applied(self) -> None:
        """The hub's log brought something new: rights, transfers, products, verdicts."""
        with self._store.read() as reader:
            self._catalogue.renew(reader)
        self._staff.forget()
        self.rights.ask_again()
        self._effects.page_events.publish(*Region)

    def line_changed(self) -> None:
        """The line went up or down, or the hub acknowledged ops."""
        self._effects.page_events.publish(Region.TRUTH, Region.TAP)

    def mains_failed(self, at_ms: int) -> Coroutine[Any, Any, None]:
        """The mains fails: take nothing new, and have on the disk what was taken.

        The first holds at once, so that `mains_returned` is never overtaken; the second is for
        whoever called to await.
        """
        self._mains.failed_since_ms = at_ms
        self._effects.page_events.publish(Region.TRUTH)
        return self._flush()

    async def _flush(self) -> None:
        try:
            await self.doors.commit()
            await self._store.checkpoint()
        except STORE_FAULTS as fault:
            log.error("the mains fails, and the store cannot be flushed: %s", fault.code)

    def mains_returned(self) -> None:
        """The mains is back: go on."""
        self._mains.failed_since_ms = 0
        self._effects.page_events.publish(Region.TRUTH)

    def device_changed(self) -> None:
        """A device's state is another one; a printer that is well again is tried at once."""
        self._effects.printer_queue.wake()
        self._effects.page_events.publish(Region.TRUTH)


def _merged(*parts: Handlers) -> Handlers:
    """All handlers. Raises ValueError where two do one command."""
    merged = {name: handler for part in parts for name, handler in part.items()}
    if len(merged) < sum(map(len, parts)):
        raise ValueError("one command is done by two")
    return merged


def _new_id(random_bytes: Callable[[int], bytes]) -> int:
    return (int.from_bytes(random_bytes(7), "big") & ((1 << 52) - 1)) or 1
