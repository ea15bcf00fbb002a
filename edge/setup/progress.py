"""How far the first boot has come: one small file beside the identity, gone once it is over.

It is what makes a power cut harmless: a box that got its identity by the page goes on with the
page. A box that was enrolled by `cafebox enrol` has nothing to go on with.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from edge.durable_file import replace_durably, sync_folder

PIN_DIGITS = 6
"""The gate bears few guesses (`edge/setup/gate.py`)."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`pin` opens the page. `language` was chosen, `hub` was sent the box's code, `copy` is the
    folder of the second copy that a dead box left; else empty."""

    pin: str
    language: str = ""
    hub: str = ""
    copy: str = ""


class ProgressFile:
    """Mode 600: whoever reads the PIN may set the box up."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Progress | None:
        """What the file says; None where there is none. What cannot be read counts as none."""
        try:
            return Progress(**json.loads(self._path.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def begin(self, random_below: Callable[[int], int]) -> Progress:
        """What the file says, or a beginning with a PIN of its own."""
        progress = self.read()
        if progress is None:
            progress = Progress(f"{random_below(10**PIN_DIGITS):0{PIN_DIGITS}d}")
            self.write(progress)
        return progress

    def write(self, progress: Progress) -> None:
        """Keep it, over power cuts too."""
        replace_durably(self._path, json.dumps(asdict(progress)).encode())

    def remove(self) -> None:
        """The first boot is over."""
        self._path.unlink(missing_ok=True)
        sync_folder(self._path.parent)
