"""Writes of any register or claim, made from the table of kinds: a new kind is exercised by itself.

What a command of the desk writes, or an act of `workload` or `office`, is left to them. Values are
of the field's type and say nothing; keys are of this file alone, so that no desk takes them for
something that happened.
"""

from random import Random

from cloud.hub.draft import Draft
from edge.desk import facts
from edge.domain.decision import Here, NewOp, document_change
from edge.store.transaction import WriteTransaction
from sync_protocol.claims import TAKE, ClaimWrite
from sync_protocol.kinds import (
    ALIAS,
    ASSET,
    ASSET_CLAIM,
    BOOL,
    BYTES,
    CARD,
    CARD_CLAIM,
    CASE,
    CLAIM,
    HUB_ONLY,
    IDENTITY_CLAIM,
    INT,
    KINDS,
    LIST,
    MEMBER,
    NODE,
    OWN_CAFE,
    PHONE_CLAIM,
    REGISTER,
    SALE,
    TEXT,
    TRANSFER,
    VISIT,
    Field,
    Kind,
)
from sync_protocol.registers import Change, RegisterWrite
from tests.sim.versions import LATER_KINDS

DONE_ELSEWHERE = frozenset(
    {
        *(MEMBER, CARD, VISIT, TRANSFER, ASSET, SALE),
        *(CARD_CLAIM, PHONE_CLAIM, IDENTITY_CLAIM, ASSET_CLAIM),
        *(NODE, CASE, ALIAS),
    }
)
KEYS_FROM = 9_000_000
KEYS = 3
"""Documents of one kind: few, so that cafes write the same ones at the same time."""


def draw(transaction: WriteTransaction, at: Here, random: Random) -> NewOp | None:
    """Return a box's op of any kind that a box may write; None where the document is gone."""
    kind = random.choice([kind for kind in _open_kinds() if kind.author != HUB_ONLY])
    salt = transaction.new_salt(kind.code)
    if kind.policy == CLAIM:
        key = f"claim {random.randrange(KEYS)}".encode()
        return NewOp(kind.code, ClaimWrite(salt, key, at.cafe, _key(kind, 0, random), TAKE).body())
    key_of = _key(kind, at.cafe, random)
    row = facts.row(transaction, kind.code, key_of)
    if row is not None and row.entries is None:
        return None
    return document_change(at, kind.code, key_of, row, _values(kind, random), salt)


def draw_for_hub(draft: Draft, random: Random) -> list[tuple[int, list[object]]]:
    """Return head office's op of any kind that is its alone."""
    kinds = [kind for kind in _open_kinds() if kind.author == HUB_ONLY and kind.policy == REGISTER]
    kind = random.choice(kinds)
    key = _key(kind, 0, random)
    row = draft.state.register(kind.code, key)
    if row is not None and row.entries is None:
        return []
    names = [field.name for field in kind.fields]
    changes = []
    for name, value in _values(kind, random).items():
        index = names.index(name)
        entry = None if row is None else row.entry(index)
        changes.append(Change(index, value, None if entry is None else entry[2]))
    changes.sort(key=lambda change: change.index)
    salt = random.randbytes(16) if kind.personal else b""
    return [(kind.code, RegisterWrite(salt, key, 0, changes).body())]


def _open_kinds() -> list[Kind]:
    """Return the kinds that are written here, those of later releases three times as often."""
    return [
        kind
        for code, kind in sorted(KINDS.items())
        for _ in range(3 if code in LATER_KINDS else 1)
        if kind.policy in (REGISTER, CLAIM) and code not in DONE_ELSEWHERE
    ]


def _key(kind: Kind, cafe: int, random: Random) -> int:
    """Return a document's number; what belongs to a cafe has numbers of that cafe."""
    own = cafe * KEYS if kind.author == OWN_CAFE else 0
    return KEYS_FROM + own + random.randrange(KEYS)


def _values(kind: Kind, random: Random) -> dict[str, object]:
    fields = random.sample(kind.fields, random.randint(1, min(len(kind.fields), 4)))
    return {field.name: _value(field, random) for field in fields}


def _value(field: Field, random: Random) -> object:
    if field.ranks is not None:
        return random.choice(field.ranks)
    number = random.randint(1, 9)
    by_type: dict[int, object] = {
        INT: number,
        TEXT: f"text {number}",
        BYTES: bytes([number]),
        BOOL: number > 4,
        LIST: [number],
    }
    return by_type.get(field.type)
