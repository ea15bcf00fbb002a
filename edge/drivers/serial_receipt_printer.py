"""Receipt printer on a serial line, or behind the serial port that a USB printer brings along."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge.drivers.bridge import Bridge
from edge.drivers.byte_line import open_serial
from edge.drivers.escpos_receipt_printer import (
    EscposReceiptPrinter,
    PrinterOptions,
    build_printer,
)
from edge.drivers.options import option, read_options
from edge.drivers.stacks import Stacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(PrinterOptions):
    """`port` is best a /dev/serial/by-id path. `flow` is what the printer's switches say."""

    port: str = option(low=1, high=255)
    baud: int = option(9600, choices=(4800, 9600, 19200, 38400, 57600, 115200))
    flow: str = option("none", choices=("none", "rts_cts", "dsr_dtr", "xon_xoff"))


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, _stacks: Stacks
) -> EscposReceiptPrinter:
    """Raises DeviceConfigurationError."""
    options = read_options(Options, table, where)
    return build_printer(
        name,
        options,
        where,
        lambda: open_serial(options.port, options.baud, options.flow),
        bridge,
    )
