"""Sessions of boxes that are not what they say: rewound, cloned, replaced, revoked."""

from sync_protocol.greetings import (
    FENCED_EPOCH_CLOSED,
    FENCED_FORK,
    FENCED_REVOKED,
    FENCED_REWIND,
    FENCED_UNKNOWN_NODE,
    Fenced,
    Welcome,
)
from sync_protocol.messages import Ack, unpack_message
from sync_protocol.session import FENCED, GREETING, SYNCING
from sync_protocol.session_events import (
    BatchQuarantined,
    HashWanted,
    MessageIgnored,
    PeerErred,
    SessionFenced,
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
    node_key,
)
from tests.sync_protocol.sessions import NODE, connected, hello_of, kinds, only, pair, push_of


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
