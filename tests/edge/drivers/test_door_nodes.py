"""What a door node's driver takes and refuses, and the buckets that reports are counted in."""

import os
import tty
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
import serial

from edge.domain.decision import Here
from edge.domain.door_counts import bucket_of, crossed_since
from edge.door_frames import (
    ANSWER,
    COUNT_MAX,
    REPORT,
    Frame,
    Step,
    Totals,
    read_answer,
    report_payload,
    seal,
    unseal,
)
from edge.drivers.bridge import Bridge
from edge.drivers.errors import DeviceConfigurationError
from edge.drivers.http_door_counter import HttpDoorCounter, Options
from edge.drivers.serial_door_counter import Options as SerialOptions
from edge.drivers.serial_door_counter import SerialDoorCounter
from edge.events import (
    DeviceEvent,
    DeviceState,
    DeviceStateChanged,
    DoorCommitted,
    DoorReported,
)
from tests.contracts.collector import Collector
from tests.ports import free_port

KEY = bytes(range(32))
NODE = b"doornode"
NOW_MS = 1_790_000_000_000
MINUTE = NOW_MS // 60_000


@dataclass
class Door:
    """An open driver, the reports that it posted, and a client."""

    counter: HttpDoorCounter
    client: aiohttp.ClientSession
    reports: list[DoorReported] = field(default_factory=list)

    async def post(self, data: bytes) -> tuple[int, bytes]:
        async with self.client.post("/", data=data) as response:
            return response.status, await response.read()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """A driver whose box commits what it is told at once."""
    (tmp_path / "key").write_text(KEY.hex())
    options = Options(str(tmp_path / "key"), "127.0.0.1", free_port())
    reports: list[DoorReported] = []

    def deliver(event: DeviceEvent) -> None:
        if isinstance(event, DoorReported):
            reports.append(event)
            event.committed.set_result(DoorCommitted(event.steps[-1].totals, NOW_MS))

    counter = HttpDoorCounter("door", options, Bridge(deliver))
    await counter.open()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{options.listen_port}") as client:
        yield Door(counter, client, reports)
    await counter.close()
    await counter.close()


def report(counter: int, key: bytes = KEY, kind: int = REPORT) -> bytes:
    steps = [Step(MINUTE, Totals(3, 2, 1))]
    return seal(key, Frame(kind, NODE, counter, report_payload(Totals(0, 0, 0), steps)))


async def test_a_report_is_answered_once_it_is_committed(door: Door) -> None:
    assert door.counter.status.reason == "node_silent"
    status, data = await door.post(report(1))
    assert status == 200
    answer = unseal(KEY, data)
    assert (answer.kind, answer.node, answer.counter) == (ANSWER, NODE, 1)
    held, wall_ms = read_answer(answer.payload)
    assert (held.counts(), wall_ms) == ((3, 2, 1), NOW_MS)
    assert door.counter.status.state is DeviceState.OK


@pytest.mark.parametrize(
    "data", [report(2, key=bytes(32)), report(2, kind=ANSWER), report(1), b"", b"x" * 500]
)
async def test_what_the_node_did_not_send_now_is_refused(door: Door, data: bytes) -> None:
    await door.post(report(1))
    status, _ = await door.post(data)
    assert status == 403
    assert len(door.reports) == 1
    assert door.counter.status.reason == "node_unproven"


async def test_a_key_that_is_none_is_told_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("too short")
    counter = HttpDoorCounter("door", Options(str(tmp_path / "key")), Bridge(lambda _event: None))
    with pytest.raises(DeviceConfigurationError, match="openssl rand -hex 32"):
        await counter.open()


async def test_an_address_that_can_be_none_is_told_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY.hex())
    options = Options(str(tmp_path / "key"), "0.0.0..0")
    counter = HttpDoorCounter("door", options, Bridge(lambda _event: None))
    with pytest.raises(DeviceConfigurationError, match="listen_port"):
        await counter.open()


async def test_a_serial_line_says_why_it_cannot_be_heard(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY.hex())
    node_end, box_end = os.openpty()
    tty.setraw(box_end)
    port = os.ttyname(box_end)
    collector = Collector()
    options = SerialOptions(str(tmp_path / "key"), port)
    counter = SerialDoorCounter("door", options, collector.bridge)
    with serial.Serial(port, exclusive=True):
        await counter.open()
        await collector.state(DeviceState.ABSENT, "port_busy")
    await collector.state(DeviceState.ABSENT, "node_silent")
    os.close(node_end)
    await collector.until(
        lambda: any(told.reason == "line_lost" for told in collector.of(DeviceStateChanged)),
        "loss",
    )
    os.close(box_end)
    await counter.close()
    await counter.close()


def test_totals_count_each_crossing_once() -> None:
    none = Totals(0, 0, 0)
    steps = [Step(MINUTE - 7, Totals(2, 1, 0)), Step(MINUTE, Totals(4, 1, 0))]
    crossings, counted = crossed_since(none, none, steps, NOW_MS)
    assert [(one.entered, one.left) for one in crossings] == [(2, 1), (2, 0)]
    assert counted.counts() == (4, 1, 0)
    assert crossed_since(counted, none, steps, NOW_MS)[0] == ()
    gathered = [Step(MINUTE, Totals(5, 3, 0))]
    [more], _ = crossed_since(counted, none, gathered, NOW_MS)
    assert (more.entered, more.left) == (1, 2)
    # A replaced box counts nothing that the node has an answer for.
    [after], _ = crossed_since(none, counted, gathered, NOW_MS)
    assert (after.entered, after.left) == (1, 2)


@pytest.mark.parametrize("minute", [0, MINUTE + 11, COUNT_MAX])
def test_a_minute_that_cannot_be_is_now(minute: int) -> None:
    none = Totals(0, 0, 0)
    [crossed], _ = crossed_since(none, none, [Step(minute, Totals(1, 0, 0))], NOW_MS)
    assert crossed.at_ms == NOW_MS


def test_a_bucket_of_the_small_hours_belongs_to_the_business_day_before() -> None:
    here = Here(cafe=7, node=1, epoch=1, now_ms=0, business_day=0, utc_offset_min=480)
    at_ms = 1_790_014_199_000  # 22 September 2026, 02:09:59 in Shanghai
    bucket = bucket_of(here, at_ms, cut_over_hour=6)
    assert bucket.key == f"7.20260921.{2 * 12 + 1}"
    assert bucket.from_ms == at_ms // 300_000 * 300_000
