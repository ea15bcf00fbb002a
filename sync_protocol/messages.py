"""Every message between a box and the hub, its fields with their limits.

A message is the canonical bytes of [type, version, fields ...]. Decoding is strict: field for
field, each within the limits written beside it. A type or version that is not known here comes
back as `Unknown`, to be counted and otherwise ignored, so that a peer may be newer.

| topic                       | from | messages                                                |
|-----------------------------|------|---------------------------------------------------------|
| cafebox/<chain>/up/<node>   | node | Hello, Push, Fenced, GrantRequest, Ping, Pong           |
| cafebox/<chain>/down/<node> | hub  | Welcome, Ack, Reject, Fenced, GrantAnswer, Recall, ...  |
| cafebox/<chain>/blocks      | hub  | Blocks                                                  |
| cafebox/<chain>/head        | hub  | Head                                                    |

(down also carries Ping and Pong.)
"""

from sync_protocol.blocks import BLOCK_OPS_MAX
from sync_protocol.codec import pack, unpack
from sync_protocol.errors import LimitError
from sync_protocol.expect import (
    AMOUNT_MAX,
    ID_MAX,
    expect_bytes,
    expect_int,
    expect_key,
    expect_list,
    expect_text,
)
from sync_protocol.frames import FRAME_BYTES_MAX
from sync_protocol.greetings import Fenced, Hello, Welcome
from sync_protocol.message_fields import (
    EPOCH_FIELD,
    GENERATION_FIELD,
    MESSAGE_VERSION,
    MS_MAX,
    NODE_FIELD,
    SEGMENT_FIELD,
    SIGNATURE_FIELD,
    STREAM_FIELD,
    UNSIGNED,
    WALL_FIELD,
    Message,
    SignedMessage,
    hash_field,
    place_field,
    seq_field,
)
from sync_protocol.ops import REFERENCE_HASH_BYTES, OpRef, ref_from_row

MESSAGE_BYTES_MAX = FRAME_BYTES_MAX + 16384
"""Of any message. Brokers take 20 MiB, so the limit is ours to set."""

RANGE_BLOCKS_MAX = 1024
"""Blocks coded as one range."""

CODE_HELLO = "hello"
"""Reject code: the hub does not know the session; the node greets anew."""
CODE_GAP = "gap"
"""Reject code: batches before this one are missing."""


def _expect_counts(value: object, name: str) -> "list[int]":
    counts = expect_list(value, name, 1, RANGE_BLOCKS_MAX)
    return [expect_int(count, name, 1, BLOCK_OPS_MAX) for count in counts]


def _expect_ref(value: object, name: str) -> "OpRef | None":
    return None if value is None else ref_from_row(expect_list(value, name, 4, 4))


_REQUEST = ("request_id", expect_int, 0, ID_MAX)
_CLASS = ("account_class", expect_int, 1, 0xFFFF)
_SUBJECT = ("subject", expect_key)
_UNIT = ("unit", expect_text, 64)
_AMOUNT = ("amount", expect_int, 1, AMOUNT_MAX)


class Push(Message):
    """A batch of consecutive ops: a frame of rows [header, body], or [header, body hash] where
    the body was erased, signed over `push_signing_bytes` of its last op."""

    TYPE = 3
    FIELDS = (
        NODE_FIELD,
        EPOCH_FIELD,
        seq_field("first_seq", 1),
        ("frame", expect_bytes, 1, FRAME_BYTES_MAX),
        SIGNATURE_FIELD,
    )

    def __init__(
        self, node: int, epoch: int, first_seq: int, frame: bytes, signature: bytes
    ) -> None:
        self.node = node
        self.epoch = epoch
        self.first_seq = first_seq
        self.frame = frame
        self.signature = signature


class Ack(Message):
    """All ops of the epoch up to `seq` are committed at the hub; `hash8` is of that op."""

    TYPE = 4
    FIELDS = (
        EPOCH_FIELD,
        seq_field("seq"),
        ("hash8", expect_bytes, REFERENCE_HASH_BYTES, REFERENCE_HASH_BYTES),
    )

    def __init__(self, epoch: int, seq: int, hash8: bytes) -> None:
        self.epoch = epoch
        self.seq = seq
        self.hash8 = hash8


class Reject(Message):
    """A batch was not taken, for the reason `code`; the hub's watermark is `from_seq` - 1."""

    TYPE = 5
    FIELDS = (EPOCH_FIELD, seq_field("from_seq", 1), ("code", expect_text, 64))

    def __init__(self, epoch: int, from_seq: int, code: str) -> None:
        self.epoch = epoch
        self.from_seq = from_seq
        self.code = code


class Blocks(Message):
    """A range of blocks coded as one, verified by the hub's signature of the last.

    `counts`: entries of each block; the frame holds the entries of all, see `blocks`.
    """

    TYPE = 7
    FIELDS = (
        GENERATION_FIELD,
        STREAM_FIELD,
        place_field("first_number"),
        place_field("first_position"),
        hash_field("previous_hash"),
        ("counts", _expect_counts),
        ("frame", expect_bytes, 1, FRAME_BYTES_MAX),
        SIGNATURE_FIELD,
    )

    def __init__(
        self,
        generation: int,
        stream: int,
        first_number: int,
        first_position: int,
        previous_hash: bytes,
        counts: "list[int]",
        frame: bytes,
        signature: bytes,
    ) -> None:
        self.generation = generation
        self.stream = stream
        self.first_number = first_number
        self.first_position = first_position
        self.previous_hash = previous_hash
        self.counts = counts
        self.frame = frame
        self.signature = signature

    def last_number(self) -> int:
        """Return the number of the last block."""
        return self.first_number + len(self.counts) - 1


class Head(SignedMessage):
    """The hub's log ends here; sent every few seconds, so that a box finds what it missed.

    Signed by the hub for all, with its own node number: what a box believes of generations, of the
    log's end and of backups it has from here and from WELCOME alone.
    """

    TYPE = 8
    FIELDS = (
        GENERATION_FIELD,
        STREAM_FIELD,
        place_field("block_number"),
        place_field("position"),
        ("hash8", expect_bytes, REFERENCE_HASH_BYTES, REFERENCE_HASH_BYTES),
        place_field("backup_number"),
        WALL_FIELD,
        SIGNATURE_FIELD,
    )

    def __init__(
        self,
        generation: int,
        stream: int,
        block_number: int,
        position: int,
        hash8: bytes,
        backup_number: int,
        wall_ms: int,
        signature: bytes = UNSIGNED,
    ) -> None:
        self.generation = generation
        self.stream = stream
        self.block_number = block_number
        self.position = position
        self.hash8 = hash8
        self.backup_number = backup_number
        self.wall_ms = wall_ms
        self.signature = signature


class GrantRequest(Message):
    """A box asks for rights on a limited account; a repeat of `request_id` gets the same op."""

    TYPE = 9
    FIELDS = (
        EPOCH_FIELD,
        _REQUEST,
        _CLASS,
        _SUBJECT,
        _UNIT,
        _AMOUNT,
        ("purpose", expect_text, 32),
    )

    def __init__(
        self,
        epoch: int,
        request_id: int,
        account_class: int,
        subject: "int | str",
        unit: str,
        amount: int,
        purpose: str,
    ) -> None:
        self.epoch = epoch
        self.request_id = request_id
        self.account_class = account_class
        self.subject = subject
        self.unit = unit
        self.amount = amount
        self.purpose = purpose


class GrantAnswer(Message):
    """The hub's answer: `ref` of the op that grants, or None and the `code` of the refusal."""

    TYPE = 10
    FIELDS = (_REQUEST, ("ref", _expect_ref), ("code", expect_text, 64))

    def __init__(self, request_id: int, ref: "OpRef | None", code: str) -> None:
        self.request_id = request_id
        self.ref = ref
        self.code = code


class Recall(Message):
    """The hub asks a box to release up to `amount`; the answer is a ledger op of the box."""

    TYPE = 11
    FIELDS = (_CLASS, _SUBJECT, _UNIT, _AMOUNT)

    def __init__(self, account_class: int, subject: "int | str", unit: str, amount: int) -> None:
        self.account_class = account_class
        self.subject = subject
        self.unit = unit
        self.amount = amount


class Ping(Message):
    """Ask for the other's wall clock. `sent_ms` is the asker's own clock, for it alone to read."""

    TYPE = 12
    FIELDS = (("sent_ms", expect_int, 0, MS_MAX),)

    def __init__(self, sent_ms: int) -> None:
        self.sent_ms = sent_ms


class Pong(Message):
    """The answer: `sent_ms` back, the answerer's wall clock and its clock segment (hub: 0)."""

    TYPE = 13
    FIELDS = (("sent_ms", expect_int, 0, MS_MAX), WALL_FIELD, SEGMENT_FIELD)

    def __init__(self, sent_ms: int, wall_ms: int, segment: int) -> None:
        self.sent_ms = sent_ms
        self.wall_ms = wall_ms
        self.segment = segment


class Unknown(Message):
    """A message of a type or version that this node does not know."""

    def __init__(self, type: int, version: int) -> None:
        self.type = type
        self.version = version


def _by_type() -> "dict[int, type[Message]]":
    classes: tuple[type[Message], ...] = (
        Hello,
        Welcome,
        Push,
        Ack,
        Reject,
        Fenced,
        Blocks,
        Head,
        GrantRequest,
        GrantAnswer,
        Recall,
        Ping,
        Pong,
    )
    table = {}
    for message_class in classes:
        table[message_class.TYPE] = message_class
    return table


MESSAGES = _by_type()


def unpack_message(data: bytes) -> Message:
    """Return the message of published bytes. Raises `DecodeError` or `LimitError`."""
    if len(data) > MESSAGE_BYTES_MAX:
        raise LimitError("message_bytes", str(len(data)))
    values = expect_list(unpack(data), "message", 2, 64)
    type_number = expect_int(values[0], "message.type", 0, 0xFFFF)
    version = expect_int(values[1], "message.version", 0, 0xFFFF)
    message_class = MESSAGES.get(type_number)
    if message_class is None or version != MESSAGE_VERSION:
        return Unknown(type_number, version)
    fields = message_class.FIELDS
    expect_list(values, "message", 2 + len(fields), 2 + len(fields))
    checked = []
    for index in range(len(fields)):
        field = fields[index]
        checked.append(field[1](values[2 + index], field[0], *field[2:]))
    return message_class(*checked)


def push_signing_bytes(chain: str, node: int, epoch: int, last_seq: int, head_hash: bytes) -> bytes:
    """Return what a node signs for a batch: the hash chain stands for all ops before."""
    return pack(["cafebox push", chain, node, epoch, last_seq, head_hash])
