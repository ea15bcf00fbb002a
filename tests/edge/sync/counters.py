"""A counter on a box of real parts: its desk, and a cashier at terminal 1."""

import secrets
import time

from edge.desk.answers import Answer
from edge.desk.desk import Desk
from edge.desk.settings import Clocks, DeskSettings
from edge.effects.after_commit import Effects
from edge.effects.door import Door
from edge.effects.page_events import PageEvents
from edge.effects.printing import PrinterQueue
from edge.events import CardTapped
from edge.sync.settings import SyncState
from sync_protocol.accounts import FEN
from sync_protocol.kinds import STAFF
from tests.edge.sync.boxes import eventually

PIN = "2580"
CARD = bytes.fromhex("04A1B2C3")


def wall_ms():
    return time.time_ns() // 1_000_000


class Counter:
    """A box with its desk, and a cashier at terminal 1."""

    def __init__(self, box):
        self.box = box
        self.session = None
        box._recalled = self._recalled
        box.applied = self
        box.start()
        key = box.enrolment.answer.claim_secret
        effects = Effects(
            Door([], time.monotonic_ns),
            PrinterQueue(box.store, [], "zh", wall_ms, lambda: None),
            PageEvents(),
        )
        self.desk = Desk(
            box.store,
            DeskSettings(key, 480, 6, 3000, 6 * 3_600_000),
            effects,
            box.sync,
            Clocks(wall_ms, time.monotonic_ns),
            secrets.token_bytes,
            lambda: (),
        )

    def append(self, _applied):
        """A range of the log changed the store: what the box's list of them is told here."""
        self.desk.log_applied()

    async def _recalled(self, recall):
        await self.desk.rights.release_recalled(recall.subject, recall.account_class)

    async def log_in(self, staff, opens_shift=True):
        await eventually(
            lambda: self.box.read(lambda reader: reader.register(STAFF, staff)), "the cashier"
        )
        answer = await self.do("log_in", staff=staff, pin=PIN)
        self.session = await self.desk.session(answer.values["token"])
        if opens_shift:
            await self.do("open_shift")

    async def ask(self, command, **inputs):
        request_id = f"request-{secrets.token_hex(4)}"
        return await self.desk.perform(command, self.session, request_id, inputs)

    async def do(self, command, **inputs):
        outcome = await self.ask(command, **inputs)
        assert isinstance(outcome, Answer), outcome.words("en")
        return outcome

    async def tap(self):
        return await self.desk.tap(CardTapped("counter", CARD, time.monotonic_ns()))

    async def cut(self):
        self.box.switch.cut()
        await eventually(lambda: self.box.sync.state is SyncState.DOWN, "the line to go down")

    async def spendable(self, member):
        view = await self.desk.views.member(member)
        return view.spendable_fen if view is not None else 0

    def shown(self, code, member, holder=None):
        holder = holder or (self.box.node, 1)
        account = (code, member, *holder, 0, FEN)
        return abs(self.box.read(lambda reader: reader.balance(account)).shown)
