"""Frames: rows in columns, compressed, with the size they unpack to in front.

    frame = codec id (one byte) ‖ varint unpacked size ‖ payload

The payload of RAW is the rows in `columns`, of DEFLATE the same through raw deflate. Every peer
understands RAW; the others are named in HELLO and WELCOME. The unpacked size is held against the
limit before anything is unpacked, and the unpacked bytes against the stated size.
"""

from sync_protocol.column_reader import ROWS_MAX, unpack_rows
from sync_protocol.column_writer import pack_rows
from sync_protocol.deflate import CAN_DEFLATE, deflate, inflate
from sync_protocol.errors import DecodeError, LimitError
from sync_protocol.varint import read_varint, write_varint

RAW = 0
DEFLATE = 1

CODECS_READ = [RAW, DEFLATE]
"""Codecs that this interpreter unpacks: what it states in HELLO or WELCOME."""
CODECS_WRITTEN = [RAW, DEFLATE] if CAN_DEFLATE else [RAW]

FRAME_BYTES_MAX = 1024 * 1024
"""Of a frame as it is sent: well below what the smallest broker takes in one message."""
UNPACKED_BYTES_MAX = 8 * 1024 * 1024
"""Of the columns within a frame: 5,000 ledger ops need 150 KB, the rest is for pictures."""

_WORTH_DEFLATING_BYTES = 64


def pack_frame(rows: "list[object]", codecs: "list[int]") -> bytes:
    """Return the frame of rows in the best codec that the receiver reads (`codecs`).

    Raises what `pack_rows` raises, and `LimitError("frame_bytes")` for a frame too long to send.
    """
    columns = pack_rows(rows)
    codec, payload = RAW, columns
    may_deflate = DEFLATE in codecs and DEFLATE in CODECS_WRITTEN
    if may_deflate and len(columns) >= _WORTH_DEFLATING_BYTES:
        packed = deflate(columns)
        if len(packed) < len(columns):
            codec, payload = DEFLATE, packed
    out = bytearray()
    out.append(codec)
    write_varint(out, len(columns))
    if len(columns) > UNPACKED_BYTES_MAX or len(out) + len(payload) > FRAME_BYTES_MAX:
        raise LimitError("frame_bytes", str(len(payload)))
    return bytes(out) + payload


def unpack_frame(frame: bytes, rows_max: int = ROWS_MAX) -> "list[object]":
    """Return the rows of a frame. Raises `DecodeError` or `LimitError`."""
    if not frame:
        raise DecodeError("malformed", "empty frame")
    if len(frame) > FRAME_BYTES_MAX:
        raise LimitError("frame_bytes", str(len(frame)))
    size, at = read_varint(frame, 1)
    if size > UNPACKED_BYTES_MAX:
        raise LimitError("frame_bytes", str(size))
    payload = frame[at:]
    codec = frame[0]
    if codec == DEFLATE:
        payload = inflate(payload, size)
    elif codec != RAW:
        raise DecodeError("frame_codec", str(codec))
    elif len(payload) != size:
        raise DecodeError("malformed", "unpacked size")
    return unpack_rows(payload, rows_max)
