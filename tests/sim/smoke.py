"""Runs the whole smoke test with a planted bug: which of them real parts, kills and cuts miss.

The bug is planted at the start of every `cafebox` and `cafebox-hub` that the smoke test starts, by
a `sitecustomize` (https://docs.python.org/3/library/site.html) in a folder of its own. The smoke
test itself, which judges, runs without it.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.sim.mutants import MUTANTS
from tests.sim.planting import Mutant, plant_for_good

VARIABLE = "CAFEBOX_PLANTED_MUTANT"
PROGRAMS = ("cafebox", "cafebox-hub")
ROOT = Path(__file__).parents[2]
HOOK = "from tests.sim.smoke import plant_here\n\nplant_here()\n"
SECONDS_MAX = 900
"""A mutant that keeps the chain from coming to rest is caught."""


def plant_here() -> None:
    """Plant the mutant that the environment names, where this process is one of the product's."""
    name = os.environ.get(VARIABLE)
    programs = {Path(argument).name for argument in sys.orig_argv[1:3]}
    if name and programs & set(PROGRAMS):
        plant_for_good(named(name))


def named(name: str) -> Mutant:
    """Return the mutant of a name; KeyError for none."""
    return {mutant.name: mutant for mutant in MUTANTS}[name]


def passes_smoke(mutant: Mutant) -> tuple[bool, str]:
    """Return whether the smoke test passes with a mutant, and its last line."""
    with tempfile.TemporaryDirectory(prefix="cafebox-mutant-") as folder:
        Path(folder, "sitecustomize.py").write_text(HOOK)
        paths = [folder, str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            VARIABLE: mutant.name,
        }
        command = [sys.executable, "-m", "tests.smoke"]
        try:
            done = subprocess.run(
                command,
                env=environment,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                timeout=SECONDS_MAX,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False, "not at rest in time"
    lines = done.stdout.strip().splitlines()
    return done.returncode == 0, lines[-1] if lines else f"exit {done.returncode}"
