"""I9: an outcome that was not known is known in the end; nothing unconfirmed is shown as won."""

from collections.abc import Iterator

from sync_protocol.codec import unpack
from tests.sim.evidence import Evidence
from tests.sim.model import UNKNOWN


def check(evidence: Evidence) -> Iterator[str]:
    yield from evidence.model.wrong_words
    for asked in evidence.model.asked.values():
        if asked.state == UNKNOWN:
            yield f"{asked.name} {asked.id} was asked {asked.tries} times and is not known"
    for box in evidence.boxes:
        for (kind, key), (confirmed, _pending) in box.claims.items():
            held = evidence.hub.claims.get((kind, key))
            if confirmed is not None and (held is None or unpack(held) != unpack(confirmed)):
                yield f"box {box.node}: claim {kind} {key.hex()} is shown as won, and is not"
