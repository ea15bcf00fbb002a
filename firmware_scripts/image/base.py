"""The system that an image starts from, in a folder: bare Debian, or Raspberry Pi OS Lite."""

import json
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROVISION = Path(__file__).parent.parent / "provision"
RELEASE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
SECURITY = f"http://security.debian.org/debian-security {RELEASE}-security"
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
"""Debian's name of an architecture, and the kernel's."""
KERNELS = {
    "amd64": ("linux-image-cloud-amd64",),
    "arm64": ("linux-image-arm64", "raspi-firmware"),
}
FIRST = ("systemd", "systemd-sysv", "dbus", "udev", "ca-certificates")
SYSTEM = (
    *("systemd-resolved", "kmod", "initramfs-tools", "e2fsprogs", "iproute2"),
    *("openssh-server", "sudo"),
)
NETWORK = """\
# Any cable: an address by DHCP, and one of its own where nobody gives any.
[Match]
Name=en* eth*
[Network]
DHCP=yes
LinkLocalAddressing=yes
MulticastDNS=no
"""
LOADED = "boot/firmware"


class ImageError(Exception):
    """The image cannot be made; the words say what to do."""


@dataclass(frozen=True, slots=True)
class Base:
    """`architecture`: a key of MACHINES. `raspberry_pi_os`: its image, None for bare Debian."""

    architecture: str
    raspberry_pi_os: Path | None
    mirror: str


def make_base(base: Base, folder: Path) -> None:
    """Make the system in a folder that is not there yet. Raises ImageError, CalledProcessError."""
    unfinished = folder.with_name(folder.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    if base.raspberry_pi_os is not None:
        copy_image(base.raspberry_pi_os, unfinished)
    else:
        bootstrap(base, unfinished)
        network = unfinished / "etc/systemd/network/80-cable.network"
        network.write_text(NETWORK)
        run("systemctl", f"--root={unfinished}", "enable", "--quiet", "systemd-networkd.service")
    unfinished.rename(folder)


def bootstrap(base: Base, folder: Path) -> None:
    """Bare Debian (debootstrap(8)), then by apt a kernel and what provisioning installs."""
    provisioned = subprocess.run(
        ["python3", str(PROVISION), "packages"], capture_output=True, text=True, check=True
    )
    words = ["debootstrap", f"--arch={base.architecture}", "--variant=minbase"]
    words += [f"--include={','.join(FIRST)}"]
    if MACHINES[base.architecture] == platform.machine():
        run(*words, RELEASE, str(folder), base.mirror)
    else:
        run(*words, "--foreign", RELEASE, str(folder), base.mirror)
        run("chroot", str(folder), "/debootstrap/debootstrap", "--second-stage")
    suites = (f"{base.mirror} {RELEASE}", f"{base.mirror} {RELEASE}-updates", SECURITY)
    lines = [f"deb {suite} main non-free-firmware\n" for suite in suites]
    (folder / "etc/apt/sources.list").write_text("".join(lines))
    packages = [*SYSTEM, *KERNELS[base.architecture], *provisioned.stdout.split()]
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    inside(folder, ["apt-get", "update"])
    inside(folder, ["env", "DEBIAN_FRONTEND=noninteractive", *install])
    inside(folder, ["apt-get", "clean"])


def copy_image(image: Path, folder: Path) -> None:
    """What stands on the two partitions of Raspberry Pi OS's image."""
    if image.suffix != ".img":
        raise ImageError(f"{image}: unpack it first. Type: unxz --keep {image}")
    table = subprocess.run(["sfdisk", "--json", image], capture_output=True, text=True, check=True)
    parts = json.loads(table.stdout)["partitiontable"]["partitions"]
    boot, root = (part["start"] * 512 for part in parts[:2])
    folder.mkdir()
    for offset, target in ((root, folder), (boot, folder / LOADED)):
        with tempfile.TemporaryDirectory() as place:
            run("mount", "-o", f"loop,ro,offset={offset}", str(image), place)
            try:
                target.mkdir(parents=True, exist_ok=True)
                run("cp", "--archive", f"{place}/.", str(target))
            finally:
                run("umount", place)


def check_tools(base: Base) -> None:
    """Raises ImageError with what to type where something is missing."""
    tools = {
        "debootstrap": "debootstrap",
        "systemd-nspawn": "systemd-container",
        "mkfs.ext4": "e2fsprogs",
        "mkfs.vfat": "dosfstools",
        "mcopy": "mtools",
        "sfdisk": "fdisk",
    }
    missing = [package for tool, package in tools.items() if shutil.which(tool) is None]
    machine = MACHINES[base.architecture]
    emulated = Path(f"/proc/sys/fs/binfmt_misc/qemu-{machine}")
    if machine != platform.machine() and not emulated.exists():
        missing.append("qemu-user-static")
    if missing:
        raise ImageError(f"Type: sudo apt-get install --no-install-recommends {' '.join(missing)}")


def inside(root: Path, command: Sequence[str], given: Sequence[Path] = ()) -> None:
    """Run a command in the system of a folder; `given` are there in /mnt/given, by their names."""
    words = ["systemd-nspawn", "--quiet", "--pipe", f"--directory={root}", "--register=no"]
    words += [f"--machine=cafebox-image-{os.getpid()}"]
    words += ["--keep-unit", "--resolv-conf=bind-host", "--as-pid2"]
    words += [f"--bind-ro={path.resolve()}:/mnt/given/{path.name}" for path in given]
    run(*words, *command)


def run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
