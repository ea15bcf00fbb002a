"""Sealed copies: a box's ops in files on another medium, which only the hub can open. No I/O here.

    file   = MAGIC ‖ record*
    record = length of content (4 bytes, big-endian) ‖ content ‖ check (32 bytes)
    content = pack([head, sealed])
    head   = [chain, node, epoch, first seq, last seq, last op's hash, written ms]
    check  = SHA-256(check of the record before ‖ content); the first record follows SHA-256(MAGIC)
    sealed = the PUSH message of those ops, sealed with info = pack([PURPOSE, check before, head])

Sealing is handed in: HPKE (RFC 9180) in base mode with X25519, HKDF-SHA256 and AES-256-GCM, to the
key that the hub told at enrolment. The head is in the clear, so that whoever writes the files finds
out how far they go without a key; the check finds a torn end, and the hub's opening every change.

A file is only ever appended to. What does not check ends it: power went while it was written, and
those ops stand again in the next file. The PUSH is signed by its author, so that anybody may carry
a file; POST /sync/carried?digest=D with the file as its body is its way over HTTP, answered by
`CarryAnswer`.
"""

from hashlib import sha256

from sync_protocol.codec import pack, unpack
from sync_protocol.errors import DecodeError, LimitError, ProtocolError
from sync_protocol.expect import expect_bytes, expect_int, expect_list, expect_text
from sync_protocol.ops import EPOCH_MAX, HASH_BYTES, NODE_MAX, SEQ_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC = b"cafebox sealed copy 1\n"
PURPOSE = "cafebox sealed copy"
FILE_SUFFIX = ".sealed"
FILE_BYTES_MAX = 2 * 1024 * 1024
"""Of a file: so that it travels in one request."""
ROTATE_BYTES = 256 * 1024
"""A file that is longer gets no further record: it stays well below its limit."""
HTTP_VERSION = 1
CARRY_PATH = "/sync/carried"
WRITTEN_MS_MAX = (1 << 53) - 1

_LENGTH_BYTES = 4

TAKEN = 1
"""The log has the epoch's ops up to `seq`."""
KEPT = 2
"""The hub keeps what does not continue its log until two people admit it."""
GAP = 3
"""The log lacks ops before these: it has those up to `seq`; bring what is between first."""
STATUSES = {TAKEN: "taken", KEPT: "kept", GAP: "gap"}


class CopyHead:
    """Whose ops a record holds, which, and when it was written (ms since 1970, the box's clock)."""

    __slots__ = ("chain", "node", "epoch", "first_seq", "last_seq", "last_hash", "written_ms")

    def __init__(
        self,
        chain: str,
        node: int,
        epoch: int,
        first_seq: int,
        last_seq: int,
        last_hash: bytes,
        written_ms: int,
    ) -> None:
        self.chain = chain
        self.node = node
        self.epoch = epoch
        self.first_seq = first_seq
        self.last_seq = last_seq
        self.last_hash = last_hash
        self.written_ms = written_ms

    def row(self) -> "list[object]":
        """Return the head as a row."""
        return [
            self.chain,
            self.node,
            self.epoch,
            self.first_seq,
            self.last_seq,
            self.last_hash,
            self.written_ms,
        ]


def head_from_row(row: object) -> CopyHead:
    """Return the `CopyHead` of a row; raises `DecodeError`."""
    values = expect_list(row, "copy head", 7, 7)
    first_seq = expect_int(values[3], "first_seq", 1, SEQ_MAX)
    return CopyHead(
        expect_text(values[0], "chain", 64),
        expect_int(values[1], "node", 1, NODE_MAX),
        expect_int(values[2], "epoch", 1, EPOCH_MAX),
        first_seq,
        expect_int(values[4], "last_seq", first_seq, SEQ_MAX),
        expect_bytes(values[5], "last_hash", HASH_BYTES, HASH_BYTES),
        expect_int(values[6], "written_ms", 0, WRITTEN_MS_MAX),
    )


def name_prefix(node: int) -> str:
    """Return what the names of a box's files begin with."""
    return "cafebox-%08d-" % node


def file_name(head: CopyHead, mark: str) -> str:
    """Return a file's name by its first record's head: names sort as their ops continue each other.

    `mark` tells two files apart that begin at one op: an older copy of a store was put back.
    """
    return "%s%08d-%015d-%s%s" % (
        name_prefix(head.node),
        head.epoch,
        head.first_seq,
        mark,
        FILE_SUFFIX,
    )


class SealedRecord:
    """A record as it stands in a file: `check_before` is needed to open it."""

    __slots__ = ("head", "sealed", "check_before")

    def __init__(self, head: CopyHead, sealed: bytes, check_before: bytes) -> None:
        self.head = head
        self.sealed = sealed
        self.check_before = check_before

    def info(self) -> bytes:
        """Return what the sealing is bound to."""
        return sealing_info(self.check_before, self.head)


def first_check() -> bytes:
    """Return what the first record of a file follows."""
    return sha256(MAGIC).digest()


def sealing_info(check_before: bytes, head: CopyHead) -> bytes:
    """Return what binds a sealed message to its place and its head."""
    return pack([PURPOSE, check_before, head.row()])


def record_bytes(
    check_before: bytes, head: CopyHead, push: bytes, seal: "Callable[[bytes, bytes], bytes]"
) -> "tuple[bytes, bytes]":
    """Return (record, its check); `seal(message, info)` seals to the hub's key."""
    content = pack([head.row(), seal(push, sealing_info(check_before, head))])
    check = sha256(check_before + content).digest()
    return len(content).to_bytes(_LENGTH_BYTES, "big") + content + check, check


def read_records(data: bytes) -> "tuple[list[SealedRecord], int]":
    """Return (the records that are whole, how many bytes of the file they and the magic are).

    Raises `DecodeError` for what is no such file, `LimitError` for one that is too long.
    """
    if len(data) > FILE_BYTES_MAX:
        raise LimitError("copy_bytes", str(len(data)))
    if data[: len(MAGIC)] != MAGIC:
        raise DecodeError("copy_magic")
    records: list[SealedRecord] = []
    at, check = len(MAGIC), first_check()
    while True:
        start = at + _LENGTH_BYTES
        length = int.from_bytes(data[at:start], "big")
        end = start + length + HASH_BYTES
        if len(data) < start or end > len(data):
            break
        content = data[start : start + length]
        expected = sha256(check + content).digest()
        if data[start + length : end] != expected:
            break
        try:
            values = expect_list(unpack(content), "copy record", 2, 2)
            head = head_from_row(values[0])
            sealed = expect_bytes(values[1], "sealed", 1, FILE_BYTES_MAX)
        except ProtocolError:
            break  # checked, and yet of no shape that is known here
        records.append(SealedRecord(head, sealed, check))
        at, check = end, expected
    return records, at


class CarryAnswer:
    """What became of a file: TAKEN, KEPT or GAP, the last op that the hub has in that way, how many
    ops were new to it, and the code of what stopped it before the file's end ("" for nothing)."""

    __slots__ = ("status", "seq", "new_ops", "fault")

    def __init__(self, status: int, seq: int, new_ops: int, fault: str) -> None:
        self.status = status
        self.seq = seq
        self.new_ops = new_ops
        self.fault = fault

    def pack(self) -> bytes:
        """Return the body of the answer."""
        return pack([HTTP_VERSION, self.status, self.seq, self.new_ops, self.fault])


def carry_answer_from_bytes(data: bytes) -> CarryAnswer:
    """Return the `CarryAnswer` of a body."""
    values = expect_list(unpack(data), "carry answer", 5, 5)
    expect_int(values[0], "version", HTTP_VERSION, HTTP_VERSION)
    return CarryAnswer(
        expect_int(values[1], "status", TAKEN, GAP),
        expect_int(values[2], "seq", 0, SEQ_MAX),
        expect_int(values[3], "new_ops", 0, SEQ_MAX),
        expect_text(values[4], "fault", 64),
    )
