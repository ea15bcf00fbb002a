"""Every target with its weight: the cheap ones take most frames, the stores the fewest."""

from tests.fuzz.sealed import SealedFiles
from tests.fuzz.sessions import HubRun, NodeRun
from tests.fuzz.stores import BoxStoreRun, HubStoreRun
from tests.fuzz.targets import Bombs, Codec, Columns, Frames, HttpBodies, Messages, Target


def every_target() -> list[tuple[Target, float]]:
    """Return (target, weight); what is dearest stands last."""
    return [
        (Codec(), 34),
        (Messages(), 28),
        (Columns(), 15),
        (Frames(), 10),
        (HttpBodies(), 4),
        (NodeRun(), 5),
        (HubRun(), 3.4),
        (SealedFiles(), 1),
        (HubStoreRun(), 0.4),
        (BoxStoreRun(), 0.2),
        (Bombs(), 0.01),
    ]
