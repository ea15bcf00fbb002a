"""A cashier at one box's counter: commands over HTTP, repeated by request id until answered."""

import asyncio
import secrets
import time
from collections.abc import Mapping

import aiohttp

from tests.smoke.evidence import Acknowledged, Evidence
from tests.stack import PIN, Box

ANSWER_SECONDS = 60.0
"""A box that was killed is back by then."""
AGAIN_SECONDS = 0.3
REQUEST_SECONDS = 10.0


class RefusedError(Exception):
    """The command was refused; nothing was changed."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Counter:
    """One session at one box."""

    def __init__(self, name: str, box: Box, staff: int, evidence: Evidence) -> None:
        self.name = name
        self.box = box
        self._staff = staff
        self._evidence = evidence
        self._log_in_lock = asyncio.Lock()
        self._client = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS),
        )

    async def close(self) -> None:
        await self._client.close()

    async def log_in(self) -> None:
        """Open a session, again after a restart; raises `RefusedError`."""
        async with self._log_in_lock:
            answer = await self._post("log_in", {"staff": self._staff, "pin": PIN})
            if answer is None or not answer["ok"]:
                raise RefusedError("log_in" if answer is None else str(answer["code"]))
            if not answer["values"]["shift"]:
                await self._post("open_shift", {})

    async def do(self, command: str, **inputs: object) -> Mapping[str, object]:
        """Do a command once and return its values.

        Whoever gets no answer asks again with the same request id. Raises `RefusedError`.
        """
        request_id = secrets.token_hex(12)
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            answer = await self._post(command, {**inputs, "request_id": request_id})
            if answer is not None:
                if answer["ok"]:
                    return self._take(command, inputs, answer)
                code = str(answer["code"])
                if code == "log_in_first":
                    await self.log_in()
                    continue
                if code != "box_busy":
                    self._evidence.refused[code] += 1
                    raise RefusedError(code)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} gave no answer to {command}")
            await asyncio.sleep(AGAIN_SECONDS)

    async def health(self) -> Mapping[str, object]:
        """Return what the box says of itself; raises aiohttp.ClientError."""
        async with self._client.get(f"{self.box.url}/healthz") as response:
            return dict(await response.json())

    def _take(
        self, command: str, inputs: Mapping[str, object], answer: Mapping[str, object]
    ) -> Mapping[str, object]:
        values = answer["values"]
        assert isinstance(values, dict)
        self._evidence.repeated += bool(answer["repeated"])
        code = str(answer["chain_code"])
        if code:
            seen = Acknowledged(self.name, command, code, inputs, values)
            self._evidence.acknowledged.append(seen)
        return values

    async def _post(self, command: str, inputs: Mapping[str, object]) -> dict[str, object] | None:
        """Return the answer, None if the outcome is not known."""
        body = {"request_id": secrets.token_hex(12), **inputs}
        try:
            async with self._client.post(f"{self.box.url}/desk/{command}", json=body) as response:
                return dict(await response.json())
        except (aiohttp.ClientError, TimeoutError):
            return None
