"""What a work writes is all there or not at all, and is shown as pending at once."""

import asyncio
import threading

import pytest

from edge.domain.refusals import refuse
from edge.store.errors import OverdrawnError, StoreBusyError, StoreMismatchError, StoreStoppedError
from edge.store.facts import Balance
from edge.store.reader import Reader
from edge.store.tables import PRINT_DONE, PRINT_WAITING
from sync_protocol.accounts import WALLET
from sync_protocol.claims import RELEASE
from sync_protocol.errors import DecodeError
from sync_protocol.kinds import CARD_CLAIM, MEMBER, PRODUCT, SEGMENT, TRANSACTION, VISIT
from tests.edge.store import bodies

MEMBER_ID = 812


def test_op_is_durable_chained_and_shown_pending(box):
    op = box.submit(
        lambda tx: tx.append(TRANSACTION, bodies.top_up(3, MEMBER_ID, 5000), actor=7, terminal=2)
    ).result()
    assert (op.header.seq, op.header.actor, op.header.terminal) == (2, 7, 2)
    with box.read() as reader:
        segment, logged = [reader.op(each.ref()) for each in reader.own_ops(1, 10)]
        assert segment.op.header.kind == SEGMENT
        assert logged.op.hash == op.hash == reader.own_head().hash
        assert logged.position is None
        assert reader.balance(bodies.wallet(MEMBER_ID, 3)) == Balance(0, -5000)
        (entry,) = reader.entries(MEMBER_ID, (WALLET,))
        assert (entry.amount, entry.verdict, entry.actor) == (-5000, None, 7)
        assert reader.outbox().money_fen == 5000
        assert reader.outbox().count == 2


@pytest.mark.parametrize("way", ["refusal", "error"])
def test_refused_work_leaves_nothing(box, way):
    def work(tx):
        tx.append(TRANSACTION, bodies.top_up(3, MEMBER_ID, 5000))
        tx.remember_answer("r1", b"answer")
        tx.add_print_job("receipt", b"slip")
        if way == "error":
            raise RuntimeError("no")
        return refuse("amount_zero")

    future = box.submit(work)
    if way == "error":
        with pytest.raises(RuntimeError):
            future.result()
    else:
        assert future.result().code == "amount_zero"
    with box.read() as reader:
        assert reader.own_head().seq == 0
        assert reader.balance(bodies.wallet(MEMBER_ID, 3)) == Balance(0, 0)
        assert reader.answer("r1") is None
        assert reader.print_jobs(PRINT_WAITING) == []
    assert (
        box.submit(lambda tx: tx.append(TRANSACTION, bodies.top_up(3, MEMBER_ID, 1)))
        .result()
        .header.seq
        == 2
    )


def test_works_that_wait_share_a_commit_and_fail_alone(box):
    """50 works are queued while the writer is held: one commit, only the bad ones are undone."""
    held, go = threading.Event(), threading.Event()
    commits = []
    box.listen(lambda: commits.append(box.head.seq))

    def hold(_tx):
        held.set()
        go.wait(60)

    def work(index):
        def append(tx):
            tx.append(TRANSACTION, bodies.top_up(3, MEMBER_ID, 100))
            if index % 5 == 0:
                raise ValueError(index)
            return index

        return append

    first = box.submit(hold)
    held.wait(60)
    futures = [box.submit(work(index)) for index in range(50)]
    go.set()
    first.result()
    failed = [index for index, future in enumerate(futures) if future.exception(60)]
    assert failed == list(range(0, 50, 5))
    assert len(commits) == 1
    with box.read() as reader:
        assert reader.balance(bodies.wallet(MEMBER_ID, 3)) == Balance(0, -4000)
        ops = reader.own_ops(1, 100)
        assert [op.header.seq for op in ops] == list(range(1, 42))
        stamps = [op.header.stamp for op in ops]
        assert stamps == sorted(set(stamps))


def test_full_queue_refuses_and_loses_nothing(box, monkeypatch):
    monkeypatch.setattr("edge.store.writer.QUEUE_MAX", 3)
    held, go = threading.Event(), threading.Event()

    def hold(_tx):
        held.set()
        go.wait(60)

    box.submit(hold)
    held.wait(60)
    waiting = [box.submit(lambda tx: tx.wall_ms()) for _ in range(3)]
    with pytest.raises(StoreBusyError):
        box.submit(lambda tx: tx.wall_ms())
    go.set()
    assert all(future.result(60) for future in waiting)


async def test_loop_is_free_while_the_writer_works(box):
    go = threading.Event()
    writing = asyncio.ensure_future(box.write(lambda _tx: go.wait(60)))
    with box.read() as reader:
        assert reader.own_head().seq == 0
    go.set()
    assert await writing is True


def test_limited_account_cannot_be_overdrawn(box):
    box.submit(lambda tx: tx.append(TRANSACTION, bodies.top_up(3, MEMBER_ID, 500))).result()
    with pytest.raises(OverdrawnError):
        box.submit(lambda tx: tx.append(TRANSACTION, bodies.spend(3, MEMBER_ID, 501))).result()
    box.submit(lambda tx: tx.append(TRANSACTION, bodies.spend(3, MEMBER_ID, 500))).result()
    with box.read() as reader:
        assert reader.balance(bodies.wallet(MEMBER_ID, 3)).shown == 0


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (bodies.top_up(4, MEMBER_ID, 500), ValueError),
        (bodies.top_up(3, MEMBER_ID, 500)[:-1], DecodeError),
        (bodies.ledger(3, 1, [(*bodies.wallet(1, 3), -5), (*bodies.wallet(1, 4), 5)]), ValueError),
    ],
    ids=["other cafe", "short", "not the holder"],
)
def test_body_that_the_hub_would_void_is_a_bug_here(box, body, error):
    with pytest.raises(error):
        box.submit(lambda tx: tx.append(TRANSACTION, body)).result()
    with box.read() as reader:
        assert reader.own_head().seq == 0


def test_documents_are_found_by_key_field_and_text(box):
    def work(tx):
        for number, name in ((1, "王小明"), (2, "Wang Li"), (3, "李 Wang")):
            values = {"name": name, "phone": f"1380000{number}", "number": f"N{number}"}
            tx.append(MEMBER, bodies.document(MEMBER, number, 3, values))
        shown = tx.register(MEMBER, 1)
        change = bodies.document(MEMBER, 1, 3, {"phone": "139"}, shown)
        tx.append(MEMBER, change)
        return shown

    shown = box.submit(work).result()
    assert shown.value("phone") == "13800001"
    with box.read() as reader:
        assert [each.key for each in reader.registers(MEMBER)] == [1, 2, 3]
        assert [each.key for each in reader.registers(MEMBER, after=1, limit=1)] == [2]
        assert reader.register(MEMBER, 1).pending
        assert reader.registers_where(MEMBER, "phone", "13800001") == []
        assert [each.key for each in reader.registers_where(MEMBER, "phone", "139")] == [1]
        assert [each.key for each in reader.search_registers(MEMBER, "name", "wang")] == [2, 3]
        for text, keys in (("小", [1]), ("王小", [1]), ("LI", [2]), ("ang", []), ("", [1, 2, 3])):
            found = reader.search_registers(MEMBER, "name", text)
            assert sorted(each.key for each in found) == keys, text
        assert [each.key for each in reader.search_registers(MEMBER, "phone", "0002")] == [2]
        assert [logged.op.header.seq for logged in reader.register_history(MEMBER, 1)] == [5, 2]
        assert reader.register(PRODUCT, "x") is None
        with pytest.raises(ValueError, match="lookup"):
            reader.registers_where(VISIT, "member", 1)


def test_claim_is_provisional_until_confirmed(box, hub):
    box.submit(lambda tx: tx.append(CARD_CLAIM, bodies.claim(CARD_CLAIM, b"k", 3, 55))).result()
    with box.read() as reader:
        assert not reader.claim(CARD_CLAIM, b"k").confirmed
    hub.take(box)
    hub.deliver(box)
    with box.read() as reader:
        assert reader.claim(CARD_CLAIM, b"k").confirmed
        assert reader.claim(CARD_CLAIM, b"k").row.subject == 55
    release = bodies.claim(CARD_CLAIM, b"k", 3, 55, RELEASE)
    box.submit(lambda tx: tx.append(CARD_CLAIM, release)).result()
    with box.read() as reader:
        assert reader.claim(CARD_CLAIM, b"k") is None


def test_a_step_of_the_clock_opens_a_segment(box, hands):
    def tap(tx):
        return tx.append(TRANSACTION, bodies.points(3, MEMBER_ID, 1))

    before = box.submit(tap).result()
    hands.ms += 60_000
    same = box.submit(tap).result()
    hands.step_ms = -30 * 365 * 24 * 3600 * 1000
    after = box.submit(tap).result()
    assert before.header.segment == same.header.segment == 1
    assert after.header.segment == 2
    assert before.header.stamp < same.header.stamp < after.header.stamp
    with box.read() as reader:
        segments = [op.body for op in reader.own_ops(1, 100) if op.header.kind == SEGMENT]
    assert [(body[0], body[5]) for body in segments] == [(1, "boot"), (2, "step")]


def test_answers_prints_and_settings_are_kept(box):
    def work(tx):
        tx.remember_answer("r1", b"done", MEMBER_ID)
        tx.set_setting("printer", ["serial", 9600])
        return tx.add_print_job("receipt", b"slip", MEMBER_ID)

    job = box.submit(work).result()
    with pytest.raises(ValueError, match="r1"):
        box.submit(lambda tx: tx.remember_answer("r1", b"again")).result()
    with box.read() as reader:
        assert reader.answer("r1") == b"done"
        assert reader.setting("printer") == ["serial", 9600]
        assert [each.id for each in reader.print_jobs(PRINT_WAITING)] == [job]
    box.submit(lambda tx: tx.set_print_job(job, PRINT_DONE, 1)).result()
    with box.read() as reader:
        assert reader.print_jobs(PRINT_WAITING) == []
        assert reader.print_job(job).copies == 1


def test_store_opens_where_it_was_left_and_only_for_its_box(box, open_box):
    box.submit(lambda tx: tx.append(TRANSACTION, bodies.top_up(3, MEMBER_ID, 5))).result()
    with pytest.raises(StoreMismatchError, match="in_use"):
        open_box()
    box.close()
    with pytest.raises(StoreStoppedError):
        box.submit(lambda tx: tx.wall_ms())
    again = open_box()
    op = again.submit(lambda tx: tx.append(TRANSACTION, bodies.spend(3, MEMBER_ID, 5))).result()
    assert (op.header.seq, op.header.segment) == (4, 2)
    again.close()
    with pytest.raises(StoreMismatchError, match="other_identity"):
        open_box(4, name="box3.db")


def test_a_read_only_reader_cannot_write(box):
    with box.read() as reader:
        assert isinstance(reader, Reader)
        with pytest.raises(Exception, match="readonly"):
            reader.connection.execute("DELETE FROM op")
