"""Card reader over PC/SC: a thread that blocks in SCardGetStatusChange and reads each card.

pyscard's own CardMonitor and ReaderMonitor threads end for good when pcscd goes away, so this
driver watches by itself: it sets up its context again whenever the daemon dies, and its list of
readers whenever one is plugged in or out.

How a fast swap is noticed: pcscd counts insertions and removals of each reader in the upper 16
bits of its event state. If the count moved while a card is present, the card is a new one, and
its UID is read again (`pcsc_exchange`).

Sources: PC/SC part 5 (ICC resource manager), pcsc-lite's API documentation.
"""

import asyncio
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.drivers.bridge import Bridge
from edge.drivers.contract import CardReader
from edge.drivers.errors import DeviceConfigurationError, Reason
from edge.drivers.mifare_classic import BLOCK_BYTES, NumberPlace, is_key_block, read_key
from edge.drivers.options import option, read_options
from edge.drivers.patterns import fits
from edge.drivers.pcsc_exchange import READER_IS_GONE, CardUnreadError, PcscExchange
from edge.drivers.stacks import PcscStack, Stacks
from edge.drivers.winscard import (
    INFINITE_MS,
    NO_READERS_AVAILABLE,
    PNP_NOTIFICATION,
    SCOPE_USER,
    SECURITY_VIOLATION,
    STATE_CHANGED,
    STATE_PRESENT,
    STATE_UNAVAILABLE,
    STATE_UNAWARE,
    STATE_UNKNOWN,
    SUCCESS,
    TIMEOUT,
    code_of,
)
from edge.events import CardRemoved, CardTapped, CardUnread, DeviceState

READER_FAULTS = {Reason.READER_FAULT, Reason.READER_BUSY}

NO_BLOCK = -1
UID, CHIP = "uid", "chip"

RETRY_SECONDS = 0.25
"""Between attempts to reach a daemon that is not there: nothing can be blocked on then."""
REREAD_MS = 250
"""Between attempts to read a card that lies there unread: no change will announce it."""
RELIST_SECONDS = 0.02
"""A reader that is going away stays in the list for a moment."""
RELIST_MS = 1000
"""While no reader is there: one that is plugged in between a list and the wait after it announces
itself to nobody."""
READ_AGAIN_S = 2.0
"""How long whoever wants to debit waits for a card to be read again."""


@dataclass(frozen=True, slots=True)
class Options:
    """`port` is a pattern for PC/SC reader names (`*` and `?`); every reader it fits is watched.

    `known_by` is "uid", or "chip" for contact cards: the chip's serial number (`chip_serial`).
    With `number_block` a card is known by the number in that block of a MIFARE Classic, of
    `number_bytes` from byte `number_at` on, and not by its UID; `key_file` opens the sector.
    """

    port: str = option("*", low=1, high=128)
    known_by: str = option(UID, choices=(UID, CHIP))
    number_block: int = option(NO_BLOCK, low=NO_BLOCK, high=255)
    key_file: str = option("", high=255)
    key_type: str = option("a", choices=("a", "b"))
    number_at: int = option(0, low=0, high=12)
    number_bytes: int = option(4, low=4, high=10)


@dataclass(slots=True)
class _Slot:
    """One watched reader: what PC/SC last told of it, and the card last seen on it."""

    event_state: int = STATE_UNAWARE
    present: bool = False
    uid: bytes | None = None
    unread_reason: str = ""
    """Why the card that is present is not read yet; it is told once."""
    known: bool = False
    """False until the reader was seen once: a card that lies there then is no tap."""

    @property
    def to_be_reread(self) -> bool:
        return self.unread_reason not in {"", Reason.NO_UID, Reason.NO_NUMBER}


class PcscCardReader(CardReader):
    """See the module. One thread, one PC/SC context."""

    def __init__(
        self,
        name: str,
        options: Options,
        bridge: Bridge,
        pcsc: PcscStack,
        number: NumberPlace | None = None,
    ) -> None:
        """`number` is where a card's number stands, None where its UID is the number."""
        super().__init__(name, bridge)
        self._options = options
        self._pcsc = pcsc
        self._exchange = PcscExchange(pcsc, number, by_chip=options.known_by == CHIP)
        self._slots: dict[str, _Slot] = {}
        self._plugged: list[str] = []
        self._stopping = threading.Event()
        self._context_lock = threading.Lock()
        self._context: Any = None
        self._thread: threading.Thread | None = None
        self._reading_again = asyncio.Lock()
        self._again: threading.Thread | None = None

    async def open(self) -> None:
        self._thread = threading.Thread(target=self._run, name=f"pcsc:{self.name}", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is None:
            return
        await asyncio.to_thread(self._stop, thread)

    async def cards_there(self) -> tuple[bytes, ...]:
        async with self._reading_again:
            before = self._again
            if before is not None and before.is_alive():
                return ()  # the daemon hangs: whoever asks next does not wait for it
            told: Future[tuple[bytes, ...]] = Future()
            self._again = threading.Thread(
                target=self._read_again, args=(told,), name=f"pcsc-again:{self.name}", daemon=True
            )
            self._again.start()
            try:
                return await asyncio.wait_for(asyncio.wrap_future(told), READ_AGAIN_S)
            except TimeoutError:
                return ()

    def _read_again(self, told: "Future[tuple[bytes, ...]]") -> None:
        """On a thread and in a context of its own: the reader's own one blocks in its watch."""
        uids: list[bytes] = []
        result, context = self._pcsc.SCardEstablishContext(SCOPE_USER)
        if code_of(result) == SUCCESS:
            for name in self._plugged:
                try:
                    uid, card = self._exchange.read_uid(context, name)
                except CardUnreadError:
                    continue  # nothing lies there, or nothing that tells who it is
                self._exchange.let_go(card)
                uids.append(uid)
                self._look_again_if_swapped(self._slots[name].uid, uid)
            self._pcsc.SCardReleaseContext(context)
        if told.set_running_or_notify_cancel():
            told.set_result(tuple(uids))

    def _look_again_if_swapped(self, seen: bytes | None, uid: bytes) -> None:
        """Wake the watch for a swap that was too fast for pcscd's own looks: it tells the tap."""
        if seen not in (None, uid):
            with self._context_lock:
                if self._context is not None:
                    self._pcsc.SCardCancel(self._context)

    def _stop(self, thread: threading.Thread) -> None:
        self._stopping.set()
        while thread.is_alive():
            with self._context_lock:
                if self._context is not None:
                    self._pcsc.SCardCancel(self._context)
            # a cancel that came just before the call blocked is lost, so it is repeated
            thread.join(0.02)

    def _run(self) -> None:
        while not self._stopping.is_set():
            result, context = self._pcsc.SCardEstablishContext(SCOPE_USER)
            if code_of(result) != SUCCESS:
                forbidden = code_of(result) == SECURITY_VIOLATION  # polkit's word
                reason = Reason.NO_PERMISSION if forbidden else Reason.NO_DAEMON
                self._report(DeviceState.ABSENT, reason)
                self._stopping.wait(RETRY_SECONDS)
                continue
            with self._context_lock:
                self._context = context
            try:
                self._watch(context)
            finally:
                with self._context_lock:
                    self._context = None
                self._pcsc.SCardReleaseContext(context)
            self._stopping.wait(RETRY_SECONDS)

    def _watch(self, context: Any) -> None:
        """Watch until the context is lost or the driver stops."""
        while not self._stopping.is_set():
            if not self._list_readers(context):
                return
            if not self._watch_slots(context):
                return
            self._stopping.wait(RELIST_SECONDS)

    def _list_readers(self, context: Any) -> bool:
        """Bring the slots in step with the readers that are plugged in; False: context lost."""
        result, names = self._pcsc.SCardListReaders(context, [])
        code = code_of(result)
        if code not in {SUCCESS, NO_READERS_AVAILABLE}:
            return False
        matching = {name for name in names or [] if fits(name, self._options.port)}
        for name in matching:
            self._slots.setdefault(name, _Slot()).event_state = STATE_UNAWARE
        self._plugged = sorted(matching)
        if not matching:
            self._report(DeviceState.ABSENT, Reason.NO_READER)
        return True

    def _watch_slots(self, context: Any) -> bool:
        """Block for changes until the set of readers changes (True) or the context is lost."""
        while not self._stopping.is_set():
            states = [(name, self._slots[name].event_state) for name in self._plugged]
            unread = [name for name in self._plugged if self._slots[name].to_be_reread]
            result, changes = self._pcsc.SCardGetStatusChange(
                context,
                REREAD_MS if unread else INFINITE_MS if states else RELIST_MS,
                [*states, (PNP_NOTIFICATION, STATE_UNAWARE)],
            )
            at_monotonic_ns = time.monotonic_ns()
            code = code_of(result)
            if code == TIMEOUT and not states:
                return True
            if code == TIMEOUT:
                for name in unread:
                    self._present(context, name, at_monotonic_ns)
                continue
            if code != SUCCESS:
                return code in READER_IS_GONE
            for name, event_state, _atr in changes:
                if not event_state & STATE_CHANGED:
                    continue
                if name == PNP_NOTIFICATION:
                    return True
                if event_state & (STATE_UNKNOWN | STATE_UNAVAILABLE):
                    return True
                self._changed(context, name, event_state, at_monotonic_ns)
            if self._plugged and self.status.reason not in READER_FAULTS:
                self._report(DeviceState.OK)
        return True

    def _changed(self, context: Any, name: str, event_state: int, at_monotonic_ns: int) -> None:
        slot = self._slots[name]
        counted = slot.event_state >> 16 != event_state >> 16
        rearmed = slot.event_state == STATE_UNAWARE
        slot.event_state = event_state & ~STATE_CHANGED
        if not event_state & STATE_PRESENT:
            slot.known, slot.unread_reason = True, ""
            self._lifted(slot, at_monotonic_ns)
            return
        if slot.present and not counted and not rearmed:
            return  # another program took or left the card
        self._present(context, name, at_monotonic_ns, rearmed=rearmed)

    def _present(
        self, context: Any, name: str, at_monotonic_ns: int, *, rearmed: bool = False
    ) -> None:
        slot = self._slots[name]
        try:
            uid, card = self._exchange.read_uid(context, name)
        except CardUnreadError as error:
            self._unread(slot, error.reason, at_monotonic_ns)
            return
        lay_there = not slot.known or (rearmed and slot.uid == uid)
        if not lay_there:
            self._swapped(slot, at_monotonic_ns)
            self._bridge.post(CardTapped(self.name, uid, at_monotonic_ns))
        self._exchange.let_go(card)  # after the news: it takes as long as the reading
        slot.present, slot.uid, slot.known, slot.unread_reason = True, uid, True, ""
        self._report(DeviceState.OK)

    def _unread(self, slot: _Slot, reason: Reason, at_monotonic_ns: int) -> None:
        """Tell it once; the card is read again until it answers or leaves."""
        self._swapped(slot, at_monotonic_ns)
        if reason in READER_FAULTS:
            self._report(DeviceState.DEGRADED, reason)
        if slot.unread_reason != reason:
            self._bridge.post(CardUnread(self.name, reason.value, at_monotonic_ns))
        slot.present, slot.known, slot.unread_reason = True, True, reason.value

    def _swapped(self, slot: _Slot, at_monotonic_ns: int) -> None:
        """A card is there: if another one was read before it, that one is gone."""
        if slot.uid is not None:
            self._lifted(slot, at_monotonic_ns)

    def _lifted(self, slot: _Slot, at_monotonic_ns: int) -> None:
        if slot.present:
            self._bridge.post(CardRemoved(self.name, at_monotonic_ns))
        slot.present, slot.uid = False, None


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, stacks: Stacks
) -> PcscCardReader:
    """Raises DeviceConfigurationError."""
    options = read_options(Options, table, where)
    return PcscCardReader(name, options, bridge, stacks.pcsc, _number_place(options, where))


def _number_place(options: Options, where: str) -> NumberPlace | None:
    if options.number_block == NO_BLOCK:
        return None
    if options.known_by == CHIP:
        raise DeviceConfigurationError(
            f"{where}.number_block",
            "a contact chip has no such block",
            f'Set number_block = {NO_BLOCK}, or known_by = "{UID}"',
        )
    if is_key_block(options.number_block):
        raise DeviceConfigurationError(
            f"{where}.number_block",
            f"block {options.number_block} holds keys",
            "Set the block that holds the card's number",
        )
    if options.number_at + options.number_bytes > BLOCK_BYTES:
        raise DeviceConfigurationError(
            f"{where}.number_at",
            f"{options.number_at} + {options.number_bytes} bytes are more than a block",
            f"Keep the number within the block's {BLOCK_BYTES} bytes",
        )
    return NumberPlace(
        options.number_block,
        read_key(Path(options.key_file), f"{where}.key_file"),
        "a" if options.key_type == "a" else "b",
        options.number_at,
        options.number_bytes,
    )
