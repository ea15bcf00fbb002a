"""Own ops as a signed PUSH that goes another way than the session: handed in, or on a stick."""

from collections.abc import Callable

from edge.store.identity import Identity
from sync_protocol.errors import LimitError
from sync_protocol.frames import CODECS_WRITTEN, pack_frame
from sync_protocol.messages import Push, push_signing_bytes
from sync_protocol.ops import Op

OPS_MAX = 500
"""Ops of one PUSH: as many as the hub takes in one block of them."""
FRAME_BYTES_MAX = 512 * 1024


def push_of(ops: list[Op], identity: Identity, sign: Callable[[bytes], bytes]) -> tuple[bytes, Op]:
    """Return (a PUSH of the first of `ops`, as many as fit a frame; the last op in it).

    `ops` are consecutive, one at least and at most OPS_MAX.
    """
    count = len(ops)
    while True:
        rows: list[object] = [op.wire_row() for op in ops[:count]]
        try:
            frame = pack_frame(rows, CODECS_WRITTEN)
        except LimitError:
            if count == 1:
                raise
            frame = b""
        if frame and (len(frame) <= FRAME_BYTES_MAX or count == 1):
            break
        count = (count + 1) // 2
    last = ops[count - 1]
    header = last.header
    signed = push_signing_bytes(identity.chain, header.node, header.epoch, header.seq, last.hash)
    push = Push(header.node, header.epoch, ops[0].header.seq, frame, sign(signed))
    return push.pack(), last
