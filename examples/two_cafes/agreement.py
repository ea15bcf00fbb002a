"""Whether hub and boxes agree: their state hashes, read from the stores while they run."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cloud.store import database as hub_database
from cloud.store.log import read_head
from cloud.store.models import SectionSum
from edge.store.opening import open_reader
from edge.store.tables import StateSection
from sync_protocol.codec import pack
from sync_protocol.state_hash import CHAIN_WIDE

Sections = dict[tuple[int, int], bytes]


@dataclass(frozen=True, slots=True)
class State:
    """Confirmed state at a place of the hub's log. `waiting`: a box's ops that the hub lacks."""

    position: int
    sections: Sections
    cafe: int = CHAIN_WIDE
    waiting: int = 0

    @property
    def hash(self) -> str:
        """One hash over what every node has."""
        rows = [[*key, value] for key, value in sorted(self.sections.items()) if not key[1]]
        return sha256(pack(rows)).hexdigest() if rows else ""

    def agrees_with(self, hub: "State") -> bool:
        """Whether a box has all that the hub has within its reach, and the hub all of the box's."""
        within_reach = {
            key: value for key, value in hub.sections.items() if key[1] in (CHAIN_WIDE, self.cafe)
        }
        return self.position == hub.position and not self.waiting and self.sections == within_reach


@dataclass(frozen=True, slots=True)
class Agreement:
    """One look at all three."""

    hub: State
    boxes: dict[str, State]

    @property
    def agree(self) -> bool:
        return all(box.agrees_with(self.hub) for box in self.boxes.values())


def look(hub_store: Path, box_stores: dict[str, Path]) -> Agreement:
    """Read all three; blocking."""
    boxes = {name: read_box(path) for name, path in box_stores.items()}
    return Agreement(read_hub(hub_store), boxes)


def read_hub(path: Path) -> State:
    """The hub's state."""
    reader = hub_database.open_reader(f"sqlite:///{path.absolute()}")
    try:
        with reader.consistent_read():
            rows = reader.rows(SectionSum.select())
            sections = {(row.kind, row.cafe): row.sum for row in rows if any(row.sum)}
            return State(read_head(reader).position, sections)
    finally:
        reader.close()


def read_box(path: Path) -> State:
    """A box's state."""
    reader = open_reader(path)
    try:
        with reader.database.atomic():
            query = StateSection.select(StateSection.kind, StateSection.cafe, StateSection.sum)
            rows = query.tuples().execute(reader.database)
            sections = {(kind, cafe): bytes(total) for kind, cafe, total in rows if any(total)}
            return State(
                reader.cursor().position,
                sections,
                reader.identity.cafe,
                reader.outbox().count,
            )
    finally:
        reader.database.close()
