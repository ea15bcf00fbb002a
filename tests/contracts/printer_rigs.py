"""Receipt printers to run the contract on: one virtual printer, at the end of each kind of line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.drivers import network_receipt_printer, serial_receipt_printer, usb_receipt_printer
from edge.drivers.bridge import Bridge
from edge.drivers.escpos_receipt_printer import (
    EscposReceiptPrinter,
    PrinterOptions,
    build_printer,
)
from edge.drivers.fake.outlets import Outlet, PairOutlet, PtyOutlet, TcpOutlet
from edge.drivers.fake.printer import VirtualPrinter
from edge.drivers.options import read_options
from edge.drivers.stacks import Stacks

PATIENT: Mapping[str, object] = {
    "paper_mm": 58,
    "answer_ms": 5000,
    "stall_ms": 60_000,
    "job_ms": 120_000,
    "status_every_ms": 40,
}
"""A machine that is busy is no printer that is silent."""
IMPATIENT: Mapping[str, object] = {**PATIENT, "answer_ms": 1000, "stall_ms": 1000}
"""For what a test wants to be given up."""

Options = Mapping[str, object]


@dataclass(frozen=True)
class Rig:
    """A printer and how it is reached.

    `unplugged` and `in_use` are the reasons that the driver gives for such a line.
    """

    paper: VirtualPrinter
    driver: Callable[[Options, Bridge], EscposReceiptPrinter]
    unplugged: str
    in_use: str


def rig(line: str, folder: Path) -> Rig:
    """The virtual printer, plugged in, at the end of a line of LINES."""
    return LINES[line](folder)


def _pair(_folder: Path) -> Rig:
    outlet = PairOutlet()

    def driver(options: Options, bridge: Bridge) -> EscposReceiptPrinter:
        read = read_options(PrinterOptions, options, "printer")
        return build_printer("receipts", read, "printer", outlet.open_line, bridge)

    return Rig(_printer(outlet), driver, "no_port", "port_busy")


def _serial(folder: Path) -> Rig:
    port = folder / "printer"
    table = {"port": str(port), "baud": 115200}

    def driver(options: Options, bridge: Bridge) -> EscposReceiptPrinter:
        return serial_receipt_printer.build(
            "receipts", {**table, **options}, "printer", bridge, Stacks()
        )

    return Rig(_printer(PtyOutlet(port)), driver, "no_port", "port_busy")


def _usb(folder: Path) -> Rig:
    port = folder / "lp0"

    def driver(options: Options, bridge: Bridge) -> EscposReceiptPrinter:
        return usb_receipt_printer.build(
            "receipts", {"port": str(port), **options}, "printer", bridge, Stacks()
        )

    return Rig(_printer(PtyOutlet(port)), driver, "no_port", "port_busy")


def _network(_folder: Path) -> Rig:
    outlet = TcpOutlet()
    paper = _printer(outlet)

    def driver(options: Options, bridge: Bridge) -> EscposReceiptPrinter:
        table = {"host": "127.0.0.1", "port": outlet.port, **options}
        return network_receipt_printer.build("receipts", table, "printer", bridge, Stacks())

    return Rig(paper, driver, "no_host", "silent")  # it lets the second box wait


def _printer(outlet: Outlet) -> VirtualPrinter:
    return VirtualPrinter(outlet, columns=32)


LINES: Mapping[str, Callable[[Path], Rig]] = {
    "pair": _pair,
    "serial": _serial,
    "usb": _usb,
    "network": _network,
}
"""The line without a kernel device, and those that a counter has."""
