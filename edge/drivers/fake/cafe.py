"""The virtual counter of one cafe: a card reader's field, a printer, a door and its sensor.

The demo and the smoke test make one for each cafe. It outlives the box, writes the device tables
that the box's configuration needs, and is the hand that lays cards and walks through the door.
Every method is called from any thread and blocks only as long as its name says.
"""

from pathlib import Path
from typing import Protocol

from edge.drivers.fake.gpio import Edge, VirtualBoard
from edge.drivers.fake.outlets import PtyOutlet
from edge.drivers.fake.printer import VirtualPrinter
from edge.drivers.stacks import FAKE_PREFIX, SYSTEM

DOOR_RELAY_PIN, DOOR_COUNTER_PIN = 17, 27
DOOR_HOLD_MS = 300
READER, PRINTER, DOOR_RELAY, DOOR_COUNTER = "counter", "receipts", "door", "entrance"


class CardField(Protocol):
    """Where a card is laid: `VirtualPcscd.slots[n]` or `VirtualReaders.slots[n]`."""

    def insert(self, card: bytes, /) -> object: ...
    def remove(self) -> None: ...


class VirtualCafe:
    """One cafe's devices. `folder` holds its sockets and its printer's port."""

    def __init__(self, folder: Path, reader_name: str, field: CardField) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._gpio_path = folder / "gpio.sock"
        self._reader_name = reader_name
        self.field = field
        self.board = VirtualBoard(self._gpio_path)
        self._printer_port = folder / "printer"
        self.printer = VirtualPrinter(PtyOutlet(self._printer_port))

    def close(self) -> None:
        self.field.remove()
        self.printer.close()
        self.board.close()

    def device_tables(self) -> list[dict[str, object]]:
        """The box's `[[devices]]`."""
        return [
            {"kind": "card_reader", "driver": "pcsc", "name": READER, "port": self._reader_name},
            {
                "kind": "receipt_printer",
                "driver": "serial",
                "name": PRINTER,
                "port": str(self._printer_port),
            },
            {
                "kind": "door_relay",
                "driver": "gpio",
                "name": DOOR_RELAY,
                "pin": DOOR_RELAY_PIN,
                "hold_ms": DOOR_HOLD_MS,
            },
            {
                "kind": "door_counter",
                "driver": "gpio",
                "name": DOOR_COUNTER,
                "pin": DOOR_COUNTER_PIN,
            },
        ]

    def stacks_table(self, pcsc: str = SYSTEM) -> dict[str, str]:
        """The box's `[stacks]`: pass `fake:<socket path>` where there is no pcscd."""
        return {"pcsc": pcsc, "gpio": f"{FAKE_PREFIX}{self._gpio_path}"}

    def tap(self, uid: bytes) -> None:
        """Lay a card on the reader; it stays until `lift`, or until the next one is laid."""
        self.field.insert(uid)

    def lift(self) -> None:
        """Take the card from the reader."""
        self.field.remove()

    @property
    def door_openings(self) -> list[Edge]:
        """Each time that the relay was drawn."""
        return [edge for edge in self.board.edges(DOOR_RELAY_PIN) if edge.level == 1]

    def break_beam(self) -> None:
        """Somebody stands in the door."""
        self.board.drive(DOOR_COUNTER_PIN, 0)

    def free_beam(self) -> None:
        """The door is free again."""
        self.board.drive(DOOR_COUNTER_PIN, 1)
