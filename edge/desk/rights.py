"""Rights at this box: asking the hub for them on a tap, giving them back, letting them expire."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.open_tickets import reserved_fen
from edge.desk.settings import Clocks, DeskSettings
from edge.domain.decision import Decision, Here, Judgement, read_int
from edge.domain.expiry import EXPIRING_CLASSES, expire
from edge.domain.parts import Part, leave, total
from edge.domain.refusals import Refusal
from edge.domain.sessions import UNDER_WAY
from edge.domain.stored_value import release
from edge.domain.visits import visit_key
from edge.effects.after_commit import Effects
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import (
    ADVANCE_RIGHT,
    ASSET_IN_STOCK,
    ASSET_ISSUED,
    ASSET_UNIT,
    BONUS,
    CARD_DEPOSIT,
    FEN,
    HUB_HOLDER,
    LUCKY_HELD,
    POINTS_HELD,
    PREPAID,
    RECEIVABLE,
    REFUNDABLE,
    TRANSIT,
    WALLET,
    class_of,
)
from sync_protocol.clock import stamp_ms
from sync_protocol.kinds import SESSION, USUAL_CAFE, VISIT, field_index
from sync_protocol.registers import RegisterRow

DAY_MS = 24 * 3600 * 1000
ENTRIES_LOOKED_AT = 40
"""The newest of a member's entries, of which some may be other cafes'."""
SEATED_MAX = 1000
"""Sessions under way of one status: more than a cafe has seats."""
PURPOSE_TAP = "tap"
SPENT_CLASSES = (WALLET, BONUS)
"""What a tap asks the hub for."""
FOLLOWING_CLASSES = (WALLET, BONUS, POINTS_HELD, LUCKY_HELD)
"""What follows a member from cafe to cafe, and goes back to the hub after the visit. The visits of
a pass do not: they stay where it was sold or used last, so that they need no line, until another
cafe asks for them."""
MEMBER_CLASSES = (*FOLLOWING_CLASSES, RECEIVABLE, ADVANCE_RIGHT)


SETTLED_BY_HOLDER = {
    "prepayment_elsewhere": ((PREPAID,), "session"),
    "refund_elsewhere": ((REFUNDABLE,), "sale"),
    "redemption_elsewhere": ((REFUNDABLE,), "sale"),
    "deposit_elsewhere": ((CARD_DEPOSIT,), "card"),
    "transfer_held_elsewhere": ((TRANSIT,), "transfer"),
    "asset_held_elsewhere": ((ASSET_IN_STOCK, ASSET_ISSUED), "cafe"),
}
"""Refusals by a box that does not hold what it is to settle: its account classes, and the value of
the refusal that says whose. One that names a `tag` is about that asset alone."""

SALE_BEGUN = frozenset({"add_line", "set_ticket_member"})
SALE_TRIED = frozenset({"spend", "pay", "start_session"})


def asks_for_rights(command: str, paid: bool) -> bool:
    """Whether a command asks for what its member has elsewhere, as a tap does.

    A sale that begins does, and one that was refused. Who only looks a member up moves nothing:
    the rights stay where the member may be sitting.
    """
    return command in SALE_BEGUN or (command in SALE_TRIED and not paid)


class Rights:
    """Moves what may be spent between this box and the hub."""

    def __init__(
        self,
        store: Store,
        settings: DeskSettings,
        committer: Committer,
        effects: Effects,
        clocks: Clocks,
    ) -> None:
        self._store = store
        self._settings = settings
        self._committer = committer
        self._line = committer.asked.line
        self._page_events = effects.page_events
        self._clocks = clocks
        self._asked = committer.asked

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {"release": self.release}

    def ask(self, member: int) -> bool:
        """Ask the hub for all that a person has elsewhere; True while an answer is awaited.

        Returns at once. A repeat within a few seconds carries the same request id, so that the
        hub grants it once.
        """
        if not self._line.up:
            return False
        with self._store.read() as reader:
            at = self._here(reader)
            elsewhere = {
                (code, one): facts.amount_of(reader, (one,), code, FEN)
                - total(facts.parts_here(reader, at, (one,), (code,)))
                for one in facts.members_of(reader, member)
                for code in SPENT_CLASSES
            }
        for (code, one), amount_fen in elsewhere.items():
            if amount_fen > 0:
                self._request(code, one, amount_fen)
            else:
                self._asked.met(code, one)
        return any(amount_fen > 0 for amount_fen in elsewhere.values())

    def ask_for_sale(self, member: int) -> None:
        """Ask as at a tap, unless that was in vain a moment ago: an advance may bridge it then."""
        with self._store.read() as reader:
            members = facts.members_of(reader, member)
        if not any(self._asked.in_vain(one) for one in members):
            self.ask(member)

    def ask_for(self, code: int, subject: int, amount: int, unit: str) -> bool:
        """Ask the hub for what is held elsewhere: a voucher, points, visits of a pass.

        True while an answer is awaited.
        """
        if self._line.up:
            self._request(code, subject, amount, unit)
        return self._line.up

    def ask_to_settle(self, refusal: Refusal) -> None:
        """Ask the hub for what a refusal says that another box holds, if it is one of these.

        What a dead box held head office can give once two people have closed its epoch.
        """
        if refusal.code not in SETTLED_BY_HOLDER:
            return
        classes, name = SETTLED_BY_HOLDER[refusal.code]
        subject = int(str(refusal.parameters[name]))
        tag = refusal.parameters.get("tag")
        elsewhere: Counter[tuple[int, str]] = Counter()
        with self._store.read() as reader:
            at = self._here(reader)
            for code in classes:
                for account, balance in reader.balances_of(code, subject):
                    if account[2:4] != (at.node, at.epoch):
                        elsewhere[code, account[5]] += balance.shown * class_of(code).side
        for (code, unit), amount in elsewhere.items():
            if amount > 0 and tag in (None, unit.removeprefix(ASSET_UNIT)):
                self.ask_for(code, subject, amount, unit)

    def _request(self, code: int, subject: int, amount: int, unit: str = FEN) -> None:
        request_id = self._asked.request_id(code, subject, amount, unit)
        self._line.request_grant(request_id, code, subject, unit, amount, PURPOSE_TAP)

    def ask_again(self) -> None:
        """The log brought something new: ask for what another box has released to the hub since."""
        for member in self._asked.awaited():
            with self._store.read() as reader:
                held = [
                    balance.shown
                    for code in SPENT_CLASSES
                    for account, balance in reader.balances_of(code, member, FEN)
                    if account[2:4] == HUB_HOLDER
                ]
            if min(held, default=0) < 0:
                self.ask(member)

    async def release(self, request: Request, member: int) -> Outcome:
        """Give what this box holds of a person back to the hub, at once."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            members = facts.members_of(transaction, facts.person_of(transaction, member))
            classes = (*FOLLOWING_CLASSES, RECEIVABLE)
            return release(at, member, facts.parts_here(transaction, at, members, classes))

        return await self._committer.commit(request, decide, Region.TAP)

    async def release_recalled(self, subject: int, code: int = WALLET) -> bool:
        """The hub asks for what this box holds, as the member tapped elsewhere.

        What a ticket open here comes to stays; with money goes what a person has besides. True if
        there was something to give.
        """
        classes = FOLLOWING_CLASSES if code == WALLET else (code,)

        def choose(reader: Reader, at: Here) -> Iterable[Part]:
            held = facts.parts_here(reader, at, (subject,), classes)
            wallet = [part for part in held if part.code == WALLET]
            others = [part for part in held if part.code != WALLET]
            person = facts.person_of(reader, subject) if wallet else 0
            reserved = reserved_fen(reader, self._committer.catalogue, at, person)
            return [*leave(wallet, reserved), *others]

        return await self._release(subject, choose)

    async def release_due(self) -> int:
        """Give back what fell due; of how many members.

        Rights go some hours after a member was last seen here, all but the slice at the usual
        cafe. Debts go as soon as there is a line: the hub repays them from what it holds.
        """
        released = 0
        for member in await asyncio.to_thread(self._held_members):
            released += await self._release(member, partial(self._due, member))
        return released

    async def expire_due(self) -> int:
        """Let what has expired in this box's hands expire; of how many subjects."""
        expired = 0
        for subject in await asyncio.to_thread(self._expired_subjects):

            def work(transaction: WriteTransaction, subject: int | str = subject) -> bool:
                at = self._committer.here(transaction)
                parts = facts.parts_here(transaction, at, (subject,), EXPIRING_CLASSES)
                return self._record(transaction, at, expire(at, parts))

            expired += await self._store.write(work)
        return expired

    def _held_members(self) -> list[int]:
        with self._store.read() as reader:
            at = self._here(reader)
            held = {one for code in MEMBER_CLASSES for one in reader.subjects_held(code)}
            members = sorted(member for member in held if isinstance(member, int))
            return [member for member in members if self._due(member, reader, at)]

    def _expired_subjects(self) -> list[int | str]:
        with self._store.read() as reader:
            at = self._here(reader)
            held = {one for code in EXPIRING_CLASSES for one in reader.subjects_held(code)}
            return sorted(
                (
                    subject
                    for subject in held
                    if expire(at, facts.parts_here(reader, at, (subject,), EXPIRING_CLASSES)).ops
                ),
                key=str,
            )

    async def _release(self, member: int, choose: Callable[[Reader, Here], Iterable[Part]]) -> bool:
        def work(transaction: WriteTransaction) -> bool:
            at = self._committer.here(transaction)
            return self._record(transaction, at, release(at, member, choose(transaction, at)))

        done = await self._store.write(work)
        if done:
            self._page_events.publish(Region.TAP, Region.EVENTS, Region.TRUTH)
        return done

    def _record(self, transaction: WriteTransaction, at: Here, decision: Decision) -> bool:
        self._committer.record(transaction, at, decision, Request("release", "", None, 0))
        return bool(decision.ops)

    def _due(self, member: int, reader: Reader, at: Here) -> list[Part]:
        """What of a member goes back to the hub now."""
        usual = read_int(USUAL_CAFE, facts.row(reader, USUAL_CAFE, member), "cafe") == at.cafe
        due: list[Part] = []
        if not at.cut_off:
            due += facts.parts_here(reader, at, (member,), (RECEIVABLE,))
        if not usual or facts.person_of(reader, member) != member:
            due += facts.parts_here(reader, at, (member,), (ADVANCE_RIGHT,))
        held = facts.parts_here(reader, at, (member,), FOLLOWING_CLASSES)
        if held and self._long_gone(reader, at, member) and not _is_seated(reader, member):
            due += self._beyond_slice(reader, member, held) if usual else held
        return due

    def _beyond_slice(self, reader: Reader, member: int, held: Iterable[Part]) -> list[Part]:
        rule = facts.rights(reader)
        over: list[Part] = []
        for code, unit in sorted({(part.code, part.unit) for part in held}):
            has = facts.amount_of(reader, (member,), code, unit)
            same = [part for part in held if (part.code, part.unit) == (code, unit)]
            over += leave(same, rule.slice_of(has, unit == FEN))
        return over

    def _long_gone(self, reader: Reader, at: Here, member: int) -> bool:
        """Whether a member tapped, paid or topped up here long ago only."""
        before = facts.here(reader, self._settings, at.now_ms - DAY_MS)
        taps = (
            facts.row(reader, VISIT, visit_key(at.cafe, day, member))
            for day in (before.business_day, at.business_day)
        )
        seen = [last_tap_ms(visit) for visit in taps if visit is not None]
        entries = reader.entries(member, FOLLOWING_CLASSES, limit=ENTRIES_LOOKED_AT)
        seen += [stamp_ms(e.stamp) for e in entries if e.account[2:4] == (at.node, at.epoch)]
        return at.now_ms - max(seen, default=0) >= self._settings.release_after_ms

    def _here(self, reader: Reader) -> Here:
        now_ms = self._clocks.wall_ms()
        return facts.here(reader, self._settings, now_ms, cut_off=not self._line.up)


def _is_seated(reader: Reader, member: int) -> bool:
    """Whether a person sits at a seat here: whoever stays the night is not gone."""
    seated = {
        facts.person_of(reader, read_int(SESSION, document.shown, "member"))
        for status in UNDER_WAY
        for document in reader.registers_where(SESSION, "status", status, limit=SEATED_MAX)
    }
    return facts.person_of(reader, member) in seated


def last_tap_ms(visit: RegisterRow) -> int:
    """When a visit's last tap was, by the stamp of its count of taps."""
    entry = visit.entry(field_index(VISIT, "taps"))
    stamp = entry[1] if entry is not None else 0
    return stamp_ms(stamp) if isinstance(stamp, int) else 0
