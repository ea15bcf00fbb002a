"""Taps and visits: the short way from a card to the open door, and who is on the screen."""

import asyncio
import contextlib
import logging
from concurrent.futures import Future

from edge.desk import facts
from edge.desk.answers import Answer, Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import TAP_ANSWERS, Committer, Request
from edge.desk.door_watch import DoorWatch
from edge.desk.pricing import earned_today
from edge.desk.rights import Rights
from edge.desk.screens import Screens
from edge.desk.settings import Clocks, DeskSettings
from edge.desk.store_faults import STORE_FAULTS, refusal_of
from edge.desk.view_types import TapOutcome, TapView
from edge.domain.cards import claimed_card, normal_uid
from edge.domain.decision import Here, Judgement, read_int
from edge.domain.members import keyed_hash, member_refusal
from edge.domain.refusals import Refusal, refuse
from edge.domain.visits import TapFacts, leave, tap, visit_key
from edge.effects.after_commit import Effects
from edge.effects.page_events import Region
from edge.events import CardTapped
from edge.store import audit
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import CARD, CARD_CLAIM, MEMBER, VISIT

RECENT_CARDS_MAX = 256

Decided = Answer | Refusal

log = logging.getLogger(__name__)


class VisitsDesk:
    """The commands about who is here."""

    def __init__(
        self,
        store: Store,
        settings: DeskSettings,
        committer: Committer,
        rights: Rights,
        screens: Screens,
        effects: Effects,
        clocks: Clocks,
        door_watch: DoorWatch,
    ) -> None:
        self._store = store
        self._settings = settings
        self._committer = committer
        self._rights = rights
        self._screens = screens
        self._effects = effects
        self._clocks = clocks
        self._door_watch = door_watch
        self._last_taps: dict[int, int] = {}
        """Of the writer's thread alone."""

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "show_member": self.show_member,
            "clear_screen": self.clear_screen,
            "leave": self.leave,
        }

    async def tap(self, event: CardTapped) -> TapView:
        """A card was tapped: commit, then the door, and only then everything else."""
        committed = self.begin_tap(event)
        with contextlib.suppress(*STORE_FAULTS):
            await asyncio.wrap_future(committed)
        return self.end_tap(event, committed)

    def begin_tap(self, event: CardTapped) -> "Future[Decided]":
        """Have a tap decided and committed; from any thread, returns at once.

        The door is called on the writer's thread as soon as the commit is on the disk: the way back
        to the loop would cost it another 80 µs.
        """

        def open_door(committed: "Future[Decided]") -> None:
            tell = self._effects.tap_feedback.tell
            if committed.exception() is not None:
                self._last_taps.clear()  # this tap was none
                tell(event.reader, accepted=False)
            elif _is_welcome(committed.result()):
                self._door_watch.welcomed(event.at_monotonic_ns)
                self._effects.door.open(event.at_monotonic_ns)
                tell(event.reader, accepted=True)
            elif isinstance(committed.result(), Refusal):
                tell(event.reader, accepted=False)

        key = keyed_hash(self._settings.chain_key, normal_uid(event.uid))
        try:
            committed = self._store.submit(
                lambda transaction: self._decide(transaction, event, key)
            )
        except STORE_FAULTS as fault:
            committed = Future()
            committed.set_exception(fault)
        committed.add_done_callback(open_door)
        return committed

    def end_tap(self, event: CardTapped, committed: "Future[Decided]") -> TapView:
        """Tell the printer, the page and the hub of a tap that is over; on the loop."""
        result: Decided
        try:
            result = committed.result()
        except STORE_FAULTS as fault:
            log.error("a tap could not be committed: %s", fault.code)
            result = refusal_of(fault)
        return self._show(event, result)

    def _decide(self, transaction: WriteTransaction, event: CardTapped, key: bytes) -> Decided:
        """On the writer's thread, one tap after the other: two of one card are not both first."""
        if self._committer.mains.failed_since_ms:
            return refuse("power_failed")
        at = facts.here(transaction, self._settings, transaction.wall_ms(), spends=False)
        claim = transaction.claim(CARD_CLAIM, key)
        card = claimed_card(claim.row if claim else None)
        card_row = facts.row(transaction, CARD, card) if card else None
        member = facts.person_of(transaction, read_int(CARD, card_row, "member"))
        visit = visit_key(at.cafe, at.business_day, member)
        judgement = tap(
            at,
            TapFacts(
                card,
                member,
                card_row,
                facts.row(transaction, MEMBER, member) if member else None,
                facts.row(transaction, VISIT, visit) if member else None,
                _elapsed_ms(self._last_taps.get(card), event.at_monotonic_ns),
                self._committer.catalogue.rule(transaction),
                earned_today(transaction, self._committer.catalogue, at, member),
            ),
            self._settings.same_tap_ms,
        )
        if isinstance(judgement, Refusal):
            return judgement
        answer = self._committer.record(transaction, at, judgement, Request("tap", "", None, 0))
        if _is_welcome(answer):
            self._remember_tap(card, event.at_monotonic_ns)
        return answer

    def _remember_tap(self, card: int, at_ns: int) -> None:
        if len(self._last_taps) >= RECENT_CARDS_MAX:
            self._last_taps.clear()
        self._last_taps[card] = at_ns

    def _show(self, event: CardTapped, result: Decided) -> TapView:
        refusal = result if isinstance(result, Refusal) else None
        values = result.values if isinstance(result, Answer) else {}
        member, points, card = (values.get(name, 0) for name in TAP_ANSWERS)
        member = member if isinstance(member, int) else 0
        outcome = TapOutcome.REFUSED if refusal else TapOutcome.SAME_TAP
        asking = False
        if _is_welcome(result):
            outcome = TapOutcome.WELCOME
            self._effects.printer_queue.wake()
            asking = self._rights.ask(member)
        unknown = refusal is not None and refusal.code == "card_unknown"
        staff, name = self._staff_of_card(event.uid) if unknown else (0, "")
        if staff:
            unknown, refusal = False, refuse("card_of_staff", name=name)
        view = TapView(
            self._clocks.wall_ms(),
            event.reader,
            outcome,
            refusal,
            normal_uid(event.uid) if unknown else "",
            points if isinstance(points, int) else 0,
            asking,
            card if isinstance(card, int) else 0,
            staff,
        )
        self._screens.show_tap(view, member)
        self._effects.page_events.publish(Region.TAP, Region.PRESENT, Region.EVENTS, Region.TRUTH)
        return view

    def _staff_of_card(self, uid: bytes) -> tuple[int, str]:
        """Whose staff card this is, and their name; (0, "") for nobody's."""
        with self._store.read() as reader:
            key = keyed_hash(self._settings.chain_key, normal_uid(uid))
            staff = facts.staff_of_card(reader, key)
            return staff, facts.staff_name(reader, staff)

    def show_unread(self, reader: str) -> None:
        """Say on the screen, and at the reader, that a card must be tapped once more."""
        self._effects.tap_feedback.tell(reader, accepted=False)
        refusal = refuse("card_unread")
        at_ms = self._clocks.wall_ms()
        view = TapView(at_ms, reader, TapOutcome.REFUSED, refusal, "", 0, False)
        self._screens.show_tap(view, 0)
        self._effects.page_events.publish(Region.TAP)

    async def leave(self, request: Request, member: int) -> Outcome:
        """The member left the cafe."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            visit = visit_key(at.cafe, at.business_day, member)
            return leave(at, member, facts.row(transaction, VISIT, visit))

        return await self._committer.commit(request, decide, Region.PRESENT, Region.TAP)

    async def show_member(self, request: Request, member: int) -> Outcome:
        """Put a member on this terminal's screen. Looking moves no rights, see `rights`."""
        with self._store.read() as reader:
            member = facts.person_of(reader, member)
            refusal = member_refusal(facts.row(reader, MEMBER, member))
        if refusal is not None:
            return refusal
        await self._store.write(
            lambda tx: audit.append(tx, request.act(audit.DONE, {"member": member}))
        )
        self._screens.show_member(request.terminal, member)
        self._effects.page_events.publish(Region.TAP)
        return Answer(request.command, {"member": member})

    async def clear_screen(self, request: Request) -> Outcome:
        """Nobody stands at this terminal any more."""
        await self._store.write(lambda tx: audit.append(tx, request.act(audit.DONE)))
        self._screens.show_member(request.terminal, 0)
        self._effects.page_events.publish(Region.TAP)
        return Answer(request.command)


def _is_welcome(result: Decided) -> bool:
    """Whether a tap wrote something: neither refused nor the same tap once more."""
    return isinstance(result, Answer) and result.chain_code != ""


def _elapsed_ms(earlier_ns: int | None, now_ns: int) -> int | None:
    return None if earlier_ns is None else (now_ns - earlier_ns) // 1_000_000
