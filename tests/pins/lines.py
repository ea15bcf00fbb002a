"""Lines of the kernel's gpio-sim as a board: rpi-lgpio on one side, our hands on the other.

Source: Linux, Documentation/admin-guide/gpio/gpio-sim.rst. It is there in the kernel that
`tests.pins` boots, and nowhere else.
"""

import importlib
import threading
import time
from pathlib import Path
from typing import Any

from edge.drivers.fake.gpio import Edge
from edge.drivers.stacks import SYSTEM, Stacks

CONFIGURATION = Path("/sys/kernel/config/gpio-sim")
LINES = 28
OUTPUTS = (17, 22, 23)
"""The pins whose edges are noted."""
TICK_S = 0.003
"""The simulated chip tells edges on the kernel's tick: two within one would be one."""
SAMPLE_S = 0.001
LINE_IS_OUTPUT = 2
"""In the flags of lgpio's gpio_get_line_info."""


class KernelBoard:
    """A chip of its own, from the first call to `close`."""

    stack = SYSTEM
    resolution_ms = 10.0

    def __init__(self) -> None:
        self._folder = CONFIGURATION / "pins"
        self._bank = self._folder / "bank0"
        self._bank.mkdir(parents=True)
        (self._bank / "num_lines").write_text(str(LINES))
        (self._folder / "live").write_text("1")
        device = (self._folder / "dev_name").read_text().strip()
        chip = (self._bank / "chip_name").read_text().strip()
        self._lines = Path("/sys/devices/platform") / device / chip
        self._lgpio: Any = importlib.import_module("lgpio")
        self._chip = self._lgpio.gpiochip_open(int(chip.removeprefix("gpiochip")))
        self._edges: list[Edge] = []
        self._shown: dict[int, int] = {}
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="board", daemon=True)
        self._watcher.start()

    def close(self) -> None:
        self._closing.set()
        self._watcher.join()
        self._lgpio.gpiochip_close(self._chip)
        (self._folder / "live").write_text("0")
        self._bank.rmdir()
        self._folder.rmdir()

    def drive(self, pin: int, level: int) -> None:
        (self._lines / f"sim_gpio{pin}" / "pull").write_text("pull-up" if level else "pull-down")
        time.sleep(TICK_S)

    def level(self, pin: int) -> int | None:
        return self._value(pin) if pin in self._shown else None

    def edges(self, pin: int) -> list[Edge]:
        return [edge for edge in self._edges if edge.pin == pin]

    def _watch(self) -> None:
        """Note what outputs do; that a pin becomes one is no edge, that its process ends is."""
        while not self._closing.wait(SAMPLE_S):
            for pin in OUTPUTS:
                if pin not in self._shown and not self._is_output(pin):
                    continue
                level = self._value(pin)
                if self._shown.get(pin, level) != level:
                    self._edges.append(Edge(pin, level, time.monotonic_ns()))
                self._shown[pin] = level

    def _value(self, pin: int) -> int:
        return int((self._lines / f"sim_gpio{pin}" / "value").read_text())

    def _is_output(self, pin: int) -> bool:
        _status, _pin, flags, *_names = self._lgpio.gpio_get_line_info(self._chip, pin)
        return bool(flags & LINE_IS_OUTPUT)


class KernelWall(KernelBoard):
    """And this process's own pins on it."""

    def __init__(self) -> None:
        super().__init__()
        self.gpio: Any = Stacks().gpio

    def close(self) -> None:
        self.gpio.cleanup()
        super().close()
