"""`cafebox devices`: what is attached to this machine, as tables that are ready to paste."""

import argparse
import asyncio
import json
from collections.abc import Callable

from edge.cli_output import DONE, REFUSED
from edge.configuration import Configuration
from edge.discovery.listing import listing, rows
from edge.discovery.survey import finders_of, survey
from edge.drivers.stacks import Stacks

LISTEN_S_MAX = 600.0
HELP = "what is attached to this machine: [[devices]] tables that are ready to paste"
LISTEN = "hear door nodes on the network for so long; they report once a minute"


def add_command(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add the command to the parser of `cafebox`."""
    command = add("devices", HELP)
    command.add_argument("--probe", action="store_true", help="ask serial ports what hangs on them")
    command.add_argument("--listen", type=_seconds, default=0.0, metavar="SECONDS", help=LISTEN)


def devices(configuration: Configuration, options: argparse.Namespace) -> int:
    """Print what is attached; returns the exit code: refused if nothing was found."""
    stacks = Stacks(configuration.stacks.pcsc, configuration.stacks.gpio)
    finders = finders_of(stacks, probe=options.probe, listen_s=options.listen)
    found = asyncio.run(survey(finders))
    if options.json:
        print(json.dumps(rows(found, configuration.devices), ensure_ascii=False))
    else:
        print(listing(found, configuration.devices, options.config.name), end="")
    return DONE if found.found else REFUSED


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LISTEN_S_MAX:
        raise argparse.ArgumentTypeError(f"{text!r}: write 0 to {LISTEN_S_MAX:.0f} seconds")
    return seconds
