"""Blocks from the hub: taken once, in order, verified; what is missing is asked for."""

from sync_protocol.block_follower import OTHER_LOG
from sync_protocol.blocks import Block, block_signing_bytes
from sync_protocol.frames import CODECS_READ, pack_frame
from sync_protocol.greetings import FENCED_REVOKED
from sync_protocol.messages import Blocks, Head, Ping, unpack_message
from sync_protocol.session import FENCED, GREETING, OFFLINE
from sync_protocol.session_events import (
    BlocksRefused,
    BlocksWanted,
    Cursor,
    GenerationChanged,
    HeadAnnounced,
    MessageIgnored,
    PeerErred,
    Welcomed,
)
from tests.sync_protocol.peers import CHAIN, HUB_KEY, WALL_MS, Key, NodeHost
from tests.sync_protocol.sessions import (
    NODE,
    connected,
    hello_of,
    kinds,
    only,
    pair,
    push_of,
    signed_head,
)


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
