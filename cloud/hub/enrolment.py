"""Enrolment: a one-time code turns a box's public key into a node with an epoch."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from cloud.domain.epochs import next_epoch
from cloud.domain.refusals import Refusal, refusal
from cloud.hub.builder import Proposal
from cloud.hub.cafes import is_closed
from cloud.hub.draft import Draft, HubOps
from cloud.hub.registers import register_body
from cloud.store.database import Database
from cloud.store.models import EnrolmentCode
from cloud.store.returned import node_floor
from sync_protocol.http_api import EnrolRequest
from sync_protocol.kinds import NODE, SITE
from sync_protocol.ops import OpRef

CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford base32: no letter that reads as a digit."""
CODE_VALID_MS = 30 * 24 * 3600 * 1000
"""A box may travel for weeks; a slip of paper that turns up later lets nobody in."""
CODE_LETTERS = 12
"""60 bits, in three groups of four."""


def new_code(random_bytes: Callable[[int], bytes]) -> str:
    """Return a code such as `7KQ2-M0XA-94TB`."""
    letters = "".join(CODE_ALPHABET[byte & 31] for byte in random_bytes(CODE_LETTERS))
    return "-".join(letters[at : at + 4] for at in range(0, CODE_LETTERS, 4))


def code_hash(code: str) -> bytes:
    """Return what is stored of a code; case, dashes, and O, I, L for 0, 1, 1 do not matter."""
    normal = code.strip().upper().replace("-", "").replace(" ", "")
    normal = normal.replace("O", "0").replace("I", "1").replace("L", "1")
    return sha256(b"cafebox enrolment " + normal.encode()).digest()


def is_expired(created_ms: int, now_ms: int) -> bool:
    """Return whether a code that nobody used is too old to be used."""
    return now_ms - created_ms > CODE_VALID_MS


def keep_code(
    database: Database, code: str, cafe: int, node: int, name: str, created_ms: int
) -> None:
    """Store a code for a new box of `cafe`, or for the next epoch of `node` (0: new)."""
    database.run(
        EnrolmentCode.insert(
            code_hash=code_hash(code), cafe=cafe, node=node, name=name, created_ms=created_ms
        )
    )


@dataclass(slots=True)
class Enrolment:
    """One request; after its proposal is committed `node`, `epoch`, `cafe` are set."""

    request: EnrolRequest
    random_bytes: Callable[[int], bytes]
    node: int = 0
    epoch: int = 0
    cafe: int = 0

    def proposal(self) -> Proposal:
        return Proposal(self._decide, 0, self._record)

    def _decide(self, draft: Draft) -> HubOps | list[OpRef] | Refusal:
        code = draft.database.first(
            EnrolmentCode.select().where(EnrolmentCode.code_hash == code_hash(self.request.code))
        )
        if code is None:
            return refusal("code_unknown")
        self.cafe = code.cafe
        if code.used_key is not None:
            if code.used_key != self.request.public_key:
                return refusal("code_used")
            self.node, self.epoch = code.used_node, code.used_epoch
            return []
        if is_expired(code.created_ms, draft.hub_ms):
            return refusal("code_expired")
        site = draft.state.register(SITE, self.cafe)
        if site is not None and is_closed(site):
            return refusal("cafe_closed")
        nodes = {key[0] for key in (*draft.known, *draft.authors)}
        self.node = code.node or max(*nodes, node_floor(draft.database)) + 1
        row = draft.state.register(NODE, self.node)
        if code.node and row is None:
            return refusal("node_unknown")
        self.epoch = next_epoch([author.epoch for author in draft.authors_of(self.node)])
        values: dict[str, object] = {
            "cafe": self.cafe,
            "name": code.name,
            "public_key": self.request.public_key,
            "epoch": self.epoch,
            "status": "active",
            "hardware": self.request.hardware,
        }
        body = register_body(NODE, self.node, self.cafe, values, row, self.random_bytes)
        return [(NODE, body)]

    def _record(self, database: Database, references: list[OpRef]) -> None:
        if references:
            database.run(
                EnrolmentCode.update(
                    used_key=self.request.public_key,
                    used_node=self.node,
                    used_epoch=self.epoch,
                ).where(EnrolmentCode.code_hash == code_hash(self.request.code))
            )
