"""A Pi's own Python provisions a system and runs the box, emulated: `make test-appliance`."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.appliance.booted import cached, overlaid, packages_digest, slot_tree
from tests.firmware.conftest import ROOT, Workshop

PLATFORM = "manylinux_2_28_aarch64"
FSTAB = "PARTUUID=12345678-02 / ext4 defaults 0 1\n"
COMMAND_S = 900
BOX = "cd /data/cafebox && PYTHONPATH=/run/cafebox-slot python3 -m edge.cli --config cafebox.toml"

pytestmark = pytest.mark.timeout(3600)


def run(root: Path, given: Path, command: str) -> "subprocess.CompletedProcess[str]":
    """Run words of a shell in the system of a folder; its kernel is ours."""
    words = ["systemd-nspawn", "--quiet", "--pipe", f"--directory={root}", "--register=no"]
    words += [
        f"--machine=cafebox-{os.getpid()}",
        "--keep-unit",
        "--as-pid2",
        "--private-network",
        f"--bind-ro={given}:/mnt/given",
    ]
    words += [f"--bind-ro={ROOT / 'firmware_scripts'}:/mnt/firmware", "/bin/sh", "-c", command]
    return subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )


def test_a_pi_is_provisioned_and_its_box_looks_at_itself(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.fail("Running another system needs root. Type: sudo make test-appliance")
    root = cached(f"arm64-{packages_digest()}", ROOT / "tools" / "make_arm64_root.sh")
    workshop = Workshop(tmp_path)
    given = tmp_path / "given"
    given.mkdir()
    (workshop.keys / "release.pub").rename(given / "release.pub")
    tree = slot_tree(tmp_path, PLATFORM)
    workshop.sealed(tree, 1, machine="aarch64").rename(given / "1.cafebox")
    provision = (
        "python3 /mnt/firmware/provision --hub http://hub:8600 --key /mnt/given/release.pub"
        " --bundle /mnt/given/1.cafebox --root read-only --data 12345678-03 --clock ds3231"
    )
    with overlaid(root, tmp_path) as merged:
        (merged / "etc" / "fstab").write_text(FSTAB)
        config = merged / "boot" / "firmware" / "config.txt"
        config.parent.mkdir(parents=True)
        config.write_text("dtparam=audio=on\n")
        first = run(merged, given, f"uname -m && {provision}")
        assert first.returncode == 0, first.stdout + first.stderr
        assert first.stdout.startswith("aarch64\n")
        assert "dtoverlay=i2c-rtc,ds3231" in config.read_text()
        second = run(merged, given, provision)
        assert second.stdout == "0 changed\n", second.stdout + second.stderr
        looked = run(merged, given, f"cafebox-update select --link /run/cafebox-slot; {BOX} doctor")
        assert "no identity yet" in looked.stdout, looked.stdout + looked.stderr
