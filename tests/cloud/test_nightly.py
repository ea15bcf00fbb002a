"""The hub's night, on a whole hub: usual cafes, slices, limits, debts, expiry, merged members."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cloud.domain.slices import slice_request
from cloud.hub import control
from cloud.hub.aliases import merge
from cloud.hub.nightly import DONE_DAY, Nightly
from cloud.store import reports
from cloud.store.models import Setting
from cloud.store.visits import visit_days
from sync_protocol.accounts import (
    ADVANCE_BOOK,
    ADVANCE_RIGHT,
    FEN,
    HUB_HOLDER,
    POINTS_HELD,
    RECEIVABLE,
    REFUNDABLE,
    REFUNDABLE_BOOK,
    REVENUE,
    TILL,
    WALLET,
)
from sync_protocol.annotations import APPLIED, VOID
from sync_protocol.kinds import (
    ALIAS,
    CAFE_TRANSACTION,
    ERASE,
    IDENTITY_CHECK,
    MEMBER,
    RULE,
    TRANSACTION,
    USUAL_CAFE,
    VISIT,
)
from sync_protocol.ledger import REASON_GRANT, REASON_SPEND, Transaction
from sync_protocol.messages import GrantAnswer, GrantRequest
from sync_protocol.rights_rule import RIGHTS_RULE_KEY, RightsRule
from tests.cloud import bodies
from tests.cloud.remote_box import eventually

MEMBER_ID, OTHER_ID = 4001, 4002
NIGHTS = (20991210, 20991211, 20991212)
"""After today, whose night the running hub has done."""


@pytest.fixture
async def hub(hub):
    """A hub that has done today's night: while it is at it, it would see this test's members."""
    done = Setting.select().where(Setting.name == DONE_DAY)
    await eventually(lambda: hub.hub.reader.first(done) is not None, "today's night")
    return hub


def _visit(box, day, member=MEMBER_ID):
    key = f"{box.cafe}.{day}.{member}"
    values = {"member": member, "business_day": day, "entered_ms": 1, "taps": 1}
    return box.op(VISIT, bodies.register(VISIT, key, box.cafe, values))


def _held(hub, holder, code=WALLET, member=MEMBER_ID):
    rows = reports.balances_of_subject(hub.hub.reader, member)
    return sum(
        abs(row.amount) for row in rows if (row.code, row.node, row.epoch) == (code, *holder)
    )


async def _night(hub, day):
    hub.hub.surroundings = replace(hub.hub.surroundings, business_day=lambda: (day, 480))
    return await Nightly(hub.hub).run_due()


async def _released(box, amount, member=MEMBER_ID):
    await box.commit(
        box.op(TRANSACTION, bodies.top_up(box.cafe, member, box.node, box.epoch, amount)),
        box.op(TRANSACTION, bodies.release(box.cafe, member, box.node, box.epoch, amount)),
    )


async def _publish(hub, rule):
    values = {"version": rule.version, "values": rule.values()}
    await hub.office.set_fields(RULE, RIGHTS_RULE_KEY, values, 0)


async def test_the_night_brings_the_slice_and_the_limit_to_the_usual_cafe_once(hub):
    a, b = await hub.enrol(1), await hub.enrol(2)
    await _publish(hub, RightsRule(1, 60, 0, 2000, 0))
    async with a.connected(), b.connected():
        await a.commit(_visit(a, 20991201), _visit(a, 20991202))
        await b.commit(_visit(b, 20991203))
        await _released(b, 5000)
        assert await _night(hub, NIGHTS[0])
        usual = reports.read_document(hub.hub.reader, USUAL_CAFE, MEMBER_ID)
        assert usual.value(0) == 1
        assert _held(hub, (a.node, 1)) == 3000
        assert _held(hub, HUB_HOLDER) == 2000
        assert _held(hub, (a.node, 1), ADVANCE_RIGHT) == 2000
        position = hub.hub.head().position
        assert not await _night(hub, NIGHTS[0])
        assert await _night(hub, NIGHTS[1])
        assert hub.hub.head().position == position
        await a.commit(a.op(TRANSACTION, bodies.spend(1, MEMBER_ID, a.node, 1, 3000)))
        assert await _night(hub, NIGHTS[2])
        assert _held(hub, (a.node, 1)) == 1200
    grants = [
        row.document
        for row in reports.entries_of_subject(hub.hub.reader, MEMBER_ID)
        if row.reason == REASON_GRANT and row.node == a.node
    ]
    assert set(grants) <= {slice_request(day, MEMBER_ID) for day in NIGHTS}
    assert hub.refolded().equal


async def test_a_night_done_twice_grants_nothing_twice(hub):
    a = await hub.enrol(1)
    await _publish(hub, RightsRule(1, 50, 0, 0, 0))
    async with a.connected():
        await a.commit(_visit(a, 20991201))
        await _released(a, 1000)
        await _night(hub, NIGHTS[0])
        await hub.hub.write(
            lambda database: database.execute(
                "DELETE FROM setting WHERE name = 'nightly.business_day'"
            )
        )
        await a.commit(a.op(TRANSACTION, bodies.spend(1, MEMBER_ID, a.node, 1, 500)))
        assert await _night(hub, NIGHTS[0])
    assert (_held(hub, (a.node, 1)), _held(hub, HUB_HOLDER)) == (0, 500)


class _HeldHub:
    """A hub to which a night can propose nothing until `gate` is set."""

    def __init__(self, hub):
        self.reader, self.head, self.write, self.surroundings = (
            hub.reader,
            hub.head,
            hub.write,
            hub.surroundings,
        )
        self._hub = hub
        self.waits, self.gate = asyncio.Event(), asyncio.Event()

    async def propose(self, proposal):
        self.waits.set()
        await self.gate.wait()
        return await self._hub.propose(proposal)


async def test_a_night_that_is_run_again_while_it_is_being_committed_grants_once(hub):
    a = await hub.enrol(1)
    await _publish(hub, RightsRule(1, 50, 0, 0, 0))
    async with a.connected():
        await a.commit(_visit(a, 20991201))
        await _released(a, 1000)
        hub.hub.surroundings = replace(hub.hub.surroundings, business_day=lambda: (NIGHTS[0], 480))
        held = _HeldHub(hub.hub)
        first = asyncio.create_task(Nightly(held).run_due())
        await held.waits.wait()
        assert await _night(hub, NIGHTS[0])
        await a.commit(a.op(TRANSACTION, bodies.spend(1, MEMBER_ID, a.node, 1, 500)))
        held.gate.set()
        assert await first
    assert (_held(hub, (a.node, 1)), _held(hub, HUB_HOLDER)) == (0, 500)


async def test_a_night_that_a_later_one_has_overtaken_grants_nothing(hub):
    a = await hub.enrol(1)
    await _publish(hub, RightsRule(1, 50, 0, 0, 0))
    async with a.connected():
        await a.commit(_visit(a, 20991201))
        await _released(a, 1000)
        hub.hub.surroundings = replace(hub.hub.surroundings, business_day=lambda: (NIGHTS[0], 480))
        held = _HeldHub(hub.hub)
        earlier = asyncio.create_task(Nightly(held).run_due())
        await held.waits.wait()
        assert await _night(hub, NIGHTS[1])
        await a.commit(a.op(TRANSACTION, bodies.spend(1, MEMBER_ID, a.node, 1, 500)))
        held.gate.set()
        assert await earlier
        assert not await _night(hub, NIGHTS[1]), "what is done stays noted"
    assert (_held(hub, (a.node, 1)), _held(hub, HUB_HOLDER)) == (0, 500)


async def test_a_released_debt_is_repaid_from_the_hub_and_the_limit_comes_back(hub):
    a, b = await hub.enrol(1), await hub.enrol(2)
    async with a.connected(), b.connected():
        await a.commit(_visit(a, 20991201))
        await _released(b, 100)
        await _night(hub, NIGHTS[0])
        own = (a.node, 1, 0, FEN)
        drawn = [
            (ADVANCE_RIGHT, MEMBER_ID, *own, 1500),
            (ADVANCE_BOOK, MEMBER_ID, 0, 0, 0, FEN, -1500),
            (RECEIVABLE, MEMBER_ID, *own, 1500),
            (REVENUE, 1, 0, 0, 0, FEN, -1500),
        ]
        given_up = [
            (RECEIVABLE, MEMBER_ID, *own, -1500),
            (RECEIVABLE, MEMBER_ID, 0, 0, 0, FEN, 1500),
        ]
        for reason, postings in ((REASON_SPEND, drawn), (7, given_up)):
            body = Transaction(1, reason, bodies.DAY, 480, 0, 0, None, postings).body()
            await a.commit(a.op(TRANSACTION, body))
        assert _held(hub, (a.node, 1), ADVANCE_RIGHT) == 500
        await _released(b, 2000)
        await b.send(GrantRequest(1, 5, WALLET, MEMBER_ID, FEN, 2000, "tap"))
        answer = await b.heard(GrantAnswer)
        assert answer.ref is not None
        assert _held(hub, (b.node, 1)) == 500
        assert _held(hub, HUB_HOLDER) == 0
        assert _held(hub, HUB_HOLDER, RECEIVABLE) == 0
        assert _held(hub, HUB_HOLDER, ADVANCE_RIGHT) == 1500
        await _night(hub, NIGHTS[1])
        assert _held(hub, (a.node, 1), ADVANCE_RIGHT) == 2000
    assert hub.refolded().equal


async def test_what_the_hub_holds_of_a_past_month_lapses(hub):
    a = await hub.enrol(1)
    async with a.connected():
        await a.commit(
            a.op(TRANSACTION, bodies.points(1, MEMBER_ID, 0, 0, 30, 202606)),
            a.op(TRANSACTION, bodies.points(1, MEMBER_ID, 0, 0, 40, 209912)),
        )
        await _night(hub, NIGHTS[0])
    assert _held(hub, HUB_HOLDER, POINTS_HELD) == 40


async def test_two_merged_members_are_one_person_at_night(hub):
    a, b = await hub.enrol(1), await hub.enrol(2)
    random_bytes = hub.hub.surroundings.random_bytes
    async with a.connected(), b.connected():
        for member in (MEMBER_ID, OTHER_ID):
            await a.commit(a.op(MEMBER, bodies.register(MEMBER, member, 1, {"name": "王"})))
        await a.commit(_visit(a, 20991201), _visit(a, 20991202))
        await b.commit(_visit(b, 20991201, OTHER_ID))
        await _released(b, 800, OTHER_ID)
        made = await hub.hub.propose(merge(OTHER_ID, MEMBER_ID, 5, random_bytes))
        assert isinstance(made, list)
        again = await hub.hub.propose(merge(OTHER_ID, MEMBER_ID, 5, random_bytes))
        assert again.code == "merged_already"
        round_trip = await hub.hub.propose(merge(MEMBER_ID, OTHER_ID, 5, random_bytes))
        assert round_trip.code == "merge_self"
        unknown = await hub.hub.propose(merge(77, MEMBER_ID, 5, random_bytes))
        assert unknown.code == "member_unknown"
        await _night(hub, NIGHTS[0])
    assert reports.read_document(hub.hub.reader, ALIAS, OTHER_ID).value(0) == MEMBER_ID
    assert _held(hub, (a.node, 1), member=OTHER_ID) == 800
    assert _held(hub, (a.node, 1), ADVANCE_RIGHT) == 2000
    assert _held(hub, (a.node, 1), ADVANCE_RIGHT, OTHER_ID) == 0


def test_a_sale_is_refunded_once_whichever_node_tries(sqlite_chain):
    sold, other = sqlite_chain.node(1, cafe=1), sqlite_chain.node(2, cafe=1)

    def body(sale_fen, refund_fen, node):
        postings = [
            (TILL, 1, 0, 0, 0, FEN, sale_fen - refund_fen),
            (REVENUE, 1, 0, 0, 0, FEN, refund_fen - sale_fen),
            (REFUNDABLE, 77, node, 1, 0, FEN, refund_fen - sale_fen),
            (REFUNDABLE_BOOK, 1, 0, 0, 0, FEN, sale_fen - refund_fen),
        ]
        return Transaction(1, 3 if sale_fen else 4, bodies.DAY, 480, 0, 77, None, postings).body()

    made = sqlite_chain.commit(sold.op(CAFE_TRANSACTION, body(500, 0, 1)))
    refunds = sqlite_chain.commit(
        sold.op(CAFE_TRANSACTION, body(0, 500, 1)),
        other.op(CAFE_TRANSACTION, body(0, 500, 1)),
        other.op(CAFE_TRANSACTION, body(0, 500, 2)),
        sold.op(CAFE_TRANSACTION, body(0, 1, 1)),
    )
    assert [one.verdict for one in made] == [APPLIED]
    assert [(one.verdict, one.detail) for one in refunds] == [
        (APPLIED, None),
        (VOID, "not_holder"),
        (VOID, "below_zero"),
        (VOID, "below_zero"),
    ]
    assert sqlite_chain.balance(77, REFUNDABLE, 1, 1) == 0


async def test_the_rule_of_rights_is_set_by_a_command_that_checks_it(hub):
    run = control.run_command
    answer = await run(hub.office, "set-rights", {"advance_limit_fen": 500, "points_months": 24})
    assert len(answer["ops"]) == 1
    await run(hub.office, "set-rights", {"slice_percent": 80})
    rule = reports.read_rights_rule(hub.hub.reader)
    assert (rule.version, rule.values()) == (2, [80, 0, 500, 24])
    with pytest.raises(control.ArgumentError, match="0 to 100"):
        await run(hub.office, "set-rights", {"slice_percent": 101})
    refused = await run(hub.office, "merge-members", {"member": 1, "into": 2})
    assert refused.code == "member_unknown"


def test_visits_are_known_by_member_and_cafe_until_the_member_is_erased(chain):
    box = chain.node(1, cafe=3)
    chain.commit(box.op(MEMBER, bodies.register(MEMBER, MEMBER_ID, 3, {"name": "王"})))
    chain.commit(_visit(box, 20260701), _visit(box, 20260702), _visit(box, 20260601, OTHER_ID))
    leaving = bodies.register(VISIT, f"3.20260702.{MEMBER_ID}", 3, {"left_ms": 9})
    chain.commit(box.op(VISIT, leaving))

    def days():
        while reports.fold_chunk(chain.database, chain.builder.head.position):
            pass
        return visit_days(chain.database, 20260605)

    assert days() == {MEMBER_ID: {3: [20260701, 20260702]}}
    chain.own(ERASE, [MEMBER_ID])
    assert days() == {}


async def test_an_erased_members_identity_checks_go_once_the_law_lets_them(hub):
    """Erased at once they would be missing at an inspection; 60 days later nobody has them."""
    box = await hub.enrol(1)
    check, walk_in = 7001, 7002
    document = {"name": "欧阳不留痕", "document_number": "110101199003078515"}
    async with box.connected():
        await box.commit(
            box.op(MEMBER, bodies.register(MEMBER, MEMBER_ID, 1, {"name": "欧阳不留痕"})),
            *(
                box.op(
                    IDENTITY_CHECK,
                    bodies.register(IDENTITY_CHECK, key, 1, {"member": member, **document}),
                )
                for key, member in ((check, MEMBER_ID), (walk_in, 0))
            ),
        )
        await hub.office.erase(MEMBER_ID, 0)
        today = datetime.now(UTC).date()
        for days, kept in ((59, True), (62, False)):
            night = today + timedelta(days=days)
            assert await _night(hub, night.year * 10000 + night.month * 100 + night.day)
            row = reports.read_document(hub.hub.reader, IDENTITY_CHECK, check)
            assert (row.value(1) == "欧阳不留痕") is kept
        other = reports.read_document(hub.hub.reader, IDENTITY_CHECK, walk_in)
        assert other.value(1) == "欧阳不留痕"
