"""A virtual contactless card behind a reader: answers the APDUs that reach it.

It is what a PC/SC reader shows of a MIFARE Classic 1K: its ATR (PC/SC part 3 section 3.1.3.2.3.1)
and GET DATA for the UID. `answers` replaces answers for tests: a card may be mute, foreign, or
drop out in mid-exchange.
"""

from collections import deque

ATR_MIFARE_1K = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
GET_UID = bytes.fromhex("FFCA000000")
SW_SUCCESS = bytes.fromhex("9000")
SW_INSTRUCTION_UNKNOWN = bytes.fromhex("6D00")


class VirtualCard:
    """A card with a UID of 4 to 10 bytes."""

    def __init__(self, uid: bytes) -> None:
        self.uid = uid
        self.atr = ATR_MIFARE_1K
        self.apdus: list[bytes] = []
        self.answers: deque[bytes | None] = deque()
        """Answers to give first, one for each APDU; None leaves the field in mid-exchange."""

    def answer(self, apdu: bytes) -> bytes | None:
        """Data and status word, or None if the card leaves the field instead."""
        self.apdus.append(apdu)
        if self.answers:
            return self.answers.popleft()
        if apdu == GET_UID:
            return self.uid + SW_SUCCESS
        return SW_INSTRUCTION_UNKNOWN
