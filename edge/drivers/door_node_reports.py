"""What a door node's frames become: checked reports, each answered once the box has committed it.

A frame whose mac does not hold gets no answer. Nor does one whose counter has been heard before:
it is a repeat by somebody else. (After a restart of the box one old frame may be heard again; its
totals are known by then, and count nothing.)
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from edge.door_frames import (
    ANSWER,
    KEY_BYTES,
    REPORT,
    Frame,
    FrameError,
    answer_payload,
    read_report,
    seal,
    unseal,
)
from edge.drivers.errors import DeviceConfigurationError
from edge.events import DoorCommitted, DoorReported

ANSWER_S = 4.0
"""A node gives an answer up after five."""
SILENT_S = 180.0
"""Three reports of a node that reports once a minute."""


class Reports:
    """Of the nodes at one door; `post` hands a report to the box, False if it has no room."""

    def __init__(self, door: str, key: bytes, post: Callable[[DoorReported], bool]) -> None:
        self._door = door
        self._key = key
        self._post = post
        self._counters: dict[bytes, int] = {}

    def take(self, data: bytes) -> "tuple[Frame, Future[DoorCommitted]]":
        """Post a report; what the future brings is for `answer`. Raises FrameError."""
        frame = unseal(self._key, data)
        if frame.kind != REPORT or frame.counter <= self._counters.get(frame.node, 0):
            raise FrameError("repeated")
        known, steps = read_report(frame.payload)
        committed: Future[DoorCommitted] = Future()
        now_ns = time.monotonic_ns()
        event = DoorReported(self._door, frame.node, known, tuple(steps), committed, now_ns)
        if not self._post(event):
            committed.cancel()
        self._counters[frame.node] = frame.counter
        return frame, committed

    def answer(self, report: Frame, committed: DoorCommitted) -> bytes:
        """The answer to a report that is committed."""
        payload = answer_payload(committed.held, committed.wall_ms)
        return seal(self._key, Frame(ANSWER, report.node, report.counter, payload))


def read_key(door: str, path: str) -> bytes:
    """The key in a file, as 64 hexadecimal digits. Raises DeviceConfigurationError."""
    try:
        key = bytes.fromhex(Path(path).read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        key, problem = b"", str(error)
    else:
        problem = f"{path} holds {len(key)} bytes"
    if len(key) != KEY_BYTES:
        hint = f"Write one: openssl rand -hex {KEY_BYTES} >{path}"
        raise DeviceConfigurationError(f"{door}.key_file", problem, hint)
    return key
