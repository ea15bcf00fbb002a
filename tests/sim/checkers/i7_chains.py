"""I7: (node, epoch, seq, previous hash) has no gap and no fork, at the hub and on every box."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from sync_protocol.codec import pack, unpack
from sync_protocol.kinds import BRANCH
from tests.sim.evidence import BoxEvidence, Evidence, LoggedOp
from tests.sim.hub import CHAIN


def _genesis(node: int, epoch: int) -> bytes:
    return sha256(pack(["cafebox op log", CHAIN, node, epoch])).digest()


def check(evidence: Evidence) -> Iterator[str]:
    heads: dict[tuple[Any, Any], tuple[Any, Any]] = {}
    branches: dict[tuple[Any, Any], Any] = {}
    for position, op in enumerate(evidence.hub.ops, 1):
        if op.position != position:
            yield f"position {position} is missing in the log"
            return
        author = (op.node, op.epoch)
        seq, previous = heads.get(author, (0, _genesis(*author)))
        body_hash = sha256(op.body).digest() if op.body is not None else op.body_hash
        if op.seq != seq + 1:
            yield f"op {op.place} follows {seq}"
        if op.is_stub:
            heads[author] = (op.seq, op.hash)
            continue
        if sha256(op.header + previous + body_hash).digest() != op.hash:
            yield f"op {op.place} does not continue its author's chain"
        if body_hash != op.body_hash or not _is_under_its_name(op, branches):
            yield f"op {op.place} is stored under another name or hash"
        heads[author] = (op.seq, op.hash)
        if op.kind == BRANCH and not op.node:
            node, epoch, parent, parent_seq, parent_hash = op.decoded()[:5]
            heads[node, epoch] = (parent_seq, parent_hash)
            branches[node, epoch] = parent
    for author, (_standing, seq, hash) in evidence.hub.authors.items():
        if heads.get(author, (0, _genesis(*author))) != (seq, hash):
            yield f"the hub's head of {author} is not the last op of its log"
    yield from _blocks(evidence)
    for box in evidence.boxes:
        yield from _box(evidence, box)


def _is_under_its_name(op: LoggedOp, branches: dict[tuple[Any, Any], Any]) -> bool:
    """Whether the header names the place, or the epoch that the op's branch left."""
    return op.stated == (op.node, branches.get((op.node, op.epoch), op.epoch), op.seq)


def _blocks(evidence: Evidence) -> Iterator[str]:
    ops = evidence.hub.ops
    previous = sha256(pack(["cafebox block log", CHAIN, 1])).digest()
    expected_number, expected_first = 1, 1
    for number, generation, stream, first, count, stated, hash, _ms in evidence.hub.blocks:
        if (number, first) != (expected_number, expected_first) or stated != previous:
            yield f"block {number} does not follow block {expected_number - 1}"
        digest = sha256(previous + pack([generation, stream, number, first, count]))
        for op in ops[int(str(first)) - 1 : int(str(first)) - 1 + int(str(count))]:
            detail = None if op.detail is None else unpack(op.detail)
            digest.update(op.hash + pack([op.effective, op.verdict, detail]))
        if digest.digest() != hash:
            yield f"block {number} has another hash than its ops"
        previous = bytes(hash)
        expected_number += 1
        expected_first += int(str(count))


def _box(evidence: Evidence, box: BoxEvidence) -> Iterator[str]:
    by_hash = {op.hash: op for op in evidence.hub.ops}
    held = {row[-1] for row in box.ops.values()}
    for op in evidence.hub.ops:
        if op.position > box.may_lack and op.hash not in held:
            yield f"box {box.node}: lacks op {op.place} at {op.position}"
    for place, row in box.ops.items():
        position, effective, verdict, detail, header, body, _body_hash, hash = row
        # The beginning of an own chain that became a branch stands with the branch.
        op = by_hash.get(hash)
        if op is None or (op.node, op.seq) != (place[0], place[2]):
            yield f"box {box.node}: op {place} is not the hub's"
        elif (position, effective, verdict, detail) != (
            op.position,
            op.effective,
            op.verdict,
            op.detail,
        ):
            yield f"box {box.node}: op {place} is annotated otherwise than at the hub"
        elif header is not None and not op.is_stub and (header != op.header or body != op.body):
            yield f"box {box.node}: op {place} has another header or body than at the hub"
