"""The messages that open and end a session, each signed: HELLO, WELCOME, FENCED."""

from sync_protocol.blocks import BLOCK_OPS_MAX
from sync_protocol.expect import expect_bytes, expect_int, expect_list, expect_text
from sync_protocol.frames import FRAME_BYTES_MAX
from sync_protocol.message_fields import (
    EPOCH_FIELD,
    GENERATION_FIELD,
    NODE_FIELD,
    SEGMENT_FIELD,
    SESSION_FIELD,
    SIGNATURE_FIELD,
    STREAM_FIELD,
    UNSIGNED,
    WALL_FIELD,
    SignedMessage,
    hash_field,
    place_field,
    seq_field,
)

FENCED_REWIND = 1
"""The box has fewer ops than the hub: its store is an older copy."""
FENCED_FORK = 2
"""The box and the hub have different ops of one number: two boxes share one identity."""
FENCED_EPOCH_CLOSED = 3
FENCED_UNKNOWN_NODE = 4
FENCED_REVOKED = 5

FENCED_REASONS = {
    FENCED_REWIND: "rewind",
    FENCED_FORK: "fork",
    FENCED_EPOCH_CLOSED: "epoch_closed",
    FENCED_UNKNOWN_NODE: "unknown_node",
    FENCED_REVOKED: "revoked",
}


def _expect_codecs(value: object, name: str) -> "list[int]":
    return [expect_int(codec, name, 0, 0xFF) for codec in expect_list(value, name, 1, 16)]


CODECS_FIELD = ("codecs", _expect_codecs)


class Hello(SignedMessage):
    """A node opens a session: who it is, what it has, what it has applied. Signed by the node.

    `seq` and `hash` are its last op's, (0, genesis hash) before the first; `acked_seq` and
    `acked_hash` those of the last op that the hub acked. `generation` to `block_hash` are the
    cursor. `session` is random and comes back in the WELCOME that answers.
    """

    TYPE = 1
    FIELDS = (
        ("chain", expect_text, 64),
        NODE_FIELD,
        EPOCH_FIELD,
        SESSION_FIELD,
        seq_field("seq"),
        hash_field("hash"),
        seq_field("acked_seq"),
        hash_field("acked_hash"),
        GENERATION_FIELD,
        STREAM_FIELD,
        place_field("position"),
        place_field("block_number"),
        hash_field("block_hash"),
        CODECS_FIELD,
        WALL_FIELD,
        SEGMENT_FIELD,
        ("software", expect_text, 64),
        ("hardware", expect_bytes, 0, 64),
        SIGNATURE_FIELD,
    )

    def __init__(
        self,
        chain: str,
        node: int,
        epoch: int,
        session: int,
        seq: int,
        hash: bytes,
        acked_seq: int,
        acked_hash: bytes,
        generation: int,
        stream: int,
        position: int,
        block_number: int,
        block_hash: bytes,
        codecs: "list[int]",
        wall_ms: int,
        segment: int,
        software: str,
        hardware: bytes,
        signature: bytes = UNSIGNED,
    ) -> None:
        self.chain = chain
        self.node = node
        self.epoch = epoch
        self.session = session
        self.seq = seq
        self.hash = hash
        self.acked_seq = acked_seq
        self.acked_hash = acked_hash
        self.generation = generation
        self.stream = stream
        self.position = position
        self.block_number = block_number
        self.block_hash = block_hash
        self.codecs = codecs
        self.wall_ms = wall_ms
        self.segment = segment
        self.software = software
        self.hardware = hardware
        self.signature = signature


class Welcome(SignedMessage):
    """The hub answers HELLO: its watermark for the epoch with the op's hash, its head, its limits.
    Signed by the hub.

    `backup_number` is the last block in the hub's last backup: a box keeps what is later.
    `window` is how many batches may wait for their ack.
    """

    TYPE = 2
    FIELDS = (
        EPOCH_FIELD,
        SESSION_FIELD,
        seq_field("watermark"),
        hash_field("hash"),
        GENERATION_FIELD,
        STREAM_FIELD,
        place_field("position"),
        place_field("block_number"),
        place_field("backup_number"),
        WALL_FIELD,
        CODECS_FIELD,
        ("ops_max", expect_int, 1, BLOCK_OPS_MAX),
        ("bytes_max", expect_int, 1024, FRAME_BYTES_MAX),
        ("window", expect_int, 1, 64),
        SIGNATURE_FIELD,
    )

    def __init__(
        self,
        epoch: int,
        session: int,
        watermark: int,
        hash: bytes,
        generation: int,
        stream: int,
        position: int,
        block_number: int,
        backup_number: int,
        wall_ms: int,
        codecs: "list[int]",
        ops_max: int,
        bytes_max: int,
        window: int,
        signature: bytes = UNSIGNED,
    ) -> None:
        self.epoch = epoch
        self.session = session
        self.watermark = watermark
        self.hash = hash
        self.generation = generation
        self.stream = stream
        self.position = position
        self.block_number = block_number
        self.backup_number = backup_number
        self.wall_ms = wall_ms
        self.codecs = codecs
        self.ops_max = ops_max
        self.bytes_max = bytes_max
        self.window = window
        self.signature = signature


class Fenced(SignedMessage):
    """This epoch writes no more, for one of the FENCED_ reasons. Either side may find it.

    `session` is that of the HELLO that it answers, so that an old one says nothing later. `seq`
    and `hash` are the sender's op at which the two differ; hash b"" where it has none. Signed by
    the sender.
    """

    TYPE = 6
    FIELDS = (
        EPOCH_FIELD,
        SESSION_FIELD,
        ("reason", expect_int, FENCED_REWIND, FENCED_REVOKED),
        seq_field("seq"),
        hash_field("hash", 0),
        SIGNATURE_FIELD,
    )

    def __init__(
        self,
        epoch: int,
        session: int,
        reason: int,
        seq: int,
        hash: bytes,
        signature: bytes = UNSIGNED,
    ) -> None:
        self.epoch = epoch
        self.session = session
        self.reason = reason
        self.seq = seq
        self.hash = hash
        self.signature = signature
