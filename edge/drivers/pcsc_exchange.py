"""Reads one card over PC/SC: its UID, the number that a former system wrote into a sector, or the
serial number of a contact chip.

A card is only ever read over a fresh connection, inside a transaction: a connection from before a
swap answers with the new card's UID.

What readers do, and what is made of it: an ACR122U says 63 00 while a card is not yet up, and an
empty answer is what pcscd gives when a card leaves in mid-exchange: both are asked again. Some
offer a contactless card under neither T=0 nor T=1: then it is connected raw.

Sources: PC/SC part 3 section 3.2.2.1.3 (GET DATA: FF CA 00 00 00), ACS's ACR122U API manual 2.04
(section 4.1), pcsc-lite's API documentation, ISO/IEC 14443-3 and 15693-3 (UID lengths).
"""

from typing import Any

from edge.drivers.chip_serial import read_chip_serial
from edge.drivers.errors import Reason
from edge.drivers.mifare_classic import NumberPlace
from edge.drivers.stacks import PcscStack
from edge.drivers.winscard import (
    LEAVE_CARD,
    NO_READERS_AVAILABLE,
    NO_SMARTCARD,
    NOT_TRANSACTED,
    PROTO_MISMATCH,
    PROTOCOL_RAW,
    PROTOCOL_T0_OR_T1,
    READER_UNAVAILABLE,
    REMOVED_CARD,
    RESET_CARD,
    SHARE_SHARED,
    SHARING_VIOLATION,
    SUCCESS,
    UNKNOWN_READER,
    UNPOWERED_CARD,
    UNRESPONSIVE_CARD,
    code_of,
)

CARD_IS_GONE = {NO_SMARTCARD, REMOVED_CARD}
READER_IS_GONE = {READER_UNAVAILABLE, UNKNOWN_READER, NO_READERS_AVAILABLE}
CARD_IS_MUTE = {UNRESPONSIVE_CARD, UNPOWERED_CARD, RESET_CARD, NOT_TRANSACTED}

GET_UID = [0xFF, 0xCA, 0x00, 0x00, 0x00]
SW_SUCCESS = [0x90, 0x00]
SW_NOT_YET = [0x63, 0x00]
STATUS_BYTES = 2
UID_LENGTHS = range(4, 11)  # 4, 7 or 10 bytes (ISO 14443-3), 8 (ISO 15693-3, FeliCa)
ATTEMPTS = 3
"""A card at the edge of the field often answers at the second try."""


class CardUnreadError(Exception):
    """The card could not be read; carries the reason and PC/SC's result code."""

    def __init__(self, reason: Reason, result: int) -> None:
        super().__init__(f"{reason} (0x{result:08X})")
        self.reason = reason
        self.result = result


class PcscExchange:
    """Reads cards of one stack; used by any thread, each with a context of its own."""

    def __init__(
        self, pcsc: PcscStack, number: NumberPlace | None = None, *, by_chip: bool = False
    ) -> None:
        """`number` is where a card's number stands, None where its UID is the number.

        `by_chip`: cards are known by their chips' serial numbers instead.
        """
        self._pcsc = pcsc
        self._number = number
        self._by_chip = by_chip

    def read_uid(self, context: Any, name: str) -> tuple[bytes, Any]:
        """The UID of the card that lies there now, and its handle, still in a transaction.

        Whoever called ends it by `let_go`. Raises CardUnreadError, and holds nothing then.
        """
        for attempt in range(ATTEMPTS):
            try:
                return self._read_once(context, name)
            except CardUnreadError as error:
                last_try = attempt == ATTEMPTS - 1
                if error.reason in {Reason.CARD_GONE, Reason.NO_UID} or last_try:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def let_go(self, card: Any) -> None:
        """End what was begun; whether the card is still there to hear it does not matter.

        Never with a reset: when the reset of a card that just left fails, pcscd 1.9 calls the
        reader empty and does not see the next card if that one comes before its next look.
        """
        self._pcsc.SCardEndTransaction(card, LEAVE_CARD)
        self._pcsc.SCardDisconnect(card, LEAVE_CARD)

    def _read_once(self, context: Any, name: str) -> tuple[bytes, Any]:
        card, protocol = self._connect(context, name)
        try:
            check(self._pcsc.SCardBeginTransaction(card))
            if self._by_chip:
                return self._read_chip(card, protocol), card
            uid = self._exchange(card, protocol, GET_UID, Reason.NO_UID)
            if len(uid) not in UID_LENGTHS:
                raise CardUnreadError(Reason.NO_UID, SUCCESS)
            if self._number is not None:
                uid = self._read_number(card, protocol, self._number)
        except CardUnreadError:
            self.let_go(card)
            raise
        return uid, card

    def _connect(self, context: Any, name: str) -> tuple[Any, int]:
        connect = self._pcsc.SCardConnect
        result, card, protocol = connect(context, name, SHARE_SHARED, PROTOCOL_T0_OR_T1)
        if code_of(result) == PROTO_MISMATCH:
            result, card, protocol = connect(context, name, SHARE_SHARED, PROTOCOL_RAW)
        check(result)
        return card, protocol

    def _read_number(self, card: Any, protocol: int, place: NumberPlace) -> bytes:
        *opening, reading = place.apdus()
        for apdu in opening:
            self._exchange(card, protocol, apdu, Reason.NO_NUMBER)
        number = place.number_in(self._exchange(card, protocol, reading, Reason.NO_NUMBER))
        if number is None:
            raise CardUnreadError(Reason.NO_NUMBER, SUCCESS)
        return number

    def _read_chip(self, card: Any, protocol: int) -> bytes:
        serial = read_chip_serial(lambda apdu: bytes(self._transmit(card, protocol, apdu)))
        if serial is None:
            raise CardUnreadError(Reason.NO_NUMBER, SUCCESS)
        return serial

    def _exchange(self, card: Any, protocol: int, apdu: list[int], refused: Reason) -> bytes:
        """The data of an answer. Raises CardUnreadError, with `refused` if the card says no."""
        answer = self._transmit(card, protocol, apdu)
        if answer == SW_NOT_YET and apdu == GET_UID:
            raise CardUnreadError(Reason.CARD_MUTE, SUCCESS)
        if answer[-2:] != SW_SUCCESS:
            raise CardUnreadError(refused, SUCCESS)
        return bytes(answer[:-2])

    def _transmit(self, card: Any, protocol: int, apdu: list[int]) -> list[int]:
        """A whole answer, with its status word. Raises CardUnreadError."""
        result, answer = self._pcsc.SCardTransmit(card, protocol, apdu)
        check(result)
        if len(answer) < STATUS_BYTES:
            raise CardUnreadError(Reason.CARD_MUTE, SUCCESS)
        return answer


def check(result: int) -> None:
    """Raise CardUnreadError for a result that is no success."""
    code = code_of(result)
    if code == SUCCESS:
        return
    if code in CARD_IS_GONE:
        raise CardUnreadError(Reason.CARD_GONE, code)
    if code in CARD_IS_MUTE:
        raise CardUnreadError(Reason.CARD_MUTE, code)
    if code == SHARING_VIOLATION:
        raise CardUnreadError(Reason.READER_BUSY, code)
    raise CardUnreadError(Reason.READER_FAULT, code)
