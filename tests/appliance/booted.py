"""A bare Debian, provisioned and run under its own systemd: `make test-appliance`, as root.

One boot of a container with a throw-away overlay over .cache/appliance/root runs scenario.sh;
each test reads a part of what came of it. The container has no line and no devices.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.edge.test_box import free_port, write_identity
from tests.firmware.conftest import ROOT, Workshop

CACHE = ROOT / ".cache" / "appliance"
BOOT_S = 240
EXPOSURE_MAX = 2.0
"""Of `systemd-analyze security`: 10 is bare, 0 a closed box."""

UNIT = """\
[Unit]
After=basic.target dbus.service
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/bash /mnt/in/scenario.sh
"""


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


def cached(name: str, *command: str) -> Path:
    """A folder that is made once; make clean removes it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / name
    if not folder.exists():
        made = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stdout + made.stderr
    return folder


def slot_tree(folder: Path) -> Path:
    """What stands in a slot: the packages from the cache, the box as it is now."""
    os.environ["PYTHON"] = sys.executable
    made = cached("tree", str(ROOT / "firmware_scripts" / "build_tree.sh"))
    tree = folder / "tree-of-the-box"
    shutil.copytree(made, tree)
    for package in ("edge", "sync_protocol"):
        shutil.rmtree(tree / package)
        shutil.copytree(ROOT / package, tree / package)
    return tree


@pytest.fixture(scope="session")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Booted:
    if os.geteuid() != 0:
        pytest.fail("Booting a container needs root. Type: sudo make test-appliance")
    root = cached("root", str(ROOT / "tools" / "make_debian_root.sh"))
    folder = tmp_path_factory.mktemp("appliance")
    given, out = folder / "in", folder / "out"
    out.mkdir()
    write_identity(given, free_port())
    workshop = Workshop(folder)
    shutil.copy(workshop.keys / "release.pub", given)
    tree = slot_tree(folder)
    workshop.sealed(tree, 1).rename(given / "1.cafebox")
    workshop.bundle(2).rename(given / "2.cafebox")  # says its version, and ends
    workshop.sealed(tree, 3).rename(given / "3.cafebox")
    shutil.copy(Path(__file__).parent / "scenario.sh", given)
    (given / "scenario.service").write_text(UNIT)
    command = [
        *("systemd-nspawn", "--quiet", f"--directory={root}", "--volatile=overlay"),
        *("--register=no", "--keep-unit", "--private-network"),
        f"--bind={out}:/mnt/out",
        f"--bind-ro={given}:/mnt/in",
        f"--bind-ro={ROOT / 'firmware_scripts'}:/mnt/firmware",
        f"--bind-ro={given / 'scenario.service'}:/etc/systemd/system/scenario.service",
        *("--boot", "systemd.wants=scenario.service"),
    ]
    ended = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=BOOT_S, check=False
    )
    assert (out / "journal").exists(), ended.stdout[-3000:].decode(errors="replace")
    return Booted(out)


pytestmark = pytest.mark.timeout(600)


def test_a_dry_run_changes_nothing(booted: Booted) -> None:
    assert re.search(r"^\d\d+ to change$", booted.done("dry_run"), re.MULTILINE)
    assert booted.code("dry_run_user") == 1


def test_a_second_run_changes_nothing(booted: Booted) -> None:
    assert "write /etc/systemd/system/cafebox.service" in booted.done("first")
    assert booted.done("second") == "0 changed"
    assert booted.done("third") == "0 changed"


def test_the_units_are_without_fault_and_closed(booted: Booted) -> None:
    assert booted.done("verify") == ""
    found = re.search(r"exposure level for cafebox.service: ([\d.]+)", booted.text("security"))
    assert found is not None
    assert float(found[1]) <= EXPOSURE_MAX


def test_the_device_rules_are_read_without_complaint(booted: Booted) -> None:
    assert "70-cafebox.rules" in booted.text("device_rules")
    assert "70-cafebox.rules:" not in booted.text("device_rules")


def test_the_box_runs_as_its_own_user_and_cannot_change_its_program(booted: Booted) -> None:
    booted.done("started")
    booted.done("well")
    assert booted.text("process") == "cafebox"
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
