"""The door node on a real MicroPython against a running box: nothing is lost or doubled."""

import asyncio
import os
import random
import secrets
import signal
import subprocess
import sys
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from edge import app
from edge.configuration import Configuration, read
from sync_protocol.kinds import DOOR_COUNT, field_index
from tests.edge.test_box import toml, write_identity
from tests.micropython.conftest import ROOT
from tests.ports import free_port

CROSSINGS = 10_000
CROSSINGS_A_LIFE_MAX = 500
CUT_WITHIN_S = 0.01
"""After the last crossing that is sure to be counted, the power goes somewhere in the next ones."""
BOX_RESTARTS = 3
REPORT_EVERY_S = "0.02"
WAIT_S = 60
FIELDS = ("entered", "left", "unknown")
WAYS = {b"i": 0, b"o": 1, b"?": 2}

Counts = list[int]


class Street:
    """People who walk through the door, and what the node is known to have counted of them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.counted: Counts = [0, 0, 0]
        self.walking: bytes | None = None
        """Whose light has not been seen: the power went before, or just after they were counted."""
        self.cuts = 0

    def restarted(self, totals: Counts) -> None:
        """The node says what its flash holds; who was not counted walks through again."""
        expected = [list(self.counted)]
        if self.walking is not None:
            expected.append(list(self.counted))
            expected[1][WAYS[self.walking]] += 1
        assert totals in expected
        self.counted = totals
        self.walking = None

    async def walk(self, node: asyncio.subprocess.Process, until: int) -> None:
        """Walk through one by one, waiting for the light; ends early when the power goes."""
        assert node.stdin is not None
        assert node.stdout is not None
        while sum(self.counted) < until:
            self.walking = self.random.choice(list(WAYS))
            node.stdin.write(self.walking)
            if await node.stdout.read(1) != b".":
                return
            self.counted[WAYS[self.walking]] += 1
            self.walking = None


@asynccontextmanager
async def node_life(
    command: list[str], street: Street
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A node from power on to power cut."""
    pipe = asyncio.subprocess.PIPE
    node = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe)
    assert node.stdout is not None
    try:
        line = await node.stdout.readline()
        if line:
            street.restarted([int(word) for word in line.split()])
        yield node
    finally:
        if node.returncode is None:
            node.send_signal(signal.SIGKILL)
        await node.wait()


async def cut_later(node: asyncio.subprocess.Process, after_s: float) -> None:
    await asyncio.sleep(after_s)
    node.send_signal(signal.SIGKILL)


def box_of(folder: Path, device: dict[str, object]) -> tuple[Configuration, str]:
    """A box with a door counter, and the key that its node shares."""
    key = secrets.token_hex(32)
    (folder / "door.key").write_text(key)
    tables = {"box": {"listen_port": free_port()}, "stacks": {}}
    counter = {"kind": "door_counter", "name": "door", "key_file": str(folder / "door.key")}
    configuration = read(toml(tables, [counter | device]), folder)
    write_identity(configuration.data_dir, free_port())
    return configuration, key


def counted_by(box: app.Running) -> Counts:
    """What the box's documents add up to."""
    sums = [0, 0, 0]
    with box.store.read() as reader:
        for document in reader.registers(DOOR_COUNT):
            for place, name in enumerate(FIELDS):
                sums[place] += document.shown.value(field_index(DOOR_COUNT, name)) or 0
    return sums


async def until_counted(box: app.Running, expected: Counts) -> None:
    async with asyncio.timeout(WAIT_S):
        while counted_by(box) != expected:
            assert sum(counted_by(box)) <= sum(expected)
            await asyncio.sleep(0.05)


async def until_told(box: app.Running, expected: Counts) -> None:
    """Wait until the box's metrics say the same, each direction by itself."""
    told = {
        f'cafebox_door_crossings_total{{direction="{direction}"}} {count}.0'
        for direction, count in zip(("in", "out", "unknown"), expected, strict=True)
    }
    async with asyncio.timeout(WAIT_S), aiohttp.ClientSession(box.address) as client:
        while True:
            async with client.get("/metrics") as answer:
                if told <= set((await answer.text()).splitlines()):
                    return
            await asyncio.sleep(0.05)


@pytest.mark.timeout(240)
async def test_no_crossing_is_lost_or_doubled_over_power_cuts(
    micropython: str, tmp_path: Path
) -> None:
    port = free_port()
    device = {"driver": "http", "listen_host": "127.0.0.1", "listen_port": port}
    configuration, key = box_of(tmp_path, device)
    flash = tmp_path / "flash"
    flash.mkdir()
    script = "tests/micropython/door_node_run.py"
    command = [micropython, script, str(flash), f"http://127.0.0.1:{port}/", key, REPORT_EVERY_S]
    street = Street(seed=22)
    for share in range(1, BOX_RESTARTS + 1):
        async with app.running(configuration) as box:
            until = CROSSINGS * share // BOX_RESTARTS
            while sum(street.counted) < until:
                async with node_life(command, street) as node:
                    sure = street.random.randrange(CROSSINGS_A_LIFE_MAX)
                    await street.walk(node, min(until, sum(street.counted) + sure))
                    within_s = street.random.uniform(0, CUT_WITHIN_S)
                    cut = asyncio.create_task(cut_later(node, within_s))
                    await street.walk(node, until)
                    await cut
                street.cuts += 1
        # The box is gone: people go on walking through.
        async with node_life(command, street) as node:
            await street.walk(node, sum(street.counted) + 10)
    async with app.running(configuration) as box, node_life(command, street):
        await until_counted(box, street.counted)
    assert sum(street.counted) == CROSSINGS + 10
    assert street.cuts > 20


@pytest.mark.parametrize(
    "head",
    [b"", b"SSH-2.0\r\n", b"HTTP/1.1 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"],
)
async def test_a_node_reports_on_where_something_else_answers(
    micropython: str, tmp_path: Path, head: bytes
) -> None:
    reports = asyncio.Semaphore(0)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        writer.close()
        reports.release()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    script = "tests/micropython/door_node_run.py"
    command = [micropython, script, str(tmp_path), address, secrets.token_hex(32), REPORT_EVERY_S]
    async with server, node_life(command, Street(seed=1)), asyncio.timeout(WAIT_S):
        for _ in range(3):
            await reports.acquire()


@pytest.mark.covers("A170")
async def test_a_node_on_a_serial_line_is_counted(micropython: str, tmp_path: Path) -> None:
    box_end, node_end = os.openpty()
    tty.setraw(node_end)
    # Bytes that nobody sent stand on the line before the first report.
    os.write(box_end, b"\xff\xfe noise\n")
    middle_end, port_end = os.openpty()
    tty.setraw(port_end)
    configuration, key = box_of(tmp_path, {"driver": "serial", "port": os.ttyname(port_end)})
    loop = asyncio.get_running_loop()
    loop.add_reader(box_end, lambda: os.write(middle_end, os.read(box_end, 4096)))
    loop.add_reader(middle_end, lambda: os.write(box_end, os.read(middle_end, 4096)))
    script = "tests/micropython/door_node_run.py"
    command = [micropython, script, str(tmp_path), os.ttyname(node_end), key, REPORT_EVERY_S]
    street = Street(seed=1)
    try:
        async with app.running(configuration) as box, node_life(command, street) as node:
            await street.walk(node, 20)
            await until_counted(box, street.counted)
            await until_told(box, street.counted)
    finally:
        for end in (box_end, middle_end):
            loop.remove_reader(end)
        for end in (box_end, node_end, middle_end, port_end):
            os.close(end)


@pytest.mark.parametrize("interpreter", ["micropython", "cpython"])
def test_flash_holds_its_counts_when_it_is_cut_at_each_byte(
    run_script: Callable[..., str], tmp_path: Path, interpreter: str
) -> None:
    script = "tests/micropython/crossings_check.py"
    if interpreter == "micropython":
        said = run_script(script, str(tmp_path))
    else:
        command = [sys.executable, script, str(tmp_path)]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert int(said.split()[0]) > 100
