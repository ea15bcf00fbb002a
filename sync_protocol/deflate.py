"""Raw deflate (RFC 1951) from the interpreter's own library: `zlib`, or MicroPython's `deflate`.

MicroPython's build may lack the compressor; such a node reads deflate and sends raw frames.
"""

from sync_protocol.errors import DecodeError

_WINDOW_BITS = 15
_LEVEL = 6
"""Level 9 makes frames of ops 0.3 % shorter and takes longer."""

try:
    import zlib
except ImportError:
    from io import BytesIO

    from deflate import RAW, DeflateIO  # type: ignore[import-not-found]  # MicroPython's

    CAN_DEFLATE = False

    def deflate(data: bytes) -> bytes:
        """Say that this build has no compressor."""
        raise NotImplementedError("deflate")

    def inflate(data: bytes, size: int) -> bytes:
        """Return the `size` bytes that `data` unpacks to; `DecodeError` if it is not that."""
        source = BytesIO(data)
        try:
            result: bytes = DeflateIO(source, RAW, _WINDOW_BITS).read(size + 1)
        except (OSError, EOFError):
            raise DecodeError("malformed", "deflate") from None
        if len(result) != size or source.read(1):
            raise DecodeError("malformed", "unpacked size")
        return result

else:
    CAN_DEFLATE = True

    def deflate(data: bytes) -> bytes:
        """Return `data` compressed."""
        compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -_WINDOW_BITS)
        return compressor.compress(data) + compressor.flush()

    def inflate(data: bytes, size: int) -> bytes:
        """Return the `size` bytes that `data` unpacks to; `DecodeError` if it is not that.

        Never makes more than `size` + 1 bytes, whatever `data` claims.
        """
        decompressor = zlib.decompressobj(-_WINDOW_BITS)
        try:
            result = decompressor.decompress(data, size + 1)
        except zlib.error as error:
            raise DecodeError("malformed", str(error)) from None
        if len(result) != size or not decompressor.eof or decompressor.unused_data:
            raise DecodeError("malformed", "unpacked size")
        return result
