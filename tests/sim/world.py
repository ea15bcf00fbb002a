"""One run: a chain of cafes under a workload and faults drawn from one seed, then healed.

A safety phase, in which things go wrong while people go on, and a liveness phase, in which nothing
more goes wrong and everything must come to rest within a bound. What is left is handed to the
checkers as `Evidence`.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from random import Random

from sync_protocol.messages import Ack, unpack_message
from tests.sim.box import Box, Watchers
from tests.sim.copies import Copies
from tests.sim.faults import COPIES, FAULTS, Faults
from tests.sim.hub import Hub
from tests.sim.injector import Injector
from tests.sim.liar import Liar
from tests.sim.lies import LIAR
from tests.sim.model import Model
from tests.sim.network import Line, Network
from tests.sim.office import HeadOffice
from tests.sim.schedule import Schedule
from tests.sim.stand_ins import write_codecs
from tests.sim.surroundings import Surroundings
from tests.sim.template import NODES, Template, identity_of
from tests.sim.versions import Versions
from tests.sim.workload import Workload

SAFETY_MS = 20_000
LIVENESS_MS = 400_000
SETTLE_STEP_MS = 1_000
ACT_MS = 700
"""Mean time between two things that people do, over all cafes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is made of; equal plans make equal runs."""

    seed: int
    faults: frozenset[str]
    boxes: int = 3
    deflates: bool = False
    """Whether batches are compressed: that costs more than all the rest of a batch."""
    liar_share: float = 0.15
    office_share: float = 0.06
    """Of all that is done: what the liar does, and what head office does."""
    favours: tuple[str, ...] = ()
    """Actions of `Workload` that people take ten times as often."""
    acts_max: int = 1_000_000
    """People do so many things and no more: a shrunk run."""
    gives_bonus: bool = False
    """Whether top-ups bring bonus credit, some of which expires."""


def plan_of(seed: int) -> Plan:
    """Return a seed's plan: about half of the kinds of fault (swarm testing, Groce et al. 2012)."""
    random = Random(f"plan {seed}")
    chance = random.choice((0.3, 0.5, 0.8))
    kinds = {kind for kind in FAULTS if random.random() < chance}
    if random.random() < 0.6:
        kinds.discard("hub_restored")
    if "hub_restored" in kinds:
        kinds.difference_update(COPIES)
    boxes, deflates = random.choice((2, 2, 2, 3)), random.random() < 0.1
    gives_bonus = random.random() < 0.5
    return Plan(seed, frozenset(kinds), boxes, deflates, gives_bonus=gives_bonus)


class World:
    """Everything that one run consists of."""

    def __init__(self, plan: Plan, folder: Path, template: Template, traced: bool) -> None:
        self.plan = plan
        self.trace: list[str] | None = [] if traced else None
        self.schedule = Schedule()
        self.faults = Faults(plan.faults)
        self.model = Model()
        self.violations: list[str] = []
        self._acts = 0
        write_codecs(deflates=plan.deflates)
        self.versions = Versions()
        self._template = template
        self._folder = folder
        self.network = Network(self.schedule, self.faults, self._random("network"))
        hub_folder = folder / "hub"
        template.write_hub(hub_folder)
        self.hub = Hub(
            self.schedule,
            self.network,
            self.faults,
            self.versions,
            hub_folder,
            self._random("hub"),
            self._note_sent,
        )
        self.boxes: dict[int, Box] = {}
        self.retired: list[Box] = []
        for node in NODES if plan.boxes == 3 else (1, 2):
            self.add_box(node, node)
            template.write_box(folder / str(node), node)
        self.liar = Liar(
            self.schedule,
            self.network,
            self.faults,
            self.hub,
            self._random("liar"),
            template.block,
        )
        self.network.lines[LIAR] = Line(LIAR, self.liar.receive, self.liar.disconnected)
        self.workload = Workload(
            self.boxes,
            self.model,
            self.faults,
            self._random("workload"),
            self.say,
            self.hub.held_claim,
            plan.favours,
        )
        self.office = HeadOffice(
            self.hub, self.workload, list(self.boxes), self._random("office"), self.say
        )
        self.copies = Copies(self)
        self.injector = Injector(self)
        self._people = self._random("people")

    def add_box(self, place: int, node: int) -> Box:
        """Set up a machine of a node; its disk is empty."""
        box = Box(
            Surroundings(self.schedule, self.network, self.faults, self.hub, self.versions),
            place,
            self._folder / str(place),
            self._random(f"box {place}"),
            identity_of(node),
            self._template.sessions[node],
            Watchers(self._note_acked, self._note_fenced),
        )
        self.boxes[place] = box
        return box

    def remove_box(self, box: Box) -> None:
        """Switch a machine off for good."""
        box.retire()
        del self.boxes[box.place]
        self.retired.append(box)

    def _random(self, name: str) -> Random:
        return Random(f"{self.plan.seed} {name}")

    def say(self, words: str) -> None:
        if self.trace is not None:
            self.trace.append(f"{self.schedule.now_ms:>8} {words}")

    # --- the run ----------------------------------------------------------------------------------

    def run(self) -> None:
        """Both phases; what is wrong on the way is in `violations`."""
        self.hub.boot()
        self.hub.announce()
        if self.plan.gives_bonus:
            self.office.give_bonus()
        for box in self.boxes.values():
            box.boot()
        self.liar.start()
        self.schedule.after(500, self._act)
        self.injector.start()
        self.schedule.run_until(SAFETY_MS)
        self.say("--- nothing more goes wrong ---")
        self._heal()
        self._settle()

    def _act(self) -> None:
        if self.faults.calm or self._acts >= self.plan.acts_max:
            return
        self._acts += 1
        draw = self._people.random() - self.plan.liar_share
        if draw < 0:
            self.liar.lies.members = self.workload.members
            self.liar.act()
        elif draw < self.plan.office_share:
            self.office.act()
        elif draw < self.plan.office_share + 0.03:
            self.workload.ask_again()
        else:
            self.workload.act()
        gap_ms = int(self._people.expovariate(1 / ACT_MS)) + 1
        self.schedule.after(gap_ms, self._act)

    def _heal(self) -> None:
        self.faults.calm = True
        self.injector.stop()
        self.network.start_broker()
        for node in self.network.lines:
            self.network.mend(node)
        for box in self.boxes.values():
            box.drive.relent()
        self.hub.kill_at = None
        self.hub.drive.relent()
        self.copies.settle()
        self.injector.update_all()

    def _settle(self) -> None:
        """Let time pass until everything is at rest; it must come to that within a bound."""
        end_ms = self.schedule.now_ms + LIVENESS_MS
        while self.schedule.now_ms < end_ms:
            self.schedule.run_until(self.schedule.now_ms + SETTLE_STEP_MS)
            if not self.hub.is_up or not all(box.is_up for box in self.boxes.values()):
                if any(box.problems for box in self.boxes.values()):
                    break
                continue
            if self.workload.ask_again() and self._is_settled():
                return
        self.violations.append("I2: not at rest " + self._unrest())

    def _is_settled(self) -> bool:
        worker = self.hub.worker
        if worker is None or not self.hub.inbox.is_empty() or self.network.under_way:
            return False
        number = worker.builder.head.block_number
        if self.liar.session.unacked_ops() and not self.liar.revoked:
            return False
        return self.copies.at_rest and all(
            box.session is not None
            and not box.session.unacked_ops()
            and box.session.follower.applied.block_number == number
            for box in self.boxes.values()
        )

    def _unrest(self) -> str:
        parts = [f"hub up: {self.hub.is_up}"]
        worker = self.hub.worker
        if worker is not None:
            parts.append(f"block {worker.builder.head.block_number}")
        for box in self.boxes.values():
            session = box.session
            if session is None:
                parts.append(f"box {box.place}: down {box.problems}")
            else:
                parts.append(
                    f"box {box.place}: state {session.state}, unacked {session.unacked_ops()}, "
                    f"block {session.follower.applied.block_number} {box.problems} "
                    f"{box.refused_codes[-3:]}"
                )
        parts.append(
            f"liar: state {self.liar.session.state}, unacked {self.liar.session.unacked_ops()}"
        )
        unknown = [asked.id for asked in self.model.asked.values() if asked.state == "unknown"]
        return "; ".join(parts) + f"; unknown {unknown}"

    def close(self) -> None:
        """Let go of all files."""
        self.versions.close()
        self.hub.shut_down()
        self.hub.drive.remove()
        for box in (*self.boxes.values(), *self.retired):
            box.drive.die()  # SQLite tidies up at a close that it may write at
            box.shut_down()
            box.drive.remove()

    # --- what is seen from outside ----------------------------------------------------------------

    def _note_sent(self, topic: str, data: bytes) -> None:
        """An ack may leave only for what the database holds."""
        if "/down/" not in topic or data[1] != Ack.TYPE:
            return
        message = unpack_message(data)
        if isinstance(message, Ack):
            node = int(topic.rpartition("/")[2])
            held = self.hub.held_seq(node, message.epoch)
            if message.seq > held:
                self.violations.append(f"I2: node {node} is acked op {message.seq}, {held} held")

    def _note_acked(self, box: Box, seq: int) -> None:
        self.model.acked[box.node, box.identity.epoch] = seq

    def _note_fenced(self, box: Box, reason: str, seq: int) -> None:
        self.say(f"box {box.place} of epoch {box.identity.epoch} is fenced: {reason} at {seq}")
        if self.copies.is_expected(box):
            self.copies.fenced(box)
        else:
            box.problems.append(f"fenced for {reason} at op {seq}")

    def trace_hash(self) -> str:
        """Return a hash of what happened."""
        digest = hashlib.sha256()
        for line in self.trace or ():
            digest.update(line.encode())
        worker = self.hub.worker
        if worker is not None:
            digest.update(worker.builder.head.block_hash)
        return digest.hexdigest()
