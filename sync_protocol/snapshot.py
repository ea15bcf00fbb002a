"""A snapshot's bytes: every confirmed row within a cafe's reach, at the end of one block.

A snapshot is a run of chunks, each a length of 4 bytes (big-endian) and that many bytes of a
`frames` frame. Rows are [name, row]:

| name                                                             | row |
|------------------------------------------------------------------|-----|
| [REGISTER, kind, key]                                            | [cafe, entries] |
| [CLAIM, kind, key]                                               | [subject, cafe, reference] |
| [BALANCE, section kind, section cafe, class, subject, node, epoch, month, unit] | [amount] |
| [ERASED, subject]                                                | [] |
| [WAITING, node, epoch, seq]: an op that the hub deferred         | [op row, annotation, place] |

`place` is [position, op hash]: a LATE_VERDICT names the op later.

Each name stands once, zero balances not at all. The manifest's content hash is SHA-256 of all the
bytes, its heads and state hashes are of the same block.
"""

from sync_protocol.annotations import annotation_from_row
from sync_protocol.blocks import Entry
from sync_protocol.claims import ClaimRow, claim_row_from_stored
from sync_protocol.errors import DecodeError, LimitError
from sync_protocol.expect import (
    AMOUNT_MAX,
    ID_MAX,
    expect_bytes,
    expect_int,
    expect_key,
    expect_list,
    expect_text,
)
from sync_protocol.frames import FRAME_BYTES_MAX, pack_frame, unpack_frame
from sync_protocol.ops import (
    EPOCH_MAX,
    HASH_BYTES,
    NODE_MAX,
    POSITION_MAX,
    SEQ_MAX,
    Op,
    op_from_wire,
)
from sync_protocol.registers import RegisterRow, row_from_stored

REGISTER = 1
CLAIM = 2
BALANCE = 3
ERASED = 4
WAITING = 5

LENGTH_BYTES = 4
CHUNK_ROWS_MAX = 2000
"""Rows of one chunk; one with pictures has fewer, see `FRAME_BYTES_MAX`."""

_NAME_ITEMS = {REGISTER: 3, CLAIM: 3, BALANCE: 9, ERASED: 2, WAITING: 4}


def register_item(kind: int, key: "int | str", row: RegisterRow) -> "list[object]":
    """Return the [name, row] of a document."""
    return [[REGISTER, kind, key], row.row()]


def claim_item(kind: int, key: bytes, row: ClaimRow) -> "list[object]":
    """Return the [name, row] of a claimed key."""
    return [[CLAIM, kind, key], row.row()]


def balance_item(
    section: "tuple[int, int]",
    account: "tuple[int, int | str, int, int, int, str]",
    amount: int,
) -> "list[object]":
    """Return the [name, row] of a balance that is not zero."""
    return [[BALANCE, section[0], section[1]] + list(account), [amount]]


def erased_item(subject: int) -> "list[object]":
    """Return the [name, row] of a subject whose data is gone for good."""
    return [[ERASED, subject], []]


def waiting_item(position: int, entry: Entry, op: Op) -> "list[object]":
    """Return the [name, row] of a deferred op."""
    name = [WAITING, entry.node, entry.epoch, entry.seq]
    return [name, [op.wire_row(), entry.annotation.row(), [position, op.hash]]]


def pack_chunk(items: "list[object]", codecs: "list[int]") -> bytes:
    """Return one chunk with its length. `LimitError("frame_bytes")`: give it fewer rows."""
    frame = pack_frame(items, codecs)
    return len(frame).to_bytes(LENGTH_BYTES, "big") + frame


def chunk_length(prefix: bytes) -> int:
    """Return the bytes of the frame that follow a chunk's first `LENGTH_BYTES`."""
    if len(prefix) != LENGTH_BYTES:
        raise DecodeError("malformed", "truncated")
    length = int.from_bytes(prefix, "big")
    if length > FRAME_BYTES_MAX:
        raise LimitError("frame_bytes", str(length))
    return length


def unpack_chunk(frame: bytes) -> "list[tuple[list[object], list[object]]]":
    """Return the (name, row) pairs of a chunk's frame; the shape of each name is checked."""
    items = []
    for item in unpack_frame(frame, CHUNK_ROWS_MAX):
        pair = expect_list(item, "item", 2, 2)
        name = expect_list(pair[0], "name", 2, 9)
        size = _NAME_ITEMS.get(expect_int(name[0], "name.form", REGISTER, WAITING))
        if len(name) != size:
            raise DecodeError("field_range", "name")
        items.append((name, expect_list(pair[1], "row", 0, 3)))
    return items


def register_of(name: "list[object]", row: "list[object]") -> "tuple[int, int | str, RegisterRow]":
    """Return (kind, key, row) of a REGISTER item."""
    kind = expect_int(name[1], "kind", 1, 0xFFFF)
    return kind, expect_key(name[2], "key"), row_from_stored(row)


def claim_of(name: "list[object]", row: "list[object]") -> "tuple[int, bytes, ClaimRow]":
    """Return (kind, key, row) of a CLAIM item."""
    kind = expect_int(name[1], "kind", 1, 0xFFFF)
    return kind, expect_bytes(name[2], "key", 1, 64), claim_row_from_stored(row)


def balance_of(
    name: "list[object]", row: "list[object]"
) -> "tuple[tuple[int, int], tuple[int, int | str, int, int, int, str], int]":
    """Return (section, account, amount) of a BALANCE item."""
    section = (
        expect_int(name[1], "section.kind", 1, 0xFFFF),
        expect_int(name[2], "section.cafe", 0, NODE_MAX),
    )
    account = (
        expect_int(name[3], "class", 1, 0xFFFF),
        expect_key(name[4], "subject"),
        expect_int(name[5], "node", 0, NODE_MAX),
        expect_int(name[6], "epoch", 0, EPOCH_MAX),
        expect_int(name[7], "month", 0, 999912),
        expect_text(name[8], "unit", 64),
    )
    amounts = expect_list(row, "balance", 1, 1)
    return section, account, expect_int(amounts[0], "amount", -AMOUNT_MAX, AMOUNT_MAX)


def waiting_of(name: "list[object]", row: "list[object]") -> "tuple[int, Entry, Op]":
    """Return (position, entry, op) of a WAITING item; the op's hash is the hub's word."""
    parts = expect_list(row, "waiting", 3, 3)
    place = expect_list(parts[2], "place", 2, 2)
    hash = expect_bytes(place[1], "hash", HASH_BYTES, HASH_BYTES)
    op = op_from_wire(parts[0], b"")
    op.hash = hash
    entry = Entry(
        expect_int(name[1], "node", 0, NODE_MAX),
        expect_int(name[2], "epoch", 1, EPOCH_MAX),
        expect_int(name[3], "seq", 1, SEQ_MAX),
        hash,
        op,
        annotation_from_row(parts[1]),
    )
    return expect_int(place[0], "position", 1, POSITION_MAX), entry, op


def erased_of(name: "list[object]") -> int:
    """Return the subject of an ERASED item."""
    return expect_int(name[1], "subject", 1, ID_MAX)
