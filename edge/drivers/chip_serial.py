"""The serial number of a contact chip card, by which a card without a UID is known.

It is the part of the Card Production Life Cycle data (tag 9F7F) that no two chips share: the date
of fabrication, the chip's serial number and its batch, eight bytes in all. Where a card speaks
T=0, it says by 6Cxx how much there is, or by 61xx how much to fetch. Sources: GlobalPlatform Card
Specification 2.3.1 (GET DATA; CPLC is in GlobalPlatform's Card Production guide), ISO/IEC 7816-3
and 7816-4 (61xx, 6Cxx, GET RESPONSE).
"""

from collections.abc import Callable

GET_LIFE_CYCLE = [0x80, 0xCA, 0x9F, 0x7F]
GET_RESPONSE = [0x00, 0xC0, 0x00, 0x00]
TAG = bytes.fromhex("9F7F2A")
SERIAL = slice(len(TAG) + 10, len(TAG) + 18)
"""Behind fabricator, type, and the operating system's name, date and level: two bytes each."""
MORE, OTHER_LENGTH, SUCCESS = 0x61, 0x6C, 0x90
BLANKS = (bytes(8), b"\xff" * 8)

Send = Callable[[list[int]], bytes]
"""Sends an APDU; its whole answer, of two bytes at the least."""


def read_chip_serial(send: Send) -> bytes | None:
    """The eight bytes, None where the card has none."""
    answer = send([*GET_LIFE_CYCLE, 0x00])
    if answer[-2] == OTHER_LENGTH:
        answer = send([*GET_LIFE_CYCLE, answer[-1]])
    elif answer[-2] == MORE:
        answer = send([*GET_RESPONSE, answer[-1]])
    serial = answer[SERIAL]
    if answer[-2] != SUCCESS or not answer.startswith(TAG) or len(serial) < 8:
        return None
    return None if serial in BLANKS else serial
