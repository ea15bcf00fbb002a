"""A fake PC/SC stack beneath the card reader, for machines without pcscd (DEVICES=fake).

`FakePcsc` has the calls of `smartcard.scard` that the driver uses, over virtual readers in
memory: cards answer APDUs, event states carry pcscd's counter of insertions and removals, and
`unplug`, `pull_at_exchange` and `stop_daemon` play the outages. `VirtualReaders` is the other end
of `FakePcsc.dial`: the demo's hand that lays the card.
"""

import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path

from edge.drivers.fake.card import VirtualCard
from edge.drivers.fake.link import Dialler, Listener
from edge.drivers.winscard import (
    CANCELLED,
    INFINITE_MS,
    INVALID_HANDLE,
    NO_SERVICE,
    NOT_TRANSACTED,
    PNP_NOTIFICATION,
    PROTO_MISMATCH,
    PROTOCOL_RAW,
    PROTOCOL_T1,
    READER_UNAVAILABLE,
    REMOVED_CARD,
    SECURITY_VIOLATION,
    SHARE_DIRECT,
    STATE_CHANGED,
    STATE_EMPTY,
    STATE_PRESENT,
    SUCCESS,
    TIMEOUT,
    UNKNOWN_READER,
)

READER_NAMES = ("Fake PICC 00 00", "Fake PICC 00 01")


class _Field:
    """What lies on one virtual reader."""

    def __init__(self) -> None:
        self.card: VirtualCard | None = None
        self.changes = 0

    @property
    def event_state(self) -> int:
        return (self.changes & 0xFFFF) << 16 | (STATE_PRESENT if self.card else STATE_EMPTY)


class FakePcsc:
    """The calls of PC/SC with the names and results of pyscard; thread-safe."""

    def __init__(self, reader_names: tuple[str, ...] = READER_NAMES) -> None:
        self._changed = threading.Condition()
        self._fields = {name: _Field() for name in reader_names}
        self._plugged = list(reader_names)
        self._pulled_at_exchange: set[str] = set()
        self._plug_count = 0
        self._daemon_down = False
        self._numbers = itertools.count(1)
        self._contexts: set[int] = set()
        self._cancelled: set[int] = set()
        self._cards: dict[int, tuple[str, VirtualCard]] = {}
        self._directly: dict[int, str] = {}
        """Handles without a card: who speaks to the reader itself."""
        self.forbids = False
        """As a daemon does whose polkit does not know who asks."""
        self.offers_raw_only = False
        """As readers that give a contactless card neither T=0 nor T=1."""
        self.escapes: list[bytes] = []
        """What readers were told without a card on them."""
        self._dialler: Dialler | None = None

    @classmethod
    def dial(cls, path: Path) -> "FakePcsc":
        """A stack whose cards are laid by the VirtualReaders that listen at `path`."""
        stack = cls()

        def obey(line: str) -> None:
            verb, slot, *uid = line.split()
            name = READER_NAMES[int(slot)]
            if verb == "insert":
                stack.insert(int(slot), VirtualCard(bytes.fromhex(uid[0])))
            elif verb == "remove":
                stack.remove(int(slot))
            elif verb == "plug":
                stack.plug(name)
            elif verb == "unplug":
                stack.unplug(name)
            else:
                stack.pull_at_exchange(name)

        stack._dialler = Dialler(path, obey, list, stack._changed)
        return stack

    def close(self) -> None:
        """Hang up, if dialled."""
        if self._dialler is not None:
            self._dialler.close()

    def insert(self, slot: int, card: VirtualCard) -> None:
        """Lay a card on the reader number `slot`."""
        with self._changed:
            field = self._fields[list(self._fields)[slot]]
            field.changes += 1 if field.card is None else 2
            field.card = card
            self._changed.notify_all()

    def remove(self, slot: int) -> None:
        """Take the card away; nothing happens if there is none."""
        with self._changed:
            field = self._fields[list(self._fields)[slot]]
            if field.card is not None:
                field.changes += 1
                field.card = None
                self._changed.notify_all()

    def unplug(self, name: str) -> None:
        """Pull the reader's plug; nothing happens if it is out."""
        with self._changed:
            if name in self._plugged:
                self._plugged.remove(name)
                self._plug_count += 1
                self._changed.notify_all()

    def plug(self, name: str) -> None:
        with self._changed:
            if name not in self._plugged:
                self._plugged.append(name)
                self._plug_count += 1
                self._changed.notify_all()

    def pull_at_exchange(self, name: str) -> None:
        """Pull the reader's plug while it waits for its next answer from a card."""
        with self._changed:
            self._pulled_at_exchange.add(name)

    def stop_daemon(self) -> None:
        with self._changed:
            self._daemon_down = True
            self._contexts.clear()
            self._cards.clear()
            self._changed.notify_all()

    def start_daemon(self) -> None:
        with self._changed:
            self._daemon_down = False

    def SCardEstablishContext(self, _scope: int, /) -> tuple[int, int]:  # noqa: N802 PC/SC's name
        with self._changed:
            if self._daemon_down or self.forbids:
                return (NO_SERVICE if self._daemon_down else SECURITY_VIOLATION), 0
            context = next(self._numbers)
            self._contexts.add(context)
            return SUCCESS, context

    def SCardReleaseContext(self, context: int, /) -> int:  # noqa: N802 PC/SC's name
        with self._changed:
            self._contexts.discard(context)
            return SUCCESS

    def SCardCancel(self, context: int, /) -> int:  # noqa: N802 PC/SC's name
        with self._changed:
            self._cancelled.add(context)
            self._changed.notify_all()
            return SUCCESS

    def SCardListReaders(  # noqa: N802 PC/SC's name
        self, context: int, _groups: list[str], /
    ) -> tuple[int, list[str]]:
        with self._changed:
            if context not in self._contexts:
                return INVALID_HANDLE, []
            return SUCCESS, list(self._plugged)

    def SCardGetStatusChange(  # noqa: N802 PC/SC's name
        self, context: int, timeout_ms: int, states: list[tuple[str, int]], /
    ) -> tuple[int, list[tuple[str, int, list[int]]]]:
        with self._changed:
            plug_count = self._plug_count
            deadline_s = time.monotonic() + timeout_ms / 1000
            self._cancelled.discard(context)
            while True:
                if context not in self._contexts:
                    return NO_SERVICE, []
                if context in self._cancelled:
                    return CANCELLED, []
                changes: list[tuple[str, int, list[int]]] = []
                for name, known_state in states:
                    if name == PNP_NOTIFICATION:
                        changed = STATE_CHANGED if self._plug_count != plug_count else 0
                        changes.append((name, changed, []))
                        continue
                    if name not in self._plugged:
                        return READER_UNAVAILABLE, []
                    event_state = self._fields[name].event_state
                    changed = STATE_CHANGED if event_state != known_state else 0
                    changes.append((name, event_state | changed, []))
                if any(event_state & STATE_CHANGED for _name, event_state, _atr in changes):
                    return SUCCESS, changes
                if timeout_ms == INFINITE_MS:
                    self._changed.wait()
                elif not self._changed.wait(max(0.0, deadline_s - time.monotonic())):
                    return TIMEOUT, []

    def SCardConnect(  # noqa: N802 PC/SC's name
        self, context: int, reader: str, share: int, protocols: int, /
    ) -> tuple[int, int, int]:
        with self._changed:
            if context not in self._contexts:
                return INVALID_HANDLE, 0, 0
            if reader not in self._plugged:
                return UNKNOWN_READER, 0, 0
            if share == SHARE_DIRECT:
                handle = next(self._numbers)
                self._directly[handle] = reader
                return SUCCESS, handle, 0
            card = self._fields[reader].card
            if card is None:
                return REMOVED_CARD, 0, 0
            if self.offers_raw_only and protocols != PROTOCOL_RAW:
                return PROTO_MISMATCH, 0, 0
            handle = next(self._numbers)
            self._cards[handle] = reader, card
            return SUCCESS, handle, PROTOCOL_RAW if self.offers_raw_only else PROTOCOL_T1

    def SCardDisconnect(self, card: int, _disposition: int, /) -> int:  # noqa: N802 PC/SC's name
        with self._changed:
            handles = self._directly if card in self._directly else self._cards
            return SUCCESS if handles.pop(card, None) else INVALID_HANDLE

    def SCardBeginTransaction(self, card: int, /) -> int:  # noqa: N802 PC/SC's name
        return self._result(card)

    def SCardEndTransaction(self, card: int, _disposition: int, /) -> int:  # noqa: N802 PC/SC's name
        return self._result(card)

    def SCardTransmit(  # noqa: N802 PC/SC's name
        self, card: int, _protocol: int, apdu: list[int], /
    ) -> tuple[int, list[int]]:
        result = self._result(card)
        if result != SUCCESS:
            return result, []
        with self._changed:
            reader, virtual_card = self._cards[card]
            if reader in self._pulled_at_exchange:
                self._pulled_at_exchange.remove(reader)
                self.unplug(reader)
                return READER_UNAVAILABLE, []
            answer = virtual_card.answer(bytes(apdu))
            if answer is None:
                self._fields[reader].card = None
                self._fields[reader].changes += 1
                self._changed.notify_all()
                return NOT_TRANSACTED, []
            return SUCCESS, list(answer)

    def SCardControl(  # noqa: N802 PC/SC's name
        self, card: int, _code: int, command: list[int], /
    ) -> tuple[int, list[int]]:
        with self._changed:
            if card not in self._directly:
                return INVALID_HANDLE, []
            self.escapes.append(bytes(command))
            return SUCCESS, [0x90, 0x00]

    def _result(self, card: int) -> int:
        with self._changed:
            if card not in self._cards:
                return INVALID_HANDLE
            reader, virtual_card = self._cards[card]
            if reader not in self._plugged:
                return READER_UNAVAILABLE
            return SUCCESS if self._fields[reader].card is virtual_card else REMOVED_CARD


class VirtualReader:
    """One virtual reader's field in a box that runs on FakePcsc; used like vpcd's CardSlot."""

    def __init__(self, number: int, send: Callable[[str], None]) -> None:
        self._number = number
        self._send = send
        self._uid: bytes | None = None
        self._plugged = True

    @property
    def line(self) -> str:
        """What lies there now."""
        if self._uid is None:
            return f"remove {self._number}"
        return f"insert {self._number} {self._uid.hex()}"

    @property
    def plug_line(self) -> str:
        """Whether its plug is in now."""
        return f"{'plug' if self._plugged else 'unplug'} {self._number}"

    def unplug(self, *, in_mid_exchange: bool = False) -> None:
        """Pull the plug, at once or while the reader waits for its next answer from a card."""
        self._plugged = False
        self._send(f"pull {self._number}" if in_mid_exchange else self.plug_line)

    def plug(self) -> None:
        """Put the plug in again."""
        self._plugged = True
        self._send(self.plug_line)

    def insert(self, uid: bytes) -> None:
        """Lay a card with this UID on the reader; the one before is removed."""
        self._uid = uid
        self._send(self.line)

    def remove(self) -> None:
        """Take the card away; nothing happens if there is none."""
        self._uid = None
        self._send(self.line)


class VirtualReaders:
    """Two virtual readers for boxes that run on `fake:<path>`; they outlive the box."""

    def __init__(self, path: Path) -> None:
        self.reader_names = READER_NAMES
        self._lock = threading.RLock()
        self.slots = tuple(VirtualReader(number, self._send) for number in range(2))
        self._listener = Listener(path, lambda _line: None, self._greeting, self._lock)

    def close(self) -> None:
        self._listener.close()

    def _send(self, line: str) -> None:
        self._listener.send(line)

    def _greeting(self) -> list[str]:
        return [line for slot in self.slots for line in (slot.plug_line, slot.line)]
