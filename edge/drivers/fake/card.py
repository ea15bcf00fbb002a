"""A virtual card behind a reader, contactless or with contacts: answers the APDUs that reach it.

It is what a PC/SC reader shows of a MIFARE Classic 1K: its ATR (PC/SC part 3 section 3.1.3.2.3.1)
GET DATA for the UID, and of one sector what LOAD KEYS, GENERAL AUTHENTICATE and READ BINARY
give. Commands for an ACR122U's buzzer and light are noted in `signals`. `answers` replaces answers
for tests: a card may be mute, foreign, or drop out in mid-exchange.
"""

from collections import deque
from dataclasses import dataclass

ATR_MIFARE_1K = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
GET_UID = bytes.fromhex("FFCA000000")
SW_SUCCESS = bytes.fromhex("9000")
SW_INSTRUCTION_UNKNOWN = bytes.fromhex("6D00")
SW_NOT_AUTHENTICATED = bytes.fromhex("6982")
LOAD_KEY = bytes.fromhex("FF82000006")
AUTHENTICATE = bytes.fromhex("FF860000050100")
READ_BLOCK = bytes.fromhex("FFB000")
READER_COMMANDS = (bytes.fromhex("FF0040"), bytes.fromhex("FF0052"))
BLOCKS_OF_SECTOR = 4
ATR_CONTACT = bytes.fromhex("3B6500009C02020702")
"""T=0 alone."""
GET_LIFE_CYCLE, LIFE_CYCLE_HEAD = bytes.fromhex("80CA9F7F"), bytes.fromhex("9F7F2A")
GET_RESPONSE = bytes.fromhex("00C00000")


@dataclass(frozen=True, slots=True)
class Sector:
    """A sector of four blocks of 16 bytes; `key` is its key A."""

    number: int
    key: bytes
    blocks: tuple[bytes, bytes, bytes]
    """The fourth one holds the keys, which no reader shows."""


class VirtualCard:
    """A card with a UID of 4 to 10 bytes."""

    def __init__(self, uid: bytes, sector: Sector | None = None) -> None:
        self.uid = uid
        self._sector = sector
        self._loaded_key = b""
        self._opened = False
        self.atr = ATR_MIFARE_1K
        self.apdus: list[bytes] = []
        self.signals: list[bytes] = []
        self.answers: deque[bytes | None] = deque()
        """Answers to give first, one for each APDU; None leaves the field in mid-exchange."""

    def answer(self, apdu: bytes) -> bytes | None:
        """Data and status word, or None if the card leaves the field instead."""
        self.apdus.append(apdu)
        if self.answers:
            return self.answers.popleft()
        if apdu == GET_UID:
            return self.uid + SW_SUCCESS
        if apdu.startswith(READER_COMMANDS):
            self.signals.append(apdu)
            return SW_SUCCESS
        return self._answer_of_sector(apdu)

    def _answer_of_sector(self, apdu: bytes) -> bytes:
        if apdu.startswith(LOAD_KEY):
            self._loaded_key, self._opened = apdu[len(LOAD_KEY) :], False
            return SW_SUCCESS
        sector = self._sector
        if apdu.startswith(AUTHENTICATE) and sector is not None:
            block, key_type = apdu[7], apdu[8]
            fits = block // BLOCKS_OF_SECTOR == sector.number and key_type == 0x60
            self._opened = fits and self._loaded_key == sector.key
            return SW_SUCCESS if self._opened else SW_NOT_AUTHENTICATED
        if apdu.startswith(READ_BLOCK) and sector is not None:
            number, place = divmod(apdu[3], BLOCKS_OF_SECTOR)
            if self._opened and number == sector.number and place < len(sector.blocks):
                return sector.blocks[place] + SW_SUCCESS
            return SW_NOT_AUTHENTICATED
        return SW_INSTRUCTION_UNKNOWN


class ChipCard(VirtualCard):
    """A contact chip card that has a serial number of eight bytes and no UID.

    `says` is how it hands out its life cycle data: "whole" at once, "6C" once it was asked for the
    right length, "61" by GET RESPONSE.
    """

    def __init__(self, serial: bytes, says: str = "whole") -> None:
        super().__init__(b"")
        self.atr = ATR_CONTACT
        self._data = LIFE_CYCLE_HEAD + bytes(10) + serial + bytes(24) + SW_SUCCESS
        self._says = says

    def answer(self, apdu: bytes) -> bytes | None:
        self.apdus.append(apdu)
        if self.answers:
            return self.answers.popleft()
        size = len(self._data) - len(SW_SUCCESS)
        if apdu.startswith(GET_LIFE_CYCLE):
            if self._says == "6C" and apdu[-1] != size:
                return bytes((0x6C, size))
            return bytes((0x61, size)) if self._says == "61" else self._data
        if apdu == GET_RESPONSE + bytes((size,)):
            return self._data
        return SW_INSTRUCTION_UNKNOWN
