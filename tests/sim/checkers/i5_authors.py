"""I5: only enrolled epochs are in the log, each writing for its own cafe; lies have no effect."""

from collections.abc import Iterator

from sync_protocol.annotations import DEFERRED, VOID
from sync_protocol.codec import unpack
from sync_protocol.kinds import (
    ANY_CAFE,
    BRANCH,
    CLAIM,
    HUB_ONLY,
    KINDS,
    LEDGER,
    NODE,
    OWN_CAFE,
    REGISTER,
    field_index,
)
from tests.sim.evidence import Evidence, LoggedOp
from tests.sim.lies import LIAR, LIAR_CAFE
from tests.sim.template import NODES

EPOCH, STATUS = field_index(NODE, "epoch"), field_index(NODE, "status")
CAFE_OF = {**NODES, LIAR: LIAR_CAFE}
LIES = ("other_cafe", "forged_op")


def check(evidence: Evidence) -> Iterator[str]:
    revoked: set[int] = set()
    enrolled = {(node, 1) for node in CAFE_OF}
    kinds = evidence.liar.kinds
    owners: dict[tuple[int, object], object] = {}
    for op in evidence.hub.ops:
        if op.node:
            yield from _author(op, revoked, enrolled)
            yield from _cafe(op, owners)
        if op.node == LIAR and not op.is_stub:
            yield from _lie(op, kinds.get(op.seq, "nothing that it wrote"))
        if op.node == 0 and op.kind == NODE and op.has_effect:
            _salt, key, _cafe_of, changes = op.decoded()
            values = {change[0]: change[1] for change in changes}
            if STATUS in values:
                act = revoked.discard if values[STATUS] == "active" else revoked.add
                act(int(str(key)))
            if EPOCH in values:
                enrolled.add((int(str(key)), values[EPOCH]))
        if op.node == 0 and op.kind == BRANCH:
            enrolled.add((op.decoded()[0], op.decoded()[1]))
        if op.has_effect and op.kind in KINDS and KINDS[op.kind].policy == REGISTER:
            body = op.decoded()
            owners.setdefault((op.kind, body[1]), body[2])
    written = {(op.node, op.seq): op.hash for op in evidence.hub.ops}
    for op in evidence.liar.ops:
        held = written.get((LIAR, op.header.seq))
        if held is not None and held != op.hash:
            yield f"the liar's op {op.header.seq} in the log is none that it wrote"


def _author(op: LoggedOp, revoked: set[int], enrolled: set[tuple[int, object]]) -> Iterator[str]:
    if (op.node, op.epoch) not in enrolled:
        yield f"op {op.place} is of nobody who was enrolled"
    if op.node in revoked and not op.is_of_branch:
        yield f"op {op.place} at {op.position} was taken after its node was revoked"


def _cafe(op: LoggedOp, owners: dict[tuple[int, object], object]) -> Iterator[str]:
    kind = KINDS.get(op.kind)
    if kind is None or not op.has_effect:
        return
    if kind.author == HUB_ONLY:
        yield f"op {op.place} of kind {kind.name} is head office's to write, and counts"
        return
    cafe = CAFE_OF.get(op.node)
    body = op.decoded()
    index = {LEDGER: 0, REGISTER: 2, CLAIM: 2}.get(kind.policy)
    if index is not None and body[index] != cafe:
        yield f"op {op.place} of cafe {cafe} is written for {body[index]}, and counts"
    if kind.author == OWN_CAFE and owners.get((op.kind, body[1]), cafe) != cafe:
        yield f"op {op.place} changes a document of another cafe"
    assert kind.author in (ANY_CAFE, OWN_CAFE)


def _lie(op: LoggedOp, lie: str) -> Iterator[str]:
    if lie in LIES and op.has_effect:
        detail = None if op.detail is None else unpack(op.detail)
        yield f"the liar's op {op.seq} ({lie}) counts: verdict {op.verdict} {detail}"
    if lie == "other_cafe" and op.verdict != VOID:
        yield f"the liar's op {op.seq} for another cafe is not void"
    if lie == "unknown_kind" and op.verdict != DEFERRED:
        yield f"the liar's op {op.seq} of an unknown kind is not deferred"
    if lie == "good" and not op.has_effect:
        yield f"the liar's good op {op.seq} does not count: verdict {op.verdict}"
