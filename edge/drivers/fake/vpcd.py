"""A place to lay a virtual card on a real pcscd: the card side of vsmartcard's vpcd driver.

vpcd's protocol: the card is a TCP client; each message is a 2-byte big-endian length and a
payload. A payload of one byte is a control code (0 off, 1 on, 2 reset, 4 get ATR), a longer one
is a command APDU. A connection is a card in the field; closing it takes the card away. (Source:
vsmartcard, virtualsmartcard/src/vpcd/vpcd.h.)

vpcd looks for cards every 400 ms, so a change takes 0 to 400 ms to be seen, and a removal and an
insertion closer than that look like one change.
"""

import contextlib
import socket
import threading
from collections.abc import Callable

from edge.drivers.fake.card import VirtualCard

CONTROL_GET_ATR = b"\x04"
REDIAL_SECONDS = 0.02
"""Between attempts to reach a pcscd that is down while a card lies there. One that is not there
when the reader comes up is laid down anew."""


class CardSlot:
    """One virtual reader's field. A card stays until it is removed, also when pcscd restarts."""

    def __init__(self, dial: Callable[[], socket.socket]) -> None:
        """`dial` connects to the reader's slot, or raises OSError while pcscd is down."""
        self._dial = dial
        self._lock = threading.Lock()
        self._link: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._gone = threading.Event()

    def insert(self, card: VirtualCard | bytes) -> VirtualCard:
        """Lay a card (or a new card with this UID) on the reader; the one before is removed."""
        self.remove()
        laid = card if isinstance(card, VirtualCard) else VirtualCard(card)
        self._gone = threading.Event()
        self._thread = threading.Thread(
            target=self._lie, args=(laid, self._gone), name="virtual-card", daemon=True
        )
        self._thread.start()
        return laid

    def remove(self) -> None:
        """Take the card away; nothing happens if there is none."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._gone.set()
        with self._lock:
            if self._link is not None:
                with contextlib.suppress(OSError):  # the other end was first
                    self._link.shutdown(socket.SHUT_RDWR)
        thread.join()

    def _lie(self, card: VirtualCard, gone: threading.Event) -> None:
        while not gone.is_set():
            try:
                link = self._dial()
            except OSError:
                gone.wait(REDIAL_SECONDS)
                continue
            with self._lock:
                self._link = link
            with link:
                if not gone.is_set() and self._left_the_field(link, card):
                    gone.set()
            with self._lock:
                self._link = None
            gone.wait(REDIAL_SECONDS)

    def _left_the_field(self, link: socket.socket, card: VirtualCard) -> bool:
        """Answer until the card leaves by itself (True) or the link is cut."""
        try:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                payload = _receive(link, int.from_bytes(_receive(link, 2), "big"))
                if len(payload) > 1:
                    answer = card.answer(payload)
                elif payload == CONTROL_GET_ATR:
                    answer = card.atr
                else:
                    continue  # power and reset have no answer
                if answer is None:
                    return True
                link.sendall(len(answer).to_bytes(2, "big") + answer)
        except OSError:
            return False


def _receive(link: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        # vpcd writes length and payload apart with Nagle on: unless the acknowledgement goes at
        # once, each APDU costs 44 ms. The option does not stick, so it is set every time.
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        part = link.recv(size - len(received))
        if not part:
            raise ConnectionResetError("vpcd hung up")
        received += part
    return received
