"""Where the MicroPython to test under is: MICROPYTHON, or what the project's own script unpacks."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
OWN = ROOT / ".cache/micropython/micropython"
HEAP = "heapsize=48m"


@pytest.fixture(scope="session")
def micropython() -> str:
    """Return the path of a MicroPython 1.25 or newer."""
    named = os.environ.get("MICROPYTHON")
    path = shutil.which(named) if named else shutil.which(OWN)
    if path is None:
        pytest.fail(
            f"No MicroPython at {named or OWN}. Type: tools/get_micropython.sh .cache/micropython"
            " (or name one of version 1.25 or newer in MICROPYTHON)."
        )
    return path


@pytest.fixture(scope="session")
def run_script(micropython):
    """Return run(script, *arguments) -> its output; a script that fails fails the test."""

    def run(script: str, *arguments: str, timeout_s: float = 60) -> str:
        command = [micropython, "-X", HEAP, script, *arguments]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
