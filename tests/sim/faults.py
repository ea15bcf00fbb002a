"""The kinds of fault, what of `FAULTS.md` each is, and the count of those that took effect.

A fault is counted where it changed what happened: a frame that was under way is gone, bytes that
were written are not on the disk. What was only asked for is not counted.
"""

from collections import Counter

FAULTS = {
    "message_lost": "a message that was sent does not arrive",
    "message_doubled": "a message arrives twice",
    "message_reordered": "a message arrives after one that was sent later",
    "message_delayed": "a message arrives seconds late",
    "partition": "a line is cut, and what was under way or sent meanwhile is lost",
    "half_open": "a line swallows what is sent, and nobody is told",
    "slow_consumer": "a node hears nothing for a while, and then all at once",
    "broker_restart": "the broker dies with all that is under way",
    "request_failed": "a fetch over HTTP gets no answer",
    "hub_killed_before_commit": "the hub dies with a block that is not committed",
    "hub_killed_before_ack": "the hub dies between commit and ack",
    "hub_power_cut": "the hub's machine loses power at a write; what was not synced may be lost",
    "box_killed_at_write": "a box's process dies at a write or fsync of its store",
    "box_power_cut": "a box loses power at a write; what was not synced is torn or lost",
    "box_restarted": "a box goes down in good order with work in its outbox",
    "box_disk_full": "a box's disk takes no more for a while",
    "box_fsync_error": "an fsync of a box's store reports EIO",
    "clock_30_years": "a box's clock is 30 years off",
    "clock_1970": "a box boots in 1970",
    "clock_step": "a box's clock steps by minutes or hours between two commands",
    "double_request": "a request comes twice, at once or later",
    "poison_message": "bytes that are no message, or not of the right kind, come to the hub",
    "wrong_signature": "a batch comes whose signature does not hold",
    "other_cafe": "a node with a good key writes for another cafe",
    "forged_op": "a node with a good key writes what it has no right to",
    "forged_block": "a block comes that the hub has not signed",
    "unknown_kind": "an op of a kind or version that nobody knows",
    "revoked_node": "a node goes on publishing after it was revoked",
    "box_restored": "an older copy of a box's store is put back, and writes old numbers again",
    "box_cloned": "a box's card is copied: two machines write in one name",
    "hub_restored": "an older backup of the hub is put back while boxes are ahead of it",
    "bit_flip": "a bit of an op in a box's file is flipped",
    "mixed_versions": "an op of a later release is parked or deferred by an earlier one",
}
"""Kind -> what happens."""
COPIES = ("box_restored", "box_cloned")
"""Not in a run in which the hub is restored too: what an epoch is that nobody has heard of is a
person's to settle."""


class Faults:
    """Which kinds a run may inject, and how often each took effect."""

    def __init__(self, enabled: frozenset[str]) -> None:
        self.enabled = enabled
        self.counts: Counter[str] = Counter()
        self.mixes_versions = "mixed_versions" in enabled
        self.calm = False
        """Set for the liveness phase: nothing more goes wrong."""

    def on(self, kind: str) -> bool:
        return kind in self.enabled and not self.calm

    def took_effect(self, kind: str) -> None:
        self.counts[kind] += 1
