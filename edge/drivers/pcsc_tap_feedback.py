"""The buzzer and the two-coloured light of an ACR122U, which tell a customer how the tap ended.

An accepted tap is one green blink with a beep, a refused one three red ones. The reader's own beep,
which says nothing but that it saw a card, is switched off by the first signal.

While the card lies there, the reader takes its commands as APDUs; once it is gone, only as the
driver's escape command, which pcscd must have been allowed (`ifdDriverOptions` in the Info.plist
of its CCID driver): where it was not, whoever took the card away at once hears nothing.

Sources: ACS's ACR122U API manual 2.04, section 6.2 (bi-colour LED and buzzer: FF 00 40) and 6.7
(buzzer while detecting: FF 00 52); pcsc-lite's reader.h (SCARD_CTL_CODE).
"""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.drivers.bridge import Bridge
from edge.drivers.contract import TapFeedback
from edge.drivers.errors import DeviceAbsentError, Reason
from edge.drivers.options import option, read_options
from edge.drivers.patterns import fits
from edge.drivers.stacks import PcscStack, Stacks
from edge.drivers.winscard import (
    LEAVE_CARD,
    PROTOCOL_NONE,
    PROTOCOL_T0_OR_T1,
    SCOPE_USER,
    SHARE_DIRECT,
    SHARE_SHARED,
    SUCCESS,
    code_of,
)
from edge.events import DeviceState

ACCEPTED = [0xFF, 0x00, 0x40, 0xA0, 0x04, 0x01, 0x01, 0x01, 0x01]
REFUSED = [0xFF, 0x00, 0x40, 0x50, 0x04, 0x01, 0x01, 0x03, 0x01]
"""Which light blinks; how long on and off in 0.1 s, how often, and the buzzer while it is on."""
OWN_BEEP_OFF = [0xFF, 0x00, 0x52, 0x00, 0x00]
ESCAPE = 0x42000000 + 1
RETRY_SECONDS = 5.0
"""Between looks for a reader that is not there."""


@dataclass(frozen=True, slots=True)
class Options:
    """`port` is a pattern for PC/SC reader names; `reader` names the reader it belongs to."""

    reader: str = option("", high=64)
    port: str = option("*ACR122*", low=1, high=128)


class PcscTapFeedback(TapFeedback):
    """See the module. One thread, one PC/SC context for each signal."""

    def __init__(self, name: str, options: Options, bridge: Bridge, pcsc: PcscStack) -> None:
        super().__init__(name, bridge)
        self.reader = options.reader
        self._options = options
        self._pcsc = pcsc
        self._changed = threading.Condition()
        self._asked: list[int] | None = None
        self._quiet: set[str] = set()
        """Readers whose own beep is off."""
        self._stopping = False
        self._thread: threading.Thread | None = None

    async def open(self) -> None:
        self._thread = threading.Thread(target=self._run, name=f"tells:{self.name}", daemon=True)
        self._thread.start()

    def signal(self, *, accepted: bool) -> None:
        if self._thread is None or self._stopping:
            raise DeviceAbsentError("tell a tap", self.name, Reason.NOT_OPENED)
        with self._changed:
            self._asked = ACCEPTED if accepted else REFUSED
            self._changed.notify()

    async def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with self._changed:
            self._stopping = True
            self._changed.notify()
        await asyncio.to_thread(thread.join)
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _run(self) -> None:
        while True:
            with self._changed:
                command, self._asked = self._asked, None
            self._tell(command)
            with self._changed:
                well = self.status.state is DeviceState.OK
                self._changed.wait_for(
                    lambda: self._stopping or self._asked is not None,
                    None if well else RETRY_SECONDS,
                )
                if self._stopping:
                    return

    def _tell(self, command: list[int] | None) -> None:
        """Send a command to every reader that fits; None only looks whether there is one."""
        result, context = self._pcsc.SCardEstablishContext(SCOPE_USER)
        if code_of(result) != SUCCESS:
            self._report(DeviceState.ABSENT, Reason.NO_DAEMON)
            return
        try:
            _, listed = self._pcsc.SCardListReaders(context, [])
            names = [name for name in listed or [] if fits(name, self._options.port)]
            self._quiet &= set(names)  # one that was unplugged beeps again
            for name in names:
                if command is not None:
                    self._send(context, name, command)
        finally:
            self._pcsc.SCardReleaseContext(context)
        if names:
            self._report(DeviceState.OK)
        else:
            self._report(DeviceState.ABSENT, Reason.NO_READER)

    def _send(self, context: Any, name: str, command: list[int]) -> None:
        commands = [command] if name in self._quiet else [OWN_BEEP_OFF, command]
        pcsc = self._pcsc
        result, card, protocol = pcsc.SCardConnect(context, name, SHARE_SHARED, PROTOCOL_T0_OR_T1)
        by_escape = code_of(result) != SUCCESS
        if by_escape:  # the card is gone
            result, card, _ = pcsc.SCardConnect(context, name, SHARE_DIRECT, PROTOCOL_NONE)
        if code_of(result) != SUCCESS:
            return
        for one in commands:
            if by_escape:
                result, _answer = pcsc.SCardControl(card, ESCAPE, one)
            else:
                result, _answer = pcsc.SCardTransmit(card, protocol, one)
            if code_of(result) == SUCCESS and one is OWN_BEEP_OFF:
                self._quiet.add(name)
        pcsc.SCardDisconnect(card, LEAVE_CARD)


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, stacks: Stacks
) -> PcscTapFeedback:
    """Raises DeviceConfigurationError."""
    return PcscTapFeedback(name, read_options(Options, table, where), bridge, stacks.pcsc)
