"""The contract of readers and scanners that pose as keyboards; `conftest` says which they are."""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from edge.drivers.keyboard_barcode_scanner import KeyboardBarcodeScanner
from edge.drivers.keyboard_barcode_scanner import Options as ScannerOptions
from edge.drivers.keyboard_card_reader import KeyboardCardReader
from edge.drivers.keyboard_card_reader import Options as ReaderOptions
from edge.events import BarcodeScanned, CardRemoved, CardTapped, CardUnread, DeviceState
from tests.contracts.collector import Collector
from tests.contracts.keyboards import Keyboards

READER_NAME, SCANNER_NAME = "SYC ID&IC USB Reader", "Barcode Scanner HID"
EAN = "6901234567892"


@dataclass(frozen=True, slots=True)
class Counter:
    """A cashier's keyboard, a reader and a scanner, by their paths."""

    keyboards: Keyboards
    keyboard: str
    reader: str
    scanner: str

    def type(self, path: str, text: str, *, enter: bool = True) -> None:
        self.keyboards.type(path, text, enter=enter)


@pytest.fixture
def desk(keyboards: Keyboards) -> Counter:
    names = ("Logitech USB Keyboard", READER_NAME, SCANNER_NAME)
    return Counter(keyboards, *(keyboards.plug(name) for name in names))


def reader_on(desk: Counter, collector: Collector, number: str) -> KeyboardCardReader:
    options = ReaderOptions(port=READER_NAME, number=number)
    return KeyboardCardReader("cards", options, collector.bridge, desk.keyboards.evdev)


@pytest.fixture
async def scanner(desk: Counter, collector: Collector) -> AsyncIterator[KeyboardBarcodeScanner]:
    options = ScannerOptions(port="Barcode*")
    driver = KeyboardBarcodeScanner("scanner", options, collector.bridge, desk.keyboards.evdev)
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
    desk: Counter, collector: Collector, number: str, typed: str, uid: str
) -> None:
    reader = reader_on(desk, collector, number)
    await reader.open()
    await collector.state(DeviceState.OK)
    desk.type(desk.reader, typed)
    tapped = await collector.nth(CardTapped, 1)
    assert (tapped.reader, tapped.uid.hex().upper()) == ("cards", uid)
    await reader.close()
    assert desk.keyboards.leaked() == 0


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
    desk: Counter, collector: Collector, number: str, typed: str
) -> None:
    reader = reader_on(desk, collector, number)
    await reader.open()
    await collector.state(DeviceState.OK)
    desk.type(desk.reader, typed)
    assert (await collector.nth(CardUnread, 1)).reason == "card_mute"
    assert collector.of(CardTapped) == []
    await reader.close()


@pytest.mark.covers("A441")
async def test_a_scan_is_told_whole_and_reaches_no_field(
    desk: Counter, scanner: KeyboardBarcodeScanner, collector: Collector
) -> None:
    codes = [EAN, "https://cafe.example/r/42?c=A-b_C", "ABC-123 $/+%"]
    for number, code in enumerate(codes, start=1):
        desk.type(desk.scanner, code)
        scanned = await collector.nth(BarcodeScanned, number)
        assert (scanned.scanner, scanned.text) == ("scanner", code)
    assert desk.keyboards.leaked() == 0


async def test_the_cashiers_keyboard_and_other_readers_are_left_alone(
    desk: Counter, scanner: KeyboardBarcodeScanner, collector: Collector
) -> None:
    desk.type(desk.keyboard, EAN)
    desk.type(desk.scanner, EAN)
    await collector.nth(BarcodeScanned, 1)
    assert desk.keyboards.leaked() == 2 * (len(EAN) + 1)
    assert desk.keyboards.is_grabbed(desk.scanner)
    assert not desk.keyboards.is_grabbed(desk.reader)
    assert len(collector.of(BarcodeScanned)) == 1


async def test_a_scanner_pulled_out_and_back_needs_no_restart(
    desk: Counter, scanner: KeyboardBarcodeScanner, collector: Collector
) -> None:
    desk.type(desk.scanner, "690123", enter=False)
    desk.keyboards.unplug(desk.scanner)
    await collector.state(DeviceState.ABSENT, "no_reader")
    assert scanner.status.hint
    again = desk.keyboards.plug(SCANNER_NAME)
    await collector.state(DeviceState.OK)
    desk.type(again, EAN)
    assert (await collector.nth(BarcodeScanned, 1)).text == EAN
    assert desk.keyboards.leaked() == 0


async def test_another_program_that_has_the_scanner_is_told(
    desk: Counter, scanner: KeyboardBarcodeScanner
) -> None:
    second = Collector()
    options = ScannerOptions(port=desk.scanner)
    rival = KeyboardBarcodeScanner("rival", options, second.bridge, desk.keyboards.evdev)
    await rival.open()
    await second.state(DeviceState.ABSENT, "reader_busy")
    await rival.close()


async def test_half_a_line_long_ago_is_no_part_of_the_next(
    desk: Counter, scanner: KeyboardBarcodeScanner, collector: Collector
) -> None:
    desk.type(desk.scanner, "111", enter=False)
    await asyncio.sleep(0.3)
    desk.type(desk.scanner, "9" * 300)  # longer than any code: dropped up to its Enter
    desk.type(desk.scanner, EAN)
    assert (await collector.nth(BarcodeScanned, 1)).text == EAN


async def test_closing_lets_go_and_ends_the_thread(
    desk: Counter, scanner: KeyboardBarcodeScanner, collector: Collector
) -> None:
    await scanner.close()
    await scanner.close()
    assert not desk.keyboards.is_grabbed(desk.scanner)
    assert not any(thread.name.startswith("keys:") for thread in threading.enumerate())


async def test_two_cards_are_two_taps_and_a_card_said_twice_is_one(
    desk: Counter, collector: Collector
) -> None:
    reader = reader_on(desk, collector, "decimal")
    await reader.open()
    await collector.state(DeviceState.OK)
    for typed in ("0000000001", "0000000001", "0000000002"):
        desk.type(desk.reader, typed)
    assert (await collector.nth(CardTapped, 2)).uid == bytes((0, 0, 0, 2))
    assert [type(event) for event in collector.events[-3:]] == [CardTapped, CardRemoved, CardTapped]
    await reader.close()
