"""Own ops come back and are confirmed; others' are folded; the verdict is the hub's alone."""

import pytest

from edge.store import op_rows, statements
from edge.store.apply import apply_blocks, unpark
from edge.store.facts import Balance
from edge.store.refold import refold
from sync_protocol import kinds
from sync_protocol.annotations import APPLIED, DEFERRED, LOST, OVERWROTE, VOID
from sync_protocol.errors import ChainError
from sync_protocol.kinds import (
    ANY_CAFE,
    CAFE_TRANSACTION,
    CARD,
    CARD_CLAIM,
    CHAIN,
    LATE_VERDICT,
    MEMBER,
    REGISTER,
    TRANSACTION,
    VISIT,
    Kind,
)
from tests.edge.store import bodies
from tests.edge.store.log_hub import sums_of

MEMBER_ID = 812


def append(box, kind, body):
    return box.submit(lambda tx: tx.append(kind, body)).result()


def assert_whole(box, hub):
    with box.read() as reader:
        report = refold(reader)
    assert report.differences == []
    assert sums_of(box) == hub.sums_for(box.identity.cafe)


def sync(hub, *boxes):
    for box in boxes:
        hub.take(box)
    for box in boxes:
        hub.deliver(box)


def test_money_moves_from_pending_to_confirmed_everywhere(open_box, hub):
    a, b = open_box(3), open_box(4)
    append(a, TRANSACTION, bodies.top_up(3, MEMBER_ID, 5000))
    append(a, TRANSACTION, bodies.spend(3, MEMBER_ID, 1200))
    sync(hub, a, b)
    for box in (a, b):
        with box.read() as reader:
            assert reader.balance(bodies.wallet(MEMBER_ID, 3)) == Balance(-3800, 0)
            amounts = [entry.amount for entry in reader.entries(MEMBER_ID)]
            assert amounts == [1200, -5000]
            assert {entry.verdict for entry in reader.entries(MEMBER_ID)} == {APPLIED}
        assert_whole(box, hub)
    with a.read() as reader:
        assert reader.outbox().count == 0
        assert [entry.amount for entry in reader.entries(3)] == [-1200, 5000]
    with b.read() as reader:
        assert reader.entries(3) == []  # the till of another cafe
        assert reader.balance((1, 3, 0, 0, 0, "fen")) == Balance(0, 0)


def test_a_range_longer_than_a_step_of_rows_is_written_whole(open_box, hub):
    """Two whole steps of ops, balances, documents, numbers and mentions, and three behind them."""
    a, b = open_box(3), open_box(4)
    members = range(MEMBER_ID, MEMBER_ID + 2 * statements.ROWS_AT_ONCE + 3)

    def write(tx):
        for member in members:
            profile = {"number": f"M{member}", "name": "会员"}
            tx.append(MEMBER, bodies.document(MEMBER, member, 3, profile))
            tx.append(TRANSACTION, bodies.points(3, member, member))

    a.submit(write).result()
    sync(hub, a, b)
    for box in (a, b):
        assert_whole(box, hub)
        with box.read() as reader:
            for member in members:
                found = reader.registers_where(MEMBER, "number", f"M{member}")
                assert [document.key for document in found] == [member]
                assert [entry.amount for entry in reader.entries(member)] == [member, -member]


def test_narrow_ops_come_back_as_stubs_and_are_confirmed(open_box, hub):
    a, b = open_box(3), open_box(4)
    append(a, VISIT, bodies.document(VISIT, "v1", 3, {"member": MEMBER_ID, "taps": 1}))
    till = [(1, 3, 0, 0, 0, "fen", 500), (5, 3, 0, 0, 0, "fen", -500)]
    append(a, CAFE_TRANSACTION, bodies.ledger(3, 3, till))
    sync(hub, a, b)
    with a.read() as reader:
        visit = reader.register(VISIT, "v1")
        assert not visit.pending
        assert visit.confirmed.value(0) == MEMBER_ID
        assert reader.balance((1, 3, 0, 0, 0, "fen")) == Balance(500, 0)
    with b.read() as reader:
        assert reader.register(VISIT, "v1") is None
    assert_whole(a, hub)
    assert_whole(b, hub)


def test_pending_change_is_shown_over_what_another_cafe_changed(open_box, hub):
    a, b = open_box(3), open_box(4)
    append(a, MEMBER, bodies.document(MEMBER, 1, 3, {"name": "A", "note": "old"}))
    sync(hub, a, b)
    with a.read() as reader:
        shown_at_a = reader.register(MEMBER, 1)
    with b.read() as reader:
        shown_at_b = reader.register(MEMBER, 1)
    append(a, MEMBER, bodies.document(MEMBER, 1, 3, {"note": "from a"}, shown_at_a))
    append(b, MEMBER, bodies.document(MEMBER, 1, 4, {"note": "from b", "tier": "gold"}, shown_at_b))
    hub.take(b)
    hub.deliver(a)
    with a.read() as reader:
        document = reader.register(MEMBER, 1)
        assert (document.value("note"), document.value("tier")) == ("from a", "gold")
        assert document.confirmed.value(10) == "from b"
        assert document.pending
    hub.verdicts[(3, 3)] = (OVERWROTE, [[10], []])
    sync(hub, a, b)
    for box in (a, b):
        with box.read() as reader:
            document = reader.register(MEMBER, 1)
            assert (document.value("note"), document.pending) == ("from b", False)
        assert_whole(box, hub)


def test_of_two_claims_the_second_in_the_log_is_lost(open_box, hub):
    a, b = open_box(3), open_box(4)
    append(a, CARD_CLAIM, bodies.claim(CARD_CLAIM, b"k", 3, 1))
    append(b, CARD_CLAIM, bodies.claim(CARD_CLAIM, b"k", 4, 2))
    hub.take(a)
    hub.take(b)
    hub.deliver(a)
    applied = hub.deliver(b)
    assert [reference.node for reference in applied.lost_claims] == [4]
    for box in (a, b):
        with box.read() as reader:
            claim = reader.claim(CARD_CLAIM, b"k")
            assert (claim.row.subject, claim.confirmed) == (1, True)
        assert_whole(box, hub)
    with b.read() as reader:
        assert {logged.verdict for logged in reader.register_history(CARD_CLAIM, b"k")} == {
            LOST,
            APPLIED,
        }


def test_void_own_money_stops_spending(box, hub):
    append(box, TRANSACTION, bodies.top_up(3, MEMBER_ID, 5000))
    hub.verdicts[(3, 2)] = (VOID, "test")
    hub.take(box)
    applied = hub.deliver(box)
    assert [reference.seq for reference in applied.alarms] == [2]
    with box.read() as reader:
        assert reader.stop_spending() == "own_op_not_applied"
        assert reader.balance(bodies.wallet(MEMBER_ID, 3)) == Balance(0, 0)
        assert [entry.verdict for entry in reader.entries(MEMBER_ID)] == [VOID]
    assert_whole(box, hub)
    box.submit(lambda tx: tx.resume_spending()).result()
    with box.read() as reader:
        assert reader.stop_spending() is None


@pytest.mark.parametrize("key", [(1 << 64) - 1, -1, True, [1], b"12", "x" * 65, None])
def test_void_op_that_names_nothing_is_passed_by(box, hub, key):
    hub.write(MEMBER, [b"", key, 0, []])
    hub.write(CARD_CLAIM, [b"", b"12", 0, key, 1])
    hub.deliver(box)
    with box.read() as reader:
        assert reader.cursor().position == 2
    assert_whole(box, hub)


def test_unknown_kind_is_parked_and_good_ops_flow_past(open_box, hub, monkeypatch):
    """The hub and cafe 3 are newer: cafe 4 keeps what it does not know and folds it after."""
    new = Kind(99, "locker", REGISTER, kinds.KINDS[CARD].fields, ANY_CAFE, CHAIN, False, 30)
    a, b = open_box(3), open_box(4)
    monkeypatch.setitem(kinds.KINDS, 99, new)
    append(a, 99, bodies.document(99, 1, 3, {"label": "one"}))
    append(a, TRANSACTION, bodies.top_up(3, MEMBER_ID, 100))
    with a.read() as reader:
        shown = reader.register(99, 1)
    append(a, 99, bodies.document(99, 1, 3, {"label": "two"}, shown))
    sync(hub, a)
    blocks = hub.shown_to(b)
    monkeypatch.delitem(kinds.KINDS, 99)
    applied = b.submit(lambda tx: apply_blocks(tx, blocks, None)).result()
    assert applied.parked == 2
    with b.read() as reader:
        assert reader.balance(bodies.wallet(MEMBER_ID, 3)) == Balance(-100, 0)
        assert refold(reader).equal
    monkeypatch.setitem(kinds.KINDS, 99, new)
    b.close()
    b = open_box(4)
    with b.read() as reader:
        assert reader.register(99, 1).value("label") == "two"
    assert_whole(b, hub)
    assert b.submit(unpark).result().ops == 0


def test_deferred_op_takes_effect_with_its_late_verdict(open_box, hub):
    a, b = open_box(3), open_box(4)
    op = append(a, CARD, bodies.document(CARD, 9, 3, {"label": "x"}))
    hub.verdicts[(3, 2)] = (DEFERRED, "kind_unknown")
    sync(hub, a, b)
    with a.read() as reader:
        assert reader.register(CARD, 9).pending
        assert refold(reader).differences == []
    with b.read() as reader:
        assert reader.register(CARD, 9) is None
    hub.write(LATE_VERDICT, [op.ref().row(), APPLIED, None])
    for box in (a, b):
        hub.deliver(box)
        with box.read() as reader:
            document = reader.register(CARD, 9)
            assert (document.value("label"), document.pending) == ("x", False)
            assert refold(reader).differences == []


def test_blocks_apply_once_and_in_order(box, hub):
    for amount in (100, 200, 300):
        append(box, TRANSACTION, bodies.top_up(3, MEMBER_ID, amount))
        hub.take(box)
    first, second, third = hub.shown_to(box)
    with pytest.raises(ChainError):
        box.submit(lambda tx: apply_blocks(tx, [second], None)).result()
    box.submit(lambda tx: apply_blocks(tx, [first, second], None)).result()
    with pytest.raises(ChainError):
        box.submit(lambda tx: apply_blocks(tx, [second, third], None)).result()
    with box.read() as reader:
        assert reader.balance(bodies.wallet(MEMBER_ID, 3)) == Balance(-300, -300)
    hub.deliver(box)
    assert_whole(box, hub)


def test_greatest_seen_stamp_orders_later_ops(open_box, hub, hands):
    """A box whose clock is 1970 writes after what it has seen."""
    a, b = open_box(3), open_box(4)
    seen = append(a, MEMBER, bodies.document(MEMBER, 1, 3, {"name": "A"}))
    sync(hub, a, b)
    hands.step_ms = -(1 << 40)
    with b.read() as reader:
        shown = reader.register(MEMBER, 1)
    later = append(b, MEMBER, bodies.document(MEMBER, 1, 4, {"name": "B"}, shown))
    assert later.header.stamp > seen.header.stamp
    assert later.header.seen_position == 2
    sync(hub, b, a)
    with a.read() as reader:
        assert reader.register(MEMBER, 1).value("name") == "B"
    assert_whole(a, hub)


def test_entries_of_a_subject_come_newest_first_over_authors(open_box, hub):
    a, b = open_box(3), open_box(4)
    for round_number in range(3):
        append(a, TRANSACTION, bodies.points(3, MEMBER_ID, round_number + 1))
        append(b, TRANSACTION, bodies.points(4, MEMBER_ID, 10 * (round_number + 1)))
        sync(hub, a, b)
    append(a, TRANSACTION, bodies.points(3, MEMBER_ID, 99))
    with a.read() as reader:
        entries = reader.entries(MEMBER_ID, (20,))
        assert [-entry.amount for entry in entries] == [99, 30, 3, 20, 2, 10, 1]
        assert [-entry.amount for entry in reader.entries(MEMBER_ID, (20,), limit=2)] == [99, 30]


def test_keys_of_ops_keep_author_and_seq():
    key = op_rows.op_key(7, 41)
    assert op_rows.seq_of(key) == 41
    assert key > op_rows.op_key(6, (1 << 48) - 1)
