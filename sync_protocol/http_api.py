"""What a box asks of the hub over HTTP(S): paths, who asks, and the bodies. No I/O here.

| request                                   | answer, status 200              |
|-------------------------------------------|---------------------------------|
| POST /sync/enrol, body `EnrolRequest`     | `EnrolAnswer`                   |
| GET /sync/blocks?generation=G&from=A&to=B | `messages.Blocks` from block A  |
| GET /sync/snapshot                        | `SnapshotAnswer`                |
| GET /sync/snapshot/<content hash in hex>  | bytes, or part of them (206)    |
| POST /sync/leftovers?digest=D, body `LeftOverRequest` | `LeftOverAnswer`    |
| GET /sync/recovery                        | `RecoveryAnswer`                |
| POST /sync/recovery?digest=D, body `RecoveryRequest` | `RecoveryAnswer`     |

The blocks may end before B: ask again from there. 404: the hub has no block A in generation G.
A snapshot is for the asker's cafe; its bytes can be asked for in parts (Range, RFC 9110); 404: it
was deleted meanwhile, ask for the newest. The manifest in it states the chain-wide sections and
those of the asker's cafe.

Blocks over HTTP hold the narrow ops of the asker's cafe in full, so that a second box of a cafe
fetches here what the broadcast shows as stubs.

A box hands in what it wrote in an earlier epoch and the hub has not: see `LeftOverRequest`. The
digest is SHA-256 of the body, in hex, so that the signature covers it.

All but enrolment carry two headers: `Cafebox-Node: <node>.<epoch>` and `Cafebox-Signature:` the
node's Ed25519 signature, in hex, of `request_signing_bytes`. What is signed names the request
completely and the answer is the same whenever it is asked, so that a replay gains nothing that the
first listener did not have, and no clock is needed. A refusal is JSON with `code`, `zh` and `en`:
401 for a signature that does not hold, 403 for a node that is fenced or revoked, 409 for a code
that was used.
"""

from hashlib import sha256

from sync_protocol.codec import pack, unpack
from sync_protocol.expect import (
    ID_MAX,
    expect_bytes,
    expect_int,
    expect_list,
    expect_text,
)
from sync_protocol.manifest import Manifest, manifest_from_row
from sync_protocol.message_fields import SIGNATURE_BYTES
from sync_protocol.messages import MESSAGE_BYTES_MAX
from sync_protocol.ops import EPOCH_MAX, HASH_BYTES, NODE_MAX, POSITION_MAX, SEQ_MAX

HTTP_VERSION = 1
ENROL_PATH = "/sync/enrol"
BLOCKS_PATH = "/sync/blocks"
SNAPSHOT_PATH = "/sync/snapshot"
LEFTOVERS_PATH = "/sync/leftovers"
RECOVERY_PATH = "/sync/recovery"
NODE_HEADER = "Cafebox-Node"
SIGNATURE_HEADER = "Cafebox-Signature"
CONTENT_TYPE = "application/vnd.cafebox"

PUBLIC_KEY_BYTES = 32
CLAIM_SECRET_BYTES = 32
REQUEST_BYTES_MAX = 4096


def request_signing_bytes(chain: str, node: int, epoch: int, method: str, target: str) -> bytes:
    """Return what a node signs; `target` is the path with its query, as it is sent."""
    return pack(["cafebox request", chain, node, epoch, method, target])


def blocks_target(generation: int, first: int, last: int) -> str:
    """Return the target of a request for blocks first..last."""
    return "%s?generation=%d&from=%d&to=%d" % (BLOCKS_PATH, generation, first, last)


class EnrolRequest:
    """A box asks for its identity with a one-time code.

    A repeat with the same code and the same key gets the same answer.
    """

    __slots__ = ("code", "public_key", "hardware", "software")

    def __init__(self, code: str, public_key: bytes, hardware: bytes, software: str) -> None:
        self.code = code
        self.public_key = public_key
        self.hardware = hardware
        self.software = software

    def pack(self) -> bytes:
        """Return the body of the request."""
        return pack([HTTP_VERSION, self.code, self.public_key, self.hardware, self.software])


def enrol_request_from_bytes(data: bytes) -> EnrolRequest:
    """Return the `EnrolRequest` of a body; raises `DecodeError` or `LimitError`."""
    values = expect_list(unpack(data), "enrol", 5, 5)
    expect_int(values[0], "version", HTTP_VERSION, HTTP_VERSION)
    return EnrolRequest(
        expect_text(values[1], "code", 64),
        expect_bytes(values[2], "public_key", PUBLIC_KEY_BYTES, PUBLIC_KEY_BYTES),
        expect_bytes(values[3], "hardware", 0, 64),
        expect_text(values[4], "software", 64),
    )


class EnrolAnswer:
    """Who the box is from now on.

    `claim_secret` keys the hash of personal claim keys (HMAC-SHA-256, see `claims.claim_key`).
    `broker` is the URL that the hub uses itself, "" where boxes must be told another. To
    `sealing_key` (X25519, RFC 7748) a box seals what only the hub may open, see `sealed_copy`.
    """

    __slots__ = (
        "chain",
        "cafe",
        "node",
        "epoch",
        "generation",
        "hub_public_key",
        "claim_secret",
        "broker",
        "sealing_key",
    )

    def __init__(
        self,
        chain: str,
        cafe: int,
        node: int,
        epoch: int,
        generation: int,
        hub_public_key: bytes,
        claim_secret: bytes,
        broker: str,
        sealing_key: bytes,
    ) -> None:
        self.chain = chain
        self.cafe = cafe
        self.node = node
        self.epoch = epoch
        self.generation = generation
        self.hub_public_key = hub_public_key
        self.claim_secret = claim_secret
        self.broker = broker
        self.sealing_key = sealing_key

    def pack(self) -> bytes:
        """Return the body of the answer."""
        return pack(
            [
                HTTP_VERSION,
                self.chain,
                self.cafe,
                self.node,
                self.epoch,
                self.generation,
                self.hub_public_key,
                self.claim_secret,
                self.broker,
                self.sealing_key,
            ]
        )


def enrol_answer_from_bytes(data: bytes) -> EnrolAnswer:
    """Return the `EnrolAnswer` of a body."""
    values = expect_list(unpack(data), "enrol answer", 10, 10)
    expect_int(values[0], "version", HTTP_VERSION, HTTP_VERSION)
    return EnrolAnswer(
        expect_text(values[1], "chain", 64),
        expect_int(values[2], "cafe", 1, NODE_MAX),
        expect_int(values[3], "node", 1, NODE_MAX),
        expect_int(values[4], "epoch", 1, EPOCH_MAX),
        expect_int(values[5], "generation", 1, EPOCH_MAX),
        expect_bytes(values[6], "hub_public_key", PUBLIC_KEY_BYTES, PUBLIC_KEY_BYTES),
        expect_bytes(values[7], "claim_secret", CLAIM_SECRET_BYTES, CLAIM_SECRET_BYTES),
        expect_text(values[8], "broker", 256),
        expect_bytes(values[9], "sealing_key", PUBLIC_KEY_BYTES, PUBLIC_KEY_BYTES),
    )


class RecoveryRequest:
    """A box hands in what the hub's restored backup has not: `blocks` is a `messages.Blocks` as
    the hub signed it, from the block that the hub wanted on; b"" says that there are no more.

    `block_number` and `block_hash` are of the last block that the box has applied.
    """

    __slots__ = ("block_number", "block_hash", "blocks")

    def __init__(self, block_number: int, block_hash: bytes, blocks: bytes) -> None:
        self.block_number = block_number
        self.block_hash = block_hash
        self.blocks = blocks

    def pack(self) -> bytes:
        """Return the body of the request."""
        return pack([HTTP_VERSION, self.block_number, self.block_hash, self.blocks])


def recovery_request_from_bytes(data: bytes) -> RecoveryRequest:
    """Return the `RecoveryRequest` of a body; raises `DecodeError` or `LimitError`."""
    values = expect_list(unpack(data), "recovery", 4, 4)
    expect_int(values[0], "version", HTTP_VERSION, HTTP_VERSION)
    return RecoveryRequest(
        expect_int(values[1], "block_number", 0, POSITION_MAX),
        expect_bytes(values[2], "block_hash", HASH_BYTES, HASH_BYTES),
        expect_bytes(values[3], "blocks", 0, MESSAGE_BYTES_MAX),
    )


class RecoveryAnswer:
    """Whether the hub is recovering, its log's generation and last block, and the block that it
    wants next of the asker (0: none)."""

    __slots__ = ("under_way", "generation", "block_number", "wanted")

    def __init__(self, under_way: bool, generation: int, block_number: int, wanted: int) -> None:
        self.under_way = under_way
        self.generation = generation
        self.block_number = block_number
        self.wanted = wanted

    def pack(self) -> bytes:
        """Return the body of the answer."""
        return pack([HTTP_VERSION, self.under_way, self.generation, self.block_number, self.wanted])


def recovery_answer_from_bytes(data: bytes) -> RecoveryAnswer:
    """Return the `RecoveryAnswer` of a body."""
    values = expect_list(unpack(data), "recovery answer", 5, 5)
    expect_int(values[0], "version", HTTP_VERSION, HTTP_VERSION)
    return RecoveryAnswer(
        values[1] is True,
        expect_int(values[2], "generation", 1, EPOCH_MAX),
        expect_int(values[3], "block_number", 0, POSITION_MAX),
        expect_int(values[4], "wanted", 0, POSITION_MAX),
    )


TAKEN = 1
"""The log has the epoch's ops up to `seq`; send those behind it."""
KEPT = 2
"""The hub keeps what does not continue its log, up to `seq`, until two people admit it."""


def digest_target(path: str, body: bytes) -> str:
    """Return the target of a POST whose signature is to cover the body."""
    digits = "".join(["%02x" % byte for byte in sha256(body).digest()])
    return "%s?digest=%s" % (path, digits)


class LeftOverRequest:
    """One part of what a box wrote in an earlier `epoch` and the hub's log has not.

    `last_seq` and `last_hash` are of the last op that the box wrote in that epoch; `push` is a
    `messages.Push` of the ops from wherever the hub asked on, signed with the box's present key.
    """

    __slots__ = ("epoch", "last_seq", "last_hash", "push")

    def __init__(self, epoch: int, last_seq: int, last_hash: bytes, push: bytes) -> None:
        self.epoch = epoch
        self.last_seq = last_seq
        self.last_hash = last_hash
        self.push = push

    def pack(self) -> bytes:
        """Return the body of the request."""
        return pack([HTTP_VERSION, self.epoch, self.last_seq, self.last_hash, self.push])


def left_over_request_from_bytes(data: bytes) -> LeftOverRequest:
    """Return the `LeftOverRequest` of a body; raises `DecodeError` or `LimitError`."""
    values = expect_list(unpack(data), "left over", 5, 5)
    expect_int(values[0], "version", HTTP_VERSION, HTTP_VERSION)
    return LeftOverRequest(
        expect_int(values[1], "epoch", 1, EPOCH_MAX),
        expect_int(values[2], "last_seq", 1, SEQ_MAX),
        expect_bytes(values[3], "last_hash", HASH_BYTES, HASH_BYTES),
        expect_bytes(values[4], "push", 1, MESSAGE_BYTES_MAX),
    )


class LeftOverAnswer:
    """TAKEN or KEPT, and the last op of the epoch that the hub now has in that way."""

    __slots__ = ("status", "seq")

    def __init__(self, status: int, seq: int) -> None:
        self.status = status
        self.seq = seq

    def pack(self) -> bytes:
        """Return the body of the answer."""
        return pack([HTTP_VERSION, self.status, self.seq])


def left_over_answer_from_bytes(data: bytes) -> LeftOverAnswer:
    """Return the `LeftOverAnswer` of a body."""
    values = expect_list(unpack(data), "left over answer", 3, 3)
    expect_int(values[0], "version", HTTP_VERSION, HTTP_VERSION)
    return LeftOverAnswer(
        expect_int(values[1], "status", TAKEN, KEPT), expect_int(values[2], "seq", 0, SEQ_MAX)
    )


class SnapshotAnswer:
    """The newest snapshot for a cafe: the manifest, the hub's signature of it, and its bytes' size.

    The bytes are at `SNAPSHOT_PATH`/<content hash in hex>.
    """

    __slots__ = ("manifest", "signature", "size")

    def __init__(self, manifest: Manifest, signature: bytes, size: int) -> None:
        self.manifest = manifest
        self.signature = signature
        self.size = size

    def pack(self) -> bytes:
        """Return the body of the answer."""
        return pack([HTTP_VERSION, self.manifest.row(), self.signature, self.size])

    def content_target(self) -> str:
        """Return the target of the request for the bytes."""
        digits = "".join(["%02x" % byte for byte in self.manifest.content_hash])
        return SNAPSHOT_PATH + "/" + digits


def snapshot_answer_from_bytes(data: bytes) -> SnapshotAnswer:
    """Return the `SnapshotAnswer` of a body; its signature is the caller's to verify."""
    values = expect_list(unpack(data), "snapshot answer", 4, 4)
    expect_int(values[0], "version", HTTP_VERSION, HTTP_VERSION)
    return SnapshotAnswer(
        manifest_from_row(values[1]),
        expect_bytes(values[2], "signature", SIGNATURE_BYTES, SIGNATURE_BYTES),
        expect_int(values[3], "size", 0, ID_MAX),
    )
