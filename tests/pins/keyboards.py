"""Keyboards that the kernel believes in, by uinput, and an ear that hears what nobody grabbed.

They are there in the kernel that `tests.pins` boots. Source: Linux, Documentation/input/uinput.rst.
"""

import time
from contextlib import closing, suppress
from dataclasses import dataclass

import evdev

from edge.drivers.fake.evdev import strokes_of
from edge.drivers.key_codes import EV_KEY
from edge.drivers.stacks import EvdevStack, Stacks

KEYS_OF_A_KEYBOARD = 128
"""Readers say that they have all keys, as keyboards do."""
STROKE_S = 0.001
"""As a quick scanner types; more at once would overrun the kernel's queue of 64 events."""


@dataclass(frozen=True, slots=True)
class _Plugged:
    hands: evdev.UInput
    ear: evdev.InputDevice


class KernelKeyboards:
    """See `tests.contracts.keyboards.Keyboards`."""

    def __init__(self) -> None:
        self.evdev: EvdevStack = Stacks().evdev
        self._plugged: dict[str, _Plugged] = {}
        self._leaked = 0

    def plug(self, name: str) -> str:
        keys = {EV_KEY: [*range(1, KEYS_OF_A_KEYBOARD)]}
        hands = evdev.UInput(keys, name=name)
        path = str(hands.device.path)
        self._plugged[path] = _Plugged(hands, evdev.InputDevice(path))
        return path

    def unplug(self, path: str) -> None:
        self.leaked()
        plugged = self._plugged.pop(path)
        plugged.hands.close()
        plugged.ear.close()

    def type(self, path: str, text: str, *, enter: bool = True) -> None:
        hands = self._plugged[path].hands
        for stroke in strokes_of(text, enter=enter):
            hands.write(stroke.type, stroke.code, stroke.value)
            hands.syn()
            time.sleep(STROKE_S)

    def is_grabbed(self, path: str) -> bool:
        with closing(evdev.InputDevice(path)) as probe:
            try:
                probe.grab()
            except OSError:  # EBUSY
                return True
            probe.ungrab()
        return False

    def leaked(self) -> int:
        for plugged in self._plugged.values():
            with suppress(BlockingIOError):  # nothing to be heard
                self._leaked += sum(event.type == EV_KEY for event in plugged.ear.read())
        return self._leaked

    def close(self) -> None:
        for path in tuple(self._plugged):
            self.unplug(path)
