"""One run: a chain of cafes under a workload and faults drawn from one seed, then healed.

A safety phase, in which things go wrong while people go on, and a liveness phase, in which nothing
more goes wrong and everything must come to rest within a bound. What is left is handed to the
checkers as `Evidence`.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from random import Random

from cloud.domain.epochs import closing
from cloud.domain.erasure import decide_erasure
from cloud.domain.judge import CLOSED
from cloud.domain.refusals import Refusal
from cloud.hub.draft import Draft, HubOps
from cloud.hub.office import _held_by
from sync_protocol import frames
from sync_protocol.accounts import ADVANCE_BOOK, ADVANCE_RIGHT, FEN
from sync_protocol.kinds import MEMBER, NODE, PRODUCT, RULE, TRANSACTION, field_index
from sync_protocol.ledger import REASON_GRANT, Transaction
from sync_protocol.messages import Ack, unpack_message
from sync_protocol.ops import OpRef
from sync_protocol.registers import Change, RegisterWrite
from tests.sim.box import Box
from tests.sim.faults import FAULTS, Faults
from tests.sim.hub import UTC_OFFSET_MIN, Hub, Outside, stand_in_signatures
from tests.sim.injector import Injector
from tests.sim.liar import LIAR, Liar
from tests.sim.model import Model
from tests.sim.network import Line, Network
from tests.sim.schedule import Schedule
from tests.sim.template import MANAGER, MEMBERS, NODES, Template, identity_of
from tests.sim.workload import Workload

SAFETY_MS = 37_000
LIVENESS_MS = 400_000
SETTLE_STEP_MS = 1_000
ACT_MS = 800
"""Mean time between two things that people do, over all cafes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is made of; equal plans make equal runs."""

    seed: int
    faults: frozenset[str]
    boxes: int = 3
    deflates: bool = False
    """Whether batches are compressed: that costs more than all the rest of a batch."""
    liar_share: float = 0.09
    office_share: float = 0.04
    """Of all that is done: what the liar does, and what head office does."""
    favours: tuple[str, ...] = ()
    """Actions of `Workload` that people take ten times as often."""
    acts_max: int = 1_000_000
    """People do so many things and no more: a shrunk run."""


def plan_of(seed: int) -> Plan:
    """Return a seed's plan: about half of the kinds of fault (swarm testing, Groce et al. 2012)."""
    random = Random(f"plan {seed}")
    chance = random.choice((0.3, 0.5, 0.8))
    kinds = frozenset(kind for kind in FAULTS if random.random() < chance)
    return Plan(seed, kinds, random.choice((2, 2, 3)), random.random() < 0.1)


class World:
    """Everything that one run consists of."""

    def __init__(self, plan: Plan, folder: Path, template: Template, traced: bool) -> None:
        self.plan = plan
        self.trace: list[str] | None = [] if traced else None
        self.schedule = Schedule()
        self.faults = Faults(plan.faults)
        self.model = Model()
        self.violations: list[str] = []
        self.committed: dict[tuple[int, int], int] = {}
        """(node, epoch) -> seq up to which the hub has committed."""
        self._acts = 0
        stand_in_signatures()
        self._codecs_written = frames.CODECS_WRITTEN
        frames.CODECS_WRITTEN = [frames.RAW, frames.DEFLATE] if plan.deflates else [frames.RAW]
        self.network = Network(self.schedule, self.faults, self._random("network"))
        hub_folder = folder / "hub"
        template.write_hub(hub_folder)
        outside = Outside(self._note_committed, self._note_sent)
        self.hub = Hub(
            self.schedule, self.network, self.faults, hub_folder, self._random("hub"), outside
        )
        self.boxes: dict[int, Box] = {}
        for node in NODES if plan.boxes == 3 else (1, 2):
            box_folder = folder / str(node)
            template.write_box(box_folder, node)
            box = Box(
                self.schedule,
                self.network,
                self.faults,
                self.hub,
                folder=box_folder,
                random=self._random(f"box {node}"),
                identity=identity_of(node),
                session=template.sessions[node],
                acked=self._note_acked,
            )
            self.boxes[node] = box
            self.network.lines[node] = Line(box.receive, box.disconnected)
        self.liar = Liar(
            self.schedule,
            self.network,
            self.faults,
            self.hub,
            self._random("liar"),
            template.block,
        )
        self.network.lines[LIAR] = Line(self.liar.receive, self.liar.disconnected)
        self.workload = Workload(
            self.boxes,
            self.model,
            self.faults,
            self._random("workload"),
            self.say,
            self.hub.held_claim,
            plan.favours,
        )
        self.injector = Injector(self)
        self._people = self._random("people")
        self.revoked_at: int | None = None

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
            self.liar.members = self.workload.members
            self.liar.act()
        elif draw < self.plan.office_share:
            self._head_office()
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
            box.drive.failure.fill = False
            box.drive.failure.writes_left = None
        self.hub.kill_at = None
        self.hub.drive.failure.writes_left = None

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
        return all(
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
                parts.append(f"box {box.node}: down {box.problems}")
            else:
                parts.append(
                    f"box {box.node}: state {session.state}, unacked {session.unacked_ops()}, "
                    f"block {session.follower.applied.block_number} {box.problems} "
                    f"{box.rejected[-3:]}"
                )
        parts.append(
            f"liar: state {self.liar.session.state}, unacked {self.liar.session.unacked_ops()}"
        )
        unknown = [asked.id for asked in self.model.asked.values() if asked.state == "unknown"]
        return "; ".join(parts) + f"; unknown {unknown}"

    def close(self) -> None:
        """Let go of all files; frames are as other tests know them."""
        frames.CODECS_WRITTEN = self._codecs_written
        self.hub.close()
        self.hub.drive.remove()
        for box in self.boxes.values():
            box.shut_down()
            box.drive.remove()

    # --- head office ------------------------------------------------------------------------------

    def _head_office(self) -> None:
        draw = self._people.random()
        new = self.workload.members[len(MEMBERS) :]
        if draw < 0.3 and new:
            member = self._people.choice(new)
            self.workload.erased.add(member)
            self.say(f"head office erases {member}")
            self.hub.propose(lambda draft: _erasure(draft, member))
        elif draw < 0.5 and self.workload.members:
            member = self._people.choice(self.workload.members)
            node = self._people.choice(list(self.boxes))
            limit_fen = self._people.choice((500, 2_000))
            self.say(f"head office lets node {node} advance {limit_fen} to {member}")
            self.hub.propose(lambda _: _advance_right(member, node, limit_fen))
        elif draw < 0.8:
            price = self._people.choice((450, 500, 550))
            self.say(f"head office sets the price of cola to {price}")
            self.hub.propose(lambda draft: _change(draft, PRODUCT, "cola", price_fen=price))
        else:
            version = self._people.randint(2, 9)
            self.hub.propose(
                lambda draft: _change(draft, RULE, "earn", version=version, values=[1, 5])
            )

    def revoke_liar(self) -> None:
        """Take the liar's epoch away, while it is connected."""
        self.say("head office revokes the liar")
        self.hub.propose(lambda draft: _change(draft, NODE, LIAR, status="revoked"))

    def close_liars_epoch(self) -> None:
        """Two people close the revoked epoch: what it holds returns to the hub's part."""
        self.say("head office closes the liar's epoch")

        def decide(draft: Draft) -> HubOps | list[OpRef] | Refusal:
            author = draft.author(LIAR, 1)
            if author.standing == CLOSED:
                return []
            held = _held_by(draft, LIAR, 1)
            approvers = (MANAGER, MANAGER + 1)
            return closing(LIAR, 1, author.seq, approvers, held, 20260528, UTC_OFFSET_MIN)

        self.hub.propose(decide)

    # --- what is seen from outside ----------------------------------------------------------------

    def _note_committed(self) -> None:
        worker = self.hub.worker
        if worker is not None:
            for key, author in worker.builder.authors.items():
                self.committed[key] = author.seq

    def _note_sent(self, topic: str, data: bytes) -> None:
        """An ack may leave only for what the database holds."""
        if "/down/" not in topic:
            return
        message = unpack_message(data)
        if isinstance(message, Ack):
            node = int(topic.rpartition("/")[2])
            held = self.hub.held_seq(node, message.epoch)
            if message.seq > held:
                self.violations.append(f"I2: node {node} is acked op {message.seq}, {held} held")

    def _note_acked(self, box: Box, seq: int) -> None:
        self.model.acked[box.node, box.identity.epoch] = seq

    def trace_hash(self) -> str:
        """Return a hash of what happened."""
        digest = hashlib.sha256()
        for line in self.trace or ():
            digest.update(line.encode())
        worker = self.hub.worker
        if worker is not None:
            digest.update(worker.builder.head.block_hash)
        return digest.hexdigest()


def _erasure(draft: Draft, member: int) -> HubOps | Refusal:
    rows = [draft.state.register(MEMBER, member)]
    return decide_erasure(member, rows, draft.state.is_erased(member))


def _advance_right(member: int, node: int, limit_fen: int) -> HubOps:
    """Return the op that raises what a node may advance to a member."""
    postings: list[tuple[int, int | str, int, int, int, str, int]] = [
        (ADVANCE_BOOK, member, 0, 0, 0, FEN, limit_fen),
        (ADVANCE_RIGHT, member, node, 1, 0, FEN, -limit_fen),
    ]
    body = Transaction(0, REASON_GRANT, 20260528, UTC_OFFSET_MIN, 0, 0, None, postings).body()
    return [(TRANSACTION, body)]


def _change(draft: Draft, kind: int, key: int | str, **values: object) -> HubOps:
    """Return the op of head office that sets fields on the base of what they are now."""
    row = draft.state.register(kind, key)
    changes = []
    for name, value in values.items():
        index = field_index(kind, name)
        entry = row.entry(index) if row is not None else None
        changes.append(Change(index, value, entry[2] if entry is not None else None))
    changes.sort(key=lambda change: change.index)
    return [(kind, RegisterWrite(b"", key, 0, changes).body())]
