"""The hub's side of a session: what it takes, holds, asks for again and puts into quarantine."""

from sync_protocol.codec import pack
from sync_protocol.frames import CODECS_READ, pack_frame
from sync_protocol.greetings import Fenced
from sync_protocol.messages import (
    CODE_GAP,
    CODE_HELLO,
    GrantRequest,
    Ping,
    Pong,
    Push,
    Recall,
    unpack_message,
)
from sync_protocol.session import COMPARING, SYNCING
from sync_protocol.session_events import (
    BatchQuarantined,
    BatchReceived,
    ClockMeasured,
    GrantRequested,
    HelloReceived,
    HistoryWanted,
    MessageIgnored,
    PeerErred,
    Transmit,
)
from tests.sync_protocol.peers import WALL_MS, HubHost, NodeHost, Random, node_key
from tests.sync_protocol.sessions import NODE, connected, hello_of, kinds, messages, only, push_of


def test_batches_that_do_not_hold_are_quarantined_with_their_reason_and_change_nothing():
    line, host, hub = connected(ops=5)
    host.append(10)
    ops = host.ops[5:]
    other_chain = NodeHost(NODE, 1, line.random)
    other_chain.append(15, salt=1)
    whole = Push(NODE, 1, 6, b"\x00\x01\x00", bytes(64))
    cases = [
        (b"\xc1garbage", "malformed"),
        (push_of(ops, key=node_key(4)), "signature"),
        (push_of(other_chain.ops[5:]), "signature"),
        (push_of([ops[0], ops[2]]), "seq_gap"),
        (push_of(ops, first_seq=7)[:-1], "malformed"),
        (push_of(ops, epoch=2), "batch_of_other"),
        (push_of(ops, node=4), "batch_of_other"),
        (Push(NODE, 1, 6, b"\x09\x01\x00", bytes(64)).pack(), "frame_codec"),
        (Push(NODE, 1, 6, pack_frame([], CODECS_READ), bytes(64)).pack(), "batch_empty"),
        (Push(NODE, 1, 6, pack_frame([1], CODECS_READ), bytes(64)).pack(), "field_type"),
        (Push(NODE, 1, 6, pack_frame([[1]] * 51, CODECS_READ), bytes(64)).pack(), "frame_rows"),
        (Push(NODE, 1, 6, bytes(200_000), bytes(64)).pack(), "batch_bytes"),
    ]
    for data, code in cases:
        before = len(hub.events)
        out = hub.receive(NODE, data, line.now_ms)
        assert only(hub.events[before:], BatchQuarantined).code == code
        rejected = unpack_message(out[0][1])
        assert (rejected.code, rejected.from_seq) == (code, 6)
    assert hub.pending == []
    assert whole.first_seq == 6
    hub.receive(NODE, push_of(ops), line.now_ms)
    hub.commit(line.now_ms)
    assert len(hub.logs[(NODE, 1)]) == 15


def test_a_gap_is_asked_for_again_and_not_quarantined():
    line, host, hub = connected(ops=5)
    host.append(10)
    out = hub.receive(NODE, push_of(host.ops[10:]), line.now_ms)
    assert unpack_message(out[0][1]).code == CODE_GAP
    assert not hub.said(BatchQuarantined)


def test_a_batch_that_came_before_is_acked_again_and_its_new_tail_is_taken():
    line, host, hub = connected(ops=10)
    out = hub.receive(NODE, push_of(host.ops[2:7]), line.now_ms)
    assert unpack_message(out[0][1]).seq == 10
    host.append(3)
    out = hub.receive(NODE, push_of(host.ops[8:]), line.now_ms)
    assert unpack_message(out[0][1]).seq == 10
    assert messages(hub.session(NODE).committed(7, host.hash_at(7)))[0].seq == 10
    hub.commit(line.now_ms)
    assert [op.hash for op in hub.logs[(NODE, 1)]] == [op.hash for op in host.ops]


def test_a_batch_that_waits_for_its_commit_is_not_taken_twice():
    line, host, hub = connected(ops=5)
    host.append(4)
    data = push_of(host.ops[5:])
    hub.receive(NODE, data, line.now_ms)
    assert hub.receive(NODE, data, line.now_ms) == []
    hub.commit(line.now_ms)
    assert len(hub.logs[(NODE, 1)]) == 9


def test_an_old_batch_with_a_bad_signature_is_quarantined_and_the_session_goes_on():
    line, host, hub = connected(ops=10)
    out = hub.receive(NODE, push_of(host.ops[2:7], key=node_key(9)), line.now_ms)
    assert unpack_message(out[0][1]).code == "signature"
    assert only(hub.events, BatchQuarantined).code == "signature"
    assert hub.session(NODE).state == SYNCING


def test_batches_that_come_while_the_hub_looks_something_up_are_held():
    _line, host, hub = connected(ops=10, window=2)
    host.append(6)
    session = hub.session(NODE)
    events = session.receive(push_of(host.ops[2:7]), WALL_MS)
    wanted = only(events, HistoryWanted)
    assert session.state == COMPARING
    assert session.receive(push_of(host.ops[10:12]), WALL_MS) == []
    assert session.receive(push_of(host.ops[12:14]), WALL_MS) == []
    assert kinds(session.receive(push_of(host.ops[14:16]), WALL_MS)) == [MessageIgnored]
    before = hub.hash_at(NODE, wanted.before_seq)
    events = session.history_known(before, hub.hash_at(NODE, wanted.last_seq))
    assert kinds(events) == [Transmit, BatchReceived, BatchReceived]
    assert session.taken_seq == 14
    # A HELLO forgets what was being compared.
    session.receive(push_of(host.ops[2:7]), WALL_MS)
    session.receive(hello_of(host), WALL_MS)
    assert session.history_known(before, before) == []


def test_ops_that_could_not_be_committed_are_asked_for_again():
    line, host, hub = connected(ops=5)
    host.append(4)
    hub.receive(NODE, push_of(host.ops[5:]), line.now_ms)
    hub.pending = []
    refused = messages(hub.session(NODE).not_committed("disk_full"))
    assert [(message.code, message.from_seq) for message in refused] == [("disk_full", 6)]
    hub.receive(NODE, push_of(host.ops[5:]), line.now_ms)
    hub.commit(line.now_ms)
    assert len(hub.logs[(NODE, 1)]) == 9


def test_the_hub_side_answers_clocks_and_rights_and_ignores_the_rest():
    line, host, hub = connected()
    session = hub.session(NODE)
    assert messages(session.receive(Ping(5).pack(), WALL_MS))[0].wall_ms == WALL_MS
    # 200 ms there and back; the node's clock was 5000 ms behind half-way.
    pong = Pong(WALL_MS, WALL_MS + 100 - 5000, 7)
    measured = only(session.receive(pong.pack(), WALL_MS + 200), ClockMeasured)
    assert (measured.segment, measured.offset_ms, measured.error_ms) == (7, 5000, 101)
    request = GrantRequest(1, 77, 10, 812, "fen", 500, "spend")
    assert only(session.receive(request.pack(), WALL_MS), GrantRequested).request.amount == 500
    assert messages(session.answer_grant(77, host.append().ref(), ""))[0].ref.seq == 1
    assert messages(session.recall(10, 812, "fen", 5))[0].amount == 5
    assert messages(session.measure_clock(WALL_MS))[0].sent_ms == WALL_MS
    assert kinds(session.receive(pack([99, 1]), WALL_MS)) == [MessageIgnored]
    assert kinds(session.receive(Recall(10, 1, "fen", 1).pack(), WALL_MS)) == [PeerErred]
    assert kinds(session.receive(hello_of(host, chain="x"), WALL_MS)) == [PeerErred]
    assert kinds(session.receive(hello_of(host, node=4), WALL_MS)) == [PeerErred]
    other_epoch = GrantRequest(2, 77, 10, 812, "fen", 500, "spend")
    assert kinds(session.receive(other_epoch.pack(), WALL_MS)) == [MessageIgnored]
    assert kinds(session.receive(Fenced(2, 5, 1, 0, b"").pack(), WALL_MS)) == [MessageIgnored]
    assert line.hub is hub


def test_a_hub_without_a_session_says_only_that_it_wants_hello():
    hub = HubHost()
    hub.enrol(NODE)
    host = NodeHost(NODE, 1, Random(1))
    host.append(2)
    session = hub.session(NODE)
    assert kinds(session.receive(b"\xc1", WALL_MS)) == [BatchQuarantined]
    assert messages(session.receive(push_of(host.ops), WALL_MS))[0].code == CODE_HELLO
    # While HELLO is looked up, batches wait; a fence drops them.
    assert only(session.receive(hello_of(host), WALL_MS), HelloReceived).hello.seq == 2
    assert session.receive(push_of(host.ops), WALL_MS) == []
