"""One image for all boxes of a chain: a system, provisioned, with read-only root.

    sudo python3 firmware_scripts/image cafebox.img --hub http://HOST:8600 --key release.pub \\
        --bundle 1.cafebox --from raspios-lite-arm64.img

Write it to a card (`dd`, Raspberry Pi Imager) and plug it in: at its first start the box takes a
number and keys of its own, and makes the encrypted /data in the room that the card has left.
Exit codes: 0 done, 1 a step failed, 2 wrong usage.
"""

import argparse
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from base import (
    LOADED,
    MACHINES,
    MIRROR,
    PROVISION,
    Base,
    ImageError,
    check_tools,
    inside,
    make_base,
    run,
)
from disk import Disk, pack

FORGOTTEN = ("etc/ssh/ssh_host_*", "var/lib/apt/lists/*_*", "var/cache/apt/*.bin", "var/log/*.log")
"""What no two boxes may share, and what no box needs."""
FIRST_STARTS = ("userconfig.service", "regenerate_ssh_host_keys.service")
"""Raspberry Pi OS's own, which ask on a screen or write to the root."""
LOGIN = "technician"


class Progress:
    """Says each step as it begins; a dry run says them and does none."""

    def __init__(self) -> None:
        self._step = 0

    def say(self, words: str) -> None:
        self._step += 1
        print(f"{self._step}/5 {words}", flush=True)


def build(arguments: argparse.Namespace, work: Path) -> None:
    """Raises ImageError, OSError, CalledProcessError."""
    progress = Progress()
    disk = Disk(secrets.token_hex(4))
    base = Base(arguments.architecture, arguments.raspberry_pi_os, arguments.mirror)
    dry_run = arguments.dry_run
    kept = arguments.base or work / "base"
    root, boot = work / "root", work / "boot"
    if not dry_run:
        check_tools(base)
    if kept.exists():
        progress.say(f"the system is in {kept} already")
    else:
        origin = base.raspberry_pi_os or f"bare Debian from {base.mirror}"
        progress.say(f"getting the system for {base.architecture}: {origin}")
        if not dry_run:
            make_base(base, kept)
    progress.say("copying it")
    if not dry_run:
        run("cp", "--archive", "--reflink=auto", str(kept), str(root))
    progress.say(f"provisioning it for {arguments.hub}: root read-only, /data encrypted")
    if not dry_run:
        (root / LOADED).mkdir(parents=True, exist_ok=True)
        (root / "etc/fstab").write_text(disk.fstab())
        provision(arguments, disk, root)
    progress.say("leaving what is each box's own to its first start")
    if not dry_run:
        make_anonymous(root)
        if arguments.login_key:
            let_in(root, arguments.login_key)
        (root / LOADED).rename(boot)
        (root / LOADED).mkdir()
        (boot / "cmdline.txt").write_text(disk.command_line())
    progress.say(f"packing {arguments.image}")
    if not dry_run:
        pack(disk, root, boot, arguments.image)


def provision(arguments: argparse.Namespace, disk: Disk, root: Path) -> None:
    """As on a machine that runs, but that nothing is started."""
    given = [PROVISION.parent, arguments.key]
    words = ["python3", f"/mnt/given/{PROVISION.parent.name}/{PROVISION.name}"]
    words += ["--hub", arguments.hub, "--key", f"/mnt/given/{arguments.key.name}"]
    words += ["--root", "read-only", "--data", disk.data]
    if arguments.clock:
        words += ["--clock", arguments.clock]
    if arguments.bundle:
        given.append(arguments.bundle)
        words += ["--bundle", f"/mnt/given/{arguments.bundle.name}"]
    inside(root, words, given)


def make_anonymous(root: Path) -> None:
    """Without a number, keys and logs: cafebox-first-start.service gives each box its own."""
    # Empty, not absent: systemd makes one, and does not take it for a system without units.
    (root / "etc/machine-id").write_text("")
    # Where it would take the old one from: machine-id(5).
    of_the_bus = root / "var/lib/dbus/machine-id"
    of_the_bus.unlink(missing_ok=True)
    of_the_bus.symlink_to("/etc/machine-id")
    for pattern in FORGOTTEN:
        for path in root.glob(pattern):
            path.unlink()
    run("systemctl", f"--root={root}", "mask", "--quiet", *FIRST_STARTS)


def let_in(root: Path, key: Path) -> None:
    """A user for the technician, by key alone; without one, nobody can log in."""
    home = root / "home" / LOGIN
    words = ["--create-home", "--shell", "/bin/bash", "--groups", "sudo", LOGIN]
    run("chroot", str(root), "useradd", *words)
    (root / "etc/sudoers.d/technician").write_text(f"{LOGIN} ALL=(ALL) NOPASSWD: ALL\n")
    (home / ".ssh").mkdir(mode=0o700)
    shutil.copy(key, home / ".ssh/authorized_keys")
    run("chroot", str(root), "chown", "--recursive", f"{LOGIN}:{LOGIN}", f"/home/{LOGIN}/.ssh")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="image", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("image", type=Path, help="the file to write")
    parser.add_argument("--hub", required=True, help="the hub's address: http://host:8600")
    parser.add_argument("--key", type=Path, required=True, help="the key *.pub that signs updates")
    parser.add_argument("--bundle", type=Path, help="the version that it starts with")
    parser.add_argument("--architecture", choices=MACHINES, default="arm64")
    parser.add_argument(
        "--from",
        dest="raspberry_pi_os",
        type=Path,
        metavar="IMAGE",
        help="Raspberry Pi OS Lite (64 bit, Debian 12), which a Pi 5 needs; else bare Debian",
    )
    parser.add_argument("--clock", help="the hardware clock, as provision --help says")
    parser.add_argument("--mirror", default=MIRROR, help="where Debian comes from")
    parser.add_argument(
        "--base", type=Path, help="keep the system before provisioning here, for the next image"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done")
    parser.add_argument("--login-key", type=Path, help=f"an SSH key *.pub that lets {LOGIN} in")
    arguments = parser.parse_args()
    if os.geteuid() != 0 and not arguments.dry_run:
        parser.error("type sudo before it")
    if not arguments.hub.startswith(("http://", "https://")):
        parser.error(f"--hub {arguments.hub}: write it like http://host:8600")
    for path in (arguments.key, arguments.bundle, arguments.raspberry_pi_os):
        if path is not None and not arguments.dry_run and not path.is_file():
            parser.error(f"{path}: there is no such file")
    try:
        with tempfile.TemporaryDirectory(dir=arguments.image.resolve().parent) as folder:
            build(arguments, Path(folder))
    except subprocess.CalledProcessError as error:
        print(f"{error.cmd[0]} failed ({error.returncode}); its words are above", file=sys.stderr)
        return 1
    except (ImageError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
