"""The vendor stacks beneath the drivers, chosen by the composition root and handed in.

A stack is named in the configuration: `system` is the machine's own (pyscard on pcscd, the
module RPi.GPIO, python-evdev), `fake:<socket path>` is a virtual one at the other end of a Unix
socket (`edge.drivers.fake`). Nothing falls through from one to the other.
"""

import importlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, cast

from edge.drivers.errors import DeviceConfigurationError

SYSTEM = "system"
FAKE_PREFIX = "fake:"


class PcscStack(Protocol):
    """The calls of `smartcard.scard` (pyscard) that card readers and their lights use.

    Every call returns its result code first (`SCARD_S_SUCCESS` is 0). Handles are opaque.
    """

    def SCardEstablishContext(self, scope: int, /) -> tuple[int, Any]: ...  # noqa: N802 PC/SC's name
    def SCardReleaseContext(self, context: Any, /) -> int: ...  # noqa: N802 PC/SC's name
    def SCardCancel(self, context: Any, /) -> int: ...  # noqa: N802 PC/SC's name
    def SCardListReaders(self, context: Any, groups: list[str], /) -> tuple[int, list[str]]: ...  # noqa: N802 PC/SC's name
    def SCardGetStatusChange(  # noqa: N802 PC/SC's name
        self, context: Any, timeout_ms: int, states: list[tuple[str, int]], /
    ) -> tuple[int, list[tuple[str, int, list[int]]]]: ...
    def SCardConnect(  # noqa: N802 PC/SC's name
        self, context: Any, reader: str, share: int, protocols: int, /
    ) -> tuple[int, Any, int]: ...
    def SCardDisconnect(self, card: Any, disposition: int, /) -> int: ...  # noqa: N802 PC/SC's name
    def SCardBeginTransaction(self, card: Any, /) -> int: ...  # noqa: N802 PC/SC's name
    def SCardEndTransaction(self, card: Any, disposition: int, /) -> int: ...  # noqa: N802 PC/SC's name
    def SCardTransmit(  # noqa: N802 PC/SC's name
        self, card: Any, protocol: int, apdu: list[int], /
    ) -> tuple[int, list[int]]: ...
    def SCardControl(  # noqa: N802 PC/SC's name
        self, card: Any, code: int, command: list[int], /
    ) -> tuple[int, list[int]]: ...


class GpioStack(Protocol):
    """The part of the RPi.GPIO API (0.7.1) that doors and Wiegand readers use."""

    BCM: int
    IN: int
    OUT: int
    FALLING: int
    HIGH: int
    LOW: int
    BOTH: int
    PUD_OFF: int
    PUD_UP: int
    PUD_DOWN: int

    def setmode(self, mode: int, /) -> None: ...
    def setwarnings(self, flag: bool, /) -> None: ...
    def setup(
        self, channel: int, direction: int, *, pull_up_down: int = ..., initial: int = ...
    ) -> None: ...
    def output(self, channel: int, value: int, /) -> None: ...
    def input(self, channel: int, /) -> int: ...
    def add_event_detect(self, channel: int, edge: int, *, callback: Any) -> None: ...
    def remove_event_detect(self, channel: int, /) -> None: ...
    def cleanup(self, channel: int, /) -> None: ...


class InputDevice(Protocol):
    """The part of python-evdev's InputDevice (1.9) that keyboard readers and finders use."""

    name: str
    fd: int

    def capabilities(self) -> Mapping[int, Iterable[Any]]: ...
    def grab(self) -> None: ...
    def ungrab(self) -> None: ...
    def read(self) -> Iterable[Any]: ...
    def close(self) -> None: ...


class EvdevStack(Protocol):
    """The calls of python-evdev that the keyboard readers use."""

    def list_devices(self) -> list[str]: ...
    def InputDevice(self, path: str, /) -> InputDevice: ...  # noqa: N802 python-evdev's name


class Stacks:
    """The stacks of one box. Each is loaded once, when the first driver asks for it.

    Each property raises DeviceConfigurationError if the stack cannot be used here.
    """

    def __init__(self, pcsc: str = SYSTEM, gpio: str = SYSTEM) -> None:
        self._pcsc = pcsc
        self._gpio = gpio

    @cached_property
    def pcsc(self) -> PcscStack:
        if self._pcsc == SYSTEM:
            return cast("PcscStack", _system_module("stacks.pcsc", "smartcard.scard"))
        path = _fake_path("stacks.pcsc", self._pcsc)
        module = importlib.import_module("edge.drivers.fake.pcsc")
        return cast("PcscStack", module.FakePcsc.dial(path))

    @cached_property
    def gpio(self) -> GpioStack:
        if self._gpio == SYSTEM:
            return cast("GpioStack", _system_module("stacks.gpio", "RPi.GPIO"))
        path = _fake_path("stacks.gpio", self._gpio)
        module = importlib.import_module("edge.drivers.fake.gpio")
        return cast("GpioStack", module.FakeGpio.dial(path))

    @cached_property
    def evdev(self) -> EvdevStack:
        """There is no virtual one: what poses as a keyboard is the kernel's own."""
        return cast("EvdevStack", _system_module("stacks.evdev", "evdev"))


def _system_module(key: str, module: str) -> object:
    try:
        return importlib.import_module(module)
    except (ImportError, RuntimeError) as error:  # RPi.GPIO raises RuntimeError off a Pi
        raise DeviceConfigurationError(
            key,
            f"{module} cannot be used here ({error})",
            "Run: pip install 'cafebox[hardware]', or set a fake one: fake:<socket path>",
        ) from error


def _fake_path(key: str, value: str) -> Path:
    path = value.removeprefix(FAKE_PREFIX)
    if path == value or not path:
        raise DeviceConfigurationError(
            key, f"{value!r} is no stack", f"Set '{SYSTEM}' or '{FAKE_PREFIX}<socket path>'"
        )
    return Path(path)
