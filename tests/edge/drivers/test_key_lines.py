"""Keys that the kernel dropped: half a code is none, and the next one is whole again."""

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
