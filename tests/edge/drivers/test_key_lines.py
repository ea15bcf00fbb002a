"""Keys that the kernel dropped, and keyboards that go while they are listed."""

import pytest

from edge.drivers.fake.evdev import FakeEvdev
from edge.drivers.keyboard_barcode_scanner import KeyboardBarcodeScanner, Options
from edge.events import BarcodeScanned, DeviceState
from tests.contracts.collector import Collector

SCANNER = "/dev/input/event4"


async def test_a_line_of_which_keys_were_lost_is_no_code() -> None:
    evdev, collector = FakeEvdev(), Collector()
    evdev.plug(SCANNER, "Scanner")
    scanner = KeyboardBarcodeScanner("scanner", Options(port=SCANNER), collector.bridge, evdev)
    await scanner.open()
    await collector.state(DeviceState.OK)
    with evdev._lock:  # heard at one moment, however busy the machine is
        evdev.type(SCANNER, "690123", enter=False)
        evdev.drop_keys(SCANNER)
        evdev.type(SCANNER, "892")
    evdev.type(SCANNER, "6901234567892")
    assert (await collector.nth(BarcodeScanned, 1)).text == "6901234567892"
    await scanner.close()
    assert len(collector.of(BarcodeScanned)) == 1


class VanishingEvdev(FakeEvdev):
    """A keyboard is pulled out while python-evdev looks at all of them, once."""

    def __init__(self) -> None:
        super().__init__()
        self.has_vanished = False

    def list_devices(self) -> list[str]:
        if not self.has_vanished:
            self.has_vanished = True
            raise FileNotFoundError("/dev/input/event7")
        return super().list_devices()


async def test_a_keyboard_pulled_out_in_mid_look_keeps_no_other_from_being_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge.drivers.key_lines.LOOK_S", 0.01)
    evdev, collector = VanishingEvdev(), Collector()
    evdev.plug(SCANNER, "Scanner")
    scanner = KeyboardBarcodeScanner("scanner", Options(port="Scan*"), collector.bridge, evdev)
    await scanner.open()
    await collector.state(DeviceState.OK)
    await scanner.close()
