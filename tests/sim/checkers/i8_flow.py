"""I8: good ops flow past bad ones, and what was bad is kept with its reason."""

from collections.abc import Iterator

from tests.sim.evidence import Evidence
from tests.sim.lies import LIAR


def check(evidence: Evidence) -> Iterator[str]:
    liar = evidence.liar
    held = evidence.hub.authors.get((LIAR, 1), ("", 0, b""))[1]
    last_before_revocation = max(
        (seq for seq, kind in liar.kinds.items() if kind != "revoked_node"), default=0
    )
    if not liar.revoked and held < last_before_revocation:
        yield f"the liar wrote {last_before_revocation} ops, and {held} came through"
    for node, words in evidence.problems.items():
        for word in words:
            yield f"box {node}: {word}"
    for reason in {reason for _node, reason in evidence.hub.quarantined}:
        if not reason:
            yield "a message was quarantined without a reason"
