"""The node's side of a session: when it greets again, pauses, and what it makes of answers."""

from itertools import pairwise

import pytest

from sync_protocol.codec import pack
from sync_protocol.greetings import FENCED_FORK, FENCED_REVOKED, Fenced
from sync_protocol.messages import CODE_HELLO, Ack, GrantAnswer, Ping, Pong, Recall, Reject
from sync_protocol.node_session import ACK_MS, ASKED_MS, HELLO_MS
from sync_protocol.outbox import REJECT_MS
from sync_protocol.session import COMPARING, FENCED, SYNCING, LocalProtocolError
from sync_protocol.session_events import (
    BatchRejected,
    ClockMeasured,
    GrantAnswered,
    HashWanted,
    HeadAnnounced,
    MessageIgnored,
    OpsAcked,
    OpsWanted,
    PeerErred,
    RecallReceived,
    SessionFenced,
    Transmit,
    Welcomed,
)
from tests.sync_protocol.peers import CHAIN, HUB_KEY, WALL_MS, check_agreement
from tests.sync_protocol.sessions import (
    NODE,
    connected,
    hello_of,
    kinds,
    messages,
    only,
    pair,
    signed_head,
)


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


def test_a_hub_that_was_away_for_long_is_greeted_when_it_asks():
    """It asks every node when its line is back (`ask_hello`); the back-off may be at a minute."""
    line, host, hub = connected()
    last = host.append(2)
    session = host.session
    host.handle(session.ops_appended(2, last.hash, line.now_ms), line.now_ms)  # never arrives
    hellos = 0
    while hellos < 6:
        line.now_ms += 1000
        hellos += any(isinstance(event, Transmit) for event in session.tick(line.now_ms, WALL_MS))
    line.now_ms += ASKED_MS  # of a minute
    asked = Reject(1, 1, CODE_HELLO).pack()
    of_another_epoch = Reject(2, 1, CODE_HELLO).pack()
    assert kinds(session.receive(of_another_epoch, line.now_ms, WALL_MS)) == [MessageIgnored]
    greeting = session.receive(asked, line.now_ms, WALL_MS)
    assert only(greeting, Transmit)
    # One call, one greeting: those for each batch that was lost ask for no more.
    assert kinds(session.receive(asked, line.now_ms, WALL_MS)) == [MessageIgnored]
    host.handle(greeting, line.now_ms)
    line.settle()
    check_agreement(hub, [host])
    assert session.state == SYNCING


def test_a_hub_that_listens_later_than_the_broker_is_greeted_when_it_asks():
    """A hub with its broker inside: a box is back on the line before the hub hears it."""
    _line, host, _hub = pair()
    session = host.session
    session.connected(0, WALL_MS, 1)  # never heard
    asked = Reject(1, 1, CODE_HELLO).pack()
    assert kinds(session.receive(asked, ASKED_MS - 1, WALL_MS)) == [MessageIgnored]
    assert only(session.receive(asked, ASKED_MS, WALL_MS), Transmit)


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
