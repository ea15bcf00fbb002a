"""Draws faults of machines and lines over the safety phase, each kind at times of its own."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from tests.sim.damage import flip_bit
from tests.sim.faults import FAULTS
from tests.sim.lies import LIAR
from tests.sim.schedule import START_MS
from tests.sim.versions import CURRENT, NEW, OLD, update

if TYPE_CHECKING:
    from tests.sim.box import Box
    from tests.sim.hub import Hub
    from tests.sim.world import World

YEAR_MS = 365 * 24 * 3_600_000
MEAN_MS = 8_000
"""Mean time between two faults of one kind, where `MEANS_MS` does not say otherwise."""
MEANS_MS = {
    **dict.fromkeys(("broker_restart", "slow_consumer", "box_restored"), 3_500),
    # What ends a process: a start costs as much as fifty messages.
    **dict.fromkeys(("box_killed_at_write", "box_power_cut"), 9_500),
    **dict.fromkeys(("box_fsync_error", "bit_flip"), 12_500),
    **dict.fromkeys(("hub_killed_before_commit", "hub_killed_before_ack", "hub_power_cut"), 16_000),
    **dict.fromkeys(("box_disk_full", "box_restarted", "clock_1970"), 20_000),
}
REVOKED_FROM_MS = 6_000


class Injector:
    """Injects what a run's plan enables, until it is stopped."""

    def __init__(self, world: "World") -> None:
        self._world = world
        # A stream for each kind: a run without one of them keeps the times of the others.
        self._streams = {
            kind: Random(f"{world.plan.seed} {kind}") for kind in FAULTS if world.faults.on(kind)
        }
        self._random = Random(world.plan.seed)
        self._stopped = False
        self._kinds: dict[str, Callable[[], None]] = {
            "partition": self._partition,
            "half_open": self._half_open,
            "slow_consumer": self._slow_consumer,
            "broker_restart": self._broker_restart,
            "hub_killed_before_commit": lambda: self._kill_hub("hub_committing"),
            "hub_killed_before_ack": lambda: self._kill_hub("hub_committed"),
            "hub_power_cut": self._cut_hub_power,
            "box_killed_at_write": lambda: self._kill_box(power=False),
            "box_power_cut": lambda: self._kill_box(power=True),
            "box_restarted": self._restart_box,
            "box_disk_full": self._fill_disk,
            "box_fsync_error": self._fail_fsync,
            "clock_30_years": self._clock_years,
            "clock_1970": self._clock_1970,
            "clock_step": self._clock_step,
            "revoked_node": self._revoke,
            "box_restored": self._restore_box_store,
            "box_cloned": self._clone_box,
            "hub_restored": self._restore_hub,
            "bit_flip": self._flip_bit,
            "mixed_versions": self._update_one,
        }

    def start(self) -> None:
        """Plan the first of each kind; where releases are mixed, say who has which."""
        world = self._world
        if world.faults.on("mixed_versions"):
            random = self._streams["mixed_versions"]
            world.hub.release = random.choice((OLD, CURRENT))
            for box in world.boxes.values():
                box.release = random.choice((OLD, CURRENT, NEW))
        for kind in self._kinds:
            if self._world.faults.on(kind):
                self._plan(kind)

    def stop(self) -> None:
        self._stopped = True

    def _plan(self, kind: str) -> None:
        self._random = self._streams[kind]
        mean_ms = MEANS_MS.get(kind, MEAN_MS)
        delay_ms = int(self._random.expovariate(1 / mean_ms)) + 200
        self._world.schedule.after(delay_ms, self._strike, kind)

    def _strike(self, kind: str) -> None:
        if not self._stopped:
            self._world.say(f"fault: {kind}")
            self._random = self._streams[kind]
            self._kinds[kind]()
            self._plan(kind)

    def _later(self, low_ms: int, high_ms: int, call: Callable[..., None], *what: object) -> None:
        self._world.schedule.after(self._random.randint(low_ms, high_ms), call, *what)

    def _box(self) -> "Box | None":
        up = [box for box in self._world.boxes.values() if box.is_up]
        return self._random.choice(up) if up else None

    def _node(self) -> int:
        return self._random.choice(list(self._world.boxes))

    # --- lines ------------------------------------------------------------------------------------

    def _partition(self) -> None:
        node = self._node()
        self._world.network.cut(node)
        self._world.faults.took_effect("partition")
        self._later(2_000, 40_000, self._world.network.mend, node)

    def _half_open(self) -> None:
        node = self._node()
        self._world.network.lines[node].half_open = True
        self._later(3_000, 30_000, self._world.network.mend, node)

    def _slow_consumer(self) -> None:
        line = self._world.network.lines[self._node()]
        line.slow_until_ms = self._world.schedule.now_ms + self._random.randint(4_000, 20_000)

    def _broker_restart(self) -> None:
        self._world.network.kill_broker()
        self._later(200, 8_000, self._world.network.start_broker)

    # --- the hub ----------------------------------------------------------------------------------

    def _kill_hub(self, point: str) -> None:
        self._world.hub.kill_at = point

    def _cut_hub_power(self) -> None:
        hub = self._world.hub
        if hub.is_up:
            hub.kill_at = "power"
            hub.drive.die_at_write(self._random.randint(0, 40))

    # --- boxes ------------------------------------------------------------------------------------

    def _kill_box(self, *, power: bool) -> None:
        box = self._box()
        if box is not None:
            box.power_cut = power
            box.drive.die_at_write(self._random.randint(0, 40))

    def _restart_box(self) -> None:
        box = self._box()
        if box is None:
            return
        if box.session is not None and box.session.unacked_ops():
            self._world.faults.took_effect("box_restarted")
        box.shut_down()
        self._later(300, 10_000, box.boot)

    def _fill_disk(self) -> None:
        box = self._box()
        if box is not None:
            box.drive.fill()
            self._later(500, 6_000, self._empty_disk, box)

    def _empty_disk(self, box: "Box") -> None:
        box.drive.failure.fill = False
        if not box.drive.failure.armed and not box.drive.died:
            box.drive.relent()

    def _fail_fsync(self) -> None:
        box = self._box()
        if box is not None:
            box.drive.fail_fsync()

    # --- clocks -----------------------------------------------------------------------------------

    def _clock_years(self) -> None:
        box = self._box()
        if box is not None:
            years = self._random.choice((30, -30))
            box.clock.offset_ms = years * YEAR_MS
            box.clock_fault = "clock_30_years"
            self._later(5_000, 60_000, self._set_clock_right, box)

    def _clock_1970(self) -> None:
        box = self._box()
        if box is None:
            return
        box.shut_down()
        box.clock.offset_ms = -START_MS - self._world.schedule.now_ms
        box.clock_fault = "clock_1970"
        self._later(300, 3_000, box.boot)
        self._later(8_000, 60_000, self._set_clock_right, box)

    def _clock_step(self) -> None:
        box = self._box()
        if box is not None:
            box.clock.offset_ms += self._random.choice((-1, 1)) * self._random.randint(
                5_000, 8 * 3_600_000
            )
            box.clock_fault = "clock_step"

    def _set_clock_right(self, box: "Box") -> None:
        box.clock.offset_ms = 0
        box.clock_fault = "clock_step"

    # --- nodes ------------------------------------------------------------------------------------

    def _revoke(self) -> None:
        world = self._world
        if world.schedule.now_ms < REVOKED_FROM_MS:
            return
        if not world.liar.revoked:
            world.office.revoke_liar()
        else:
            world.liar.push_when_revoked()
            if self._random.random() < 0.5:
                world.office.close_epoch(LIAR, 1)

    def _restore_box_store(self) -> None:
        box = self._box()
        if box is not None:
            self._world.copies.take_image(box)
            self._later(2_000, 9_000, self._world.copies.put_back, box)

    def _clone_box(self) -> None:
        box = self._box()
        if box is not None:
            self._world.copies.clone(box)

    def _restore_hub(self) -> None:
        world = self._world
        if world.hub.backup_number and self._random.random() < 0.5:
            world.copies.put_back_hub()
        else:
            world.hub.back_up()

    def _flip_bit(self) -> None:
        box = self._box()
        if box is None or box.drive.failure.armed:
            return
        box.shut_down()
        flipped = flip_bit(box, self._random)
        if flipped.found:
            self._world.faults.took_effect("bit_flip")
        elif flipped.place:
            box.problems.append(f"a flipped bit in {flipped.place} was not found")
        self._later(300, 3_000, box.boot)

    # --- releases ---------------------------------------------------------------------------------

    def _update_one(self) -> None:
        """Somebody's update: the hub's or a box's, in any order."""
        world = self._world
        behind: list[Box | Hub] = [box for box in world.boxes.values() if box.release != NEW]
        if world.hub.release != NEW:
            behind.append(world.hub)
        if behind:
            update(self._random.choice(behind), world.faults)

    def update_all(self) -> None:
        """Everybody has the newest release in the end."""
        world = self._world
        if world.faults.mixes_versions:
            for machine in (*world.boxes.values(), world.hub):
                if machine.release != NEW:
                    update(machine, world.faults)
