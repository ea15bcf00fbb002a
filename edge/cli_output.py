"""What all commands of `cafebox` share: exit codes, tables, days, and words for what went wrong."""

import argparse
import errno
from collections.abc import Sequence
from datetime import date

DONE, REFUSED, USAGE, STOPPED = 0, 1, 2, 3

Row = dict[str, object]

OWN_USER = "Type it as the box's own user; on a provisioned Pi: sudo cafebox ..."
REMEDIES = {
    errno.ENOENT: "Compare the path; a folder must be there before",
    errno.ENOTDIR: "Compare the path",
    errno.EISDIR: "Name a file in it",
    errno.EACCES: OWN_USER,
    errno.EPERM: OWN_USER,
    errno.EROFS: "Nothing can be written there: mount it writable, or name another place",
    errno.ENOSPC: "The disk is full: free some room, or name another place",
    errno.EADDRINUSE: "Another program has that port: stop it, or set box.listen_port",
    errno.EADDRNOTAVAIL: "This machine has no such address: set box.listen_host",
}
"""What to do about what the system refused, by its number (errno(3))."""


class UsageError(Exception):
    """What was typed cannot be meant; the words say what can."""


def words_of(error: OSError) -> str:
    """Words for what the system refused, with the file's name and what to do."""
    # Where a port is taken, asyncio has put the address into the words.
    what = error.strerror or str(error) or type(error).__name__
    named = f"{error.filename2 or error.filename}: {what}" if error.filename is not None else what
    remedy = REMEDIES.get(error.errno or 0, "")
    return f"{named}. {remedy}" if remedy else named


def day(text: str) -> date:
    """Return a day as it is typed."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write yyyy-mm-dd") from None


def check_days(first: date | None, last: date | None) -> None:
    """Raise `UsageError` unless the days are in order."""
    if first is not None and last is not None and last < first:
        raise UsageError(f"--from {first} is later than --to {last}")


def count(text: str) -> int:
    """Return how many, from 1 on."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rows; write 1 to 1000000")
    return int(text)


def print_values(values: Row) -> None:
    """Print names and values, one to a line."""
    width = max(len(name) for name in values)
    for name, value in values.items():
        print(f"{name:<{width}}  {value}")


def print_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Print some columns of rows under their names."""
    widths = {
        column: max([len(column), *(len(str(row[column])) for row in rows)]) for column in columns
    }
    header: Row = {column: column for column in columns}
    for row in (header, *rows):
        print("  ".join(f"{row[column]!s:<{widths[column]}}" for column in columns).rstrip())
