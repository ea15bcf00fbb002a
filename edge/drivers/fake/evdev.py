"""A fake of python-evdev beneath the keyboard readers: devices that type, and who hears them.

Keys of a device that nobody has grabbed go to `leaked`: there they would land in a text field.
"""

import errno
import os
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from edge.drivers.key_codes import (
    EV_KEY,
    EV_SYN,
    PLAIN,
    PRESSED,
    RELEASED,
    SHIFTED,
    SYN_DROPPED,
)

ENTER, LEFT_SHIFT = 28, 42
EV_LED, CAPS_LOCK_AND_ITS_LIKE = 0x11, [0, 1, 2]
_CODES = {char: (code, True) for code, char in SHIFTED.items()} | {
    char: (code, False) for code, char in reversed(PLAIN.items())
}


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """As python-evdev's InputEvent has it."""

    type: int
    code: int
    value: int


def strokes_of(text: str, *, enter: bool = True) -> list[KeyEvent]:
    """The presses and releases that type a text, and Enter behind it."""
    strokes: list[KeyEvent] = []
    for char in text:
        code, shifted = _CODES[char]
        if shifted:
            strokes.append(KeyEvent(EV_KEY, LEFT_SHIFT, PRESSED))
        strokes += [KeyEvent(EV_KEY, code, PRESSED), KeyEvent(EV_KEY, code, RELEASED)]
        if shifted:
            strokes.append(KeyEvent(EV_KEY, LEFT_SHIFT, RELEASED))
    if enter:
        strokes += [KeyEvent(EV_KEY, ENTER, PRESSED), KeyEvent(EV_KEY, ENTER, RELEASED)]
    return strokes


class _Keyboard:
    def __init__(self, name: str, *, lights: bool) -> None:
        self.name = name
        self.lights = lights
        self.holder: FakeInputDevice | None = None
        self.plugged = True


class FakeInputDevice:
    """An opened device; its handle is readable while keys wait or once it was pulled out."""

    def __init__(self, keyboard: _Keyboard, lock: threading.RLock) -> None:
        self._keyboard, self._lock = keyboard, lock
        self._events: deque[KeyEvent] = deque()
        self.fd, self._wake = os.pipe()
        self.name = keyboard.name

    def capabilities(self) -> dict[int, list[int]]:
        """The keys that it has, and the lights of a keyboard that has any."""
        keys = {EV_KEY: sorted({*PLAIN, ENTER, LEFT_SHIFT})}
        return {**keys, EV_LED: CAPS_LOCK_AND_ITS_LIKE} if self._keyboard.lights else keys

    def grab(self) -> None:
        with self._lock:
            if self._keyboard.holder is not None:
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
            self._keyboard.holder = self

    def ungrab(self) -> None:
        with self._lock:
            if not self._keyboard.plugged:
                raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
            self._keyboard.holder = None

    def read(self) -> Iterable[KeyEvent]:
        with self._lock:
            if not self._keyboard.plugged:
                raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
            os.read(self.fd, 4096)
            events = tuple(self._events)
            self._events.clear()
            return events

    def close(self) -> None:
        with self._lock:
            if self._keyboard.holder is self:
                self._keyboard.holder = None
            os.close(self.fd)
            os.close(self._wake)

    def put(self, events: Iterable[KeyEvent]) -> None:
        self._events.extend(events)
        self.wake()

    def wake(self) -> None:
        os.write(self._wake, b"x")


class FakeEvdev:
    """The calls of python-evdev that the drivers use, and the hands that plug and type."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._keyboards: dict[str, _Keyboard] = {}
        self.leaked: list[KeyEvent] = []

    def list_devices(self) -> list[str]:
        with self._lock:
            return list(self._keyboards)

    def InputDevice(self, path: str, /) -> FakeInputDevice:  # noqa: N802 python-evdev's name
        with self._lock:
            if path not in self._keyboards:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            return FakeInputDevice(self._keyboards[path], self._lock)

    def plug(self, path: str, name: str, *, lights: bool = False) -> None:
        """`lights`: those of a keyboard, such as caps lock's."""
        with self._lock:
            self._keyboards[path] = _Keyboard(name, lights=lights)

    def unplug(self, path: str) -> None:
        with self._lock:
            keyboard = self._keyboards.pop(path)
            keyboard.plugged = False
            if keyboard.holder is not None:
                keyboard.holder.wake()

    def is_grabbed(self, path: str) -> bool:
        with self._lock:
            return path in self._keyboards and self._keyboards[path].holder is not None

    def drop_keys(self, path: str) -> None:
        """Tell whoever has the device that keys were lost, as the kernel does."""
        with self._lock:
            holder = self._keyboards[path].holder
            if holder is not None:
                holder.put([KeyEvent(EV_SYN, SYN_DROPPED, 0)])

    def type(self, path: str, text: str, *, enter: bool = True) -> None:
        """Press and release the keys of a text, as fast as a scanner, and Enter behind it."""
        strokes = strokes_of(text, enter=enter)
        with self._lock:
            holder = self._keyboards[path].holder
            if holder is None:
                self.leaked += strokes
            else:
                holder.put(strokes)
