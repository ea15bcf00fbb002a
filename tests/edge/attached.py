"""A machine with virtual devices attached, for the finders: what to plug in, pull out and break."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edge.discovery.found import Finder
from edge.discovery.gpio_chips import GpioChips
from edge.discovery.input_devices import InputDevices
from edge.discovery.pcsc_readers import PcscReaders
from edge.discovery.serial_ports import SerialPorts
from edge.discovery.usb_claims import UsbClaims
from edge.discovery.usb_printers import UsbPrinters
from edge.drivers.fake.evdev import FakeEvdev
from edge.drivers.fake.gpio import FakeGpio
from edge.drivers.fake.pcsc import FakePcsc
from edge.drivers.stacks import Stacks

PICC, SAM = "ACS ACR1252 Reader [PICC] 00 00", "ACS ACR1252 Reader [SAM] 01 00"
KEYBOARD, READER, SCANNER = (f"/dev/input/event{number}" for number in (0, 3, 4))
CONVERTER = "usb-1a86_USB_Serial-if00-port0"
PICO = "usb-MicroPython_Board_in_FS_mode_e6614c30-if00"
PRINTER_ID = "MFG:EPSON;CMD:ESC/POS;MDL:TM-T20II;CLS:PRINTER;"


@dataclass(frozen=True)
class Port:
    """A port as pyserial's list_ports tells it."""

    device: str
    description: str
    vid: int | None


class VirtualStacks(Stacks):
    """Fakes in this process."""

    def __init__(self) -> None:
        super().__init__()
        self.fake_pcsc = self.pcsc = FakePcsc((PICC, SAM))
        self.fake_evdev = self.evdev = FakeEvdev()
        self.gpio = FakeGpio()


class Machine:
    """A machine whose `dev` and `sys` are below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.stacks = VirtualStacks()
        self.ports: list[Port] = []
        self._terminals: list[int] = []

    def attach(self) -> None:
        """Plug in one device of each sort."""
        evdev = self.stacks.fake_evdev
        evdev.plug(KEYBOARD, "Logitech USB Keyboard", lights=True)
        evdev.plug(READER, "SYC ID&IC USB Reader", lights=True)
        evdev.plug(SCANNER, "Barcode Scanner HID")
        for name in ("event0", "event3", "event4"):
            self._touch(f"dev/input/{name}")
        self.serial_port(CONVERTER, "USB Serial", 0x1A86)
        self.serial_port(PICO, "Board in FS mode", 0x2E8A)
        self._touch("dev/usb/lp0")
        self._touch("sys/class/usbmisc/lp0/device/ieee1284_id", PRINTER_ID)
        self._touch("dev/gpiochip0")

    def remove(self) -> None:
        """Pull everything out but the keyboard."""
        for name in (PICC, SAM):
            self.stacks.fake_pcsc.unplug(name)
        for path in (READER, SCANNER):
            self.stacks.fake_evdev.unplug(path)
        self.ports.clear()
        for folder in ("dev/serial/by-id", "dev/usb", "dev"):
            for path in (self.root / folder).glob("*"):
                if not path.is_dir():
                    path.unlink()

    def break_stacks(self) -> None:
        """Stop the card daemon, let a kernel driver take the reader, forbid the input devices."""
        self.stacks.fake_pcsc.stop_daemon()
        (self.root / "sys/bus/usb/drivers/pn533_usb/1-1:1.0").mkdir(parents=True)
        self.stacks.fake_evdev.unplug(KEYBOARD)

    def serial_port(self, name: str, description: str, vid: int | None) -> int:
        """Plug in a serial port; its other end."""
        ours, theirs = os.openpty()
        self._terminals += [ours, theirs]
        link = self.root / "dev/serial/by-id" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.ttyname(theirs))
        self.ports.append(Port(os.ttyname(theirs), description, vid))
        return ours

    def finders(self, *, probe: bool = False) -> tuple[Finder, ...]:
        """The product's finders, which look at this machine."""
        return (
            PcscReaders(self.stacks),
            UsbClaims(self.root),
            SerialPorts(self.root, self._comports, probe=probe),
            UsbPrinters(self.root),
            InputDevices(self.stacks, self.root),
            GpioChips(self.stacks, self.root, lambda _chip: "pinctrl-bcm2711"),
        )

    def close(self) -> None:
        for terminal in self._terminals:
            os.close(terminal)

    def _comports(self) -> Iterable[Port]:
        return self.ports

    def _touch(self, name: str, text: str = "") -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
