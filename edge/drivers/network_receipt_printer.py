"""Receipt printer in the network (TCP, port 9100). It serves one box: the line is kept open."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge.drivers.bridge import Bridge
from edge.drivers.byte_line import open_tcp
from edge.drivers.escpos_receipt_printer import (
    EscposReceiptPrinter,
    PrinterOptions,
    build_printer,
)
from edge.drivers.options import option, read_options
from edge.drivers.stacks import Stacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(PrinterOptions):
    """`host` is a fixed address, as the printer's test page says it."""

    host: str = option(low=1, high=253)
    port: int = option(9100, low=1, high=65535)


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, _stacks: Stacks
) -> EscposReceiptPrinter:
    """Raises DeviceConfigurationError."""
    options = read_options(Options, table, where)
    return build_printer(
        name,
        options,
        where,
        lambda: open_tcp(options.host, options.port, options.stall_ms),
        bridge,
    )
