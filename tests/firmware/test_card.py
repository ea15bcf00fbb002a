"""What provisioning writes about the card, the clock and the key: tables in, tables out."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.firmware.conftest import ROOT, module

RASPBERRY_PI_OS = """\
proc            /proc           proc    defaults          0       0
PARTUUID=6c586e13-01  /boot/firmware  vfat    defaults          0       2
PARTUUID=6c586e13-02  /               ext4    defaults,noatime  0       1
# a swapfile is not a swap partition, no line here
"""
SERIAL = b"10000000a1b2c3d4\0"
OTP = (
    "0x00000040 0x80000000 0x00030081 0x00000028 0x80000028 0x00000000 0x00000008"
    " 0xf8dbc7b0 0xa4fcfb1d 0x706e298a 0xc9d0485c 0x2226ce8d 0xf7f7596a 0xc77337bd 0x09fbe160"
    " 0x00000000"
)
"""What a Pi 4 with a private key answers, by the manufacturer's documentation."""
OTP_EMPTY = OTP[: OTP.index(" 0xf8")] + " 0x00000000" * 9


fstab = module("provision", "fstab")
storage = module("provision", "storage")
boot_config = module("provision", "boot_config")
board = module("data_partition", "board")


def places(text: str) -> dict[str, list[str]]:
    """The words of each line that mounts something, by its mount point."""
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {words[1]: words for words in lines}


def test_nothing_but_data_is_written_to() -> None:
    text = fstab.fstab_text(RASPBERRY_PI_OS, read_only=True, encrypted=True)
    written = {
        place
        for place, words in places(text).items()
        if words[2] in ("ext4", "vfat") and not {"ro", "noauto"} & set(words[3].split(","))
    }
    assert written == {"/data"}
    assert places(text)["/data"][0] == "/dev/mapper/cafebox-data"
    assert "nofail" in places(text)["/data"][3]


def test_the_way_back_is_the_table_as_it_was_but_for_what_always_holds() -> None:
    always = fstab.fstab_text(RASPBERRY_PI_OS, read_only=False, encrypted=False)
    read_only = fstab.fstab_text(always, read_only=True, encrypted=False)
    assert fstab.is_read_only(read_only)
    assert not fstab.is_read_only(always)
    assert fstab.fstab_text(read_only, read_only=False, encrypted=False) == always
    added = set(places(always)) - set(places(RASPBERRY_PI_OS))
    assert added == {"/tmp", "/var/tmp", "/media/copy"}


def test_swap_is_switched_off_and_a_place_of_ones_own_is_kept() -> None:
    table = RASPBERRY_PI_OS + "/swapfile none swap sw 0 0\ntmpfs /tmp tmpfs size=1G 0 0\n"
    text = fstab.fstab_text(table, read_only=False, encrypted=False)
    assert all(words[2] != "swap" for words in places(text).values())
    assert [line for line in text.splitlines() if " /tmp " in line] == [
        "tmpfs /tmp tmpfs size=1G 0 0"
    ]


options = st.lists(st.sampled_from(["defaults", "ro", "rw", "noatime", "atime"]), min_size=1)
lines = st.one_of(
    st.builds("LABEL=root / ext4 {} 0 1".format, options.map(",".join)),
    st.builds("LABEL=boot /boot/firmware vfat {} 0 2".format, options.map(",".join)),
    st.sampled_from(["", "# words", "/swap none swap sw 0 0", "//nas/x /mnt cifs guest 0 0"]),
)


@given(st.lists(lines), st.booleans(), st.booleans())
def test_a_table_that_is_so_stays_so(table: list[str], read_only: bool, encrypted: bool) -> None:
    text = "LABEL=root / ext4 defaults 0 1\n" + "".join(f"{line}\n" for line in table)
    once = fstab.fstab_text(text, read_only=read_only, encrypted=encrypted)
    assert fstab.fstab_text(once, read_only=read_only, encrypted=encrypted) == once


def test_a_table_without_a_root_is_refused() -> None:
    with pytest.raises(fstab.NoRootLineError):
        fstab.fstab_text("", read_only=True, encrypted=True)


def test_the_partition_stands_in_crypttab_once() -> None:
    once = fstab.crypttab_text("other /dev/sdb1 none luks\n", "6c586e13-03")
    assert fstab.crypttab_text(once, "6c586e13-03") == once
    name, device, key, told = once.splitlines()[2].split()
    assert (name, device) == ("cafebox-data", "/dev/disk/by-partuuid/6c586e13-03")
    assert key.startswith("/run/")
    assert "keyfile-erase" in told.split(",")


def test_what_units_keep_is_made_before_the_root_is_closed(tmp_path: Path) -> None:
    (tmp_path / "login.service").write_text("[Service]\nStateDirectory=login login/linger\n")
    (tmp_path / "time.service").write_text("[Service]\nUser=time\nStateDirectory=time\n")
    (tmp_path / "none.service").write_text("[Service]\nExecStart=/bin/true\n")
    found = {str(path): user for path, user in storage.state_folders(tmp_path).items()}
    state = {"/var/lib/login": "root", "/var/lib/login/linger": "root", "/var/lib/time": "time"}
    assert found == state


def test_a_clock_is_named_to_the_firmware_and_taken_back() -> None:
    standing = "dtparam=audio=on\n[pi4]\narm_boost=1\n"
    text = boot_config.config_text(standing, "ds3231")
    assert text.startswith(standing)
    assert "[all]\n" in text
    assert "dtparam=i2c_arm=on\ndtoverlay=i2c-rtc,ds3231\n" in text
    without = boot_config.config_text(text, "none")
    assert "rtc" not in without
    assert without.startswith(standing)


# --- the key --------------------------------------------------------------------------------------


@pytest.fixture
def machine_root(tmp_path: Path) -> Iterator[Path]:
    """A Pi's /proc, with its serial number."""
    number = tmp_path / "proc" / "device-tree" / "serial-number"
    number.parent.mkdir(parents=True)
    number.write_bytes(SERIAL)
    return tmp_path


def board_of(root: Path, otp: str = "") -> object:
    def run(command: Sequence[str]) -> str:
        return otp if command[0] == "vcmailbox" else ""

    return board.Board(root, run)


def test_the_key_needs_both_the_board_and_the_file(machine_root: Path) -> None:
    here = board_of(machine_root)
    file = board.new_key_file(here)
    key = board.derive(here, file)
    assert len(key) == 32
    assert board.derive(here, file) == key
    assert board.derive(here, board.KeyFile("serial", os.urandom(32))) != key
    number = machine_root / "proc" / "device-tree" / "serial-number"
    number.write_bytes(SERIAL.replace(b"d4", b"d5"))
    assert board.derive(here, file) != key


def test_a_boards_private_key_goes_before_its_serial_number(machine_root: Path) -> None:
    with_otp = board_of(machine_root, OTP)
    assert with_otp.best_source() == "otp"
    assert with_otp.number("otp").hex().startswith("f8dbc7b0a4fcfb1d")
    without = board_of(machine_root, OTP_EMPTY)
    assert without.best_source() == "serial"
    with pytest.raises(board.BoardKeyError, match="another"):
        without.number("otp")


def test_a_key_stays_as_it_was_made_when_a_private_key_is_written_later(machine_root: Path) -> None:
    file = board.new_key_file(board_of(machine_root))
    key = board.derive(board_of(machine_root), file)
    assert board.derive(board_of(machine_root, OTP), file) == key


def test_a_machine_without_a_number_says_so(tmp_path: Path) -> None:
    with pytest.raises(board.BoardKeyError, match="number of its own"):
        board.new_key_file(board_of(tmp_path))


def test_a_key_file_is_read_back_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cafebox-data.key"
    assert board.read_key_file(path) is None
    file = board.KeyFile("serial", bytes(range(32)))
    path.write_text(file.to_text())
    assert board.read_key_file(path) == file
    for damaged in (file.to_text()[:40], "other" + file.to_text()[5:], "\xff\xfe"):
        path.write_bytes(damaged.encode("latin-1"))
        with pytest.raises(board.BoardKeyError, match="Put back"):
            board.read_key_file(path)


# --- the hardware clock ---------------------------------------------------------------------------


def clock() -> ModuleType:
    path = ROOT / "firmware_scripts" / "clock" / "__main__.py"
    loaded = ModuleType("cafebox_clock")
    exec(compile(path.read_text("utf-8"), str(path), "exec"), loaded.__dict__)
    return loaded


@pytest.mark.parametrize(("told", "floor_s"), [("", 0.0), ("946684800\n", 1_800_000_000.0)])
def test_a_clock_that_stopped_or_is_behind_is_not_believed(told: str, floor_s: float) -> None:
    program = clock()
    with pytest.raises(program.ClockError, match="new cell"):
        program.believed_s(told, floor_s)


def test_a_clock_ahead_of_what_was_seen_is_believed() -> None:
    assert clock().believed_s("1800000001\n", 1_800_000_000.0) == 1_800_000_001


# --- the image ------------------------------------------------------------------------------------


def test_a_dry_run_of_the_image_says_its_steps_and_writes_nothing(tmp_path: Path) -> None:
    program = ROOT / "firmware_scripts" / "image"
    image = tmp_path / "box.img"
    words = [image, "--hub", "http://hub:8600", "--key", "release.pub", "--dry-run"]
    said = subprocess.run(
        [sys.executable, "-B", program, *words], capture_output=True, text=True, check=True
    )
    assert [line.split()[0] for line in said.stdout.splitlines()] == [
        f"{step}/5" for step in range(1, 6)
    ]
    assert list(tmp_path.iterdir()) == []
