"""What stands in the place of the product's own while runs are made, and is taken out after them.

Signatures are keyed hashes (see `signing`), and the columns of a frame are packed and unpacked once
for all nodes that send or receive the same: both are pure functions of their bytes. Rows are kept
as bytes, so that no node sees a list that another one changes.
"""

import marshal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cloud.hub import left_overs, node_sessions, recovery
from sync_protocol import frames
from tests.sim.signing import verifier

MARSHAL_VERSION = 2
"""The last one without references: equal rows make equal bytes."""
KEPT_MAX = 4_000


@contextmanager
def stand_ins() -> Iterator[None]:
    """Have the stand-ins in the product while entered."""
    places: list[tuple[Any, str, object]] = [
        (module, "verifier", verifier) for module in (node_sessions, left_overs, recovery)
    ]
    places.append((frames, "unpack_rows", _unpacking_once(frames.unpack_rows)))
    places.append((frames, "pack_rows", _packing_once(frames.pack_rows)))
    places.append((frames, "CODECS_WRITTEN", frames.CODECS_WRITTEN))
    kept = [(owner, name, getattr(owner, name)) for owner, name, _ in places]
    try:
        for owner, name, value in places:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)


def write_codecs(*, deflates: bool) -> None:
    """Say in which codecs frames are written."""
    frames.CODECS_WRITTEN = [frames.RAW, frames.DEFLATE] if deflates else [frames.RAW]


def _unpacking_once(unpack_rows: Callable[..., list[object]]) -> Callable[..., list[object]]:
    kept: dict[bytes, bytes] = {}

    def unpack(data: bytes, rows_max: int = frames.ROWS_MAX) -> list[object]:
        known = kept.get(data)
        if known is not None and rows_max == frames.ROWS_MAX:
            rows: list[object] = marshal.loads(known)  # our own bytes of a moment ago
            return rows
        rows = unpack_rows(data, rows_max)
        if len(kept) > KEPT_MAX:
            kept.clear()
        kept[bytes(data)] = marshal.dumps(rows, MARSHAL_VERSION)
        return rows

    return unpack


def _packing_once(pack_rows: Callable[[list[object]], bytes]) -> Callable[[list[object]], bytes]:
    kept: dict[bytes, bytes] = {}

    def pack(rows: list[object]) -> bytes:
        key = marshal.dumps(rows, MARSHAL_VERSION)
        known = kept.get(key)
        if known is None:
            if len(kept) > KEPT_MAX:
                kept.clear()
            known = kept[key] = pack_rows(rows)
        return known

    return pack
