"""A bare Debian, provisioned and run under its own systemd: `make test-appliance`, as root.

A container over a throw-away overlay of .cache/appliance/root-... is booted twice: scenario.sh
provisions it, updates it and makes its root read-only, read_only.sh looks at it then. Each test
reads a part of what came of it. The container has no line and no devices.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.edge.test_box import write_identity
from tests.firmware.conftest import ROOT, Workshop, module
from tests.ports import free_port

CACHE = ROOT / ".cache" / "appliance"
BOOT_S = 300

UNIT = """\
[Unit]
After=basic.target dbus.service
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/bash /mnt/in/{script}
"""
PROVISION = ROOT / "firmware_scripts" / "provision"
CLOSED = {
    "cafebox.service": 2.0,
    "cafebox-clock.service": 2.0,
    "cafebox-clock-save.service": 2.0,
    "cafebox-confirm.service": 2.0,
    "cafebox-data.service": 2.0,
    "cafebox-first-start.service": 2.1,
}
"""The most that `systemd-analyze security` may say: 10 is bare, 0 a closed box."""


@dataclass(frozen=True, slots=True)
class Booted:
    """What the scenario left."""

    folder: Path

    def text(self, section: str) -> str:
        return (self.folder / section).read_text("utf-8").strip()

    def code(self, section: str) -> int:
        return int(self.text(f"{section}.code"))

    def done(self, section: str) -> str:
        """The output of a section that had to succeed."""
        assert self.code(section) == 0, self.text(section) + self.text("journal")[-2000:]
        return self.text(section)


def cached(name: str, program: Path, *options: str) -> Path:
    """A folder that a program makes once; make clean removes it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / name
    if not folder.exists():
        made = subprocess.run(
            [program, folder, *options], capture_output=True, text=True, check=False
        )
        assert made.returncode == 0, made.stdout + made.stderr
    return folder


def slot_tree(folder: Path, platform: str = "") -> Path:
    """What stands in a slot: the packages from the cache, the box as it is now."""
    os.environ["PYTHON"] = sys.executable
    lock = (ROOT / "requirements" / "fake.lock").read_bytes()
    name = f"tree{platform and '-' + platform}-{hashlib.sha256(lock).hexdigest()[:8]}"
    made = cached(name, ROOT / "firmware_scripts" / "build_tree.sh", platform)
    tree = folder / "tree-of-the-box"
    shutil.copytree(made, tree)
    for package in ("edge", "sync_protocol"):
        shutil.rmtree(tree / package)
        shutil.copytree(ROOT / package, tree / package)
    return tree


def packages_digest() -> str:
    """Of what provisioning installs: a cached system is made anew when it changes."""
    command = [sys.executable, str(PROVISION), "packages"]
    packages = subprocess.run(command, capture_output=True, check=True).stdout
    return hashlib.sha256(packages).hexdigest()[:8]


def debian_root() -> Path:
    """A bare Debian with the packages that provisioning installs."""
    return cached(f"root-{packages_digest()}", ROOT / "tools" / "make_debian_root.sh")


@contextmanager
def overlaid(root: Path, folder: Path) -> Iterator[Path]:
    """A root to be written to; what is written stays in `folder`."""
    layers = [folder / name for name in ("upper", "work", "root")]
    for layer in layers:
        layer.mkdir()
    upper, work, merged = layers
    options = f"lowerdir={root},upperdir={upper},workdir={work}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, merged], check=True)
    try:
        yield merged
    finally:
        subprocess.run(["umount", merged], check=True)


def boot(root: Path, folder: Path, script: str, *options: str) -> None:
    """Boot a root; its systemd runs the script and powers off."""
    given, out = folder / "in", folder / "out"
    for name in (script, "words.sh"):
        shutil.copy(Path(__file__).parent / name, given)
    unit = given / f"{script}.service"
    unit.write_text(UNIT.format(script=script))
    command = [
        *("systemd-nspawn", "--quiet", f"--directory={root}", *options),
        *("--register=no", "--keep-unit", "--private-network"),
        f"--bind={out}:/mnt/out",
        f"--bind={folder / 'data'}:/data",
        f"--bind-ro={given}:/mnt/in",
        f"--bind-ro={ROOT / 'firmware_scripts'}:/mnt/firmware",
        f"--bind-ro={unit}:/etc/systemd/system/scenario.service",
        *("--boot", "systemd.wants=scenario.service"),
    ]
    ended = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=BOOT_S, check=False
    )
    assert (out / f"{script}.done").exists(), ended.stdout[-3000:].decode(errors="replace")


@pytest.fixture(scope="session")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Booted:
    if os.geteuid() != 0:
        pytest.fail("Booting a container needs root. Type: sudo make test-appliance")
    root = debian_root()
    folder = tmp_path_factory.mktemp("appliance")
    given, out = folder / "in", folder / "out"
    out.mkdir()
    (folder / "data").mkdir()
    write_identity(given, free_port())
    workshop = Workshop(folder)
    shutil.copy(workshop.keys / "release.pub", given)
    tree = slot_tree(folder)
    workshop.sealed(tree, 1).rename(given / "1.cafebox")
    workshop.bundle(2).rename(given / "2.cafebox")  # says its version, and ends
    workshop.sealed(tree, 3).rename(given / "3.cafebox")
    workshop.sealed(tree, 4).rename(given / "4.cafebox")
    with overlaid(root, folder) as merged:
        boot(merged, folder, "scenario.sh")
        boot(merged, folder, "read_only.sh", "--read-only")
    return Booted(out)


pytestmark = pytest.mark.timeout(600)


def test_a_dry_run_changes_nothing(booted: Booted) -> None:
    assert re.search(r"^\d\d+ to change$", booted.done("dry_run"), re.MULTILINE)
    assert booted.code("dry_run_user") == 1


def test_a_second_run_changes_nothing(booted: Booted) -> None:
    assert "write /etc/systemd/system/cafebox.service" in booted.done("first")
    assert booted.done("second") == "0 changed"
    assert booted.done("third") == "0 changed"
    assert "write /etc/fstab" in booted.done("made_read_only")
    assert booted.done("made_read_only_again") == "0 changed"


def test_the_units_are_without_fault_and_closed(booted: Booted) -> None:
    assert booted.done("verify") == ""
    told = booted.text("security")
    found = dict(re.findall(r"exposure level for (\S+): ([\d.]+)", told))
    assert set(found) == set(CLOSED)
    assert {unit for unit, most in CLOSED.items() if float(found[unit]) > most} == set(), found


def test_the_device_rules_are_read_without_complaint(booted: Booted) -> None:
    assert "70-cafebox.rules" in booted.text("device_rules")
    assert not re.search(r"cafebox[\w-]*\.rules:", booted.text("device_rules"))


def test_the_box_runs_as_its_own_user_and_cannot_change_its_program(booted: Booted) -> None:
    booted.done("started")
    booted.done("well")
    assert booted.text("process") == "cafebox"
    booted.done("command")
    assert booted.code("own_program") == 1


def test_a_box_that_hangs_is_started_anew(booted: Booted) -> None:
    counts = booted.text("watchdog").splitlines()[0].split()
    assert int(counts[1]) > int(counts[0])
    assert "Watchdog timeout" in booted.text("watchdog")
    booted.done("well_again")


@pytest.mark.covers("A299")
def test_a_version_that_does_not_start_goes_back_by_itself(booted: Booted) -> None:
    booted.done("broken")
    assert booted.code("given_up") == 1
    booted.done("well_after_broken")
    status = json.loads(booted.done("status_after_broken"))
    assert (status["trial"], status["failed"], status["versions"][status["good"]]) == ("", "2", "1")


@pytest.mark.covers("A143", "A306")
def test_a_version_that_does_its_work_is_confirmed(booted: Booted) -> None:
    booted.done("mended")
    assert booted.done("confirmed") == "3 is the good one now"
    status = json.loads(booted.done("status_at_the_end"))
    assert (status["trial"], status["versions"][status["good"]]) == ("", "3")


def test_a_partition_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    partition = module("data_partition", "partition")
    file, key = tmp_path / "partition", tmp_path / "key"
    key.write_bytes(b"k" * 32)
    file.write_bytes(bytes(64 * 1024 * 1024))
    assert partition.label(file) == ""
    subprocess.run([*partition.FORMAT, "--key-file", key, file], check=True)
    assert partition.label(file) == partition.UNFINISHED
    assert partition.opens(file, key)
    key.write_bytes(b"o" * 32)
    assert not partition.opens(file, key)
    subprocess.run(["cryptsetup", "config", file, "--label", "other"], check=True)
    with pytest.raises(partition.PartitionError, match="something else"):
        partition.label(file)
    other = tmp_path / "other"
    other.write_bytes(bytes(8 * 1024 * 1024))
    subprocess.run(["mkfs.ext4", "-q", other], check=True)
    with pytest.raises(partition.PartitionError, match="ext4"):
        partition.label(other)


def test_the_card_is_not_written_to(booted: Booted) -> None:
    mounts = dict(line.split(maxsplit=1) for line in booted.done("mounts").splitlines())
    assert mounts["/"].split(",")[0] == "ro"
    for place in ("/tmp", "/var/tmp", "/var/log"):
        assert mounts[place].startswith("rw"), mounts
    assert booted.code("written_to_root") == 1
    assert booted.text("swap") == ""
    assert booted.text("card_units").split() == ["masked"] * 4


def test_a_read_only_root_lacks_nothing(booted: Booted) -> None:
    assert booted.text("failed_units") == ""
    assert "Read-only file system" not in booted.text("journal_read_only")
    booted.done("well_read_only")
    assert booted.done("journal_kept") != ""


def test_a_read_only_root_is_updated_and_provisioned(booted: Booted) -> None:
    assert booted.done("provision_read_only") == "0 changed"
    booted.done("well_after_a_cut")
    status = json.loads(booted.done("status_after_a_cut"))
    assert (status["trial"], status["versions"][status["good"]]) == ("", "3")
    assert booted.done("updated_read_only") == "4 is the good one now"


def test_the_way_back_from_a_read_only_root(booted: Booted) -> None:
    assert booted.code("writable_refused") == 1
    assert "remount,rw" in booted.text("writable_refused")
    assert "write /etc/fstab" in booted.done("writable")
    assert not re.search(r"^\S+ / .*\bro\b", booted.text("fstab_writable"), re.MULTILINE)
