"""Enrolment, blocks and snapshots over HTTP, as a box asks for them."""

from hashlib import sha256

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud.hub.enrolment import CODE_VALID_MS
from cloud.hub.keys import verifier
from cloud.store.models import EnrolmentCode
from cloud.web.documents import codes
from sync_protocol.blocks import ChainHeads, block_signing_bytes, blocks_from_rows
from sync_protocol.frames import unpack_frame
from sync_protocol.greetings import FENCED_EPOCH_CLOSED, Fenced, Welcome
from sync_protocol.http_api import (
    ENROL_PATH,
    NODE_HEADER,
    SIGNATURE_HEADER,
    SNAPSHOT_PATH,
    EnrolRequest,
    blocks_target,
    request_signing_bytes,
    snapshot_answer_from_bytes,
)
from sync_protocol.kinds import CAFE_TRANSACTION, MEMBER, SALE, TRANSACTION
from sync_protocol.messages import unpack_message
from sync_protocol.snapshot import (
    BALANCE,
    CLAIM,
    ERASED,
    LENGTH_BYTES,
    REGISTER,
    balance_of,
    chunk_length,
    claim_of,
    erased_of,
    register_of,
    unpack_chunk,
)
from tests.cloud import bodies
from tests.cloud.remote_box import RemoteBox, eventually
from tests.sync_protocol.memory_state import MemoryState

MEMBER_ID = 4001


async def test_a_code_serves_one_key_and_a_lost_answer_can_be_asked_for_again(hub):
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    code = await hub.office.create_code(1, "counter")
    first = await hub.enrol(1, code, key)
    again = await hub.enrol(1, code.lower().replace("-", " "), key)
    assert (first.node, first.epoch) == (again.node, again.epoch) == (1, 1)
    request = EnrolRequest(code, other.public_key().public_bytes_raw(), b"", "test")
    status, body = await hub.post(ENROL_PATH, request.pack())
    assert (status, b"code_used" in body) == (409, True)
    request = EnrolRequest("WRONG-CODE", other.public_key().public_bytes_raw(), b"", "test")
    assert (await hub.post(ENROL_PATH, request.pack()))[0] == 404
    assert (await hub.post(ENROL_PATH, b"nonsense"))[0] == 400
    assert (await hub.post(ENROL_PATH, b"x" * 100_000))[0] == 413


async def test_a_code_that_nobody_used_is_too_old_after_a_month_and_the_page_says_so(hub):
    used, kept = [await hub.office.create_code(1, name) for name in ("counter", "drawer")]
    key = Ed25519PrivateKey.generate()
    first = await hub.enrol(1, used, key)
    aged = EnrolmentCode.update(created_ms=EnrolmentCode.created_ms - CODE_VALID_MS - 1)
    await hub.office.hub.write(lambda database: database.run(aged))
    # A lost answer can be asked for again at any time.
    assert (await hub.enrol(1, used, key)).node == first.node
    request = EnrolRequest(kept, key.public_key().public_bytes_raw(), b"", "test")
    status, body = await hub.post(ENROL_PATH, request.pack())
    assert (status, b"code_expired" in body) == (410, True)
    reader, now_ms = hub.office.hub.reader, hub.office.hub.surroundings.now_ms()
    assert {one.name: one.is_expired for one in codes(reader, now_ms)} == {
        "counter": False,
        "drawer": True,
    }


async def test_a_new_epoch_of_a_node_ends_the_old_one(hub):
    old = await hub.enrol(1)
    code = await hub.office.create_code(1, "counter", old.node)
    new = await hub.enrol(1, code)
    assert (new.node, new.epoch) == (old.node, 2)
    async with old.connected(greet=False):
        await old.send(old.hello())
        assert (await old.heard(Fenced)).reason == FENCED_EPOCH_CLOSED
    async with new.connected(greet=False):
        await new.send(new.hello())
        assert (await new.heard(Welcome)).watermark == 0
    assert (await old.get(SNAPSHOT_PATH))[0] == 403


async def test_codes_are_refused_for_cafes_and_boxes_that_do_not_exist(hub):
    assert (await hub.office.create_code(99, "x")).code == "cafe_unknown"
    assert (await hub.office.create_code(1, "x", 99)).code == "node_unknown"


async def test_blocks_over_http_show_narrow_ops_to_their_own_cafe_alone(hub):
    a, b = await hub.enrol(1), await hub.enrol(2)
    second_of_a = await hub.enrol(1)
    sale = a.op(SALE, bodies.register(SALE, 7, 1, {"total_fen": 990}))
    async with a.connected():
        await a.commit(sale)
    head = hub.hub.head()
    target = blocks_target(1, 1, head.block_number)
    for box, stubs in ((second_of_a, 0), (b, 1)):
        status, data = await box.get(target)
        assert status == 200
        message = unpack_message(data)
        rows = unpack_frame(message.frame)
        assert sum(row[0] == 3 for row in rows) == stubs
        blocks = blocks_from_rows(
            1, 0, 1, 1, message.previous_hash, message.counts, rows, ChainHeads(a.chain)
        )
        signed = block_signing_bytes(a.chain, blocks[-1].hash)
        assert verifier(a.answer.hub_public_key)(message.signature, signed)
        assert blocks[-1].hash == head.block_hash
    assert (await a.get(blocks_target(1, head.block_number + 1, head.block_number + 1)))[0] == 404
    assert (await a.get(blocks_target(2, 1, 1)))[0] == 404
    assert (await a.get("/sync/blocks?generation=1&from=0&to=3"))[0] == 400


async def test_requests_without_a_nodes_signature_are_sent_away(hub):
    box = await hub.enrol(1)
    assert (await hub.get(SNAPSHOT_PATH))[0] == 401
    assert (await box.get(SNAPSHOT_PATH, Ed25519PrivateKey.generate()))[0] == 401
    stranger = RemoteBox(hub, box.key, box.answer)
    stranger.node = 9
    assert (await stranger.get(SNAPSHOT_PATH))[0] == 401


async def test_a_snapshot_holds_the_cafes_reach_and_its_rows_hash_to_the_manifest(hub):
    a, b = await hub.enrol(1), await hub.enrol(2)
    async with a.connected(), b.connected():
        await a.commit(
            a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, a.node, 1, 500)),
            a.op(MEMBER, bodies.register(MEMBER, MEMBER_ID, 1, {"name": "王五"})),
            a.op(SALE, bodies.register(SALE, 7, 1, {"total_fen": 990})),
        )
        await b.commit(
            b.op(SALE, bodies.register(SALE, 8, 2, {"total_fen": 110})),
            b.op(MEMBER, bodies.register(MEMBER, MEMBER_ID + 1, 2, {"name": "x"})),
        )
    await hub.office.erase(MEMBER_ID + 1, 0)
    status, body = await a.get(SNAPSHOT_PATH)
    answer = snapshot_answer_from_bytes(body)
    manifest = answer.manifest
    assert verifier(a.answer.hub_public_key)(answer.signature, manifest.signing_bytes())
    status, data = await a.get(answer.content_target())
    assert (status, len(data)) == (200, answer.size)
    assert sha256(data).digest() == manifest.content_hash
    state, kinds = _state_of(data)
    sums = [(kind, cafe, total) for kind, cafe, total in state.state_hash().rows()]
    assert sums == [tuple(section) for section in manifest.state_hashes]
    assert (SALE, 7) in state.registers
    assert (SALE, 8) not in state.registers
    assert (CAFE_TRANSACTION, 1) in {(kind, cafe) for kind, cafe, _ in sums}
    assert state.erased == {MEMBER_ID + 1}
    assert kinds >= {REGISTER, BALANCE, ERASED}
    assert (await b.get(answer.content_target()))[0] == 404
    assert manifest.position == hub.hub.head().position


async def test_a_snapshot_is_resumed_where_it_was_cut(hub):
    box = await hub.enrol(1)
    answer = snapshot_answer_from_bytes((await box.get(SNAPSHOT_PATH))[1])
    target = answer.content_target()
    whole = (await box.get(target))[1]
    signed = request_signing_bytes(box.chain, box.node, box.epoch, "GET", target)
    headers = {
        NODE_HEADER: f"{box.node}.{box.epoch}",
        SIGNATURE_HEADER: box.key.sign(signed).hex(),
        "Range": "bytes=10-",
    }
    async with (
        aiohttp.ClientSession() as session,
        session.get(hub.url.rstrip("/") + target, headers=headers) as response,
    ):
        assert response.status == 206
        assert whole[:10] + await response.read() == whole


def _state_of(data):
    state = MemoryState()
    kinds = set()
    at = 0
    while at < len(data):
        length = chunk_length(data[at : at + LENGTH_BYTES])
        at += LENGTH_BYTES
        for name, row in unpack_chunk(data[at : at + length]):
            kinds.add(name[0])
            if name[0] == REGISTER:
                kind, key, register = register_of(name, row)
                state.registers[kind, key] = register
            elif name[0] == CLAIM:
                kind, key, claim = claim_of(name, row)
                state.claims[kind, key] = claim
            elif name[0] == BALANCE:
                section, account, amount = balance_of(name, row)
                state.balances[section, account] = amount
            else:
                state.erased.add(erased_of(name))
        at += length
    return state, kinds


async def test_health_and_metrics_answer(hub):
    status, body = await hub.get("/healthz")
    assert (status, b'"running"' in body) == (200, True)
    position = hub.hub.head().position

    async def stated():
        return await hub.metric("cafebox_hub_position") == position

    await eventually(stated, "the position")
