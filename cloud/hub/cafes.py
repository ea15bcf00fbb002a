"""Cafes of the chain, renamed, closed and opened again. Used by pages and CLI.

Each method returns None once it is committed, or why not.
"""

import asyncio
from collections.abc import Mapping

from cloud.domain.judge import CURRENT
from cloud.domain.refusals import Refusal, refusal
from cloud.hub.builder import Proposal
from cloud.hub.draft import Draft, HubOps
from cloud.hub.hub import Hub
from cloud.hub.registers import Check, register_body, seen_check, write_fields
from cloud.store.database import Database
from cloud.store.reports import read_document
from sync_protocol.kinds import NODE, SITE, field_index
from sync_protocol.ops import HUB, OpRef
from sync_protocol.registers import RegisterRow

NAMES = ("name", "name_en")
"""What of a cafe may be changed: its code and number stand on papers."""
_OPEN = field_index(SITE, "open")
_STATUS = field_index(NODE, "status")


def is_closed(row: RegisterRow) -> bool:
    """Whether a cafe's document says that it is closed for good."""
    return row.value(_OPEN) is False


def enrolment_fault(database: Database, cafe: int) -> Refusal | None:
    """Return why no box may be added to a cafe (blocking)."""
    row = read_document(database, SITE, cafe)
    if row is None:
        return refusal("cafe_unknown")
    return refusal("cafe_closed") if is_closed(row) else None


class Cafes:
    """Commands about the cafes of one hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def rename(
        self, cafe: int, names: Mapping[str, str], actor: int, seen: str | None = None
    ) -> Refusal | None:
        """Set a cafe's names; `seen`: the mark of those that a form showed, None for no form."""

        def check(draft: Draft, row: RegisterRow | None) -> Refusal | None:
            if row is None:
                return refusal("cafe_unknown")
            return None if seen is None else seen_check(SITE, NAMES, seen)(draft, row)

        return await self._set(cafe, names, actor, check)

    async def reopen(self, cafe: int, actor: int) -> Refusal | None:
        """Open a closed cafe again; each of its boxes needs a new enrolment code."""

        def check(_draft: Draft, row: RegisterRow | None) -> Refusal | None:
            return refusal("cafe_unknown") if row is None else None

        return await self._set(cafe, {"open": True}, actor, check)

    async def close(self, cafe: int, actor: int) -> Refusal | None:
        """Close a cafe and send its boxes away, all in one block.

        Refused while a box in use has said that it has entries which head office lacks. What the
        boxes hold for members stays named on the page of boxes, until two people write it off.
        """
        lines = self._hub.lines()
        random_bytes = self._hub.surroundings.random_bytes

        def decide(draft: Draft) -> HubOps | list[OpRef] | Refusal:
            row = draft.state.register(SITE, cafe)
            if row is None or is_closed(row):
                return refusal("cafe_unknown" if row is None else "cafe_closed")
            known = {**draft.known, **draft.authors}
            theirs = [one for one in known.values() if one.cafe == cafe and one.node != HUB]
            for author in theirs:
                line = lines.get(author.node)
                behind = line is not None and line.expected_seq > author.seq
                if author.standing == CURRENT and behind:
                    return refusal("cafe_not_delivered")
            bodies = [
                (SITE, register_body(SITE, cafe, cafe, {"open": False}, row, random_bytes)),
                *(
                    (NODE, _sent_away(draft, node, cafe))
                    for node in sorted({author.node for author in theirs})
                ),
            ]
            return [(kind, body) for kind, body in bodies if body is not None]

        outcome = await self._hub.propose(Proposal(decide, actor))
        return outcome if isinstance(outcome, Refusal) else None

    async def enrolment_fault(self, cafe: int) -> Refusal | None:
        """Return why no box may be added to a cafe."""
        return await asyncio.to_thread(enrolment_fault, self._hub.reader, cafe)

    async def _set(
        self, cafe: int, values: Mapping[str, object], actor: int, check: Check
    ) -> Refusal | None:
        random_bytes = self._hub.surroundings.random_bytes
        outcome = await self._hub.propose(
            write_fields(SITE, cafe, values, actor, random_bytes, cafe, check)
        )
        return outcome if isinstance(outcome, Refusal) else None


def _sent_away(draft: Draft, node: int, cafe: int) -> list[object] | None:
    """Return the body that revokes an active node; None for one that writes no more anyhow."""
    row = draft.state.register(NODE, node)
    if row is None or row.value(_STATUS) != "active":
        return None
    return register_body(NODE, node, cafe, {"status": "revoked"}, row, lambda _count: b"")
