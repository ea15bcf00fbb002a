"""One message of each type, with every field set."""

from sync_protocol.greetings import (
    FENCED_FORK,
    Fenced,
    Hello,
    Welcome,
)
from sync_protocol.messages import (
    Ack,
    Blocks,
    GrantAnswer,
    GrantRequest,
    Head,
    Ping,
    Pong,
    Push,
    Recall,
    Reject,
)
from sync_protocol.ops import OpRef

MS = 1_780_000_000_000


def every_message():
    """Return one of each, in the order of their types."""
    return [
        Hello(
            "chain", 3, 2, 4_000_000_000, 90, b"a" * 32, 80, b"b" * 32, 1, 0, 5000, 70, b"c" * 32,
            [0, 1], MS, 9, "cafebox 1.0", b"serial", b"u" * 64,
        ),
        Welcome(
            2, 4_000_000_000, 80, b"b" * 32, 1, 0, 6000, 75, 60, MS, [0, 1], 1000, 262144, 16,
            b"v" * 64,
        ),
        Push(3, 2, 81, b"\x00\x01\x00", b"s" * 64),
        Ack(2, 90, b"12345678"),
        Reject(2, 81, "signature"),
        Fenced(2, 4_000_000_000, FENCED_FORK, 85, b"d" * 32, b"w" * 64),
        Blocks(1, 0, 71, 5001, b"e" * 32, [3, 1], b"\x00\x01\x00", b"t" * 64),
        Head(1, 0, 75, 6000, b"87654321", 60, MS),
        GrantRequest(2, 1 << 51, 10, 812, "fen", 5000, "spend"),
        GrantAnswer(1 << 51, OpRef(0, 1, 44, b"abcdefgh"), ""),
        Recall(10, 812, "fen", 5000),
        Ping(MS),
        Pong(MS, MS + 40, 9),
    ]  # fmt: skip
