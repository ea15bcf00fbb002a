"""The key of the data partition: from what is in this board, and a file on the boot medium.

    key = HKDF-SHA256 (RFC 5869) of the board's number, salted with the file's 32 random bytes

Without either there is no key: a card is of no use without its board, nor a board without its
card. What that protects against, and what not: docs/adr, "The data partition".
"""

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
SALT_BYTES = 32
PURPOSE = b"cafebox data partition 1"
MARK = "cafebox-data-key-1"
OTP_WORDS = slice(7, 15)
READ_OTP = ("vcmailbox", "0x00030081", "40", "40", "0", "8", *("0",) * 8)
"""The mailbox's call for a device's private key: raspberrypi.com/documentation, "Device specific
private key". It answers in words, of which these are the key's; all zero when none was written."""
NUMBER_FILES = {
    "serial": "proc/device-tree/serial-number",  # a Pi's
    "product": "sys/class/dmi/id/product_uuid",  # a PC's
}
NO_NUMBERS = ("", "none", "to be filled by o.e.m.", "00000000-0000-0000-0000-000000000000")


class BoardKeyError(Exception):
    """There is no key; the words say what to do."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What stands on the boot medium: `source` of the board's number, and the salt."""

    source: str
    salt: bytes

    def to_text(self) -> str:
        return f"{MARK} {self.source} {self.salt.hex()}\n"


def read_key_file(path: Path) -> KeyFile | None:
    """The file, or None where there is none. Raises BoardKeyError for a damaged one."""
    try:
        mark, source, salt = path.read_text("ascii").split()
        found = KeyFile(source, bytes.fromhex(salt))
    except FileNotFoundError:
        return None
    except ValueError:
        raise BoardKeyError(f"{path} is damaged. Put back the copy of it") from None
    if mark != MARK or len(found.salt) != SALT_BYTES:
        raise BoardKeyError(f"{path} is not of this version, or damaged. Put back the copy of it")
    return found


class Board:
    """This machine, by what it says of itself; `run` returns what a command prints."""

    def __init__(self, root: Path, run: Callable[[Sequence[str]], str]) -> None:
        self._root = root
        self._run = run

    def best_source(self) -> str:
        """Where to take the number from: the first that this board has. Raises BoardKeyError."""
        for source in ("otp", *NUMBER_FILES):
            if self._number(source):
                return source
        raise BoardKeyError("this machine has no number of its own: its data cannot be bound to it")

    def number(self, source: str) -> bytes:
        """The board's number. Raises BoardKeyError if it does not have the one asked for."""
        number = self._number(source)
        if not number:
            raise BoardKeyError(f"this board has no number of the kind {source!r}: is it another?")
        return number

    def _number(self, source: str) -> bytes:
        if source == "otp":
            words = self._run(READ_OTP).split()[OTP_WORDS]
            number = b"".join(int(word, 16).to_bytes(4, "big") for word in words)
            return number if any(number) else b""
        name = NUMBER_FILES.get(source, "")
        try:
            number = (self._root / name).read_bytes().strip(b"\0\n ") if name else b""
        except OSError:
            return b""
        return b"" if number.decode("ascii", "replace").lower() in NO_NUMBERS else number


def this_board() -> Board:
    def run(command: Sequence[str]) -> str:
        try:
            return subprocess.run(command, capture_output=True, text=True, check=False).stdout
        except FileNotFoundError:
            return ""

    return Board(Path("/"), run)


def new_key_file(board: Board) -> KeyFile:
    """With the best number that this board has. Raises BoardKeyError."""
    return KeyFile(board.best_source(), os.urandom(SALT_BYTES))


def derive(board: Board, file: KeyFile) -> bytes:
    """The key. Raises BoardKeyError."""
    number = board.number(file.source)
    return HKDF(SHA256(), KEY_BYTES, salt=file.salt, info=PURPOSE).derive(number)
