"""A fake of the module RPi.GPIO beneath the door drivers, and the board that its pins lead to.

`FakeGpio` has the names, constants and errors of RPi.GPIO 0.7.1 that the drivers use. In a test
it is used as it is: `drive` plays an input, `edges` are what the outputs did. In the demo the box
has `FakeGpio.dial(path)`, and the `VirtualBoard` that listens at that path plays the inputs and
records the outputs; it outlives the box, as a wall does.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.drivers.fake.link import Dialler, Listener


@dataclass(frozen=True, slots=True)
class Edge:
    """A pin went to `level` (0 or 1)."""

    pin: int
    level: int
    at_monotonic_ns: int


class FakeGpio:
    """Broadcom pins 0 to 27."""

    BOARD, BCM = 10, 11
    OUT, IN = 0, 1
    LOW, HIGH = 0, 1
    RISING, FALLING, BOTH = 31, 32, 33
    PUD_OFF, PUD_DOWN, PUD_UP = 20, 21, 22

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._mode: int | None = None
        self._directions: dict[int, int] = {}
        self._levels: dict[int, int] = {}
        self._callbacks: dict[int, tuple[int, Callable[[int], None]]] = {}
        self._dialler: Dialler | None = None
        self.edges: list[Edge] = []
        """What outputs did, oldest first; setting a pin up is no edge."""

    @classmethod
    def dial(cls, path: Path) -> "FakeGpio":
        """Pins that lead to the VirtualBoard that listens at `path`."""
        gpio = cls()

        def drive(line: str) -> None:
            _in, pin, level = line.split()
            gpio.drive(int(pin), int(level))

        gpio._dialler = Dialler(path, drive, gpio._greeting, gpio._lock)
        return gpio

    def close(self) -> None:
        """Hang up, if dialled."""
        if self._dialler is not None:
            self._dialler.close()

    def drive(self, pin: int, level: int) -> None:
        """The outside world puts an input to a level; edge callbacks run in this thread."""
        with self._lock:
            if self._directions.get(pin) == self.OUT:
                return  # the output is the stronger one
            before = self._levels.get(pin)
            self._levels[pin] = level
            edge, callback = self._callbacks.get(pin, (None, None))
        if callback is None or before == level:
            return
        if edge in (self.BOTH, self.RISING if level else self.FALLING):
            callback(pin)

    def setwarnings(self, _flag: object, /) -> None:
        """There are none."""

    def setmode(self, mode: int, /) -> None:
        if mode != self.BCM:
            raise ValueError("An invalid mode was passed to setmode(): the fake knows BCM")
        self._mode = mode

    def setup(
        self, channel: int, direction: int, *, pull_up_down: int = PUD_OFF, initial: int = -1
    ) -> None:
        if self._mode is None:
            raise RuntimeError("Please set pin numbering mode using GPIO.setmode(GPIO.BCM)")
        if not 0 <= channel <= 27:
            raise ValueError("The channel sent is invalid on a Raspberry Pi")
        with self._lock:
            self._directions[channel] = direction
            if direction == self.OUT:
                self._levels[channel] = max(initial, self.LOW)
                self._tell(channel)
            else:
                pulled = self.HIGH if pull_up_down == self.PUD_UP else self.LOW
                self._levels.setdefault(channel, pulled)

    def output(self, channel: int, value: int, /) -> None:
        with self._lock:
            if self._directions.get(channel) != self.OUT:
                raise RuntimeError("The GPIO channel has not been set up as an OUTPUT")
            if self._levels[channel] == value:
                return
            self._levels[channel] = value
            self.edges.append(Edge(channel, value, time.monotonic_ns()))
            self._tell(channel)

    def input(self, channel: int, /) -> int:
        with self._lock:
            if channel not in self._directions:
                raise RuntimeError("You must setup() the GPIO channel first")
            return self._levels[channel]

    def add_event_detect(self, channel: int, edge: int, *, callback: Callable[[int], None]) -> None:
        with self._lock:
            if self._directions.get(channel) != self.IN:
                raise RuntimeError("You must setup() the GPIO channel as an input first")
            if channel in self._callbacks:
                raise RuntimeError("Conflicting edge detection already enabled")
            self._callbacks[channel] = edge, callback

    def remove_event_detect(self, channel: int, /) -> None:
        with self._lock:
            self._callbacks.pop(channel, None)

    def cleanup(self, channel: int, /) -> None:
        with self._lock:
            self._directions.pop(channel, None)
            self._callbacks.pop(channel, None)

    def _tell(self, pin: int) -> None:
        if self._dialler is not None:
            self._dialler.send(f"out {pin} {self._levels[pin]} {time.monotonic_ns()}")

    def _greeting(self) -> list[str]:
        with self._lock:
            now_ns = time.monotonic_ns()
            return [
                f"out {pin} {self._levels[pin]} {now_ns}"
                for pin, direction in self._directions.items()
                if direction == self.OUT
            ]


class VirtualBoard:
    """What is wired to the pins of a box that runs on `fake:<path>`: a door and its sensor.

    When the box dies or ends, its outputs have the level that they are driven to from outside, as
    by a resistor: low, unless `drive` says otherwise. So a kernel takes back the lines of a
    process that is gone.
    """

    def __init__(self, path: Path) -> None:
        self._changed = threading.Condition()
        self._inputs: dict[int, int] = {}
        self._outputs: dict[int, int] = {}
        self._edges: list[Edge] = []
        self._listener = Listener(path, self._on_line, self._greeting, self._changed, self._release)

    def close(self) -> None:
        self._listener.close()

    @property
    def wired(self) -> bool:
        """Whether a box is at the other end, so that what is driven arrives."""
        return not self._listener.nobody

    def drive(self, pin: int, level: int) -> None:
        """Put an input of the box to a level."""
        with self._changed:
            self._inputs[pin] = level
            self._listener.send(f"in {pin} {level}")

    def level(self, pin: int) -> int | None:
        """An output's level, None before the box set it up."""
        with self._changed:
            return self._outputs.get(pin)

    def edges(self, pin: int) -> list[Edge]:
        """What an output did, oldest first; times are the box's own (CLOCK_MONOTONIC)."""
        with self._changed:
            return [edge for edge in self._edges if edge.pin == pin]

    def wait_for_edges(self, pin: int, count: int, timeout_s: float) -> bool:
        """Block until an output had so many edges in all; False when the time is over."""
        with self._changed:
            return self._changed.wait_for(
                lambda: sum(edge.pin == pin for edge in self._edges) >= count, timeout_s
            )

    def _on_line(self, line: str) -> None:
        _out, pin, level, at_monotonic_ns = line.split()
        self._put(Edge(int(pin), int(level), int(at_monotonic_ns)))

    def _put(self, edge: Edge) -> None:
        with self._changed:
            before = self._outputs.get(edge.pin)
            self._outputs[edge.pin] = edge.level
            if before is not None and before != edge.level:
                self._edges.append(edge)
                self._changed.notify_all()

    def _release(self) -> None:
        with self._changed:
            for pin in tuple(self._outputs):
                self._put(Edge(pin, self._inputs.get(pin, 0), time.monotonic_ns()))

    def _greeting(self) -> list[str]:
        with self._changed:
            return [f"in {pin} {level}" for pin, level in self._inputs.items()]
