"""A serial port that a driver only listens at: opened by a thread of its own, again and again."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import serial

from edge.drivers.byte_line import LineLostError
from edge.drivers.errors import Reason
from edge.drivers.serial_lines import LINE_ERRORS, reason_of_open

RETRY_FIRST_S, RETRY_MAX_S = 0.2, 5.0


@contextmanager
def line_errors() -> Iterator[None]:
    """Raise LineLostError for what pyserial raises of a line that is away."""
    try:
        yield
    except LINE_ERRORS as error:
        raise LineLostError from error


class SerialListener:
    """While the port is open, `listen` is called with it; it returns once the event is set.

    Where the line is lost it raises LineLostError. `on_trouble` hears that, and why the port does
    not open; it is tried ever less often. Both are called in the thread. `read_s` is how long a
    read may block, which is the longest that `close` waits; `write_s` the same of a write.
    """

    def __init__(
        self,
        name: str,
        listen: Callable[[serial.Serial, threading.Event], None],
        on_trouble: Callable[[Reason], None],
        *,
        port: str,
        baud: int,
        read_s: float,
        write_s: float | None = None,
    ) -> None:
        self._listen, self._on_trouble = listen, on_trouble
        self._open_port = partial(
            serial.Serial, port, baud, timeout=read_s, write_timeout=write_s, exclusive=True
        )
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._stopping = threading.Event()

    def open(self) -> None:
        self._thread.start()

    async def close(self) -> None:
        """Wait for the thread. A second call does nothing."""
        self._stopping.set()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        retry_s = RETRY_FIRST_S
        while not self._stopping.is_set():
            try:
                line = self._open_port()
            except LINE_ERRORS as error:
                self._on_trouble(reason_of_open(error))
                self._stopping.wait(retry_s)
                retry_s = min(2 * retry_s, RETRY_MAX_S)
                continue
            retry_s = RETRY_FIRST_S
            try:
                with line:
                    self._listen(line, self._stopping)
            except LineLostError as error:
                self._on_trouble(error.reason)
                self._stopping.wait(retry_s)
