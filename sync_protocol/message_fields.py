"""What messages are made of: fields with their limits, packing, and signing."""

from sync_protocol.codec import pack
from sync_protocol.expect import expect_bytes, expect_int
from sync_protocol.ops import (
    EPOCH_MAX,
    HASH_BYTES,
    NODE_MAX,
    POSITION_MAX,
    SEQ_MAX,
    STAMP_MAX,
    OpRef,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Fields = tuple[tuple[Any, ...], ...]

MESSAGE_VERSION = 1

SIGNATURE_BYTES = 64
"""Ed25519 (RFC 8032)."""
UNSIGNED = b"\x00" * SIGNATURE_BYTES
"""Stands in a message until it is signed; no key has made it."""

MS_MAX = STAMP_MAX >> 16
COUNT_MAX = 0xFFFFFFFF

NODE_FIELD = ("node", expect_int, 0, NODE_MAX)
EPOCH_FIELD = ("epoch", expect_int, 1, EPOCH_MAX)
GENERATION_FIELD = ("generation", expect_int, 0, EPOCH_MAX)
STREAM_FIELD = ("stream", expect_int, 0, 0xFFFF)
SESSION_FIELD = ("session", expect_int, 0, COUNT_MAX)
WALL_FIELD = ("wall_ms", expect_int, 0, MS_MAX)
SEGMENT_FIELD = ("segment", expect_int, 0, COUNT_MAX)
SIGNATURE_FIELD = ("signature", expect_bytes, SIGNATURE_BYTES, SIGNATURE_BYTES)


def hash_field(name: str, low: int = HASH_BYTES) -> "tuple[Any, ...]":
    """Return the field of a hash; `low` 0 where it may be missing."""
    return (name, expect_bytes, low, HASH_BYTES)


def seq_field(name: str, low: int = 0) -> "tuple[Any, ...]":
    """Return the field of an op's number; 0 stands before the first."""
    return (name, expect_int, low, SEQ_MAX)


def place_field(name: str) -> "tuple[Any, ...]":
    """Return the field of a log position or a block number."""
    return (name, expect_int, 0, POSITION_MAX)


class Message:
    """What every message has: a numeric TYPE and FIELDS of (attribute, check, limits ...)."""

    TYPE = 0
    FIELDS: "Fields" = ()

    def values(self) -> "list[object]":
        """Return the message as an array."""
        values: list[object] = [self.TYPE, MESSAGE_VERSION]
        for field in self.FIELDS:
            value = getattr(self, field[0])
            values.append(value.row() if isinstance(value, OpRef) else value)
        return values

    def pack(self) -> bytes:
        """Return the message as it is published."""
        return pack(self.values())


class SignedMessage(Message):
    """A message whose last field is its sender's signature of all that is before it."""

    signature = b""

    def signing_bytes(self, chain: str, node: int) -> bytes:
        """Return what is signed in the session of `node`, whichever side sends it."""
        return pack(["cafebox message", chain, node] + self.values()[:-1])

    def sign(self, chain: str, node: int, sign: "Callable[[bytes], bytes]") -> bytes:
        """Sign the message and return its bytes."""
        self.signature = sign(self.signing_bytes(chain, node))
        return self.pack()
