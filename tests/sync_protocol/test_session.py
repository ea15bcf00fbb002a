"""Sessions: two real peers over a bad line lose and double nothing; liars and clones are found."""

from itertools import pairwise

import pytest

from sync_protocol.block_follower import OTHER_LOG
from sync_protocol.blocks import Block, block_signing_bytes
from sync_protocol.codec import pack
from sync_protocol.errors import LimitError
from sync_protocol.frames import CODECS_READ, FRAME_BYTES_MAX, pack_frame
from sync_protocol.greetings import (
    FENCED_EPOCH_CLOSED,
    FENCED_FORK,
    FENCED_REVOKED,
    FENCED_REWIND,
    FENCED_UNKNOWN_NODE,
    Fenced,
    Hello,
    Welcome,
)
from sync_protocol.messages import (
    CODE_GAP,
    CODE_HELLO,
    Ack,
    Blocks,
    GrantAnswer,
    GrantRequest,
    Head,
    Ping,
    Pong,
    Push,
    Recall,
    Reject,
    push_signing_bytes,
    unpack_message,
)
from sync_protocol.node_session import ACK_MS, HELLO_MS
from sync_protocol.outbox import REJECT_MS
from sync_protocol.session import (
    COMPARING,
    FENCED,
    GREETING,
    HUB_TRANSITIONS,
    NODE_TRANSITIONS,
    OFFLINE,
    STATE_NAMES,
    SYNCING,
    WAITING,
    LocalProtocolError,
)
from sync_protocol.session_events import (
    BatchQuarantined,
    BatchReceived,
    BatchRejected,
    BlocksRefused,
    BlocksWanted,
    ClockMeasured,
    Cursor,
    GenerationChanged,
    GrantAnswered,
    GrantRequested,
    HashWanted,
    HeadAnnounced,
    HelloReceived,
    HistoryWanted,
    MessageIgnored,
    OpsAcked,
    OpsWanted,
    PeerErred,
    RecallReceived,
    SessionFenced,
    Transmit,
    Welcomed,
)
from tests.sync_protocol.peers import (
    CHAIN,
    HUB_KEY,
    WALL_MS,
    HubHost,
    Key,
    Line,
    NodeHost,
    Random,
    check_agreement,
    node_key,
    run_faults,
)

NODE = 3


def kinds(events):
    return [event.__class__ for event in events]


def messages(events):
    return [unpack_message(event.data) for event in events if isinstance(event, Transmit)]


def only(events, event_class):
    found = [event for event in events if isinstance(event, event_class)]
    assert len(found) == 1, kinds(events)
    return found[0]


def pair(ops=0, **limits):
    """Return (line, host, hub) of an enrolled node with `ops` ops, not yet connected."""
    random = Random(1)
    hub = HubHost(**limits)
    hub.enrol(NODE)
    host = NodeHost(NODE, 1, random)
    if ops:
        host.append(ops)
        host.start()
    return Line(hub, [host], random), host, hub


def connected(ops=0, **limits):
    line, host, hub = pair(ops, **limits)
    line.connect(host)
    line.settle()
    line.step()
    assert host.session.state == SYNCING
    return line, host, hub


def push_of(ops, node=NODE, epoch=1, key=None, first_seq=None):
    """Return the bytes of a batch of ops as their author would send it."""
    last = ops[-1]
    signed = push_signing_bytes(CHAIN, node, epoch, last.header.seq, last.hash)
    rows = [op.wire_row() for op in ops]
    signature = (key or node_key(node)).sign(signed)
    seq = first_seq or ops[0].header.seq
    return Push(node, epoch, seq, pack_frame(rows, CODECS_READ), signature).pack()


# The tables.


@pytest.mark.parametrize("table", [NODE_TRANSITIONS, HUB_TRANSITIONS], ids=["node", "hub"])
def test_every_state_of_a_table_can_be_reached_and_left(table):
    targets = {target for row in table.values() for target in row.values()}
    assert targets <= set(table) <= set(STATE_NAMES)
    assert set(table) - targets <= {OFFLINE, WAITING}
    assert all(table.values())


# Both peers over a bad line.


@pytest.mark.parametrize("seed", range(25))
def test_faults_of_the_line_lose_and_double_nothing(seed):
    hub, hosts = run_faults(seed)
    assert sum(len(host.ops) for host in hosts) == hub.position > 0


def test_a_quiet_line_costs_one_message_each_way_for_an_op():
    line, host, hub = connected()
    before = line.sent
    last = host.append()
    events = host.session.ops_appended(last.header.seq, last.hash, line.now_ms)
    line.publish_up(host, host.handle(events, line.now_ms))
    line.settle()
    line.step()
    assert line.sent - before <= 4  # push, ack, block, perhaps a head
    check_agreement(hub, [host])


def test_the_window_bounds_what_is_in_flight_and_the_limits_the_batch():
    _line, host, _hub = pair(ops=1000, ops_max=30, window=3)
    session = host.session
    session.connected(0, WALL_MS, 1)
    welcome = Welcome(
        1, session._session, 0, host.hash_at(0), 1, 0, 0, 0, 0, WALL_MS, CODECS_READ, 30, 2000, 3
    )
    out = host.handle(session.receive(welcome.sign(CHAIN, NODE, HUB_KEY.sign), 0, WALL_MS), 0)
    pushes = [unpack_message(data) for _topic, data in out]
    assert [push.first_seq for push in pushes] == [1, 31, 61]
    assert all(len(push.frame) <= 2000 for push in pushes)
    assert session.tick(1000, WALL_MS) == []
    # One ack makes room for one batch.
    ack = Ack(1, 30, host.hash_at(30)[:8]).pack()
    out = host.handle(session.receive(ack, 1000, WALL_MS), 1000)
    assert [unpack_message(data).first_seq for _topic, data in out] == [91]
    assert session.unacked_ops() == 970


def test_a_batch_that_is_too_long_for_the_hub_is_cut():
    line, host, hub = pair(ops_max=300, bytes_max=1024)
    for _ in range(300):
        host.append(salt=line.random.below(1 << 40))
    host.start()
    line.connect(host)
    line.settle()
    check_agreement(hub, [host])
    pushed = [message for message in messages(host.events) if isinstance(message, Push)]
    assert len(pushed) >= 2
    assert all(len(push.frame) <= 1024 for push in pushed)


def test_a_batch_that_no_frame_holds_is_cut_and_an_op_that_none_holds_is_a_bug_of_ours():
    line, host, _hub = connected()
    for _ in range(2):
        blob = bytes([line.random.below(256) for _ in range(FRAME_BYTES_MAX * 2 // 3)])
        host.append(body=[blob])
    last = host.ops[-1]
    sent = host.handle(host.session.ops_appended(2, last.hash, 10_000), 10_000)
    assert [unpack_message(data).first_seq for _topic, data in sent] == [1, 2]
    last = host.append(body=[blob, blob[1:], blob[2:]] * 5)
    with pytest.raises(LimitError):
        host.handle(host.session.ops_appended(3, last.hash, 10_000), 10_000)


def test_a_hub_killed_between_commit_and_ack_acks_again():
    line, host, hub = connected()
    last = host.append(5)
    events = host.session.ops_appended(5, last.hash, line.now_ms)
    for _topic, data in host.handle(events, line.now_ms):
        hub.receive(NODE, data, line.now_ms)
    hub.commit(line.now_ms)  # what it says is lost with it
    hub.restart()
    line.now_ms += ACK_MS
    line.settle()
    check_agreement(hub, [host])
    assert host.acked_seq == 5


def test_a_restarted_hub_asks_for_hello_and_gets_the_rest():
    line, host, hub = connected()
    hub.restart()
    last = host.append(3)
    events = host.session.ops_appended(3, last.hash, line.now_ms)
    line.publish_up(host, host.handle(events, line.now_ms))
    line.settle()
    check_agreement(hub, [host])
    assert CODE_HELLO in [m.code for m in messages(hub.events) if isinstance(m, Reject)]


def test_a_box_restarted_from_its_store_goes_on():
    line, host, hub = connected(ops=70)
    line.cut(host)
    host.append(30)
    host.start()
    line.connect(host)
    line.settle()
    check_agreement(hub, [host])


# Rewinds, forks, fences.


def test_a_box_restored_from_a_backup_is_fenced_and_the_hub_is_told():
    line, host, hub = connected(ops=40)
    line.cut(host)
    host.ops = host.ops[:25]
    host.acked_seq = 20
    host.start()
    line.connect(host)
    for _ in range(3):
        line.step()
    assert host.session.state == FENCED
    assert only(host.events, SessionFenced).reason == FENCED_REWIND
    assert only(hub.events, SessionFenced).reason == FENCED_REWIND
    assert hub.session(NODE).state == FENCED
    host.append(3)
    line.publish_up(host, host.handle(host.session.ops_appended(28, b"", 0), 0))
    line.step()
    assert len(hub.logs[(NODE, 1)]) == 40


def test_a_hello_delivered_late_is_no_rewind():
    line, host, hub = pair()
    line.connect(host)
    first_hello = line.up[0][2]
    line.settle()
    line.step()
    last = host.append(10)
    events = host.session.ops_appended(10, last.hash, line.now_ms)
    line.publish_up(host, host.handle(events, line.now_ms))
    line.settle()
    line.publish_down(hub.receive(NODE, first_hello, line.now_ms))
    line.settle()
    line.step()
    assert host.session.state == SYNCING
    assert not hub.said(SessionFenced)


def clone_of(host, random, keep, extra):
    """Return a second box with the same identity whose ops differ after op `keep`."""
    clone = NodeHost(NODE, 1, random, host.ops[:keep])
    clone.acked_seq = min(keep, host.acked_seq)
    clone.append(extra, salt=1)
    clone.start()
    return clone


def test_a_clone_with_as_many_ops_is_found_by_the_hub_at_hello():
    line, host, hub = connected(ops=10)
    line.cut(host)
    clone = clone_of(host, line.random, 8, 2)
    line.hosts.append(clone)
    line.connect(clone)
    line.step()
    assert only(hub.events, SessionFenced).reason == FENCED_FORK


def test_a_clone_that_acked_other_ops_is_found_by_the_hub_at_hello():
    line, host, hub = connected(ops=10)
    line.cut(host)
    clone = clone_of(host, line.random, 5, 9)
    clone.acked_seq = 7
    clone.start()
    line.hosts.append(clone)
    line.connect(clone)
    line.step()
    assert only(hub.events, SessionFenced).reason == FENCED_FORK


def test_a_clone_with_more_ops_finds_itself_at_the_hubs_watermark():
    line, host, hub = connected(ops=10)
    line.cut(host)
    clone = clone_of(host, line.random, 8, 9)
    line.hosts.append(clone)
    line.connect(clone)
    line.step()
    line.step()
    line.step()
    assert only(clone.events, HashWanted).seq == 10
    assert only(clone.events, SessionFenced).reason == FENCED_FORK
    assert only(hub.events, SessionFenced).reason == FENCED_FORK


def test_two_boxes_online_with_one_identity_are_found_by_an_ack():
    line, host, _hub = connected(ops=10)
    clone = clone_of(host, line.random, 10, 4)
    session = clone.session
    session.connected(0, WALL_MS, 1)
    session.state = SYNCING  # both were welcomed at op 10
    session._welcome = only(host.events, Welcomed).welcome
    last = host.append(2)
    events = host.session.ops_appended(12, last.hash, line.now_ms)
    line.publish_up(host, host.handle(events, line.now_ms))
    line.settle()
    events = clone.handle(session.receive(Ack(1, 12, last.hash[:8]).pack(), 0, WALL_MS), 0)
    assert only(clone.events, SessionFenced).reason == FENCED_FORK
    assert session.state == FENCED
    assert [unpack_message(data).reason for _topic, data in events] == [FENCED_FORK]


def test_a_batch_that_contradicts_the_log_fences_the_epoch():
    line, host, hub = connected(ops=10)
    clone = clone_of(host, line.random, 6, 4)
    out = hub.receive(NODE, push_of(clone.ops[6:10]), line.now_ms)
    assert unpack_message(out[-1][1]).reason == FENCED_FORK
    assert only(hub.events, BatchQuarantined).code == "fork"
    assert [op.hash for op in hub.logs[(NODE, 1)]] == [op.hash for op in host.ops]
    # What comes later is quarantined and answered with the fence.
    out = hub.receive(NODE, push_of(clone.ops[8:10]), line.now_ms)
    assert unpack_message(out[-1][1]).reason == FENCED_FORK


def test_an_old_epoch_an_epoch_never_given_and_an_unknown_node_are_fenced():
    for epoch, enrolled, reason in (
        (1, 2, FENCED_EPOCH_CLOSED),
        (3, 2, FENCED_UNKNOWN_NODE),
        (1, None, FENCED_UNKNOWN_NODE),
    ):
        hub = HubHost()
        if enrolled:
            hub.enrol(NODE, enrolled)
        host = NodeHost(NODE, epoch, Random(1))
        line = Line(hub, [host], Random(2))
        line.connect(host)
        line.step()
        line.step()
        assert only(host.events, SessionFenced).reason == reason
        # On a new line it asks again, and the hub still says no.
        line.cut(host)
        line.connect(host)
        line.step()
        line.step()
        assert [event.reason for event in host.said(SessionFenced)] == [reason, reason]
        assert host.session.state == FENCED


def test_nobody_but_the_hub_fences_a_box_and_nobody_but_the_box_its_hub_session():
    line, host, hub = connected(ops=3)
    number = host.session._session
    for key, session in ((Key(b"forger"), number), (HUB_KEY, number + 1)):
        forged = Fenced(1, session, FENCED_REVOKED, 0, b"").sign
        events = host.session.receive(forged(CHAIN, NODE, key.sign), line.now_ms, WALL_MS)
        assert kinds(events) in ([PeerErred], [MessageIgnored])
    session = hub.session(NODE)
    for epoch, reason, key in ((1, FENCED_FORK, Key(b"x")), (1, FENCED_REVOKED, node_key(NODE))):
        forged = Fenced(epoch, number, reason, 0, b"").sign(CHAIN, NODE, key.sign)
        assert kinds(session.receive(forged, WALL_MS)) == [PeerErred]
    # A greeting that the box did not sign does not disturb the session either.
    assert kinds(session.receive(hello_of(host, key=Key(b"x")), WALL_MS)) == [BatchQuarantined]
    assert (host.session.state, session.state) == (SYNCING, SYNCING)
    welcome = Welcome(1, 5, 0, host.hash_at(0), 1, 0, 0, 0, 0, WALL_MS, [0], 50, 9999, 4)
    line.cut(host)
    host.session.connected(line.now_ms, WALL_MS, 1)
    welcome.session = host.session._session
    data = welcome.sign(CHAIN, NODE, Key(b"forger").sign)
    assert kinds(host.session.receive(data, line.now_ms, WALL_MS)) == [PeerErred]
    assert host.session.state == GREETING


def test_a_fenced_box_whose_fence_was_lifted_goes_on_by_itself():
    line, host, hub = connected(ops=3)
    line.publish_down(hub.handle(NODE, hub.session(NODE).fence(FENCED_REVOKED), line.now_ms))
    line.step()
    assert host.session.state == FENCED
    last = host.append(2)
    assert host.session.ops_appended(5, last.hash, line.now_ms) == []
    line.settle()
    assert host.acked_seq == 5


def test_a_revoked_node_is_taken_nothing_more_from():
    line, host, hub = connected(ops=5)
    line.publish_down(hub.handle(NODE, hub.session(NODE).fence(FENCED_REVOKED), line.now_ms))
    last = host.append(2)
    out = hub.receive(NODE, push_of(host.ops[5:]), line.now_ms)
    assert unpack_message(out[0][1]).reason == FENCED_REVOKED
    line.step()
    assert only(host.events, SessionFenced).reason == FENCED_REVOKED
    assert host.session.ops_appended(7, last.hash, line.now_ms) == []
    assert len(hub.logs[(NODE, 1)]) == 5


def test_a_hub_can_fence_a_node_that_never_greeted():
    session = HubHost().session(NODE)
    assert kinds(session.fence(FENCED_REVOKED)) == [SessionFenced]


# What the hub refuses.


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


def hello_of(host, chain=CHAIN, node=NODE, key=None):
    hello = Hello(
        chain, node, 1, 5, len(host.ops), host.hash_at(len(host.ops)), 0, host.hash_at(0), 1, 0, 0,
        0, bytes(32), CODECS_READ, WALL_MS, 1, "", b"",
    )  # fmt: skip
    return hello.sign(chain, node, (key or node_key(node)).sign)


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


# What the node does with what it hears.


def test_hello_is_repeated_with_back_off_until_it_is_answered():
    _line, host, _hub = pair()
    session = host.session
    assert session.tick(0, WALL_MS) == []
    session.connected(0, WALL_MS, 1)
    times = [now_ms for now_ms in range(0, 120_000, 100) if session.tick(now_ms, WALL_MS)]
    gaps = [after - before for before, after in pairwise(times)]
    assert HELLO_MS <= times[0] <= 2 * HELLO_MS
    assert gaps == sorted(gaps)
    assert len(times) >= 4


def test_a_silent_hub_is_greeted_again():
    line, host, hub = connected()
    last = host.append(2)
    events = host.session.ops_appended(2, last.hash, line.now_ms)
    host.handle(events, line.now_ms)  # never arrives
    line.now_ms += ACK_MS
    line.settle()
    check_agreement(hub, [host])


def test_a_reject_pauses_once_and_then_sends_from_the_watermark():
    line, host, hub = connected(ops=5)
    session = host.session
    last = host.append(200)
    now_ms = line.now_ms
    sent = host.handle(session.ops_appended(205, last.hash, now_ms), now_ms)
    assert len(sent) == 4
    reject = Reject(1, 6, "signature").pack()
    assert only(session.receive(reject, now_ms, WALL_MS), BatchRejected).code == "signature"
    # The rejects of the batches behind it change nothing.
    assert kinds(session.receive(reject, now_ms, WALL_MS)) == [MessageIgnored]
    assert session.tick(now_ms + REJECT_MS - 1, WALL_MS) == []
    wanted = only(session.tick(now_ms + 2 * REJECT_MS, WALL_MS), OpsWanted)
    assert wanted.from_seq == 6
    # Each further reject waits longer.
    session.receive(reject, now_ms + 2000, WALL_MS)
    assert session.tick(now_ms + 2000 + 2 * REJECT_MS - 1, WALL_MS) == []
    assert hub.session(NODE).state == SYNCING


def test_an_ack_between_batches_is_compared_before_it_counts():
    line, host, hub = connected()
    session = host.session
    last = host.append(40)
    host.handle(session.ops_appended(40, last.hash, line.now_ms), line.now_ms)
    events = session.receive(Ack(1, 13, host.hash_at(13)[:8]).pack(), line.now_ms, WALL_MS)
    assert only(events, HashWanted).seq == 13
    assert session.hash_known(12, host.hash_at(12), line.now_ms) == []
    events = session.hash_known(13, host.hash_at(13), line.now_ms)
    assert only(events, OpsAcked).seq == 13
    # An answer that a later ack has overtaken says nothing.
    session.receive(Ack(1, 20, host.hash_at(20)[:8]).pack(), line.now_ms, WALL_MS)
    session.receive(Ack(1, 40, last.hash[:8]).pack(), line.now_ms, WALL_MS)
    assert session.hash_known(20, host.hash_at(20), line.now_ms) == []
    assert session.outbox.acked_seq == 40
    assert hub.session(NODE).state == SYNCING


def test_a_fence_between_an_ack_and_its_comparison_ends_it():
    line, host, _hub = connected()
    session = host.session
    last = host.append(40)
    host.handle(session.ops_appended(40, last.hash, line.now_ms), line.now_ms)
    session.receive(Ack(1, 13, host.hash_at(13)[:8]).pack(), line.now_ms, WALL_MS)
    fenced = Fenced(1, session._session, FENCED_REVOKED, 0, b"")
    session.receive(fenced.sign(CHAIN, NODE, HUB_KEY.sign), line.now_ms, WALL_MS)
    assert session.hash_known(13, host.hash_at(13), line.now_ms) == []
    assert session.state == FENCED


def test_an_ack_beyond_what_is_in_flight_moves_on():
    _line, host, _hub = connected()
    session = host.session
    last = host.append(10)
    session.ops_appended(10, last.hash, 0)  # wanted, not yet pushed
    events = session.receive(Ack(1, 10, last.hash[:8]).pack(), 0, WALL_MS)
    assert only(events, OpsAcked).seq == 10
    assert session.push(host.ops, 0) == []


def test_a_box_whose_log_lacks_the_acked_op_is_fenced():
    _line, host, _hub = connected()
    session = host.session
    last = host.append(10)
    session.ops_appended(10, last.hash, 0)
    session.receive(Ack(1, 5, b"12345678").pack(), 0, WALL_MS)
    assert only(session.hash_known(5, None, 0), SessionFenced).reason == FENCED_FORK


def test_a_restored_hub_with_a_lower_watermark_gets_the_ops_again():
    line, host, hub = connected(ops=30)
    hub.logs[(NODE, 1)] = hub.logs[(NODE, 1)][:12]
    hub.restart()
    line.cut(host)
    line.connect(host)
    for _ in range(20):
        line.step()
    assert [op.hash for op in hub.logs[(NODE, 1)]] == [op.hash for op in host.ops]
    assert host.acked_seq == 30


def test_what_comes_late_or_is_unknown_is_ignored_and_counted():
    line, host, hub = connected(ops=3)
    session = host.session
    welcome = only(host.events, Welcomed).welcome
    cases = [
        welcome,
        Ack(2, 3, bytes(8)),
        Ack(1, 3, host.hash_at(3)[:8]),
        Reject(2, 1, "x"),
        Fenced(2, 5, FENCED_FORK, 1, b""),
    ]
    for message in cases:
        assert kinds(session.receive(message.pack(), line.now_ms, WALL_MS)) == [MessageIgnored]
    assert kinds(session.receive(pack([77, 1]), line.now_ms, WALL_MS)) == [MessageIgnored]
    assert kinds(session.receive(b"", line.now_ms, WALL_MS)) == [PeerErred]
    assert kinds(session.receive(hello_of(host), line.now_ms, WALL_MS)) == [PeerErred]
    session.disconnected()
    assert kinds(session.receive(welcome.pack(), line.now_ms, WALL_MS)) == [MessageIgnored]
    assert session.request_grant(1, 10, 5, "fen", 1, "spend") == []
    assert session.measure_clock(WALL_MS, 2) == []
    assert hub.session(NODE).state == SYNCING


def test_rights_recalls_and_clocks_pass_through():
    line, host, _hub = connected()
    session = host.session
    asked = messages(session.request_grant(7, 10, 812, "fen", 500, "spend"))[0]
    assert (asked.request_id, asked.subject, asked.amount) == (7, 812, 500)
    answer = GrantAnswer(7, None, "no_rights").pack()
    assert only(session.receive(answer, 0, WALL_MS), GrantAnswered).answer.code == "no_rights"
    recall = Recall(10, 812, "fen", 5).pack()
    assert only(session.receive(recall, 0, WALL_MS), RecallReceived).recall.amount == 5
    assert messages(session.measure_clock(WALL_MS, 4))[0].sent_ms == WALL_MS
    answered = messages(session.receive(Ping(9).pack(), 0, WALL_MS))[0]
    assert (answered.sent_ms, answered.wall_ms, answered.segment) == (9, WALL_MS, 4)
    pong = Pong(WALL_MS, WALL_MS + 3100, 0).pack()
    measured = only(session.receive(pong, 0, WALL_MS + 200), ClockMeasured)
    assert (measured.offset_ms, measured.error_ms) == (3000, 101)
    head = signed_head(1, 0, 0)
    assert only(session.receive(head, line.now_ms, WALL_MS), HeadAnnounced).block_number == 0


def test_a_host_out_of_turn_is_a_bug_of_ours():
    _line, host, hub = connected(ops=3)
    with pytest.raises(LocalProtocolError):
        host.session.ops_appended(2, b"", 0)
    with pytest.raises(LocalProtocolError):
        hub.session(NODE).take_hello(None, None, 0)
    with pytest.raises(LocalProtocolError):
        hub.session(NODE).committed(99, b"")
    host.session.state = SYNCING
    host.session._welcome = None
    with pytest.raises(LocalProtocolError):
        host.session.ops_appended(4, b"", 1_000_000)
    host.session.state = COMPARING
    with pytest.raises(LocalProtocolError):
        host.session._greet_again(99, 0, 0)


# The log.


def with_blocks(count):
    """Return (line, host, hub): the hub has `count` blocks of another node, the host none."""
    line, host, hub = connected()
    hub.enrol(4)
    other = NodeHost(4, 1, line.random)
    hub.receive(4, hello_of(other, node=4), line.now_ms)
    for _ in range(count):
        other.append(2)
        hub.receive(4, push_of(other.ops[-2:], node=4), line.now_ms)
        hub.commit(line.now_ms)
    return line, host, hub


def test_blocks_are_taken_once_in_order_whatever_order_they_come_in():
    _line, host, hub = with_blocks(6)
    session = host.session
    for number in (2, 6, 3, 3, 5):
        assert host.handle(session.receive(hub.range(number, number), 0, WALL_MS), 0) == []
        assert host.blocks == []
    host.handle(session.receive(hub.range(1, 1), 0, WALL_MS), 0)
    assert [block.number for block in host.blocks] == [1, 2, 3]
    ignored = session.receive(hub.range(2, 3), 0, WALL_MS)
    assert only(ignored, MessageIgnored).reason == "blocks_known"
    # A range that overlaps what is known gives only the rest.
    host.handle(session.receive(hub.range(2, 5), 0, WALL_MS), 0)
    assert [block.hash for block in host.blocks] == [block.hash for block in hub.blocks]


def test_what_was_broadcast_before_the_line_came_up_is_wanted_at_once():
    line, host, _hub = with_blocks(3)
    host.session.disconnected()
    line.connect(host)
    line.settle()
    line.step()
    wanted = only(host.events, BlocksWanted)
    assert (wanted.first, wanted.last) == (1, 3)
    assert host.events.index(wanted) == host.events.index(host.said(Welcomed)[-1]) + 1
    assert host.session.tick(line.now_ms + 1000, WALL_MS) == []


def test_a_gap_is_wanted_after_a_pause_and_the_rest_at_once():
    _line, host, hub = with_blocks(9)
    session = host.session
    session.receive(hub.range(8, 8), 0, WALL_MS)
    assert session.tick(299, WALL_MS) == []
    wanted = only(session.tick(1000, WALL_MS), BlocksWanted)
    assert (wanted.generation, wanted.first, wanted.last) == (1, 1, 7)
    assert session.tick(1100, WALL_MS) == []
    events = session.receive_blocks(hub.range(1, 4), 1200)
    host.handle(events, 1200)
    again = only(events, BlocksWanted)
    assert (again.first, again.last) == (5, 7)
    host.handle(session.receive_blocks(hub.range(5, 7), 1300), 1300)
    assert host.applied.block_number == 8
    assert session.tick(900_000, WALL_MS) == []


def test_a_repair_that_brings_nothing_is_asked_for_with_back_off():
    _line, host, hub = with_blocks(3)
    session = host.session
    session.receive(signed_head(1, 3, 6), 0, WALL_MS)
    times = [now_ms for now_ms in range(0, 600_000, 500) if session.tick(now_ms, WALL_MS)]
    assert 2 <= len(times) <= 8
    assert session.follower.is_behind()
    assert len(hub.blocks) == 3


def signed_head(generation, block_number, position):
    head = Head(generation, 0, block_number, position, bytes(8), 0, WALL_MS)
    return head.sign(CHAIN, 0, HUB_KEY.sign)


def test_a_head_too_far_is_corrected_by_the_next():
    _line, host, _hub = with_blocks(0)
    session = host.session
    session.receive(signed_head(1, 500, 1), 0, WALL_MS)
    assert session.follower.is_behind()
    session.receive(signed_head(1, 0, 0), 0, WALL_MS)
    assert not session.follower.is_behind()


def test_blocks_that_do_not_verify_change_nothing():
    _line, host, hub = with_blocks(3)
    session = host.session
    good = unpack_message(hub.range(1, 1))
    for field, value, code in (
        ("signature", bytes(64), "signature"),
        ("previous_hash", bytes(32), "previous_hash"),
        ("counts", [1], "field_range"),
        ("frame", b"\x00\x01\x00", "field_range"),
        ("frame", b"\x07", "malformed"),
    ):
        bad = unpack_message(good.pack())
        setattr(bad, field, value)
        events = session.receive(bad.pack(), 0, WALL_MS)
        assert only(events, BlocksRefused).code == code
    assert session.follower.cursor.block_number == 0
    host.handle(session.receive(good.pack(), 0, WALL_MS), 0)
    assert host.applied.block_number == 1
    assert kinds(session.receive_blocks(b"", 0)) == [PeerErred]
    assert kinds(session.receive_blocks(Ping(1).pack(), 0)) == [PeerErred]


def test_a_head_that_the_hub_did_not_sign_changes_nothing():
    _line, host, _hub = with_blocks(2)
    session = host.session
    before = vars(session.follower).copy()
    for generation in (1, 2, 1 << 20):
        head = Head(generation, 0, 500, 1_000_000, bytes(8), 500, WALL_MS)
        for data in (
            head.pack(),
            head.sign(CHAIN, 0, Key(b"forger").sign),
            head.sign("x", 0, HUB_KEY.sign),
        ):
            assert only(session.receive(data, 0, WALL_MS), PeerErred).code == "head_signature"
    assert vars(session.follower) == before
    assert session.tick(900_000, WALL_MS) == []


def test_blocks_of_a_generation_that_no_head_has_named_change_nothing():
    _line, host, hub = with_blocks(2)
    session = host.session
    host.handle(session.receive(hub.range(1, 1), 0, WALL_MS), 0)
    before = vars(session.follower).copy()
    for forged in (of_generation(hub, 2, 2), of_generation(hub, 2, 1 << 20)):
        forged.previous_hash = bytes(32)
        assert only(session.receive(forged.pack(), 0, WALL_MS), MessageIgnored)
    assert vars(session.follower) == before
    told = only(session.receive(signed_head(2, 2, 2), 0, WALL_MS)[1:], GenerationChanged)
    assert told.generation == 2


def of_generation(hub, number, generation):
    """Return the hub's block `number` as if the log had gone on in another generation with it."""
    was, before = hub.blocks[number - 1], hub.blocks[number - 2]
    block = Block(generation, 0, number, was.first_position, before.hash, was.entries)
    signature = HUB_KEY.sign(block_signing_bytes(CHAIN, block.hash))
    frame = pack_frame([entry.wire_row(True) for entry in block.entries], CODECS_READ)
    count = [len(block.entries)]
    return Blocks(generation, 0, number, was.first_position, before.hash, count, frame, signature)


def test_a_new_generation_is_told_once_and_followed_where_it_goes_on():
    _line, host, hub = with_blocks(2)
    session = host.session
    host.handle(session.receive(hub.range(1, 1), 0, WALL_MS), 0)
    later = of_generation(hub, 2, 2)
    head = signed_head(2, 1, 1)
    assert kinds(session.receive(head, 0, WALL_MS)) == [HeadAnnounced, GenerationChanged]
    assert kinds(session.receive(head, 0, WALL_MS)) == [HeadAnnounced]
    stray = of_generation(hub, 2, 2)
    stray.previous_hash = bytes(32)
    assert only(session.receive(stray.pack(), 0, WALL_MS), BlocksRefused).code == OTHER_LOG
    host.handle(session.receive(later.pack(), 0, WALL_MS), 0)
    assert (session.follower.cursor.generation, session.follower.cursor.block_number) == (2, 2)
    assert only(session.receive(hub.range(2, 2), 0, WALL_MS), MessageIgnored)


def test_a_slow_host_is_not_flooded(monkeypatch):
    monkeypatch.setattr("sync_protocol.block_follower.UNAPPLIED_OPS_MAX", 3)
    _line, host, hub = with_blocks(8)
    session = host.session
    host.apply_late = True
    for number in range(1, 9):
        host.handle(session.receive(hub.range(number, number), 0, WALL_MS), 0)
    assert session.follower.cursor.block_number == 2
    assert session.tick(2000, WALL_MS) == []
    session.blocks_applied(session.follower.cursor, 2000)
    wanted = only(session.tick(4000, WALL_MS), BlocksWanted)
    assert (wanted.first, wanted.last) == (3, 8)
    assert session.tick(4000, WALL_MS) == []


def test_early_blocks_are_kept_within_bounds(monkeypatch):
    monkeypatch.setattr("sync_protocol.block_follower.EARLY_MAX", 2)
    _line, host, hub = with_blocks(6)
    session = host.session
    for number in (5, 3, 2, 4):
        host.handle(session.receive(hub.range(number, number), 0, WALL_MS), 0)
    host.handle(session.receive(hub.range(1, 1), 0, WALL_MS), 0)
    assert [block.number for block in host.blocks] == [1, 2, 3]
    assert host.applied.__class__ is Cursor


def test_blocks_flow_to_a_fenced_box():
    line, host, hub = with_blocks(2)
    line.publish_down(hub.handle(NODE, hub.session(NODE).fence(FENCED_REVOKED), line.now_ms))
    line.step()
    assert host.session.state == FENCED
    host.handle(host.session.receive(hub.range(1, 2), line.now_ms, WALL_MS), line.now_ms)
    assert host.applied.block_number == 2
    assert isinstance(unpack_message(hub.range(1, 2)), Blocks)


def test_a_session_that_was_cut_while_greeting_greets_again():
    line, host, _hub = pair(ops=2)
    line.connect(host)
    line.cut(host)
    assert host.session.state == OFFLINE
    line.connect(host)
    assert host.session.state == GREETING
    line.settle()
    assert host.acked_seq == 2
