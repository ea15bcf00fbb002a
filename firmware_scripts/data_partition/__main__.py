"""The encrypted partition that becomes /data: its key at each start, and it itself at the first.

Installed as `cafebox-data`. Exit codes: 0 done, 1 not possible (the words say why), 2 wrong usage.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from board import Board, BoardKeyError, KeyFile, derive, new_key_file, read_key_file, this_board
from partition import FINISHED, PartitionError, find, label, make, opens

KEY_FILE = Path("/boot/firmware/cafebox-data.key")
NAME = "cafebox-data"
STRENGTH = {
    "otp": "the board's private key: 256 bits, in the board alone",
    "serial": "the board's serial number: 32 bits, which who had the board may know",
    "product": "the machine's product number, which who had the machine may know",
}


def prepare(arguments: argparse.Namespace) -> None:
    """Write the key for this start; make the partition where it is not yet."""
    device, key = crypttab_entry(arguments.crypttab)
    board = this_board()
    find(device)
    standing = label(device)
    file = read_key_file(arguments.key_file)
    if file is None and standing == FINISHED:
        raise BoardKeyError(f"{arguments.key_file} is gone. Put back the copy of it")
    if file is None:
        file = new_key_file(board)
        keep(arguments.key_file, file)
    write_key(key, derive(board, file))
    if standing != FINISHED:
        print(f"making {device}: its number is {STRENGTH[file.source]}", flush=True)
        make(device, key, arguments.filling)


def status(arguments: argparse.Namespace) -> None:
    """Say what the key is made of, and whether it opens the partition."""
    device, _key = crypttab_entry(arguments.crypttab)
    file = read_key_file(arguments.key_file)
    if file is None:
        raise BoardKeyError(f"{arguments.key_file} is gone. Put back the copy of it")
    print(f"bound to {STRENGTH[file.source]}")
    if label(device) != FINISHED:
        raise PartitionError(f"{device} is not made yet. Type: systemctl restart cafebox-data")
    if not opens_with(device, this_board(), file):
        raise PartitionError(
            f"{device} does not open: it was made by another board, or with another key file"
        )
    print(f"{device} opens")


def key(arguments: argparse.Namespace) -> None:
    """Write the key to a file, for cryptsetup by hand."""
    file = read_key_file(arguments.key_file)
    if file is None:
        raise BoardKeyError(f"{arguments.key_file} is gone. Put back the copy of it")
    write_key(arguments.file, derive(this_board(), file))


def opens_with(device: Path, board: Board, file: KeyFile) -> bool:
    """Whether this board with this file opens the partition."""
    trial = Path(f"/run/{NAME}-{os.getpid()}")
    write_key(trial, derive(board, file))
    try:
        return opens(device, trial)
    finally:
        trial.unlink()


def crypttab_entry(path: Path) -> tuple[Path, Path]:
    """Partition and key file of our line. Raises PartitionError."""
    for line in path.read_text("utf-8").splitlines() if path.exists() else []:
        words = line.split()
        if words[:1] == [NAME] and len(words) > 2:
            return Path(words[1]), Path(words[2])
    raise PartitionError(f"{path} has no line for {NAME}: this box's data is not encrypted")


def keep(path: Path, file: KeyFile) -> None:
    """Write the key's half to the boot medium, and be sure that it is there."""
    folder = path.parent
    read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
    if read_only:
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
    try:
        write_key(path, file.to_text().encode())
    finally:
        if read_only:
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)


def write_key(path: Path, content: bytes) -> None:
    """A file for root alone, in one rename, on the medium when this returns."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(prog=NAME, description=__doc__)
    main.add_argument("--crypttab", type=Path, default=Path("/etc/crypttab"))
    main.add_argument("--key-file", type=Path, default=KEY_FILE, help="on the boot medium")
    commands = main.add_subparsers(required=True)
    one = commands.add_parser("prepare", help=prepare.__doc__)
    one.add_argument("--filling", type=Path, default=Path("/data"), help="what a new one holds")
    one.set_defaults(perform=prepare)
    one = commands.add_parser("status", help=status.__doc__)
    one.set_defaults(perform=status)
    one = commands.add_parser("key", help=key.__doc__)
    one.add_argument("file", type=Path)
    one.set_defaults(perform=key)
    return main


def main() -> int:
    arguments = parser().parse_args()
    try:
        arguments.perform(arguments)
    except subprocess.CalledProcessError as error:
        print(f"{error.cmd[0]} failed ({error.returncode})", file=sys.stderr)
        return 1
    except (BoardKeyError, PartitionError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
