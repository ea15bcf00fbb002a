"""An image of the whole card, made and started in a virtual machine: `make test-image`, as root.

Here /data is encrypted in earnest: Debian's own kernel has device-mapper. One card, four starts:
the first makes /data, then its power is cut; the second has a stick for the second copy and finds
all again, though the hardware clock is behind; the third has another board, the fourth no key
file. Each test reads what a start told by its serial line.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.appliance.booted import CACHE, packages_digest, slot_tree
from tests.edge.test_box import write_identity
from tests.firmware.conftest import ROOT, Workshop
from tests.ports import free_port

IMAGE = ROOT / "firmware_scripts" / "image"
HERE = Path(__file__).parent
START_S = 1800
"""A virtual machine without help from the processor is slow, a busy machine slower."""
ROOT_OFFSET = 516 * 1024 * 1024
BOOT_OFFSET = 4 * 1024 * 1024
CARD_BYTES = 3 * 1024 * 1024 * 1024
BOARD = "11111111-2222-3333-4444-555555555555"
OTHER_BOARD = "99999999-2222-3333-4444-555555555555"
LATER = "2031-05-06"
"""What the machine's hardware clock says at the first start; then it is behind."""

PATIENCE = Path("/etc/systemd/system/cafebox.service.d/patience.conf")
"""A machine without help from the processor takes minutes for what a Pi does in seconds."""
UNIT = """\
[Unit]
After=basic.target
[Service]
ExecStart=/bin/bash /usr/local/sbin/in_machine.sh
"""


@dataclass(frozen=True, slots=True)
class Start:
    """What one start told: the words and the exit code of each section."""

    sections: dict[str, tuple[int, str]]

    def text(self, section: str) -> str:
        return self.sections[section][1]

    def done(self, section: str) -> str:
        code, text = self.sections[section]
        assert code == 0, f"{text}\n{self.text('journal')}"
        return text


@dataclass(frozen=True, slots=True)
class Starts:
    """What came of one card; `readable`: something of /data was found in clear on it."""

    first: Start
    second: Start
    other_board: Start
    no_key_file: Start
    readable: bool


def accelerator() -> str:
    """The processor's own help where it has some; else each of its commands is translated."""
    flags = Path("/proc/cpuinfo").read_text().split()
    return "kvm" if {"vmx", "svm"} & set(flags) and Path("/dev/kvm").exists() else "tcg"


class Card:
    """The image on a card, and the machine that it is plugged into."""

    def __init__(self, folder: Path, image: Path) -> None:
        self.folder = folder
        self.path = folder / "card.img"
        shutil.copy(image, self.path)
        os.truncate(self.path, CARD_BYTES)
        boot = self._debugfs("ls -p /boot").splitlines()
        names = {part[5] for line in boot if len(part := line.split("/")) > 5}
        for kind in ("vmlinuz", "initrd.img"):
            name = next(name for name in sorted(names) if name.startswith(kind + "-"))
            self._debugfs(f"dump /boot/{name} {folder / kind}")
        self._debugfs(f"mkdir {PATIENCE.parent}")
        (folder / "patience").write_text("[Service]\nTimeoutStartSec=infinity\nWatchdogSec=0\n")
        for source, target in (
            (folder / "patience", PATIENCE),
            (HERE / "in_machine.sh", "/usr/local/sbin/in_machine.sh"),
            (folder / "scenario.service", "/etc/systemd/system/scenario.service"),
            (folder / "identity" / "box.identity", "/usr/local/share/box.identity"),
        ):
            self._debugfs(f"write {source} {target}")

    def start(
        self, name: str, board: str = BOARD, date: str = "", stick: Path | None = None
    ) -> Start:
        """Start from the card, wait until the machine has told all, and cut its power."""
        told, console = self.folder / f"{name}.told", self.folder / f"{name}.console"
        disk = self._disk_number()
        words = f"root=PARTUUID={disk}-02 console=ttyS0 systemd.wants=scenario.service panic=-1"
        # The kernel tries its timer for a moment, in which a busy machine may not let it run.
        words += " no_timer_check"
        command = [
            *("qemu-system-x86_64", "-accel", accelerator(), "-m", "1024"),
            *("-display", "none", "-no-reboot", "-nic", "none", "-uuid", board),
            *("-kernel", str(self.folder / "vmlinuz"), "-initrd", str(self.folder / "initrd.img")),
            *(
                "-append",
                words,
                "-drive",
                f"file={self.path},format=raw,if=virtio,cache=writethrough",
            ),
            *("-serial", f"file:{console}", "-serial", f"file:{told}"),
        ]
        if stick is not None:
            command += ["-drive", f"file={stick},format=raw,if=virtio"]
        if date:
            command += ["-rtc", f"base={date}T08:00:00"]
        machine = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        try:
            end = time.monotonic() + START_S
            while not told.exists() or b"=== end 0" not in told.read_bytes():
                assert machine.poll() is None, console.read_text(errors="replace")[-3000:]
                assert time.monotonic() < end, console.read_text(errors="replace")[-3000:]
                time.sleep(0.5)
        finally:
            machine.kill()
            machine.wait()
        text = told.read_text("utf-8", "replace").replace("\r\n", "\n")
        parts = re.split(r"^=== (\S+) (\d+)\n", text, flags=re.MULTILINE)[1:]
        rows = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
        return Start({name: (int(code), words.strip()) for name, code, words in rows})

    def without_key_file(self) -> None:
        words = ["mdel", "-i", f"{self.path}@@{BOOT_OFFSET}", "::cafebox-data.key"]
        subprocess.run(words, check=True)

    def partition_holds(self, words: bytes) -> bool:
        """Whether anything after the root's partition can be read by who has only the card."""
        with self.path.open("rb") as file:
            file.seek(self._root_end())
            tail = b""
            while chunk := file.read(16 * 1024 * 1024):
                if words in tail + chunk:
                    return True
                tail = chunk[-len(words) :]
        return False

    def _root_end(self) -> int:
        table = subprocess.run(
            ["sfdisk", "--dump", self.path], capture_output=True, text=True, check=True
        )
        found = re.search(r"img2 : start=\s*(\d+), size=\s*(\d+)", table.stdout)
        assert found is not None, table.stdout
        return (int(found[1]) + int(found[2])) * 512

    def _disk_number(self) -> str:
        words = ["sfdisk", "--disk-id", str(self.path)]
        told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        return told.strip().removeprefix("0x")

    def _debugfs(self, words: str) -> str:
        command = ["debugfs", "-w", "-R", words, f"{self.path}?offset={ROOT_OFFSET}"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="session")
def starts(tmp_path_factory: pytest.TempPathFactory) -> Starts:
    if os.geteuid() != 0:
        pytest.fail("Making an image needs root. Type: sudo make test-image")
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = tmp_path_factory.mktemp("image")
    workshop = Workshop(folder)
    bundle = workshop.sealed(slot_tree(folder), 1)
    write_identity(folder / "identity", free_port())
    (folder / "scenario.service").write_text(UNIT)
    sources = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)"],
        capture_output=True,
        text=True,
        check=True,
    )
    mirror = next(site for site in sources.stdout.split() if "security" not in site)
    image = folder / "cafebox.img"
    words = ["--hub", "http://hub:8600", "--key", workshop.keys / "release.pub"]
    words += ["--bundle", bundle, "--architecture", "amd64", "--clock", "built-in"]
    words += ["--base", CACHE / f"image-{packages_digest()}", "--mirror", mirror]
    made = subprocess.run(
        [sys.executable, IMAGE, image, *words], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stdout[-3000:] + made.stderr[-3000:]
    card = Card(folder, image)
    first = card.start("first", date=LATER)
    stick = folder / "stick.img"
    stick.write_bytes(bytes(64 * 1024 * 1024))
    subprocess.run(["mkfs.vfat", "-n", "CAFEBOX", stick], check=True)
    second = card.start("second", stick=stick)
    readable = card.partition_holds(b"before the cut") or card.partition_holds(b"[hub]")
    other_board = card.start("other-board", OTHER_BOARD)
    card.without_key_file()
    no_key_file = card.start("no-key-file")
    return Starts(first, second, other_board, no_key_file, readable)


pytestmark = pytest.mark.timeout(9000)


def test_the_first_start_makes_an_encrypted_data_partition(starts: Starts) -> None:
    source, kind, options = starts.first.done("data").split()
    assert (source, kind) == ("/dev/mapper/cafebox-data", "ext4")
    assert options.startswith("rw,")
    assert "crypt aes-xts-plain64" in starts.first.done("mapped")
    assert "product number" in starts.first.done("status")
    assert starts.first.done("key_left") == ""
    starts.first.done("well")


@pytest.mark.covers("A242", "A356")
def test_what_is_on_it_is_read_by_nobody_with_the_card_alone(starts: Starts) -> None:
    assert not starts.readable


def test_a_cut_after_the_first_start_loses_nothing(starts: Starts) -> None:
    assert starts.second.done("kept") == "before the cut"
    starts.second.done("well")
    assert starts.second.text("machine_id") == starts.first.text("machine_id")
    assert starts.second.text("ssh_keys") == starts.first.text("ssh_keys")
    made_with = CACHE / f"image-{packages_digest()}" / "etc" / "machine-id"
    assert starts.first.done("machine_id") != made_with.read_text().strip()
    assert "ssh_host_ed25519_key" in starts.second.done("ssh_keys")


def test_the_root_is_read_only_and_nothing_lacks(starts: Starts) -> None:
    assert starts.first.text("failed") == ""
    for start in (starts.first, starts.second):
        assert start.done("root").startswith("ro,")
        assert "Read-only file system" not in start.text("errors")


def test_a_hardware_clock_is_believed_unless_it_is_behind(starts: Starts) -> None:
    assert starts.first.done("clock") == "hardware"
    assert starts.first.done("date").startswith(LATER[:4])
    assert starts.second.sections["clock"][0] == 1
    assert starts.second.text("failed").split()[:1] == ["cafebox-clock.service"]
    # No start is before what was seen: that is systemd-timesyncd's.
    assert starts.second.done("date").startswith(LATER[:4])


def test_another_board_or_no_key_file_opens_nothing(starts: Starts) -> None:
    assert starts.other_board.sections["data"][0] == 1
    assert starts.other_board.sections["status"][0] == 1
    assert "another board" in starts.other_board.text("status")
    assert starts.no_key_file.sections["data"][0] == 1
    assert "cafebox-data.key is gone" in starts.no_key_file.text("status")


def test_a_stick_of_the_right_name_is_the_boxs_to_write_to(starts: Starts) -> None:
    assert starts.first.sections["stick"][0] == 1
    assert starts.second.done("stick").split() == ["/dev/vdb", "vfat"]
    starts.second.done("stick_written")


def test_the_box_is_found_by_its_name(starts: Starts) -> None:
    assert "cafebox.local" in starts.second.done("name")
