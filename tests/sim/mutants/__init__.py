"""The table of planted bugs, two or more for each invariant; see `tests.sim.planting`."""

from tests.sim.mutants import agreement, records, trespass
from tests.sim.planting import Mutant

MUTANTS: tuple[Mutant, ...] = (*records.MUTANTS, *agreement.MUTANTS, *trespass.MUTANTS)
