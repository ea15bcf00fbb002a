"""Receipt printer on USB, through the file that the kernel's usblp driver makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge.drivers.bridge import Bridge
from edge.drivers.byte_line import open_usb_printer
from edge.drivers.escpos_receipt_printer import (
    EscposReceiptPrinter,
    PrinterOptions,
    build_printer,
)
from edge.drivers.options import option, read_options
from edge.drivers.stacks import Stacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(PrinterOptions):
    """`port` is /dev/usb/lp0, or a name that a udev rule gives this one printer."""

    port: str = option(low=1, high=255)


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, _stacks: Stacks
) -> EscposReceiptPrinter:
    """Raises DeviceConfigurationError."""
    options = read_options(Options, table, where)
    return build_printer(name, options, where, lambda: open_usb_printer(options.port), bridge)
