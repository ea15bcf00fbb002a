"""Machines that exist twice or go back in time: clones, stores put back, the hub's backup put back.

A box is copied only while nothing of it waits: what lived on one disk alone is lost with the disk,
which no protocol mends. From then on everything must come into the log: the ops of a branch as
they were written, those of a clone before it is switched off.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from tests.sim.box import Box
from tests.sim.lies import LIAR
from tests.sim.signing import Key

if TYPE_CHECKING:
    from tests.sim.world import World

CLONE_PLACES_FROM = 100
LOOK_MS = 1_500
"""Between two looks at how far an enrolment or a recovery is."""


class Copies:
    """What was copied, and who is given a new epoch for it."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._random = Random(f"{world.plan.seed} copies")
        self._images: dict[int, bytes] = {}
        """place -> an older copy of its store"""
        self._copied: set[int] = set()
        """nodes that were copied or put back: their fence is no surprise, and comes once"""
        self._needs_epoch: set[int] = set()
        """places of machines that were found out"""
        self._looks = False

    @property
    def at_rest(self) -> bool:
        """Whether every machine is enrolled or retired, and everything handed in is in the log."""
        world = self._world
        worker = world.hub.worker
        if worker is None or worker.recovery.under_way:
            return False
        if self._needs_epoch or self._clones():
            return False
        if not self._copied:
            return True
        copied = [box for box in world.boxes.values() if box.node in self._copied]
        return all(map(self._is_handed_in, copied)) and not world.office.has_open_branches()

    def is_expected(self, box: Box) -> bool:
        """Whether a fence of a box is what its copying must come to."""
        return box.node in self._copied

    # --- a box ------------------------------------------------------------------------------------

    def _can_be_copied(self, box: Box) -> bool:
        """Whether a box is whole and new enough, and nobody waits for anything of it."""
        session = box.session
        return (
            session is not None
            and box.line is not None
            and box.line.up
            and box.identity.epoch == 1
            and box.node not in self._copied
            and not box.drive.failure.armed
            and session.unacked_ops() == 0
            and not self._world.workload.is_unknown_at(box.place)
        )

    def _note(self, node: int) -> None:
        """Note that a node was copied: from now on somebody looks at it."""
        self._copied.add(node)
        if not self._looks:
            self._looks = True
            self._world.schedule.after(LOOK_MS, self._look)

    def take_image(self, box: Box) -> None:
        """Copy a box's store while it is in use."""
        if box.place not in self._images and self._can_be_copied(box):
            self._images[box.place] = _image(box.path)

    def put_back(self, box: Box) -> None:
        """Put the older copy of a box's store in the place of what it has."""
        image = self._images.get(box.place)
        if image is None or not self._can_be_copied(box):
            return
        assert box.session is not None
        seq = box.session.outbox.seq
        box.shut_down()
        _write_image(box, image)
        self._note(box.node)
        box.boot()
        if box.session is not None and box.session.outbox.seq < seq:
            self._world.faults.took_effect("box_restored")
        else:
            self._copied.discard(box.node)  # nothing was written since: it is the same store

    def clone(self, box: Box) -> None:
        """Start a second machine on a copy of a box's store."""
        if not self._can_be_copied(box):
            return
        self._note(box.node)
        twin = self._world.add_box(CLONE_PLACES_FROM + box.place, box.node)
        _write_image(twin, _image(box.path))
        twin.release = box.release
        twin.boot()

    def fenced(self, box: Box) -> None:
        """A copied box found out, or was told: a person comes to enrol it again.

        A clone goes first: it is switched off once all of it is handed in.
        """
        if box.place not in self._needs_epoch and self._clones():
            self._world.faults.took_effect("box_cloned")
        for machine in (*self._clones(), box):
            if machine.node == box.node:
                self._needs_epoch.add(machine.place)

    def _clones(self) -> list[Box]:
        return [box for box in self._world.boxes.values() if box.place >= CLONE_PLACES_FROM]

    def settle(self) -> None:
        """Nothing more goes wrong: clones that nobody has found out are found out now."""
        for box in self._clones():
            self.fenced(box)

    def _look(self) -> None:
        """Bring what people see to a step further; they look again for as long as the run goes."""
        for node in sorted(self._copied):
            machines = [box for box in self._world.boxes.values() if box.node == node]
            self._serve(max(machines, key=lambda box: box.place))
        self._world.office.admit_branches()
        self._world.schedule.after(LOOK_MS, self._look)

    def _serve(self, box: Box) -> None:
        """Give a machine its epoch; switch a clone off that has handed in what it wrote."""
        world = self._world
        if box.place in self._needs_epoch:
            self._enrol(box)
        elif box.place >= CLONE_PLACES_FROM and box.identity.epoch > 1:
            unknown = world.workload.is_unknown_at(box.place)
            if box.is_up and not unknown and self._is_handed_in(box):
                world.say(f"the clone of box {box.node} is switched off")
                world.remove_box(box)

    def _enrol(self, box: Box) -> None:
        world, old = self._world, box.identity.epoch
        key = Key(f"node {box.node} machine {box.place} after epoch {old}")
        epoch = world.office.enrol(box.node, f"{box.place:04d}{old:04d}", key)
        if epoch is None or not box.is_up:
            return
        self._needs_epoch.discard(box.place)
        box.enrol_as(epoch, key)
        if self._random.random() < 0.5:
            delay_ms = self._random.randint(0, 9_000)
            world.schedule.after(delay_ms, world.office.close_epoch, box.node, old)

    def _is_handed_in(self, box: Box) -> bool:
        """Whether all that a machine wrote in earlier epochs is at the hub, and nothing waits."""
        worker = self._world.hub.worker
        session, store = box.session, box.store
        if worker is None or session is None or store is None or session.unacked_ops():
            return False
        with store.read() as reader:
            left = [one.last_hash for one in reader.left_overs()]
        database = worker.builder.database
        return all(
            database.execute(
                "SELECT 1 FROM left_over WHERE last_hash = ? AND seq = last_seq"
                " UNION SELECT 1 FROM log_op WHERE hash = ?",
                (last_hash, last_hash),
            ).fetchone()
            for last_hash in left
        )

    # --- the hub ----------------------------------------------------------------------------------

    def put_back_hub(self) -> None:
        """Put the hub's last backup in the place of its database, and have it recover."""
        lost = self._world.hub.put_back()
        if lost is None:
            return
        if lost:
            self._world.faults.took_effect("hub_restored")
        self._world.schedule.after(LOOK_MS, self.excuse)

    def excuse(self) -> None:
        """Two people excuse those who cannot report: the liar, and boxes that are not there."""
        world = self._world
        worker = world.hub.worker
        if worker is not None and worker.recovery.under_way:
            there = {box.node for box in world.boxes.values()}
            for node in worker.recovery.waited_for():
                if node == LIAR or node not in there:
                    world.office.excuse(node)
                    if node == LIAR:
                        world.liar.revoked = True
        if worker is None or worker.recovery.under_way:
            world.schedule.after(LOOK_MS, self.excuse)


def _image(path: Path) -> bytes:
    """Return a copy of a store that is in use."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(":memory:")) as copy:
        source.backup(copy)
        return copy.serialize()


def _write_image(box: Box, image: bytes) -> None:
    for path in box.drive.folder.iterdir():
        path.unlink()
    box.drive.forget_files()
    box.path.write_bytes(image)
