"""Bytes of an op on the wire: whole PUSH messages as the session sends them, signature included."""

import zlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.measure import Line, for_reading
from benchmarks.traffic import CafeTraffic, OpChain, write_ops
from sync_protocol.codec import pack
from sync_protocol.frames import CODECS_READ, pack_frame
from sync_protocol.messages import Push, push_signing_bytes
from sync_protocol.ops import Op

CHAIN = "bench"
NODE, EPOCH, CAFE = 3, 1, 3
BATCH = 1000
BATCH_BYTES_MAX = 20
"""Bytes of each op in a batch of `BATCH`."""
SINGLE_BYTES_MAX = 250
MSGPACK = "msgpack + zlib of the same rows"


def push_message(ops: list[Op], key: Ed25519PrivateKey) -> bytes:
    """Return the message that carries `ops`, as `NodeSession.push` makes it."""
    last = ops[-1]
    frame = pack_frame([op.wire_row() for op in ops], CODECS_READ)
    signature = key.sign(push_signing_bytes(CHAIN, NODE, EPOCH, last.header.seq, last.hash))
    return Push(NODE, EPOCH, ops[0].header.seq, frame, signature).pack()


def _bytes_each(batch: list[Op], key: Ed25519PrivateKey) -> tuple[float, float]:
    """Return (bytes an op as pushed, bytes an op of the same rows in msgpack and zlib)."""
    packed = zlib.compress(pack([op.wire_row() for op in batch]), 6)
    return len(push_message(batch, key)) / len(batch), len(packed) / len(batch)


def _line(name: str, figures: tuple[float, float], bytes_max: int) -> Line:
    value, reference = figures
    ratio = value / reference
    target = f"value ≤ {bytes_max}"
    return Line(name, value, "bytes/op", MSGPACK, reference, ratio, target, value <= bytes_max)


def run() -> list[Line]:
    """Measure batches of 1,000 and of one, of ledger ops and of all that a cafe writes."""
    key = Ed25519PrivateKey.generate()
    traffic, chain = CafeTraffic(NODE, EPOCH, CAFE, seed=1), OpChain(CHAIN, NODE, EPOCH)
    write_ops(traffic, chain, 2000)  # past the morning: most have a visit and a balance
    ledger = write_ops(traffic, chain, BATCH, ledger_only=True)
    mixed = write_ops(traffic, chain, BATCH)[:BATCH]
    singles = [_bytes_each([op], key) for op in ledger]
    single = (
        sum(value for value, _ in singles) / len(singles),
        sum(reference for _, reference in singles) / len(singles),
    )
    return [
        _line("ledger op in a batch of 1,000", _bytes_each(ledger, key), BATCH_BYTES_MAX),
        _line("ledger op in a batch of one", single, SINGLE_BYTES_MAX),
        for_reading(
            "any op of a cafe in a batch of 1,000",
            _bytes_each(mixed, key)[0],
            "bytes/op",
            MSGPACK,
            _bytes_each(mixed, key)[1],
        ),
    ]
