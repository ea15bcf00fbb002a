"""What the box asks of the hub over HTTP: enrolment, blocks, snapshots. Signed, resumable."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from yarl import URL

from edge.store.identity import Identity
from edge.sync.line_switch import LineSwitch
from sync_protocol.errors import DecodeError
from sync_protocol.http_api import (
    CONTENT_TYPE,
    ENROL_PATH,
    LEFTOVERS_PATH,
    NODE_HEADER,
    RECOVERY_PATH,
    SIGNATURE_HEADER,
    SNAPSHOT_PATH,
    EnrolAnswer,
    EnrolRequest,
    LeftOverAnswer,
    LeftOverRequest,
    RecoveryAnswer,
    RecoveryRequest,
    SnapshotAnswer,
    blocks_target,
    digest_target,
    enrol_answer_from_bytes,
    left_over_answer_from_bytes,
    recovery_answer_from_bytes,
    request_signing_bytes,
    snapshot_answer_from_bytes,
)
from sync_protocol.messages import MESSAGE_BYTES_MAX
from sync_protocol.sealed_copy import CARRY_PATH, CarryAnswer, carry_answer_from_bytes

TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=30)
REFUSAL_BYTES_MAX = 64 * 1024
SNAPSHOT_ANSWER_BYTES_MAX = 64 * 1024 * 1024
DOWNLOAD_CHUNK_BYTES = 64 * 1024


class HubUnreachableError(Exception):
    """The hub did not answer; ask again later."""


class HubRefusedError(Exception):
    """The hub answered no: HTTP `status`, its stable `code`, its words in both languages."""

    def __init__(self, status: int, code: str, zh: str, en: str) -> None:
        self.status = status
        self.code = code
        self.zh = zh
        self.en = en
        super().__init__(f"{code}: {en}")


@dataclass(frozen=True, slots=True)
class Signer:
    """In whose name requests are signed."""

    identity: Identity
    sign: Callable[[bytes], bytes]


class HubHttp:
    """Requests to the hub at `base_url`, all through the line's switch.

    `signer` is None for a box that is not enrolled yet.
    """

    def __init__(
        self,
        base_url: str,
        client: aiohttp.ClientSession,
        switch: LineSwitch,
        signer: Signer | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._client = client
        self.switch = switch
        self._signer = signer

    async def enrol(self, request: EnrolRequest) -> EnrolAnswer:
        """Ask for an identity."""
        return enrol_answer_from_bytes(
            await self.switch.guard(self._ask("POST", ENROL_PATH, request.pack()))
        )

    async def blocks(self, generation: int, first: int, last: int) -> bytes | None:
        """Return a `Blocks` message that begins at block `first`; None if the hub has it not."""
        target = blocks_target(generation, first, last)
        try:
            return await self.switch.guard(self._ask("GET", target))
        except HubRefusedError as error:
            if error.status == 404:
                return None
            raise

    async def hand_in(self, request: LeftOverRequest) -> LeftOverAnswer:
        """Hand in a part of what was written in an earlier epoch."""
        body = request.pack()
        target = digest_target(LEFTOVERS_PATH, body)
        data = await self.switch.guard(self._ask("POST", target, body))
        return left_over_answer_from_bytes(data)

    async def carry(self, file: bytes) -> CarryAnswer:
        """Hand in a sealed file; see `sealed_copy`."""
        target = digest_target(CARRY_PATH, file)
        return carry_answer_from_bytes(await self.switch.guard(self._ask("POST", target, file)))

    async def recovery(self) -> RecoveryAnswer:
        """Ask whether the hub is recovering, and how far its log goes."""
        return recovery_answer_from_bytes(await self.switch.guard(self._ask("GET", RECOVERY_PATH)))

    async def hand_back(self, request: RecoveryRequest) -> RecoveryAnswer:
        """Hand blocks back to a recovering hub, or say that there are no more."""
        body = request.pack()
        target = digest_target(RECOVERY_PATH, body)
        data = await self.switch.guard(self._ask("POST", target, body))
        return recovery_answer_from_bytes(data)

    async def newest_snapshot(self) -> SnapshotAnswer:
        """Return the newest manifest for this cafe; its signature is the caller's to verify."""
        data = await self.switch.guard(
            self._ask("GET", SNAPSHOT_PATH, limit=SNAPSHOT_ANSWER_BYTES_MAX)
        )
        return snapshot_answer_from_bytes(data)

    async def download_snapshot(self, answer: SnapshotAnswer, path: Path) -> None:
        """Download a snapshot's bytes to `path`; what a broken line left there is kept and used.

        The bytes are checked against the manifest when they are loaded.
        """
        await self.switch.guard(self._download(answer, path))

    def _headers(self, method: str, target: str) -> dict[str, str]:
        if self._signer is None:
            return {}
        identity = self._signer.identity
        data = request_signing_bytes(identity.chain, identity.node, identity.epoch, method, target)
        return {
            NODE_HEADER: f"{identity.node}.{identity.epoch}",
            SIGNATURE_HEADER: self._signer.sign(data).hex(),
        }

    async def _ask(
        self, method: str, target: str, body: bytes | None = None, limit: int = MESSAGE_BYTES_MAX
    ) -> bytes:
        headers = self._headers(method, target)
        if body is not None:
            headers["Content-Type"] = CONTENT_TYPE
        url = URL(self._base_url + target, encoded=True)
        try:
            async with self._client.request(
                method, url, data=body, headers=headers, timeout=TIMEOUT
            ) as response:
                if response.status != 200:
                    raise await _refusal(response)
                return await _read(response, limit)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise HubUnreachableError(str(error) or type(error).__name__) from error

    async def _download(self, answer: SnapshotAnswer, path: Path) -> None:
        target = answer.content_target()
        have = await asyncio.to_thread(_size, path)
        if have == answer.size:
            return
        if have > answer.size:
            have = 0
        headers = self._headers("GET", target)
        if have:
            headers["Range"] = f"bytes={have}-"
        url = URL(self._base_url + target, encoded=True)
        try:
            async with self._client.get(url, headers=headers, timeout=TIMEOUT) as response:
                if response.status not in (200, 206):
                    raise await _refusal(response)
                mode = "ab" if response.status == 206 else "wb"
                await _save(response, path, mode, answer.size)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise HubUnreachableError(str(error) or type(error).__name__) from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


async def _save(response: aiohttp.ClientResponse, path: Path, mode: str, size_limit: int) -> None:
    file = await asyncio.to_thread(path.open, mode)
    with file:
        async for chunk in response.content.iter_chunked(DOWNLOAD_CHUNK_BYTES):
            if file.tell() + len(chunk) > size_limit:
                raise DecodeError("malformed", "the snapshot is longer than the hub said")
            await asyncio.to_thread(file.write, chunk)


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_chunked(DOWNLOAD_CHUNK_BYTES):
        data += chunk
        if len(data) > limit:
            raise DecodeError("malformed", "the hub's answer is too long")
    return bytes(data)


async def _refusal(response: aiohttp.ClientResponse) -> HubRefusedError:
    values: object = None
    if response.content_type == "application/json":
        try:
            values = await response.json()
        except ValueError:
            values = None
    if not isinstance(values, dict):
        values = {}
    words = [str(values.get(name, "")) for name in ("code", "zh", "en")]
    return HubRefusedError(response.status, words[0] or f"http_{response.status}", *words[1:])
