"""Things that type, in the contract suites: fakes here, a kernel's own in `tests.pins`."""

from typing import Protocol

from edge.drivers.fake.evdev import FakeEvdev
from edge.drivers.stacks import EvdevStack


class Keyboards(Protocol):
    """Keyboards, readers and scanners on one machine, and the hands at them."""

    evdev: EvdevStack

    def plug(self, name: str) -> str:
        """Plug one in; the path it has then."""

    def unplug(self, path: str) -> None: ...

    def type(self, path: str, text: str, *, enter: bool = True) -> None:
        """Press and release the keys of a text, as a scanner does, and Enter behind it."""

    def is_grabbed(self, path: str) -> bool:
        """Whether some program has it for itself."""

    def leaked(self) -> int:
        """How many presses and releases reached whoever listens without a grab, in all."""

    def close(self) -> None: ...


class FakeKeyboards:
    """A fake beneath python-evdev."""

    def __init__(self) -> None:
        self._fake = FakeEvdev()
        self.evdev: EvdevStack = self._fake
        self.unplug, self.type = self._fake.unplug, self._fake.type
        self.is_grabbed = self._fake.is_grabbed
        self._plugged = 0

    def plug(self, name: str) -> str:
        path = f"/dev/input/event{self._plugged}"
        self._plugged += 1
        self._fake.plug(path, name)
        return path

    def leaked(self) -> int:
        return len(self._fake.leaked)

    def close(self) -> None:
        """Nothing is held."""
