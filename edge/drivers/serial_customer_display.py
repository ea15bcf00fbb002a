"""Customer display on a serial line, or behind the serial port of its USB plug.

Such a display answers nothing: that one is switched off cannot be told, that its cable is out can.
Once the line is back, what was shown last is shown again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from edge.drivers.bridge import Bridge
from edge.drivers.byte_line import ByteLine, LineError, open_serial
from edge.drivers.contract import CustomerDisplay
from edge.drivers.display_bytes import RENDERERS, RESET
from edge.drivers.errors import Reason, undone
from edge.drivers.job_thread import JobThread
from edge.drivers.options import option, read_options
from edge.drivers.stacks import Stacks
from edge.events import DeviceState

WAITING_MAX = 20
"""Changes that wait for a display; more means that it takes none."""


@dataclass(frozen=True, slots=True)
class Options:
    """`port` is best a /dev/serial/by-id path; `commands` is what the display's switches say."""

    port: str = option(low=1, high=255)
    baud: int = option(9600, choices=(2400, 4800, 9600, 19200, 38400, 57600, 115200))
    commands: str = option("cd5220", choices=tuple(RENDERERS))
    encoding: str = option("gb18030", choices=("gb18030", "gbk"))
    stall_ms: int = option(1000, low=50, high=10_000)
    look_every_ms: int = option(2000, low=20, high=60_000)


class SerialCustomerDisplay(CustomerDisplay):
    """See the module."""

    def __init__(self, name: str, options: Options, bridge: Bridge) -> None:
        super().__init__(name, bridge)
        self._options = options
        self._thread = JobThread(
            name, f"display:{name}", WAITING_MAX, self._look, options.look_every_ms, self._end
        )
        self._line: ByteLine | None = None
        self._shown = b""

    async def open(self) -> None:
        self._thread.start()

    async def close(self) -> None:
        await self._thread.close()

    async def show_lines(self, first: str, second: str) -> None:
        lines = RENDERERS[self._options.commands](first, second, self._options.encoding)
        await self._thread.do("show", partial(self._show, lines))

    async def show_qr(self, content: str) -> None:
        """Two rows of characters have no place for it."""

    # from here on: the display's own thread

    def _look(self) -> None:
        """Open the line if it is not, and notice that its cable came out."""
        try:
            line = self._open_line()
            while line.read_byte(0) is not None:
                pass  # a display has nothing to say
        except LineError as error:
            self._lose(error)

    def _show(self, lines: bytes) -> None:
        self._shown = lines
        try:
            opened = self._line is None
            line = self._open_line()
            if not opened:
                line.write(lines, self._options.stall_ms)
        except LineError as error:
            self._lose(error)
            raise undone("show", self.name, error.reason) from error

    def _end(self) -> None:
        self._hang_up()
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _open_line(self) -> ByteLine:
        """The line; one that is opened shows what was shown last. Raises LineError."""
        if self._line is None:
            options = self._options
            self._line = open_serial(options.port, options.baud, "none")
            self._line.write(RESET + self._shown, options.stall_ms)
            self._report(DeviceState.OK)
        return self._line

    def _lose(self, error: LineError) -> None:
        self._report_trouble(error.reason)
        self._hang_up()

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, _stacks: Stacks
) -> SerialCustomerDisplay:
    """Raises DeviceConfigurationError."""
    return SerialCustomerDisplay(name, read_options(Options, table, where), bridge)
