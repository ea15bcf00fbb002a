"""What all machines of a run share."""

from dataclasses import dataclass

from tests.sim.faults import Faults
from tests.sim.hub import Hub
from tests.sim.network import Network
from tests.sim.schedule import Schedule
from tests.sim.versions import Versions


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all machines of a run share."""

    schedule: Schedule
    network: Network
    faults: Faults
    hub: Hub
    versions: Versions
