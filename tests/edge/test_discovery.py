"""`cafebox devices` and `cafebox doctor` with virtual devices attached, removed and broken.

What they print is in docs/OPERATIONS.md, word by word.
"""

import asyncio
import json
import os
import re
import socket
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from edge import app, cli_devices, doctor
from edge.cli import main
from edge.cli_output import DONE, REFUSED
from edge.configuration import load, read
from edge.discovery.door_nodes import DoorNodes, hearing
from edge.discovery.found import Found, Trouble
from edge.discovery.tables import table_text
from edge.door_frames import REPORT, Frame, Totals, report_payload, seal
from edge.drivers.bridge import Bridge
from edge.drivers.fake.cafe import VirtualCafe
from edge.drivers.fake.pcsc import FakePcsc, VirtualReaders
from edge.drivers.fake.rdm6300 import VirtualRdm6300
from edge.drivers.registry import build_devices
from edge.drivers.stacks import Stacks
from tests.edge.attached import CONVERTER, Machine
from tests.edge.test_box import toml, write_identity
from tests.ports import free_port

OPERATIONS = Path(__file__).parents[2] / "docs" / "OPERATIONS.md"
SHOWN = re.compile(r"^```text\n\$ (cafebox \w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
Counter = tuple[VirtualReaders, VirtualCafe]
ATTACHED, REMOVED, BROKEN, WELL, ILL = range(5)
"""The order of the texts in the docs."""


def documented(number: int) -> str:
    """What a command prints according to the docs."""
    return SHOWN.findall(OPERATIONS.read_text(encoding="utf-8"))[number][1]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """What the command looks at in place of this machine."""
    monkeypatch.chdir(tmp_path)
    virtual = Machine(tmp_path / "machine")

    def finders_of(_stacks: Stacks, *, probe: bool, listen_s: float) -> object:
        return virtual.finders(probe=probe)

    monkeypatch.setattr(cli_devices, "finders_of", finders_of)
    yield virtual
    virtual.close()


def printed(machine: Machine, capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out.replace(str(machine.root), "")


@pytest.mark.covers("A374")
def test_what_is_attached_is_a_configuration_ready_to_paste(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.attach()
    assert main(["devices"]) == DONE
    text = printed(machine, capsys)
    assert text == documented(ATTACHED)
    assert _accepted(text, machine) == [
        ("card_reader", "pcsc"),
        ("door_counter", "serial"),
        ("receipt_printer", "usb"),
        ("card_reader", "keyboard"),
        ("barcode_scanner", "keyboard"),
    ]


def test_what_is_uncommented_is_a_configuration_too(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.attach()
    main(["devices"])
    lines = printed(machine, capsys).splitlines()
    everything = [line.removeprefix("# ") if _is_table(line) else line for line in lines]
    assert len(_accepted("\n".join(everything), machine)) == 13


def _is_table(line: str) -> bool:
    return re.match(r"# (\[\[devices\]\]|\w+ = )", line) is not None


def _accepted(text: str, machine: Machine) -> list[tuple[object, object]]:
    """The (kind, driver) of each table, once our own readers have taken them all."""
    configuration = read(text, machine.root)

    async def build() -> None:
        build_devices(configuration.devices, Bridge(lambda _event: None), machine.stacks)

    asyncio.run(build())
    return [(table["kind"], table["driver"]) for table in configuration.devices]


def test_nothing_found_says_what_to_type(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.attach()
    machine.remove()
    assert main(["devices"]) == REFUSED
    assert printed(machine, capsys) == documented(REMOVED)


def test_what_keeps_devices_from_being_seen_has_its_remedy(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.attach()
    machine.remove()
    machine.break_stacks()
    assert main(["devices"]) == REFUSED
    assert printed(machine, capsys) == documented(BROKEN)


def test_a_daemon_that_lets_this_user_not_in_has_its_remedy(machine: Machine) -> None:
    machine.stacks.fake_pcsc.forbids = True
    (trouble,) = machine.finders()[0].look()
    assert isinstance(trouble, Trouble)
    assert "sudo -u cafebox" in trouble.remedy


def test_what_is_configured_is_named_and_not_offered_again(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.attach()
    main(["devices"])
    Path("cafebox.toml").write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["devices"]) == DONE
    text = printed(machine, capsys)
    assert "is in cafebox.toml already: counter\n" in text
    assert set(re.findall(r"^\[\[devices\]\]", text, re.MULTILINE)) == set()


def test_a_reader_with_a_light_is_offered_as_both_and_each_is_known_by_its_kind(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "ACS ACR122U PICC Interface 00 00"
    machine.stacks.pcsc = FakePcsc((name,))
    assert main(["devices"]) == DONE
    text = capsys.readouterr().out
    assert _accepted(text, machine) == [("card_reader", "pcsc"), ("feedback", "pcsc")]
    reader, _lamp = tomllib.loads(text)["devices"]
    assert reader["port"] == "ACS ACR122U PICC Interface*"
    Path("cafebox.toml").write_text(table_text({**reader, "port": name}))
    assert main(["devices"]) == DONE
    assert _accepted(capsys.readouterr().out, machine) == [("feedback", "pcsc")]


def test_names_that_stay_are_preferred(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.attach()
    by_id, folder = machine.root / "dev/serial/by-id", machine.root / "dev/cafebox"
    folder.mkdir()
    (folder / "1a86-7523-0001").symlink_to((by_id / CONVERTER).resolve())
    (folder / "printer-J4LX").symlink_to(machine.root / "dev/usb/lp0")
    assert main(["devices", "--json"]) == DONE
    devices = json.loads(capsys.readouterr().out)["devices"]
    places = {one["place"].removeprefix(str(machine.root)) for one in devices}
    assert {"/dev/cafebox/1a86-7523-0001", "/dev/cafebox/printer-J4LX"} < places
    assert "/dev/usb/lp0" not in places
    assert f"/dev/serial/by-id/{CONVERTER}" not in places


def test_json_has_the_tables_and_the_troubles(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.attach()
    machine.stacks.fake_pcsc.stop_daemon()
    assert main(["devices", "--json"]) == DONE
    values = json.loads(capsys.readouterr().out)
    assert [one["stack"] for one in values["troubles"]] == ["pcsc"]
    scanner = values["devices"][-5]
    assert scanner["label"] == "Barcode Scanner HID"
    assert scanner["table"]["driver"] == "keyboard"
    assert scanner["sure"] is True


@pytest.fixture
def tag_reader(machine: Machine) -> Iterator[None]:
    """A reader for 125 kHz tags on a serial port, with a tag on it."""
    folder = machine.root / "dev/serial/by-id"
    folder.mkdir(parents=True)
    reader = VirtualRdm6300(folder / "converter")
    reader.lay(bytes.fromhex("0A00112233"))
    yield
    reader.close()


@pytest.fixture
def printer(machine: Machine) -> Iterator[None]:
    """A printer on a serial port that answers for its state, and to nothing else."""
    line = machine.serial_port(CONVERTER, "USB Serial", None)
    over = threading.Event()

    def answer() -> None:
        while not over.is_set():
            if os.read(line, 64).endswith(b"\x10\x04\x01"):
                os.write(line, b"\x16")

    answering = threading.Thread(target=answer)
    answering.start()
    yield
    over.set()
    with (machine.root / "dev/serial/by-id" / CONVERTER).open("wb", buffering=0) as port:
        port.write(b"over")
    answering.join()


@pytest.mark.parametrize(
    ("device", "use"),
    [("tag_reader", ("card_reader", "rdm6300")), ("printer", ("receipt_printer", "serial"))],
)
def test_a_probe_asks_what_hangs_on_a_port(
    request: pytest.FixtureRequest,
    machine: Machine,
    capsys: pytest.CaptureFixture[str],
    device: str,
    use: tuple[str, str],
) -> None:
    request.getfixturevalue(device)
    assert main(["devices", "--probe"]) == DONE
    text = capsys.readouterr().out
    assert _accepted(text, machine)[-1] == use
    assert tomllib.loads(text)["devices"][-1]["baud"] == 9600


def test_a_port_that_cannot_be_asked_is_told_with_the_remedy(machine: Machine) -> None:
    missing = machine.root / "dev/serial/by-id/gone"
    missing.parent.mkdir(parents=True)
    missing.symlink_to("/nowhere")
    told = list(machine.finders(probe=True)[2].look())
    assert [one.found for one in told if isinstance(one, Trouble)] == [
        f"{missing} cannot be asked (no_port)"
    ]
    assert len([one for one in told if isinstance(one, Found)]) == 4


async def test_a_door_node_on_the_network_is_heard_and_keeps_its_counts() -> None:
    port, node = free_port(), bytes(range(8))
    frame = seal(bytes(32), Frame(REPORT, node, 1, report_payload(Totals(0, 0, 0), [])))
    async with hearing("127.0.0.1", port) as heard, aiohttp.ClientSession() as client:
        for data in (b"", b"GET", frame):
            async with client.post(f"http://127.0.0.1:{port}/", data=data) as response:
                assert response.status == 503
    assert heard == {node: "127.0.0.1"}


def test_a_port_that_the_box_holds_is_told_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (trouble,) = DoorNodes(0.0, "127.0.0.1", taken.getsockname()[1]).look()
    assert isinstance(trouble, Trouble)
    assert "systemctl stop cafebox" in trouble.remedy


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
    """A box's configuration, and the virtual devices that it names."""
    monkeypatch.chdir(tmp_path)
    readers = VirtualReaders(tmp_path / "readers.sock")
    cafe = VirtualCafe(tmp_path / "devices", readers.reader_names[0], readers.slots[0])
    tables: dict[str, dict[str, object]] = {
        "box": {"listen_port": free_port()},
        "hub": {"url": f"http://127.0.0.1:{free_port()}"},
        "stacks": dict(cafe.stacks_table(f"fake:{tmp_path / 'readers.sock'}")),
    }
    Path("cafebox.toml").write_text(toml(tables, cafe.device_tables()))
    yield readers, cafe
    cafe.close()
    readers.close()


def device_lines(text: str) -> str:
    """The doctor's findings about devices, with what each says to type."""
    return "".join(re.findall(r"^\S+ +device .*\n(?:     .*\n)*", text, re.MULTILINE))


def test_the_doctor_finds_devices_well(
    counter: Counter, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "SETTLE_S", 60.0)  # over as soon as all are well
    assert main(["doctor"]) == REFUSED  # it has no identity
    assert device_lines(capsys.readouterr().out) == documented(WELL)
    assert main(["doctor", "--json"]) == REFUSED
    rows = {row["check"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["device receipts"] == {
        "check": "device receipts",
        "ok": True,
        "found": "ok",
        "remedy": "",
    }


async def test_the_doctor_asks_a_box_that_runs(
    counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    configuration = load(Path("cafebox.toml"))
    write_identity(configuration.data_dir, free_port())
    async with app.running(configuration):
        while device_lines(await _doctors_words(capsys)) != documented(WELL):
            continue  # a device is still on its way; the test's own limit ends it


async def _doctors_words(capsys: pytest.CaptureFixture[str]) -> str:
    assert await asyncio.to_thread(main, ["doctor"]) == REFUSED  # there is no hub
    return capsys.readouterr().out


def test_the_doctor_says_of_each_device_what_to_type(
    counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    _, cafe = counter
    file = Path("cafebox.toml")
    file.write_text(file.read_text().replace("Fake PICC 00 00", "ACS ACR122U*"))
    cafe.printer.close()
    assert main(["doctor"]) == REFUSED
    assert device_lines(capsys.readouterr().out) == documented(ILL)
