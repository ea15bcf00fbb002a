"""What the outside driver saw: answers, cards read, relay pulses, receipts. Nothing is assumed."""

import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.drivers.fake.card import VirtualCard
from edge.drivers.fake.gpio import Edge
from edge.drivers.fake.paper import PrintedReceipt

CHAIN_CODE = re.compile(r"\b(\d+)\.(\d+)\.(\d+)-[0-9A-Z-]+")
CALM_NS = 10_000_000_000
WALL_MINUS_MONOTONIC_NS = time.time_ns() - time.monotonic_ns()


@dataclass(frozen=True)
class Acknowledged:
    """An HTTP answer that a command was done. `code` names its first op."""

    box: str
    command: str
    code: str
    inputs: Mapping[str, object]
    values: Mapping[str, object]


class WatchedCard(VirtualCard):
    """A card that notes when it was powered up and when it was read."""

    def __init__(self, uid: bytes) -> None:
        self.powered_ns = 0
        self.read_ns = 0
        super().__init__(uid)

    @property
    def atr(self) -> bytes:
        self.powered_ns = self.powered_ns or time.monotonic_ns()
        return self._atr

    @atr.setter
    def atr(self, value: bytes) -> None:
        self._atr = value

    def answer(self, apdu: bytes) -> bytes | None:
        self.read_ns = self.read_ns or time.monotonic_ns()
        return super().answer(apdu)


@dataclass(frozen=True)
class Tap:
    """A card that a box's reader has read."""

    box: str
    powered_ns: int
    read_ns: int


@dataclass
class Evidence:
    """Everything that was seen, filled while the load runs."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    taps: list[Tap] = field(default_factory=list)
    pulses: dict[str, list[Edge]] = field(default_factory=dict)
    receipts: dict[str, list[PrintedReceipt]] = field(default_factory=dict)
    disturbances: list[tuple[int, int]] = field(default_factory=list)
    """(from, to) in monotonic ns: a fault was under way, up to the recovery of both lines."""

    def is_calm(self, tap: Tap) -> bool:
        """Whether no fault was under way at the tap nor began soon after it."""
        at_ns = tap.powered_ns
        return not any(start - CALM_NS < at_ns < end for start, end in self.disturbances)

    def when(self, tap: Tap) -> str:
        """Return how long after or before each fault a tap was."""
        return "; ".join(
            f"{(tap.powered_ns - start) / 1e9:+.1f} s from the start and"
            f" {(tap.powered_ns - end) / 1e9:+.1f} s from the end of fault {number}"
            for number, (start, end) in enumerate(self.disturbances, start=1)
        )

    def taps_of(self, box: str) -> list[Tap]:
        return [tap for tap in self.taps if tap.box == box]


def codes_on(receipt: PrintedReceipt) -> list[str]:
    """Return the chain codes that stand on a paper."""
    return [match.group(0) for match in CHAIN_CODE.finditer(receipt.text)]


def wall_ms(monotonic_ns: int) -> int:
    """Return the wall clock of a monotonic moment, in ms since 1970."""
    return (monotonic_ns + WALL_MINUS_MONOTONIC_NS) // 1_000_000
