"""The hardware clock: sets the time at the start if it can be believed; the network sets it.

Installed as `cafebox-clock`. A Pi's kernel does not take the time from it by itself. That it was
believed is left in /run/cafebox-clock/believed, for the box (edge/machine.py). Exit codes: 0 done,
1 the clock is not there or cannot be believed, 2 wrong usage.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

WAIT_S = 10.0
"""A clock on the I2C bus is there only once its driver is loaded."""
SINCE_EPOCH = Path("sys/class/rtc/rtc0/since_epoch")
FLOOR = Path("var/lib/systemd/timesync/clock")
"""Touched by systemd-timesyncd as time goes by: no start is earlier (systemd-timesyncd(8))."""
BELIEVED = Path("run/cafebox-clock/believed")


class ClockError(Exception):
    """The hardware clock is of no use now; the words say why, and what to do."""


def believed_s(since_epoch: str, floor_s: float) -> int:
    """The clock's time in seconds, if it is not before what this machine has seen already.

    Raises ClockError.
    """
    try:
        clock_s = int(since_epoch)
    except ValueError:
        raise ClockError("the hardware clock says nothing: put a new cell into it") from None
    if clock_s < floor_s:
        raise ClockError(
            "the hardware clock is behind what was seen before: put a new cell into it"
        )
    return clock_s


def load(root: Path) -> None:
    """Set the time by the hardware clock. Raises ClockError."""
    believed = root / BELIEVED
    believed.unlink(missing_ok=True)
    end = time.monotonic() + WAIT_S
    while not (root / SINCE_EPOCH).exists():
        if time.monotonic() > end:
            raise ClockError("there is no hardware clock: is it plugged in, is it the one named?")
        time.sleep(0.1)
    try:
        told = (root / SINCE_EPOCH).read_text("ascii")
    except OSError:
        told = ""  # the driver knows that it had stopped
    floor = root / FLOOR
    believed_s(told, floor.stat().st_mtime if floor.exists() else 0.0)
    hwclock("--hctosys")
    believed.write_text("hardware\n")


def save() -> None:
    """Set the hardware clock by the time, which has come from the network. Raises ClockError."""
    hwclock("--systohc")


def hwclock(word: str) -> None:
    """hwclock(8), in UTC whatever /etc/adjtime says; nothing is written there."""
    words = ["hwclock", word, "--utc", "--noadjfile"]
    if subprocess.run(words, check=False).returncode != 0:
        raise ClockError(f"hwclock {word} failed")


def main() -> int:
    parser = argparse.ArgumentParser(prog="cafebox-clock", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("load", help=load.__doc__)
    commands.add_parser("save", help=save.__doc__)
    arguments = parser.parse_args()
    try:
        if arguments.command == "load":
            load(Path("/"))
        else:
            save()
    except (ClockError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
