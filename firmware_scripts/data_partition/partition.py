"""The encrypted partition (LUKS2 by cryptsetup(8)): made once, in steps that may be cut anywhere.

Its label says how far it is: UNFINISHED until the file system stands and holds what provisioning
put into /data; nobody has used it by then, so a start that finds that makes it anew. Anything else
that is on the partition is not ours, and is left alone.
"""

import json
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

UNFINISHED = "cafebox-unfinished"
FINISHED = "cafebox-data"
NEW_NAME = "cafebox-data-new"
DEVICE_S = 60
ALIGNMENT_SECTORS = 2048
FORMAT = (
    *("cryptsetup", "luksFormat", "--batch-mode", "--type", "luks2", "--sector-size", "4096"),
    # A Pi has 1 GB or more, which argon2 would fill by itself.
    *("--pbkdf", "argon2id", "--pbkdf-memory", "65536", "--iter-time", "1000"),
    *("--label", UNFINISHED),
)
BY_PARTUUID = re.compile(r".*/by-partuuid/(?P<disk>[0-9a-f]{8})-(?P<number>\d\d)$")
"""How Linux names a partition of an MBR disk: the disk's number and the partition's."""


class PartitionError(Exception):
    """The partition cannot be made or used; the words say what to do."""


def label(device: Path) -> str:
    """UNFINISHED, FINISHED, or "" for one that is empty. Raises PartitionError for others' data."""
    text = output("blkid", "--probe", "--output", "export", str(device))
    told = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    found = told.get("LABEL", "")
    if found in (UNFINISHED, FINISHED) and told.get("TYPE") == "crypto_LUKS":
        return found
    if "TYPE" in told or "PTTYPE" in told:
        what = told.get("TYPE") or told["PTTYPE"]
        raise PartitionError(
            f"{device} holds something else ({what}). If nobody needs it: wipefs --all {device}"
        )
    return ""


def make(device: Path, key_file: Path, filling: Path) -> None:
    """Encrypt the partition, make its file system and copy `filling` into it.

    Raises CalledProcessError, OSError.
    """
    run(*FORMAT, "--key-file", str(key_file), str(device))
    run("cryptsetup", "open", "--key-file", str(key_file), str(device), NEW_NAME)
    try:
        mapped = f"/dev/mapper/{NEW_NAME}"
        run("mkfs.ext4", "-q", "-F", "-m", "1", mapped)
        fill(mapped, filling)
    finally:
        run("cryptsetup", "close", NEW_NAME)
    run("cryptsetup", "config", str(device), "--label", FINISHED)


def fill(mapped: str, filling: Path) -> None:
    folder = tempfile.mkdtemp(dir="/run")
    run("mount", "-t", "ext4", mapped, folder)
    try:
        run("cp", "--archive", f"{filling}/.", folder)
        run("sync", "--file-system", folder)
    finally:
        run("umount", folder)
        Path(folder).rmdir()


def find(device: Path) -> None:
    """Wait for the partition; where it is to be on the root's disk and is not, make it there.

    Raises PartitionError, CalledProcessError.
    """
    if device.exists():
        return
    named = BY_PARTUUID.match(str(device))
    disk = root_disk()
    if named and disk and output("lsblk", "-dno", "PTUUID", str(disk)).strip() == named["disk"]:
        append_partition(disk, int(named["number"]))
    end = time.monotonic() + DEVICE_S
    while not device.exists():
        if time.monotonic() > end:
            raise PartitionError(f"{device} is not there. Is its disk plugged in?")
        time.sleep(0.2)


def append_partition(disk: Path, number: int) -> None:
    """Give all the room behind the last partition to a new one, unless the table has it already.

    The disk is in use: the table is written, and Linux is told of the new one alone.
    """
    parts = json.loads(output("sfdisk", "--json", str(disk)))["partitiontable"]["partitions"]
    if not any(re.fullmatch(rf"{re.escape(str(disk))}p?{number}", part["node"]) for part in parts):
        start = max(part["start"] + part["size"] for part in parts)
        start = -(-start // ALIGNMENT_SECTORS) * ALIGNMENT_SECTORS
        words = ["sfdisk", "--quiet", "--append", "--no-reread", "--no-tell-kernel", str(disk)]
        subprocess.run(words, input=f"start={start}, type=83\n", text=True, check=True)
    subprocess.run(["partx", "--add", "--nr", str(number), str(disk)], check=False)


def root_disk() -> Path | None:
    """The disk that the root is on; None where it is on none."""
    source = output("findmnt", "-no", "SOURCE", "/").strip()
    parent = output("lsblk", "-no", "PKNAME", source).split() if source.startswith("/dev/") else []
    return Path("/dev") / parent[0] if parent else None


def opens(device: Path, key_file: Path) -> bool:
    """Whether the key opens the partition."""
    words = ["cryptsetup", "open", "--test-passphrase", "--key-file", str(key_file), str(device)]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def run(*command: str) -> None:
    subprocess.run(command, check=True)


def output(*command: str) -> str:
    """What a command prints, whatever its exit code."""
    if shutil.which(command[0]) is None:
        raise PartitionError(f"{command[0]} is missing. Provision this machine again")
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
