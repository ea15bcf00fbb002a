"""The doctor: the clock, the keys that sign updates, and a box that is being set up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from edge.configuration import Configuration, read
from edge.doctor import Finding, examine
from sync_protocol.ops import TRUST_MEASURED, TRUST_NONE, TRUST_RTC
from tests.ports import free_port


@asynccontextmanager
async def answering(values: dict[str, object], behind: timedelta | None) -> AsyncIterator[int]:
    """A server whose `/healthz` says so, with the date of now and so much; its port."""

    async def healthz(_request: web.Request) -> web.Response:
        headers = {}
        if behind is not None:
            headers["Date"] = format_datetime(datetime.now(UTC) + behind, usegmt=True)
        return web.json_response(values, headers=headers)

    application = web.Application()
    application.router.add_get("/healthz", healthz)
    async with TestServer(application) as server:
        assert server.port is not None
        yield server.port


def configured(folder: Path, box: int, hub: int) -> Configuration:
    text = f'[box]\nlisten_port = {box}\n[hub]\nurl = "http://127.0.0.1:{hub}"\n'
    return read(text + '[second_copy]\nfolder = "stick"\nother_disk = false\n', folder)


def of(findings: list[Finding], check: str) -> Finding:
    return next(one for one in findings if one.check == check)


@pytest.mark.parametrize(
    ("trust", "behind", "well", "found"),
    [
        (TRUST_MEASURED, timedelta(), True, "measured against the hub"),
        (TRUST_RTC, None, True, "from the hardware clock"),
        (TRUST_NONE, None, False, "nobody vouches for it"),
        (TRUST_RTC, timedelta(hours=3), False, " s behind the hub's time"),
        (TRUST_NONE, timedelta(hours=-3), False, " s ahead of the hub's time"),
    ],
)
async def test_the_doctor_says_how_good_the_time_is(
    tmp_path: Path, trust: int, behind: timedelta | None, well: bool, found: str
) -> None:
    health: dict[str, object] = {"clock_trust": trust, "second_copy": "in_step"}
    async with answering(health, None) as box, answering({}, behind or timedelta()) as hub:
        away = free_port()
        findings = await examine(configured(tmp_path, box, away if behind is None else hub))
    clock = of(findings, "clock")
    assert (clock.ok, found in clock.found) == (well, True), clock
    assert ("timedatectl" in clock.remedy) is not well


async def test_a_stopped_box_is_compared_with_the_hub(tmp_path: Path) -> None:
    async with answering({}, timedelta(hours=3)) as hub:
        assert not of(await examine(configured(tmp_path, free_port(), hub)), "clock").ok
    async with answering({}, timedelta()) as hub:
        assert of(await examine(configured(tmp_path, free_port(), hub)), "clock").ok


async def test_a_box_that_is_being_set_up_is_examined_too(tmp_path: Path) -> None:
    (tmp_path / "stick").mkdir()
    health: dict[str, object] = {"ok": True, "setting_up": True, "devices": {}}
    async with answering(health, None) as box:
        findings = await examine(configured(tmp_path, box, free_port()))
    assert of(findings, "second copy").ok
    assert of(findings, "clock").check == "clock"


async def test_keys_that_may_sign_updates_are_missed_on_a_provisioned_box(tmp_path: Path) -> None:
    configuration = configured(tmp_path, free_port(), free_port())
    keys = tmp_path / "etc" / "update-keys"

    async def found() -> list[Finding]:
        return [one for one in await examine(configuration, keys) if one.check == "update keys"]

    assert await found() == []  # not provisioned
    keys.mkdir(parents=True)
    assert [one.ok for one in await found()] == [False]
    key = keys / "release.pub"
    for text, well in (("ab" * 32, True), ("ab" * 31, False), ("no key", False)):
        key.write_text(text + "\n")
        (finding,) = await found()
        assert (finding.ok, "release.pub" in finding.remedy) == (well, not well)
