"""Ops: the header that says who, when and after what, the body, and the hash that chains them.

    op hash = SHA-256(pack(header) ‖ previous op's hash ‖ SHA-256(pack(body)))

The first op of a (node, epoch) follows `genesis_hash`. A hash is computed by whoever receives the
row and never sent with it, so that a peer cannot claim another. A body may be dropped for ever
(an erasure); its hash stays, and the chain still verifies.
"""

from hashlib import sha256

from sync_protocol.codec import pack, pack_decoded
from sync_protocol.errors import DecodeError
from sync_protocol.expect import ID_MAX, expect_bytes, expect_int, expect_list

TYPE_CHECKING = False
if TYPE_CHECKING:  # MicroPython has no typing; mypy takes this name for true
    from typing import Any

OP_VERSION = 1
"""Version of the bodies that `kinds` describes. The header itself is frozen for ever, so that a
node can chain and forward ops of any later version."""

HASH_BYTES = 32
REFERENCE_HASH_BYTES = 8
NODE_MAX = 0xFFFFFF
EPOCH_MAX = 0xFFFFFF
SEQ_MAX = (1 << 48) - 1
STAMP_MAX = (1 << 63) - 1
POSITION_MAX = (1 << 48) - 1

HUB = 0
"""The hub's node number; its epoch is the log generation."""

TRUST_NONE = 0
"""Clock trust: nobody vouches for the wall clock (a boot without a line or a hardware clock)."""
TRUST_RTC = 1
"""Clock trust: a battery-backed hardware clock set it."""
TRUST_MEASURED = 2
"""Clock trust: compared with the hub's or a time server's clock in this segment."""


class Header:
    """Who wrote an op, when by which clock, and what its author had seen.

    `node`, `epoch`, `seq` name the op; `seq` starts at 1 and has no gap. `stamp` is the author's
    hybrid clock (see `clock`), `segment` and `trust` say how good that clock was. The `seen_*`
    cursor is the place in the hub's log up to which the author had applied. `actor` is a staff id
    (0: the node itself), `terminal` a small number of the screen or device, `shift` the shift's
    id (0: none).
    """

    __slots__ = (
        "version",
        "kind",
        "node",
        "epoch",
        "seq",
        "stamp",
        "segment",
        "trust",
        "seen_generation",
        "seen_stream",
        "seen_position",
        "actor",
        "terminal",
        "shift",
    )

    def __init__(
        self,
        version: int,
        kind: int,
        node: int,
        epoch: int,
        seq: int,
        stamp: int,
        segment: int,
        trust: int,
        seen_generation: int,
        seen_stream: int,
        seen_position: int,
        actor: int,
        terminal: int,
        shift: int,
    ) -> None:
        self.version = version
        self.kind = kind
        self.node = node
        self.epoch = epoch
        self.seq = seq
        self.stamp = stamp
        self.segment = segment
        self.trust = trust
        self.seen_generation = seen_generation
        self.seen_stream = seen_stream
        self.seen_position = seen_position
        self.actor = actor
        self.terminal = terminal
        self.shift = shift

    def row(self) -> list[object]:
        """Return the header as the array that is hashed and sent."""
        return [
            self.version,
            self.kind,
            self.node,
            self.epoch,
            self.seq,
            self.stamp,
            self.segment,
            self.trust,
            self.seen_generation,
            self.seen_stream,
            self.seen_position,
            self.actor,
            self.terminal,
            self.shift,
        ]


_HEADER_FIELDS = (
    ("version", 1, 0xFFFF),
    ("kind", 1, 0xFFFF),
    ("node", 0, NODE_MAX),
    ("epoch", 1, EPOCH_MAX),
    ("seq", 1, SEQ_MAX),
    ("stamp", 0, STAMP_MAX),
    ("segment", 0, 0xFFFFFFFF),
    ("trust", 0, TRUST_MEASURED),
    ("seen_generation", 0, EPOCH_MAX),
    ("seen_stream", 0, 0xFFFF),
    ("seen_position", 0, POSITION_MAX),
    ("actor", 0, ID_MAX),
    ("terminal", 0, 0xFFFF),
    ("shift", 0, ID_MAX),
)
HEADER_FIELDS = len(_HEADER_FIELDS)


def header_from_row(row: object) -> Header:
    """Return the `Header` of a decoded array; `DecodeError` names the field that is wrong."""
    values: list[Any] = expect_list(row, "header", HEADER_FIELDS, HEADER_FIELDS)
    if _header_fits(values):
        return Header(*values)
    checked = []
    for index in range(HEADER_FIELDS):
        name, low, high = _HEADER_FIELDS[index]
        checked.append(expect_int(values[index], name, low, high))
    return Header(*checked)


def _header_fits(values: "list[Any]") -> bool:
    """Test the limits of `_HEADER_FIELDS` in one go: this runs for each op that is received."""
    for value in values:
        if value.__class__ is not int or value < 0:
            return False
    fits: bool = (
        0 < values[0] <= 0xFFFF
        and 0 < values[1] <= 0xFFFF
        and values[2] <= NODE_MAX
        and 0 < values[3] <= EPOCH_MAX
        and 0 < values[4] <= SEQ_MAX
        and values[5] <= STAMP_MAX
        and values[6] <= 0xFFFFFFFF
        and values[7] <= TRUST_MEASURED
        and values[8] <= EPOCH_MAX
        and values[9] <= 0xFFFF
        and values[10] <= POSITION_MAX
        and values[11] <= ID_MAX
        and values[12] <= 0xFFFF
        and values[13] <= ID_MAX
    )
    return fits


def genesis_hash(chain: str, node: int, epoch: int) -> bytes:
    """Return what the first op of (node, epoch) in `chain` names as its previous hash."""
    return sha256(pack(["cafebox op log", chain, node, epoch])).digest()


def body_hash(body: object) -> bytes:
    """Return SHA-256 of a body's canonical bytes."""
    return sha256(pack(body)).digest()


def op_hash(header_bytes: bytes, previous_hash: bytes, hash_of_body: bytes) -> bytes:
    """Return the hash of an op from its header's canonical bytes."""
    return sha256(header_bytes + previous_hash + hash_of_body).digest()


class OpRef:
    """A name of an op that also vouches for its content: (node, epoch, seq, 8 bytes of hash)."""

    __slots__ = ("node", "epoch", "seq", "hash8")

    def __init__(self, node: int, epoch: int, seq: int, hash8: bytes) -> None:
        self.node = node
        self.epoch = epoch
        self.seq = seq
        self.hash8 = hash8

    def row(self) -> list[object]:
        """Return the reference as it is sent: [node, epoch, seq, hash8]."""
        return [self.node, self.epoch, self.seq, self.hash8]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OpRef) and self.row() == other.row()

    def __hash__(self) -> int:
        return hash((self.node, self.epoch, self.seq))

    def __repr__(self) -> str:
        return "%d.%d.%d" % (self.node, self.epoch, self.seq)


def ref_from_row(row: object) -> OpRef:
    """Return the `OpRef` of a decoded array."""
    if isinstance(row, list) and len(row) == 4:
        node, epoch, seq, hash8 = row
        if (
            node.__class__ is int
            and epoch.__class__ is int
            and seq.__class__ is int
            and hash8.__class__ is bytes
            and 0 <= node <= NODE_MAX
            and 0 < epoch <= EPOCH_MAX
            and 0 < seq <= SEQ_MAX
            and len(hash8) == REFERENCE_HASH_BYTES
        ):
            return OpRef(node, epoch, seq, hash8)
    values = expect_list(row, "reference", 4, 4)
    return OpRef(
        expect_int(values[0], "reference.node", 0, NODE_MAX),
        expect_int(values[1], "reference.epoch", 1, EPOCH_MAX),
        expect_int(values[2], "reference.seq", 1, SEQ_MAX),
        expect_bytes(values[3], "reference.hash", REFERENCE_HASH_BYTES, REFERENCE_HASH_BYTES),
    )


class Op:
    """One immutable operation with its place in its author's chain.

    `body` is the decoded array, or None where the body was erased or dropped; `hash_of_body` and
    `hash` are always there. Whoever hashed header or body hands in their canonical bytes, so that
    whoever stores them need not pack them again.
    """

    __slots__ = ("header", "body", "hash_of_body", "hash", "_header_bytes", "_body_bytes")

    def __init__(
        self,
        header: Header,
        body: object,
        hash_of_body: bytes,
        hash: bytes,
        header_bytes: bytes = b"",
        body_bytes: bytes = b"",
    ) -> None:
        self.header = header
        self.body = body
        self.hash_of_body = hash_of_body
        self.hash = hash
        self._header_bytes = header_bytes
        self._body_bytes = body_bytes

    def packed_header(self) -> bytes:
        """Return the header's canonical bytes."""
        return self._header_bytes or pack_decoded(self.header.row())

    def packed_body(self) -> "bytes | None":
        """Return the body's canonical bytes, None where the body is gone."""
        if self.body is None:
            return None
        return self._body_bytes or pack_decoded(self.body)

    def ref(self) -> OpRef:
        """Return the op's reference."""
        header = self.header
        return OpRef(header.node, header.epoch, header.seq, self.hash[:REFERENCE_HASH_BYTES])

    def wire_row(self) -> list[object]:
        """Return [header, body], or [header, body hash] where the body is gone."""
        return [self.header.row(), self.hash_of_body if self.body is None else self.body]


def make_op(header: Header, body: object, previous_hash: bytes) -> Op:
    """Return the op that continues `previous_hash`."""
    hash_of_body = body_hash(body)
    return Op(header, body, hash_of_body, op_hash(pack(header.row()), previous_hash, hash_of_body))


def op_from_wire(row: object, previous_hash: bytes) -> Op:
    """Return the op of a decoded [header, body or body hash] that continues `previous_hash`.

    Raises `DecodeError`. Whether the chain holds is known only from the signature over its head.
    """
    values = expect_list(row, "row", 2, 2)
    return op_after(previous_hash, header_from_row(values[0]), values[0], values[1])


def op_after(previous_hash: bytes, header: Header, header_row: object, body: object) -> Op:
    """Do what `op_from_wire` does where the header is known already."""
    header_bytes = pack_decoded(header_row)
    body_bytes = b""
    if body.__class__ is list:
        body_bytes = pack_decoded(body)
        hash_of_body = sha256(body_bytes).digest()
    elif isinstance(body, bytes):
        hash_of_body = expect_bytes(body, "body hash", HASH_BYTES, HASH_BYTES)
        body = None
    else:
        raise DecodeError("field_type", "body")
    hash = sha256(header_bytes + previous_hash + hash_of_body).digest()
    return Op(header, body, hash_of_body, hash, header_bytes, body_bytes)
