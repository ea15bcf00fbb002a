"""The virtual counter that the demo runs on: built from its own tables, on fakes and on pcscd."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from edge.drivers.errors import DeviceError
from edge.drivers.fake.cafe import DOOR_RELAY_PIN, VirtualCafe
from edge.drivers.fake.pcsc import VirtualReaders
from edge.drivers.fake.virtual_pcscd import VirtualPcscd
from edge.drivers.registry import Devices, build_devices
from edge.drivers.stacks import Stacks
from edge.events import CardTapped, DeviceState, DoorCrossed
from edge.receipt import Receipt, Text
from tests.contracts.collector import DEADLINE_S, Collector

UID = bytes.fromhex("04A1B2C3")


async def all_well(devices: Devices) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while any(device.status.state != DeviceState.OK for device in devices):  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def run_counter(cafe: VirtualCafe, stacks: Stacks) -> None:
    """One customer: walks in, taps, is let in, gets a receipt."""
    collector = Collector()
    devices = build_devices(cafe.device_tables(), collector.bridge, stacks)
    await devices.open()
    await all_well(devices)
    async with asyncio.timeout(DEADLINE_S):
        while cafe.board.level(DOOR_RELAY_PIN) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    cafe.break_beam()
    await collector.nth(DoorCrossed, 1)
    cafe.free_beam()
    await asyncio.to_thread(cafe.tap, UID)
    assert (await collector.nth(CardTapped, 1)).uid == UID
    devices.door_relays[0].open_door()
    await devices.receipt_printers[0].print_receipt(Receipt((Text("欢迎"),)))
    assert [receipt.text for receipt in cafe.printer.receipts] == ["欢迎"]
    assert await asyncio.to_thread(cafe.board.wait_for_edges, DOOR_RELAY_PIN, 2, DEADLINE_S)
    assert len(cafe.door_openings) == 1
    await devices.close()


async def test_a_counter_on_fakes_and_a_box_that_starts_again(tmp_path: Path) -> None:
    readers = VirtualReaders(tmp_path / "pcsc.sock")
    cafe = VirtualCafe(tmp_path / "a", readers.reader_names[1], readers.slots[1])
    stacks = Stacks(**cafe.stacks_table(pcsc=f"fake:{tmp_path}/pcsc.sock"))
    await run_counter(cafe, stacks)
    readers.slots[1].insert(UID)  # still there when the next box starts: not a tap
    collector = Collector()
    again = Stacks(**cafe.stacks_table(pcsc=f"fake:{tmp_path}/pcsc.sock"))
    devices = build_devices(cafe.device_tables(), collector.bridge, again)
    await devices.open()
    await all_well(devices)
    await devices.close()
    assert collector.of(DoorCrossed) == []
    assert len(cafe.door_openings) == 1, "a restart opens no door"
    cafe.close()
    readers.close()


BOX = """
import asyncio, json, sys
from edge.drivers.bridge import Bridge
from edge.drivers.registry import build_devices
from edge.drivers.stacks import Stacks
from edge.events import CardTapped

async def main():
    tapped = asyncio.get_running_loop().create_future()
    def deliver(event):
        if isinstance(event, CardTapped):
            tapped.set_result(event.uid)
    tables, stacks = json.loads(sys.argv[1]), Stacks(**json.loads(sys.argv[2]))
    devices = build_devices(tables, Bridge(deliver), stacks)
    await devices.open()
    while devices.card_readers[0].status.state != "ok":
        await asyncio.sleep(0.01)
    print("ready", flush=True)
    uid = await tapped
    devices.door_relays[0].open_door()
    print(uid.hex(), flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_two_boxes_in_processes_of_their_own_share_one_pcscd(tmp_path: Path) -> None:
    """As the demo runs: cafe A on the first reader, cafe B on the second, both boxes killed."""
    async with VirtualPcscd(tmp_path / "pcscd") as pcscd:
        cafes = [
            VirtualCafe(tmp_path / name, pcscd.reader_names[slot], pcscd.slots[slot])
            for slot, name in enumerate("ab")
        ]
        boxes = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", BOX),
                *(json.dumps(cafe.device_tables()), json.dumps(cafe.stacks_table())),
                stdout=asyncio.subprocess.PIPE,
                env=os.environ | pcscd.environment,
            )
            for cafe in cafes
        ]
        try:
            for number, (cafe, box) in enumerate(zip(cafes, boxes, strict=True)):
                await tap_through(cafe, box, UID + bytes((number, 0, 0)))
        finally:
            for box in boxes:
                box.kill()
                await box.wait()
            for cafe in cafes:
                await asyncio.to_thread(cafe.close)


async def tap_through(cafe: VirtualCafe, box: asyncio.subprocess.Process, uid: bytes) -> None:
    """Lay a card once the box is ready; the box tells its UID and opens the door."""
    assert box.stdout is not None
    async with asyncio.timeout(DEADLINE_S):
        assert await box.stdout.readline() == b"ready\n"
        await asyncio.to_thread(cafe.tap, uid)
        assert await box.stdout.readline() == uid.hex().encode() + b"\n"
    assert await asyncio.to_thread(cafe.board.wait_for_edges, DOOR_RELAY_PIN, 1, DEADLINE_S)


OWNER = """
import sys, time
from pathlib import Path
from edge.drivers.fake.virtual_pcscd import VirtualPcscd
pcscd = VirtualPcscd(Path(sys.argv[1]))
pcscd.open()
print(pcscd._room.pid, flush=True)
time.sleep(60)
"""


async def test_a_private_pcscd_dies_with_its_owner(tmp_path: Path) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    async with asyncio.timeout(DEADLINE_S):
        try:
            await owner.stdout.readline()
            pid = daemon_pid(tmp_path)
            assert runs(pid)
        finally:
            owner.kill()
            await owner.wait()
        while runs(pid):  # noqa: ASYNC110  no child of ours
            await asyncio.sleep(0.01)


def daemon_pid(folder: Path) -> int:
    return int((folder / "run" / "pcscd.pid").read_bytes().rstrip(b"\n\0"))


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}/cmdline").exists()


def test_a_private_pcscd_listens_nowhere_outside_its_room(tmp_path: Path) -> None:
    """vpcd listens on every address; its only network is a loopback of its own."""
    pcscd = VirtualPcscd(tmp_path)
    pcscd.open()
    inside = tcp_listeners(f"/proc/{daemon_pid(tmp_path)}/net")
    outside = tcp_listeners("/proc/net")
    pcscd.close()
    assert {0x8C7B, 0x8C7C} <= {port for port, _inode in inside}
    assert not inside & outside


def tcp_listeners(folder: str) -> set[tuple[int, int]]:
    """Return the port and the inode of every listening socket of a network namespace.

    Source: Linux, Documentation/networking/proc_net_tcp.rst. A socket of another process may well
    have the same port; it never has the same inode.
    """
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(folder, name).read_text().splitlines()[1:]
    ]
    return {(int(row[1].rpartition(":")[2], 16), int(row[9])) for row in rows if row[3] == "0A"}


async def test_a_device_that_cannot_work_says_what_to_do(tmp_path: Path) -> None:
    readers = VirtualReaders(tmp_path / "pcsc.sock")
    cafe = VirtualCafe(tmp_path / "a", readers.reader_names[0], readers.slots[0])
    collector = Collector()
    stacks = Stacks(**cafe.stacks_table(pcsc=f"fake:{tmp_path}/pcsc.sock"))
    devices = build_devices(cafe.device_tables(), collector.bridge, stacks)
    with pytest.raises(DeviceError) as caught:
        devices.door_relays[0].open_door()
    assert (caught.value.reason, caught.value.hint) == ("not_opened", "Start the box: cafebox run")
    cafe.close()
    readers.close()
