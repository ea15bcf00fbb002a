"""How far a long command has come: on a terminal alone, and never for a program.

One source for both commands: `make vendor` copies it from edge to cloud.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[int, int], None]
"""tell(done, of how many)"""

SILENT_S = 2.0
"""A command that is over by then says nothing of its progress."""
EVERY_S = 0.2
WIPE = "\r\x1b[K"
"""To the line's beginning, and erase it (ECMA-48: EL)."""


@contextmanager
def progress(words: str, *, as_json: bool) -> Iterator[Tell]:
    """Yield what a command tells how far it is; the line is gone at the end, also by Ctrl-C."""
    stream = sys.stderr
    if as_json or not stream.isatty():
        yield lambda _done, _total: None
        return
    next_s = time.monotonic() + SILENT_S
    is_shown = False

    def tell(done: int, total: int) -> None:
        nonlocal next_s, is_shown
        now_s = time.monotonic()
        if now_s < next_s:
            return
        next_s, is_shown = now_s + EVERY_S, True
        share = f" ({100 * done // total} %)" if total else ""
        stream.write(f"{WIPE}{words}: {done:,} of {total:,}{share}")
        stream.flush()

    try:
        yield tell
    finally:
        if is_shown:
            stream.write(WIPE)
            stream.flush()
