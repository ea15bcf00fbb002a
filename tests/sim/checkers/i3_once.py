"""I3: each op takes effect once: in the log, in every store, and for every repeated request."""

from collections import Counter
from collections.abc import Iterator

from sync_protocol.ledger import REASON_GRANT
from tests.sim.evidence import Evidence


def check(evidence: Evidence) -> Iterator[str]:
    yield from evidence.model.faults_of_answers
    places = Counter(op.place for op in evidence.hub.ops)
    for place, count in places.items():
        if count > 1:
            yield f"op {place} stands {count} times in the log"
    hashes = Counter(op.hash for op in evidence.hub.ops)
    for hash, count in hashes.items():
        if count > 1:
            yield f"an op of hash {hash.hex()[:16]} stands {count} times in the log"
    for box in evidence.boxes:
        at = Counter(row[0] for row in box.ops.values() if row[0] is not None)
        for position, count in at.items():
            if count > 1:
                yield f"box {box.node}: {count} ops at position {position}"
    yield from _grants(evidence)
    yield from _requests(evidence)


def _grants(evidence: Evidence) -> Iterator[str]:
    """Each request for rights moved rights once at most."""
    made: Counter[tuple[object, object]] = Counter()
    for op in evidence.hub.ledger_ops():
        body = op.decoded()
        # Document 0 is no answer to a request: head office raised a limit.
        if op.node == 0 and op.has_effect and body[1] == REASON_GRANT and body[5]:
            holders = {posting[2] for posting in op.booked() if posting[2]}
            made[body[5], tuple(sorted(holders))] += 1
    for request, count in made.items():
        if count > 1:
            yield f"request {request} was granted {count} times"
    noted = {(request, (node,)) for node, request, _seq in evidence.hub.grants}
    for request in made.keys() - noted:
        yield f"the grant of {request} is not noted as made"


def _requests(evidence: Evidence) -> Iterator[str]:
    """No two requests were answered with one op."""
    codes = Counter(
        asked.answer.chain_code
        for asked in evidence.model.asked.values()
        if asked.answer is not None and asked.answer.chain_code
    )
    for code, count in codes.items():
        if count > 1:
            yield f"{count} requests were answered with op {code}"
