"""Recalls that their holder may not have heard: sent once more when it greets. Nothing is stored.

A recall is only a message; what answers it is a release. One that is lost costs the member a
refusal and no money, so that it is kept in memory, for as long as the visit that it was for.
"""

from dataclasses import dataclass, field

HEARD_MS = 30_000
"""A node that was heard of within this time has a line: it hears a recall at once, or at the
greeting with which a line begins anew."""
ON_LINE_MS = 60_000
"""How long a recall to a node with a line is kept: what is lost is lost as a line breaks."""
CUT_OFF_MS = 4 * 3600 * 1000
"""How long one to a node without a line is kept: by then the box gives the rights back itself."""
KEPT_MAX = 500
"""For each node; the oldest go first."""

Wanted = tuple[int, int | str, str]
"""(account class, subject, unit)"""


@dataclass(slots=True)
class Recalls:
    """What was asked of each node: {node: {wanted: (amount, kept until, ms since 1970)}}."""

    _kept: dict[int, dict[Wanted, tuple[int, int]]] = field(default_factory=dict)

    def note(self, node: int, wanted: Wanted, amount: int, heard_ms: int, now_ms: int) -> None:
        """Keep a recall that is sent now; `heard_ms`: when the node was heard of last."""
        on_line = now_ms - heard_ms <= HEARD_MS
        kept = self._kept.setdefault(node, {})
        kept.pop(wanted, None)
        kept[wanted] = (amount, now_ms + (ON_LINE_MS if on_line else CUT_OFF_MS))
        while len(kept) > KEPT_MAX:
            del kept[next(iter(kept))]

    def take(self, node: int, now_ms: int) -> list[tuple[Wanted, int]]:
        """Return what a node that greets is asked for, with the amounts; it is kept no longer."""
        kept = self._kept.pop(node, {})
        return [
            (wanted, amount) for wanted, (amount, until_ms) in kept.items() if now_ms < until_ms
        ]
