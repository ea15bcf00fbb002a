"""Ingest through a real MQTT client: what is good is acked after its commit, the rest changes
nothing, is counted, is kept with its reason, and stops nobody else."""

import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud.hub.keys import verifier
from cloud.store import log, quarantine, reports
from cloud.store.models import QuarantinedBatch
from cloud.web.ledgers import entries_of_day
from sync_protocol.accounts import TILL, WALLET
from sync_protocol.annotations import VOID
from sync_protocol.frames import FRAME_BYTES_MAX, pack_frame
from sync_protocol.greetings import (
    FENCED_FORK,
    FENCED_REVOKED,
    FENCED_UNKNOWN_NODE,
    Fenced,
)
from sync_protocol.http_api import blocks_target
from sync_protocol.kinds import CAFE_TRANSACTION, CARD, MEMBER, TRANSACTION
from sync_protocol.messages import (
    MESSAGE_BYTES_MAX,
    Push,
    Reject,
    push_signing_bytes,
    unpack_message,
)
from sync_protocol.ops import OpRef
from tests.cloud import bodies
from tests.cloud.remote_box import RemoteBox, eventually

MEMBER_ID = 4001


def top_up(box, amount=100):
    body = bodies.top_up(box.cafe, MEMBER_ID, box.node, box.epoch, amount)
    return box.op(TRANSACTION, body)


async def quarantined(hub, reason):
    def find():
        return [row for row in quarantine.recent(hub.hub.reader, 100) if row.reason == reason]

    return await eventually(find, f"quarantine for {reason}")


async def test_what_is_acked_is_committed_and_every_box_gets_the_block(hub):
    a, b = await hub.enrol(1), await hub.enrol(2)
    async with a.connected(), b.connected():
        op = top_up(a, 5000)
        await a.commit(op)
        stored = log.read_op(hub.hub.reader, a.node, a.epoch, 1)
        assert stored is not None
        assert stored.entry.hash == op.hash
        await eventually(lambda: b.blocks and a.blocks, "the block at both boxes")
        [balance] = reports.balances_of_subject(hub.hub.reader, MEMBER_ID)
        assert (balance.code, balance.amount) == (WALLET, -5000)
    assert hub.refolded().equal


def _too_many_rows(box):
    ops = [top_up(box) for _ in range(600)]
    return box.push(*ops)


def _with_a_hole(box):
    first, _, third = top_up(box), top_up(box), top_up(box)
    return box.push(first, third)


BAD_MESSAGES = {
    "malformed": lambda _box: b"\xc1 not MessagePack",
    "message_bytes": lambda _box: b"\x00" * (MESSAGE_BYTES_MAX + 100),
    "signature": lambda box: box.push(top_up(box), key=Ed25519PrivateKey.generate()),
    "frame_bytes": lambda box: Push(
        box.node, box.epoch, 1, b"\x00\xff\xff\xff\x7f" + b"x" * 100, b"s" * 64
    ),
    "batch_bytes": lambda box: Push(
        box.node, box.epoch, 1, b"\x00" + b"x" * (FRAME_BYTES_MAX - 1), b"s" * 64
    ),
    "frame_codec": lambda box: Push(box.node, box.epoch, 1, b"\x63\x01x", b"s" * 64),
    "frame_rows": _too_many_rows,
    "batch_empty": lambda box: Push(box.node, box.epoch, 1, pack_frame([], [0]), b"s" * 64),
    "field_type": lambda box: Push(
        box.node, box.epoch, 1, pack_frame([["no", "header"]], [0]), b"s" * 64
    ),
    "seq_gap": _with_a_hole,
    "batch_of_other": lambda box: Push(
        box.node + 1, box.epoch, 1, pack_frame([[1, 2]], [0]), b"s" * 64
    ),
}


@pytest.mark.parametrize("reason", sorted(BAD_MESSAGES))
async def test_a_bad_message_changes_nothing_and_others_flow_past(hub, reason):
    bad, good = await hub.enrol(1), await hub.enrol(2)
    before = hub.hub.head().position
    async with bad.connected(), good.connected():
        start = (bad.seq, bad.hash)
        await bad.send(BAD_MESSAGES[reason](bad))
        [row] = await quarantined(hub, reason)
        assert row.node == bad.node
        assert row.raw
        assert hub.hub.head().position == before
        assert await hub.metric("cafebox_hub_quarantined_total", reason=reason) == 1
        await good.commit(top_up(good))
        # And the node itself, once it sends what is right.
        bad.seq, bad.hash = start
        await bad.commit(top_up(bad))
    assert hub.hub.head().position == before + 2
    assert hub.refolded().equal


async def test_a_batch_out_of_order_is_asked_for_again_from_the_watermark(hub):
    box = await hub.enrol(1)
    async with box.connected():
        first, second = top_up(box), top_up(box)
        await box.send(box.push(second))
        reject = await box.heard(Reject)
        assert reject.from_seq == 1
        await box.commit(first, second)
    assert hub.refolded().equal


async def test_a_batch_sent_twice_takes_effect_once_and_is_acked_again(hub):
    box = await hub.enrol(1)
    async with box.connected():
        push = box.push(top_up(box), top_up(box))
        await box.send(push)
        await box.acked(2)
        position = hub.hub.head().position
        await box.send(push)
        await box.acked(2)
        assert hub.hub.head().position == position
        await box.commit(top_up(box))
    [balance] = reports.balances_of_subject(hub.hub.reader, MEMBER_ID)
    assert balance.amount == -300


async def test_two_boxes_of_one_identity_are_a_fork_and_fenced(hub):
    box = await hub.enrol(1)
    clone = RemoteBox(hub, box.key, box.answer)
    async with box.connected():
        await box.commit(top_up(box, 100))
        forked = clone.push(top_up(clone, 999))
        await box.send(forked)
        fenced = await box.heard(Fenced)
        assert fenced.reason == FENCED_FORK
        await quarantined(hub, "fork")
    [balance] = reports.balances_of_subject(hub.hub.reader, MEMBER_ID)
    assert balance.amount == -100


async def test_an_op_for_another_cafe_is_logged_void_and_the_next_applies(hub):
    box = await hub.enrol(1)
    async with box.connected():
        foreign = box.op(TRANSACTION, bodies.top_up(2, MEMBER_ID, box.node, box.epoch, 100))
        await box.commit(foreign, top_up(box))
    verdicts = [log.read_op(hub.hub.reader, box.node, 1, seq).entry.annotation for seq in (1, 2)]
    assert (verdicts[0].verdict, verdicts[0].detail) == (VOID, "other_cafe")
    assert verdicts[1].detail is None
    assert await hub.metric("cafebox_hub_ops_total", verdict="void") == 1


async def test_a_node_that_nobody_enrolled_is_told_so(hub):
    box = await hub.enrol(1)
    stranger = RemoteBox(hub, box.key, box.answer)
    stranger.node = 77
    async with stranger.connected(greet=False):
        await stranger.send(stranger.hello())
        fenced = await stranger.heard(Fenced)
        assert fenced.reason == FENCED_UNKNOWN_NODE


async def test_a_revoked_node_still_connected_gets_nothing_applied(hub):
    box = await hub.enrol(1)
    async with box.connected():
        await box.commit(top_up(box))
        assert not isinstance(await hub.office.set_node_status(box.node, "revoked", 0), (int, str))
        fenced = await box.heard(Fenced)
        assert fenced.reason == FENCED_REVOKED
        position = hub.hub.head().position
        await box.send(box.push(top_up(box)))
        await quarantined(hub, "fenced")
        assert hub.hub.head().position == position
        await hub.office.set_node_status(box.node, "active", 0)


async def test_a_batch_before_any_greeting_is_answered_by_asking_for_one(hub):
    box = await hub.enrol(1)
    async with box.connected(greet=False):
        push = box.push(top_up(box))
        await box.send(push)
        assert (await box.heard(Reject)).code == "hello"


async def test_quarantine_is_bounded(hub):
    box = await hub.enrol(1)
    async with box.connected():
        for _ in range(30):
            await box.send(b"\xc1")
        await eventually(lambda: _count_is(hub, 30), "30 counted")
    rows = hub.hub.reader.rows(QuarantinedBatch.select())
    assert 1 <= len(rows) <= 30


async def _count_is(hub, number):
    return await hub.metric("cafebox_hub_quarantined_total", reason="malformed") == number


async def test_reports_follow_the_log_and_find_members(hub):
    box = await hub.enrol(1)
    async with box.connected():
        await box.commit(
            top_up(box, 5000),
            box.op(CAFE_TRANSACTION, bodies.float_into_till(1, 200)),  # nobody paid that
            box.op(MEMBER, bodies.register(MEMBER, MEMBER_ID, 1, {"name": "李四", "number": "M1"})),
            box.op(CARD, bodies.register(CARD, 9, 1, {"member": MEMBER_ID})),
        )
    reader = hub.hub.reader
    await eventually(
        lambda: reports.report_position(reader) == hub.hub.head().position, "the reports"
    )
    [takings] = reports.takings(reader, bodies.DAY)
    assert (takings.cafe, takings.amount) == (1, 5000)
    assert [entry.amount for entry in entries_of_day(reader, bodies.DAY, 1, TILL)] == [5000]
    [entry] = reports.entries_of_subject(reader, MEMBER_ID)
    stored = log.read_entries(reader, entry.position, entry.position)[0]
    assert stored.entry.op.ref() == OpRef(box.node, 1, 1, stored.entry.hash[:8])
    assert [found.number for found in reports.find_members(reader, "李")] == ["M1"]


async def test_pictures_that_do_not_compress_never_make_a_block_that_no_message_holds(hub):
    box, other = await hub.enrol(1), await hub.enrol(2)
    async with box.connected(), other.connected():
        for number in range(30):
            photo = secrets.token_bytes(60_000)
            body = bodies.register(MEMBER, MEMBER_ID + number, 1, {"photo": photo})
            await box.send(box.push(box.op(MEMBER, body)))
        await box.acked(30)
        seen = hub.hub.head().position
        await eventually(
            lambda: sum(sum(message.counts) for message in other.blocks) >= 30, "all blocks"
        )
        status, data = await other.get(blocks_target(1, 1, hub.hub.head().block_number))
        assert status == 200
        assert unpack_message(data).first_number == 1
    assert hub.hub.head().position == seen


async def test_values_at_the_edges_of_their_types_stop_nobody(hub):
    box = await hub.enrol(1)
    edge = (1 << 53) - 1
    async with box.connected():
        await box.commit(
            box.op(MEMBER, bodies.register(MEMBER, edge, 1, {"home_cafe": edge})),
            box.op(MEMBER, bodies.register(MEMBER, 5, 1, {"name": "长" * 4096})),
            box.op(MEMBER, bodies.register(MEMBER, 6, 1, {"birth_date": -edge})),
            top_up(box),
        )
    reader = hub.hub.reader
    await eventually(
        lambda: reports.report_position(reader) == hub.hub.head().position, "the reports"
    )
    assert len(reports.find_members(reader, "长长")) == 1


async def test_the_signature_that_is_kept_verifies_over_what_of_the_log_it_was_given_for(hub):
    """A batch that fills several blocks is proved by its last part alone."""
    box = await hub.enrol(1)
    photo = {"photo": secrets.token_bytes(60_000)}
    async with box.connected():
        await box.commit(top_up(box))
        big = [box.op(MEMBER, bodies.register(MEMBER, 5000 + i, 1, photo)) for i in range(14)]
        await box.commit(*big)
    numbers = {
        position: stored.number
        for stored in log.read_blocks(hub.hub.reader, 1, hub.hub.head().block_number)
        for position in range(stored.first_position, stored.first_position + stored.count)
    }
    own = [log.read_op(hub.hub.reader, box.node, 1, op.header.seq).position for op in big]
    assert len({numbers[position] for position in own}) > 1
    author = log.read_authors(hub.hub.reader)[box.node, 1]
    seq, op_hash, signature = author.evidence()
    assert (seq, op_hash) == (big[-1].header.seq, big[-1].hash)
    signed = push_signing_bytes(box.chain, box.node, 1, seq, op_hash)
    assert verifier(author.public_key)(signature, signed)
