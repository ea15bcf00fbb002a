"""Rights end to end: desks on real stores, over a real broker, with a real hub in this process."""

import secrets
import time
from dataclasses import replace
from datetime import date, timedelta

import pytest

from cloud.hub.nightly import Nightly
from edge.desk.answers import Answer
from edge.desk.desk import Desk
from edge.desk.settings import Clocks, DeskSettings
from edge.effects.after_commit import Effects
from edge.effects.door import Door
from edge.effects.page_events import PageEvents
from edge.effects.printing import PrinterQueue
from edge.events import CardTapped
from edge.sync.settings import SyncState
from sync_protocol.accounts import ADVANCE_RIGHT, BONUS, FEN, HUB_HOLDER, RECEIVABLE, WALLET
from sync_protocol.kinds import RULE, STAFF
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

    async def log_in(self, staff):
        await eventually(
            lambda: self.box.read(lambda reader: reader.register(STAFF, staff)), "the cashier"
        )
        answer = await self.do("log_in", staff=staff, pin=PIN)
        self.session = await self.desk.session(answer.values["token"])
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


@pytest.fixture
async def counters(make_box, hub):
    office = hub.office
    staff = await office.add_staff("李", "cashier", [], ("", PIN), 0)
    opened = []
    for cafe in (0, 1):
        counter = Counter(await make_box(cafe, start=False))
        await eventually(lambda counter=counter: counter.box.sync.up, "the line")
        await counter.log_in(staff)
        opened.append(counter)
    return opened


async def _member(counter):
    answer = await counter.do("register_member", name="王", consent=True, card_uid=CARD.hex())
    return answer.values["member"]


async def _next_night(hub):
    """Do what the hub does when tomorrow's business day begins."""
    today, offset_min = hub.surroundings.business_day()
    day = date(today // 10000, today // 100 % 100, today % 100) + timedelta(days=1)
    tomorrow = day.year * 10000 + day.month * 100 + day.day
    hub.surroundings = replace(hub.surroundings, business_day=lambda: (tomorrow, offset_min))
    assert await Nightly(hub).run_due()


async def test_who_topped_up_here_and_was_acked_can_spend_all_of_it_here_without_a_line(counters):
    here, _ = counters
    member = await _member(here)
    await here.tap()
    await here.do("top_up", member=member, amount_fen=10_000, tender="cash")
    await here.box.settled()
    await here.cut()
    assert await here.spendable(member) == 10_000
    await here.do("spend", member=member, amount_fen=6_000)
    await here.do("spend", member=member, amount_fen=4_000)
    refused = await here.ask("spend", member=member, amount_fen=1)
    assert refused.code == "spendable_too_little"
    here.box.switch.mend()
    await here.box.settled()
    await here.box.assert_equal_to_hub()


async def test_one_tap_elsewhere_recalls_what_the_first_cafe_holds(counters):
    here, there = counters
    member = await _member(here)
    await here.do("top_up", member=member, amount_fen=5_000, tender="cash")
    await here.box.settled()
    await eventually(lambda: there.shown(WALLET, member, (here.box.node, 1)) == 5_000, "the money")
    view = await there.tap()
    assert view.asking_for_rights
    await eventually(lambda: there.shown(WALLET, member) == 5_000, "the recalled money")
    await there.do("spend", member=member, amount_fen=5_000)
    for counter in counters:
        await counter.box.settled()
        await counter.box.assert_equal_to_hub()


@pytest.mark.covers("A410")
async def test_who_topped_up_in_one_cafe_spends_all_of_it_and_its_bonus_in_another(counters, hub):
    here, there = counters
    tiers = {"version": 1, "values": [[5_000, 700, 0, 0, 3], [9_000, 1_100, 0, 0, 0]]}
    await hub.office.set_fields(RULE, "top_up_tiers", tiers, 0)
    member = await _member(here)
    await eventually(
        lambda: here.box.read(lambda reader: reader.register(RULE, "top_up_tiers")), "the rule"
    )
    for amount_fen in (5_000, 9_000):
        await here.do("top_up", member=member, amount_fen=amount_fen, tender="cash")
    await here.box.settled()
    await eventually(lambda: there.shown(WALLET, member, (here.box.node, 1)) == 14_000, "the money")
    await there.tap()
    await eventually(lambda: there.shown(WALLET, member) == 14_000, "the recalled money")

    def bonus_fen():
        held = there.box.read(lambda reader: reader.balances_of(BONUS, member, FEN))
        return -sum(one.shown for account, one in held if account[2] == there.box.node)

    await eventually(lambda: bonus_fen() == 1_800, "the recalled bonus credit")
    assert await there.spendable(member) == 15_800
    await there.do("spend", member=member, amount_fen=15_800)
    for counter in counters:
        await counter.box.settled()
        await counter.box.assert_equal_to_hub()


async def test_the_night_before_a_cut_line_is_enough_for_the_slice_and_an_advance(counters, hub):
    here, there = counters
    member = await _member(here)
    await here.tap()
    await here.do("top_up", member=member, amount_fen=3_000, tender="cash")
    await here.do("release", member=member)
    await here.box.settled()
    await _next_night(hub.office.hub)
    await eventually(lambda: here.shown(WALLET, member) == 3_000, "the slice")
    await eventually(lambda: here.shown(ADVANCE_RIGHT, member) == 2_000, "the limit")
    await eventually(lambda: there.shown(WALLET, member, (here.box.node, 1)) == 3_000, "the member")
    await there.do("top_up", member=member, amount_fen=9_000, tender="cash")
    await there.box.settled()
    await eventually(lambda: here.shown(WALLET, member, (there.box.node, 1)) == 9_000, "the rest")
    await here.cut()
    assert await here.spendable(member) == 5_000
    await here.do("spend", member=member, amount_fen=4_500)
    assert (await here.ask("spend", member=member, amount_fen=501)).code == "spendable_elsewhere"
    here.box.switch.mend()
    await here.box.settled()
    await eventually(lambda: here.box.sync.up, "the line")
    await here.desk.rights.release_due()
    await here.box.settled()
    await there.do("release", member=member)
    await there.box.settled()
    await here.do("set_ticket_member", member=member)
    await eventually(lambda: here.shown(WALLET, member) == 7_500, "what is left of it")
    await here.box.settled()
    assert here.shown(RECEIVABLE, member, HUB_HOLDER) == 0
    assert here.shown(ADVANCE_RIGHT, member, HUB_HOLDER) == 1_500
    await here.box.assert_equal_to_hub()


async def test_a_recall_that_a_cut_line_swallowed_comes_with_the_next_greeting(counters, hub):
    here, there = counters
    member = await _member(here)
    await here.do("top_up", member=member, amount_fen=5_000, tender="cash")
    await here.box.settled()
    await eventually(lambda: there.shown(WALLET, member, (here.box.node, 1)) == 5_000, "the money")
    await here.cut()
    view = await there.tap()
    assert view.asking_for_rights
    refused = hub.office.hub.metrics.grants.labels("grant_nothing_held")
    await eventually(lambda: next(iter(refused.collect())).samples[0].value, "the hub's answer")
    assert there.shown(WALLET, member, (here.box.node, 1)) == 5_000
    here.box.switch.mend()
    await eventually(lambda: there.shown(WALLET, member, (0, 0)) == 5_000, "the release")
    assert there.shown(WALLET, member, (here.box.node, 1)) == 0


async def test_looking_a_member_up_moves_nothing_and_a_sale_that_begins_does(counters):
    here, there = counters
    member = await _member(here)
    await here.do("top_up", member=member, amount_fen=5_000, tender="cash")
    await here.box.settled()
    await eventually(lambda: there.shown(WALLET, member, (here.box.node, 1)) == 5_000, "the money")
    asked = []
    request_grant = there.box.sync.request_grant
    there.box.sync.request_grant = lambda *wanted: (asked.append(wanted), request_grant(*wanted))
    await there.do("show_member", member=member)
    await there.box.settled()
    assert asked == []
    assert there.shown(WALLET, member, (here.box.node, 1)) == 5_000
    refused = await there.ask("spend", member=member, amount_fen=700)
    assert refused.code.startswith("spendable")
    await eventually(lambda: there.shown(WALLET, member) == 5_000, "the money that was asked for")
    assert {wanted[2] for wanted in asked} == {member}
    await there.do("spend", member=member, amount_fen=700)
