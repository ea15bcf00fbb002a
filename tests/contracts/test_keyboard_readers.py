"""The contract of readers and scanners that pose as keyboards, on a fake beneath python-evdev."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from edge.drivers.fake.evdev import FakeEvdev
from edge.drivers.keyboard_barcode_scanner import KeyboardBarcodeScanner
from edge.drivers.keyboard_barcode_scanner import Options as ScannerOptions
from edge.drivers.keyboard_card_reader import KeyboardCardReader
from edge.drivers.keyboard_card_reader import Options as ReaderOptions
from edge.events import BarcodeScanned, CardRemoved, CardTapped, CardUnread, DeviceState
from tests.contracts.collector import Collector

READER, SCANNER, KEYBOARD = "/dev/input/event3", "/dev/input/event4", "/dev/input/event0"
READER_NAME, SCANNER_NAME = "SYC ID&IC USB Reader", "Barcode Scanner HID"
EAN = "6901234567892"


@pytest.fixture
def evdev() -> FakeEvdev:
    """A cashier's keyboard, a reader and a scanner."""
    fake = FakeEvdev()
    fake.plug(KEYBOARD, "Logitech USB Keyboard")
    fake.plug(READER, READER_NAME)
    fake.plug(SCANNER, SCANNER_NAME)
    return fake


def reader_on(evdev: FakeEvdev, collector: Collector, number: str) -> KeyboardCardReader:
    options = ReaderOptions(port=READER_NAME, number=number)
    return KeyboardCardReader("cards", options, collector.bridge, evdev)


@pytest.fixture
async def scanner(evdev: FakeEvdev, collector: Collector) -> AsyncIterator[KeyboardBarcodeScanner]:
    options = ScannerOptions(port="Barcode*")
    driver = KeyboardBarcodeScanner("scanner", options, collector.bridge, evdev)
    await driver.open()
    await collector.state(DeviceState.OK)
    yield driver
    await driver.close()


@pytest.mark.covers("A370", "A371")
@pytest.mark.parametrize(
    ("number", "typed", "uid"),
    [
        ("decimal", "0012345678", "00BC614E"),
        ("decimal", "4294967295", "FFFFFFFF"),
        ("hex", "04A1B2C3D4E5F6", "04A1B2C3D4E5F6"),
        ("wiegand", "188,24910", "00BC614E"),
        ("magnetic", ";0012345678?", "0012345678"),
        ("magnetic", "%CAFE^LI MING?;880012345?", "880012345F"),
        ("magnetic", "+4711?", "00004711"),
        ("magnetic", ";0012345678=2512?", "0012345678"),
    ],
)
async def test_a_card_that_is_typed_is_a_tap_and_reaches_no_field(
    evdev: FakeEvdev, collector: Collector, number: str, typed: str, uid: str
) -> None:
    reader = reader_on(evdev, collector, number)
    await reader.open()
    await collector.state(DeviceState.OK)
    evdev.type(READER, typed)
    tapped = await collector.nth(CardTapped, 1)
    assert (tapped.reader, tapped.uid.hex().upper()) == ("cards", uid)
    await reader.close()
    assert evdev.leaked == []


@pytest.mark.parametrize(
    ("number", "typed"),
    [
        ("decimal", "4294967296"),
        ("decimal", "12 34567890"),
        ("hex", "04A1B2C"),
        ("wiegand", "256,1"),
        ("magnetic", "0012345678"),
        ("magnetic", ";6222020200112233445=25121010000000000000?"),
    ],
    ids=["33_bits", "a_space", "half_a_byte", "no_facility", "no_sentinel", "a_payment_card"],
)
async def test_what_is_no_number_is_told_and_never_a_tap(
    evdev: FakeEvdev, collector: Collector, number: str, typed: str
) -> None:
    reader = reader_on(evdev, collector, number)
    await reader.open()
    await collector.state(DeviceState.OK)
    evdev.type(READER, typed)
    assert (await collector.nth(CardUnread, 1)).reason == "card_mute"
    assert collector.of(CardTapped) == []
    await reader.close()


@pytest.mark.covers("A441")
async def test_a_scan_is_told_whole_and_reaches_no_field(
    evdev: FakeEvdev, scanner: KeyboardBarcodeScanner, collector: Collector
) -> None:
    codes = [EAN, "https://cafe.example/r/42?c=A-b_C", "ABC-123 $/+%"]
    for number, code in enumerate(codes, start=1):
        evdev.type(SCANNER, code)
        scanned = await collector.nth(BarcodeScanned, number)
        assert (scanned.scanner, scanned.text) == ("scanner", code)
    assert evdev.leaked == []


async def test_the_cashiers_keyboard_and_other_readers_are_left_alone(
    evdev: FakeEvdev, scanner: KeyboardBarcodeScanner, collector: Collector
) -> None:
    evdev.type(KEYBOARD, EAN)
    evdev.type(SCANNER, EAN)
    await collector.nth(BarcodeScanned, 1)
    assert len(evdev.leaked) == 2 * (len(EAN) + 1)
    assert evdev.is_grabbed(SCANNER)
    assert not evdev.is_grabbed(READER)
    assert len(collector.of(BarcodeScanned)) == 1


async def test_a_scanner_pulled_out_and_back_needs_no_restart(
    evdev: FakeEvdev, scanner: KeyboardBarcodeScanner, collector: Collector
) -> None:
    evdev.type(SCANNER, "690123", enter=False)
    evdev.unplug(SCANNER)
    await collector.state(DeviceState.ABSENT, "no_reader")
    assert scanner.status.hint
    again = "/dev/input/event7"
    evdev.plug(again, SCANNER_NAME)
    await collector.state(DeviceState.OK)
    evdev.type(again, EAN)
    assert (await collector.nth(BarcodeScanned, 1)).text == EAN
    assert evdev.leaked == []


async def test_another_program_that_has_the_scanner_is_told(
    evdev: FakeEvdev, scanner: KeyboardBarcodeScanner
) -> None:
    second = Collector()
    options = ScannerOptions(port=SCANNER)
    rival = KeyboardBarcodeScanner("rival", options, second.bridge, evdev)
    await rival.open()
    await second.state(DeviceState.ABSENT, "reader_busy")
    await rival.close()


async def test_half_a_line_long_ago_is_no_part_of_the_next(
    evdev: FakeEvdev, scanner: KeyboardBarcodeScanner, collector: Collector
) -> None:
    evdev.type(SCANNER, "111", enter=False)
    await asyncio.sleep(0.3)
    evdev.type(SCANNER, "9" * 300)  # longer than any code: dropped up to its Enter
    evdev.type(SCANNER, EAN)
    assert (await collector.nth(BarcodeScanned, 1)).text == EAN


async def test_closing_lets_go_and_ends_the_thread(
    evdev: FakeEvdev, scanner: KeyboardBarcodeScanner, collector: Collector
) -> None:
    await scanner.close()
    await scanner.close()
    assert not evdev.is_grabbed(SCANNER)
    assert not any(thread.name.startswith("keys:") for thread in threading.enumerate())


async def test_two_cards_are_two_taps_and_a_card_said_twice_is_one(
    evdev: FakeEvdev, collector: Collector
) -> None:
    reader = reader_on(evdev, collector, "decimal")
    await reader.open()
    await collector.state(DeviceState.OK)
    for typed in ("0000000001", "0000000001", "0000000002"):
        evdev.type(READER, typed)
    assert (await collector.nth(CardTapped, 2)).uid == bytes((0, 0, 0, 2))
    assert [type(event) for event in collector.events[-3:]] == [CardTapped, CardRemoved, CardTapped]
    await reader.close()
