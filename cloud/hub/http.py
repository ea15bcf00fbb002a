"""The hub's HTTP for boxes and operators: enrolment, blocks, snapshots, health, metrics.

Paths, bodies and signatures: `sync_protocol.http_api`.
"""

import asyncio

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from cloud.domain.judge import CURRENT, FORKED
from cloud.domain.refusals import Refusal
from cloud.hub.hub import Hub, HubStoppedError
from cloud.hub.keys import verifier
from cloud.hub.office import HeadOffice
from cloud.store.log import Author
from sync_protocol.errors import ProtocolError
from sync_protocol.http_api import (
    BLOCKS_PATH,
    CONTENT_TYPE,
    ENROL_PATH,
    LEFTOVERS_PATH,
    NODE_HEADER,
    RECOVERY_PATH,
    REQUEST_BYTES_MAX,
    SIGNATURE_HEADER,
    SNAPSHOT_PATH,
    digest_target,
    enrol_request_from_bytes,
    left_over_request_from_bytes,
    recovery_request_from_bytes,
    request_signing_bytes,
)
from sync_protocol.messages import MESSAGE_BYTES_MAX, RANGE_BLOCKS_MAX
from sync_protocol.ops import HASH_BYTES, POSITION_MAX
from sync_protocol.sealed_copy import CARRY_PATH, FILE_BYTES_MAX

MAY_READ = (CURRENT, FORKED)
"""Blocks flow to a box whose epoch is fenced too, unless people sent it away."""
STATUS_OF_CODE = {"code_unknown": 404, "code_used": 409, "code_expired": 410, "node_unknown": 404}


def refused(refusal: Refusal) -> web.Response:
    """Return a refusal as JSON: `code`, `zh`, `en`."""
    body = {"code": refusal.code, "zh": refusal.zh, "en": refusal.en}
    return web.json_response(body, status=STATUS_OF_CODE.get(refusal.code, 400))


def _failed(status: int, code: str, zh: str, en: str) -> web.Response:
    return web.json_response({"code": code, "zh": zh, "en": en}, status=status)


def routes(office: HeadOffice) -> list[web.RouteDef]:
    """Return the routes over one hub."""
    api = _Api(office)
    return [
        web.post(ENROL_PATH, api.enrol),
        web.get(BLOCKS_PATH, api.blocks),
        web.get(SNAPSHOT_PATH, api.snapshot),
        web.get(SNAPSHOT_PATH + "/{hash}", api.snapshot_bytes),
        web.post(LEFTOVERS_PATH, api.left_overs),
        web.post(CARRY_PATH, api.carried),
        web.get(RECOVERY_PATH, api.recovery),
        web.post(RECOVERY_PATH, api.recovery),
        web.get("/healthz", api.health),
        web.get("/metrics", api.metrics),
    ]


class _Api:
    def __init__(self, office: HeadOffice) -> None:
        self._office = office
        self._hub: Hub = office.hub

    async def enrol(self, request: web.Request) -> web.StreamResponse:
        data = await _body(request, REQUEST_BYTES_MAX)
        if len(data) > REQUEST_BYTES_MAX:
            return _failed(413, "request_size", "请求过大", "The request is too long")
        try:
            enrol_request = enrol_request_from_bytes(data)
        except ProtocolError as error:
            return _failed(400, error.code, "请求格式不正确", f"The request is malformed: {error}")
        answer = await self._office.enrol(enrol_request)
        if isinstance(answer, Refusal):
            return refused(answer)
        return web.Response(body=answer.pack(), content_type=CONTENT_TYPE)

    async def blocks(self, request: web.Request) -> web.StreamResponse:
        author = self._asker(request)
        if isinstance(author, web.Response):
            return author
        numbers = [_number(request.query.get(name)) for name in ("generation", "from", "to")]
        generation, first, last = numbers
        if generation is None or first is None or last is None or not 1 <= first <= last:
            return _failed(
                400,
                "range",
                "区块范围不正确",
                "Write generation, from and to; `from` is 1 or more and not beyond `to`",
            )
        last = min(last, first + RANGE_BLOCKS_MAX - 1)
        message = await asyncio.to_thread(self._hub.blocks, generation, first, last, author.cafe)
        if message is None:
            return _failed(404, "no_block", "没有该区块", "The hub has no such block")
        return web.Response(body=message.pack(), content_type=CONTENT_TYPE)

    async def snapshot(self, request: web.Request) -> web.StreamResponse:
        author = self._asker(request)
        if isinstance(author, web.Response):
            return author
        snapshot = await asyncio.to_thread(
            self._hub.snapshots.newest, self._hub.reader, author.cafe
        )
        return web.Response(body=snapshot.answer.pack(), content_type=CONTENT_TYPE)

    async def snapshot_bytes(self, request: web.Request) -> web.StreamResponse:
        author = self._asker(request)
        if isinstance(author, web.Response):
            return author
        digits = request.match_info["hash"]
        path = None
        if len(digits) == 2 * HASH_BYTES and set(digits) <= set("0123456789abcdef"):
            path = self._hub.snapshots.file(author.cafe, bytes.fromhex(digits))
        if path is None:
            return _failed(
                404, "no_snapshot", "快照已不存在", "This snapshot is gone; ask for the newest"
            )
        # aiohttp answers Range itself.
        return web.FileResponse(path)

    async def left_overs(self, request: web.Request) -> web.StreamResponse:
        author = self._asker(request)
        if isinstance(author, web.Response):
            return author
        data = await _body(request, MESSAGE_BYTES_MAX + REQUEST_BYTES_MAX)
        if author.standing != CURRENT or digest_target(LEFTOVERS_PATH, data) != request.raw_path:
            return _failed(403, "not_current", "该盒子已停用", "This box is fenced or revoked")
        try:
            answer = await self._hub.take_left_overs(author, left_over_request_from_bytes(data))
        except ProtocolError as error:
            return _failed(400, error.code, "请求格式不正确", f"The request is malformed: {error}")
        if isinstance(answer, Refusal):
            return refused(answer)
        return web.Response(body=answer.pack(), content_type=CONTENT_TYPE)

    async def carried(self, request: web.Request) -> web.StreamResponse:
        """The authors signed what is in the file: any current box may bring it."""
        asker = self._asker(request)
        if isinstance(asker, web.Response):
            return asker
        data = await _body(request, FILE_BYTES_MAX)
        if asker.standing != CURRENT or digest_target(CARRY_PATH, data) != request.raw_path:
            return _failed(403, "not_current", "该盒子已停用", "This box is fenced or revoked")
        try:
            answer = await self._hub.take_carried(data)
        except ProtocolError as error:
            return _failed(400, error.code, "请求格式不正确", f"The request is malformed: {error}")
        if isinstance(answer, Refusal):
            return refused(answer)
        return web.Response(body=answer.pack(), content_type=CONTENT_TYPE)

    async def recovery(self, request: web.Request) -> web.StreamResponse:
        """Blocks are signed by the hub: anybody may bring them, only a known box may report."""
        node = await self._recovering_node(request)
        if request.method == "GET":
            answer = await self._hub.on_writer(lambda worker: worker.recovery.answer(node))
            return web.Response(body=answer.pack(), content_type=CONTENT_TYPE)
        data = await _body(request, MESSAGE_BYTES_MAX + REQUEST_BYTES_MAX)
        if digest_target(RECOVERY_PATH, data) != request.raw_path:
            return _failed(401, "signature", "签名无效", "The signature does not cover the body")
        try:
            body = recovery_request_from_bytes(data)
            taken = await self._hub.on_writer(lambda worker: worker.take_recovery(node, body))
        except ProtocolError as error:
            return _failed(400, error.code, "请求格式不正确", f"The request is malformed: {error}")
        if isinstance(taken, Refusal):
            return refused(taken)
        return web.Response(body=taken.pack(), content_type=CONTENT_TYPE)

    async def _recovering_node(self, request: web.Request) -> int:
        """Return the node that signed, one enrolled after the backup among them; 0 for nobody."""
        text, _, epoch_text = request.headers.get(NODE_HEADER, "").partition(".")
        node, epoch = _number(text), _number(epoch_text)
        signature = request.headers.get(SIGNATURE_HEADER, "")
        if not node or not epoch or not _is_hex(signature):
            return 0
        author = self._author_of_header(request.headers[NODE_HEADER])
        key = None if author is None else author.public_key
        if key is None:
            key = await self._hub.on_writer(lambda worker: worker.recovery.key_of(node, epoch))
        data = request_signing_bytes(self._hub.chain, node, epoch, request.method, request.raw_path)
        known = key is not None and verifier(key)(bytes.fromhex(signature), data)
        return node if known else 0

    async def health(self, _request: web.Request) -> web.StreamResponse:
        try:
            head = self._hub.head()
        except HubStoppedError:
            return web.json_response({"status": "stopped"}, status=503)
        stopped = not self._hub.is_running()
        return web.json_response(
            {
                "status": "stopped" if stopped else self._status(),
                "chain": head.chain,
                "generation": head.generation,
                "position": head.position,
                "block_number": head.block_number,
                "block_hash": head.block_hash.hex(),
            },
            status=503 if stopped else 200,
        )

    def _status(self) -> str:
        return "recovering" if self._hub.is_recovering() else "running"

    async def metrics(self, _request: web.Request) -> web.StreamResponse:
        body = generate_latest(self._hub.metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    def _asker(self, request: web.Request) -> Author | web.Response:
        """Return the node that signed a request, or the answer that sends it away."""
        author = self._author_of_header(request.headers.get(NODE_HEADER, ""))
        signature = request.headers.get(SIGNATURE_HEADER, "")
        if author is None or not _is_hex(signature):
            return _failed(401, "signature", "签名无效", "The request is not signed by a known box")
        data = request_signing_bytes(
            self._hub.chain, author.node, author.epoch, request.method, request.raw_path
        )
        if not verifier(author.public_key)(bytes.fromhex(signature), data):
            return _failed(401, "signature", "签名无效", "The signature does not hold")
        if author.standing not in MAY_READ:
            return _failed(403, "not_current", "该盒子已停用", "This box is fenced or revoked")
        return author

    def _author_of_header(self, text: str) -> Author | None:
        node, _, epoch = text.partition(".")
        numbers = (_number(node), _number(epoch))
        for author in self._hub.authors():
            if (author.node, author.epoch) == numbers and author.node:
                return author
        return None


async def _body(request: web.Request, limit: int) -> bytes:
    """Return a request's body, or its beginning: one byte more than `limit` shows a longer one."""
    data = bytearray()
    async for part in request.content.iter_any():
        data += part
        if len(data) > limit:
            break
    return bytes(data[: limit + 1])


def _number(text: str | None) -> int | None:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 15:
        return None
    return min(int(text), POSITION_MAX)


def _is_hex(text: str) -> bool:
    return len(text) == 128 and set(text) <= set("0123456789abcdef")
