"""A card's number from a block of a MIFARE Classic card: where it stands, and the APDUs to read it.

For chains whose former system wrote a number of its own onto the cards. The exchange is that of
PC/SC part 3, sections 3.2.2.1.4 (LOAD KEYS: FF 82), 3.2.2.1.6 (GENERAL AUTHENTICATE: FF 86) and
3.2.2.1.8 (READ BINARY: FF B0), as the ACR122U's manual has it too; blocks are those of NXP's
MF1S50yyX data sheet: 16 bytes, each fourth one holds a sector's keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge.drivers.errors import DeviceConfigurationError

KEY_BYTES = 6
BLOCK_BYTES = 16
KEY_TYPES: Mapping[str, int] = {"a": 0x60, "b": 0x61}
KEY_SLOT = 0
"""The reader's place for a key until it is unplugged."""
BLANKS = (0x00, 0xFF)


@dataclass(frozen=True, slots=True)
class NumberPlace:
    """`size` bytes from byte `at` on of a block; `key` opens its sector."""

    block: int
    key: bytes
    key_type: Literal["a", "b"]
    at: int
    size: int

    def apdus(self) -> tuple[list[int], list[int], list[int]]:
        """What to send one after the other; the last one's answer holds the block."""
        return (
            [0xFF, 0x82, 0x00, KEY_SLOT, KEY_BYTES, *self.key],
            [0xFF, 0x86, 0x00, 0x00, 5, 1, 0, self.block, KEY_TYPES[self.key_type], KEY_SLOT],
            [0xFF, 0xB0, 0x00, self.block, BLOCK_BYTES],
        )

    def number_in(self, data: bytes) -> bytes | None:
        """The number that a block holds, None where nobody wrote one."""
        number = data[self.at : self.at + self.size]
        blank = any(number == bytes((value,)) * self.size for value in BLANKS)
        return None if blank or len(data) != BLOCK_BYTES else number


def is_key_block(block: int) -> bool:
    """Whether a block holds a sector's keys; 4K cards have sectors of 16 blocks from 128 on."""
    return block % 4 == 3 if block < 128 else block % 16 == 15


def read_key(path: Path, where: str) -> bytes:
    """The key of a file of 12 hexadecimal digits. Raises DeviceConfigurationError."""
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:  # UnicodeDecodeError is a ValueError
        raise DeviceConfigurationError(
            where, f"{path}: {error}", "Make it a file of 12 hexadecimal digits that the box reads"
        ) from error
    if len(key) != KEY_BYTES:
        raise DeviceConfigurationError(
            where, f"{path}: {len(key)} bytes", "Write 12 hexadecimal digits into it"
        )
    return key
