"""Parts of limited accounts that this node holds: taking from them, and giving them to the hub.

What one member has may stand in several parts: one for each expiry month, and one for each of the
members that were merged into one. What expires first is used first.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.domain.decision import Here, Key, Posting
from sync_protocol.accounts import HUB_HOLDER, class_of


@dataclass(frozen=True, slots=True)
class Part:
    """So much, on the normal side, of this node's part of an account."""

    code: int
    subject: Key
    month: int
    unit: str
    amount: int


def total(parts: Iterable[Part]) -> int:
    """What the parts come to."""
    return sum(part.amount for part in parts)


def take(parts: Iterable[Part], amount: int) -> list[Part]:
    """So much of the parts, of what expires first; less where there is less."""
    taken = []
    left = amount
    for part in sorted(parts, key=lambda part: part.month or 999912):
        some = min(left, part.amount)
        if some > 0:
            taken.append(Part(part.code, part.subject, part.month, part.unit, some))
            left -= some
    return taken


def leave(parts: Iterable[Part], amount: int) -> list[Part]:
    """What is over when so much stays, of what expires first."""
    over = []
    left = amount
    for part in sorted(parts, key=lambda part: part.month or 999912):
        kept = min(left, part.amount)
        left -= max(kept, 0)
        if part.amount > max(kept, 0):
            rest = part.amount - max(kept, 0)
            over.append(Part(part.code, part.subject, part.month, part.unit, rest))
    return over


def lowered(here: Here, parts: Iterable[Part]) -> tuple[Posting, ...]:
    """Postings that lower this node's own parts."""
    return tuple(
        (
            part.code,
            part.subject,
            here.node,
            here.epoch,
            part.month,
            part.unit,
            -part.amount * class_of(part.code).side,
        )
        for part in parts
    )


def given_to_hub(here: Here, parts: Iterable[Part]) -> list[Posting]:
    """Postings that move this node's own parts to the hub's."""
    postings: list[Posting] = []
    for part in parts:
        raised = part.amount * class_of(part.code).side
        postings.extend(lowered(here, (part,)))
        postings.append((part.code, part.subject, *HUB_HOLDER, part.month, part.unit, raised))
    return postings
