"""Lines typed by readers and scanners that pose as keyboards, through evdev, grabbed for us alone.

While a device is grabbed (EVIOCGRAB) its keys reach nobody else, so that nothing it reads lands in
a text field. A thread blocks until keys come. A line ends with Enter; keys more than
`GAP_MS_MAX` apart are of no reader, and what was typed before is dropped. So is a line of which
the kernel dropped keys because this process was too slow to take them: half a code is none.
Sources: Linux's input documentation (event-codes, EVIOCGRAB), python-evdev.
"""

import asyncio
import contextlib
import os
import select
import threading
import time
from collections.abc import Callable, Sequence

from edge.drivers.contract import OnState
from edge.drivers.errors import Reason
from edge.drivers.key_codes import (
    ENTERS,
    EV_KEY,
    EV_SYN,
    PLAIN,
    PRESSED,
    RELEASED,
    SHIFTED,
    SHIFTS,
    SYN_DROPPED,
)
from edge.drivers.patterns import fits
from edge.drivers.stacks import EvdevStack, InputDevice
from edge.events import DeviceState

LINE_CHARACTERS_MAX = 256
"""A longer line is a broken device: its keys are dropped up to the next Enter."""
GAP_MS_MAX = 200
LOOK_S = 1.0
"""Between looks for a device that is not there, or for the second half of one with two."""

OnLine = Callable[[str, int], None]
"""A line without its Enter, and the monotonic time of it in ns; called on the thread."""


class KeyLines:
    """The devices that fit `port`: a path, or a pattern for the name of an input device."""

    def __init__(self, stack: EvdevStack, port: str, on_line: OnLine, on_state: OnState) -> None:
        self._stack, self._port = stack, port
        self._on_line, self._on_state = on_line, on_state
        self._grabbed: dict[str, _Typist] = {}
        self._wake_read = self._wake_write = -1
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"keys:{port}", daemon=True)

    def open(self) -> None:
        """Grab them now, or once they are there."""
        self._wake_read, self._wake_write = os.pipe()
        self._thread.start()

    async def close(self) -> None:
        """Let go of the devices, and wait for the thread. A second call does nothing."""
        if self._thread.is_alive():
            self._stopping.set()
            os.write(self._wake_write, b"x")
            await asyncio.to_thread(self._thread.join)
            os.close(self._wake_read)
            os.close(self._wake_write)

    def _run(self) -> None:
        while not self._stopping.is_set():
            trouble = self._grab_new()
            if trouble is not None:
                self._on_state(DeviceState.ABSENT, trouble)
            elif self._grabbed:
                self._on_state(DeviceState.OK, None)
            else:
                self._on_state(DeviceState.ABSENT, Reason.NO_READER)
            by_handle = {typist.device.fd: typist for typist in self._grabbed.values()}
            ready, _, _ = select.select([*by_handle, self._wake_read], [], [], LOOK_S)
            for handle in ready:
                if handle != self._wake_read:
                    self._hear(by_handle[handle])
        for typist in self._grabbed.values():
            typist.let_go()

    def _grab_new(self) -> Reason | None:
        """Grab what is there and not ours yet; why one could not be."""
        for path in self._paths():
            if path in self._grabbed:
                continue
            try:
                device = self._stack.InputDevice(path)
            except PermissionError:
                return Reason.NO_PERMISSION
            except OSError:
                continue  # just pulled out
            if path != self._port and not fits(device.name, self._port):
                device.close()
                continue
            try:
                device.grab()
            except OSError:  # EBUSY: another program has it to itself
                device.close()
                return Reason.READER_BUSY
            self._grabbed[path] = _Typist(path, device, self._on_line)
        return None

    def _paths(self) -> Sequence[str]:
        if self._port.startswith("/"):
            return [self._port]
        try:
            return self._stack.list_devices()
        except OSError:  # one was pulled out while it was listed: the next look has the rest
            return ()

    def _hear(self, typist: "_Typist") -> None:
        try:
            typist.hear()
        except OSError:  # ENODEV: pulled out
            del self._grabbed[typist.path]
            typist.let_go()


class _Typist:
    """One grabbed device, and what it has typed of a line."""

    def __init__(self, path: str, device: InputDevice, on_line: OnLine) -> None:
        self.path, self.device = path, device
        self._on_line = on_line
        self._shifted = False
        self._typed: list[str] = []
        self._is_torn = False
        """Whether keys of the line are lost."""
        self._last_ns = 0

    def hear(self) -> None:
        at_ns = time.monotonic_ns()
        for event in self.device.read():
            if event.type == EV_KEY:
                self._key(event.code, event.value, at_ns)
            elif (event.type, event.code) == (EV_SYN, SYN_DROPPED):
                self._shifted, self._is_torn = False, True

    def let_go(self) -> None:
        with contextlib.suppress(OSError):  # it may be gone
            self.device.ungrab()
        self.device.close()

    def _key(self, code: int, value: int, at_ns: int) -> None:
        if code in SHIFTS:
            self._shifted = value != RELEASED
            return
        if value != PRESSED:
            return
        if at_ns - self._last_ns > GAP_MS_MAX * 1_000_000:
            self._typed.clear()
            self._is_torn = False
        self._last_ns = at_ns
        if code not in ENTERS:
            characters = SHIFTED if self._shifted else PLAIN
            if len(self._typed) <= LINE_CHARACTERS_MAX:
                self._typed.append(characters.get(code, ""))
            return
        line = "".join(self._typed)
        whole = len(self._typed) <= LINE_CHARACTERS_MAX and not self._is_torn
        self._typed.clear()
        self._is_torn = False
        if line and whole:
            self._on_line(line, at_ns)
