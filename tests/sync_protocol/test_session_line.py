"""Sessions: two real peers over a bad line lose and double nothing, whoever is restarted."""

import pytest

from sync_protocol.errors import LimitError
from sync_protocol.frames import CODECS_READ, FRAME_BYTES_MAX
from sync_protocol.greetings import Welcome
from sync_protocol.messages import CODE_HELLO, Ack, Push, Reject, unpack_message
from sync_protocol.node_session import ACK_MS
from sync_protocol.session import HUB_TRANSITIONS, NODE_TRANSITIONS, OFFLINE, STATE_NAMES, WAITING
from tests.sync_protocol.peers import CHAIN, HUB_KEY, WALL_MS, check_agreement, run_faults
from tests.sync_protocol.sessions import NODE, connected, messages, pair


@pytest.mark.parametrize("table", [NODE_TRANSITIONS, HUB_TRANSITIONS], ids=["node", "hub"])
def test_every_state_of_a_table_can_be_reached_and_left(table):
    targets = {target for row in table.values() for target in row.values()}
    assert targets <= set(table) <= set(STATE_NAMES)
    assert set(table) - targets <= {OFFLINE, WAITING}
    assert all(table.values())


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
