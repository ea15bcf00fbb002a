"""Fold one annotated op into a state. The hub, every box and every checker use this and no other.

The state is handed in and has:

- `register(kind, key) -> RegisterRow | None`, `set_register(kind, key, row)`
- `claim(kind, key) -> ClaimRow | None`, `set_claim(kind, key, row or None)`
- `add(section, account, amount)`: account is (class, subject, node, epoch, month, unit); section
  as `state_hash` names it
- `erase(subject)`: turn the subject's personal register rows into tombstones, free its personal
  claims, drop the bodies of its personal ops

A node whose cafe is `own_cafe` (0 for the hub, which folds all) skips narrow accounts of others.
"""

from sync_protocol.accounts import class_of
from sync_protocol.annotations import DEFERRED, LOST, VOID, Annotation
from sync_protocol.claims import ClaimRow, claim_from_body, fold_claim
from sync_protocol.expect import ID_MAX, expect_int, expect_key, expect_list
from sync_protocol.kinds import (
    CAFE,
    CAFE_TRANSACTION,
    CLAIM,
    ERASE,
    KINDS,
    LEDGER,
    REGISTER,
    TRANSACTION,
)
from sync_protocol.ledger import Transaction, divert, transaction_from_body
from sync_protocol.ops import Op, OpRef
from sync_protocol.registers import RegisterRow, RegisterWrite, fold_write, write_from_body
from sync_protocol.state_hash import CHAIN_WIDE


class State:
    """What `fold_op` reads and changes; a store or a checker descends from it."""

    def register(self, kind: int, key: "int | str") -> "RegisterRow | None":
        """Return a document's row."""
        raise NotImplementedError

    def set_register(self, kind: int, key: "int | str", row: RegisterRow) -> None:
        """Replace a document's row."""
        raise NotImplementedError

    def claim(self, kind: int, key: bytes) -> "ClaimRow | None":
        """Return who holds a key."""
        raise NotImplementedError

    def set_claim(self, kind: int, key: bytes, row: "ClaimRow | None") -> None:
        """Replace who holds a key; None frees it."""
        raise NotImplementedError

    def add(
        self,
        section: "tuple[int, int]",
        account: "tuple[int, int | str, int, int, int, str]",
        amount: int,
    ) -> None:
        """Add an amount to a balance, creating the account on sight."""
        raise NotImplementedError

    def erase(self, subject: int) -> None:
        """Remove a subject's personal rows, claims and bodies."""
        raise NotImplementedError


def has_effect(op: Op, annotation: Annotation) -> bool:
    """Return whether folding the op changes anything at all."""
    return op.body is not None and annotation.verdict not in (VOID, LOST, DEFERRED)


def fold_op(state: State, op: Op, annotation: Annotation, own_cafe: int) -> None:
    """Fold an op of a known kind by its verdict.

    Raises `ProtocolError` where body or detail have not the shape that their kind promises: an
    annotated op was judged by the hub, so that this means a hub that broke the protocol.
    """
    if not has_effect(op, annotation):
        return
    kind = KINDS[op.header.kind]
    if kind.policy == LEDGER:
        transaction = transaction_from_body(op.body)
        fold_transaction(state, transaction, annotation.diversions(), own_cafe)
    elif kind.policy == REGISTER:
        write = write_from_body(kind, op.body)
        fold_register(state, kind.code, write, annotation, op.ref())
    elif kind.policy == CLAIM:
        claim = claim_from_body(kind, op.body)
        row = fold_claim(state.claim(kind.code, claim.key), claim, op.ref())
        state.set_claim(kind.code, claim.key, row)
    elif kind.code == ERASE:
        state.erase(erased_subject(op.body))


def fold_register(
    state: State, kind: int, write: RegisterWrite, annotation: Annotation, reference: OpRef
) -> None:
    """Fold a decoded register write."""
    row = fold_write(
        state.register(kind, write.key),
        write,
        annotation.effective,
        reference,
        annotation.lost_fields(),
    )
    state.set_register(kind, write.key, row)


def fold_transaction(
    state: State, transaction: Transaction, diversions: "list[list[int]]", own_cafe: int
) -> None:
    """Fold a decoded transaction; `diversions` as in `ledger.divert`."""
    postings = transaction.postings
    if diversions:
        postings = divert(postings, transaction.cafe, diversions)
    mine = own_cafe in (0, transaction.cafe)
    for code, subject, node, epoch, month, unit, amount in postings:
        if class_of(code).reach == CAFE:
            if not mine:
                continue
            section = (CAFE_TRANSACTION, transaction.cafe)
        else:
            section = (TRANSACTION, CHAIN_WIDE)
        state.add(section, (code, subject, node, epoch, month, unit), amount)


def erased_subject(body: object) -> int:
    """Return the subject of an erase op's body."""
    return expect_int(expect_list(body, "erase", 1, 1)[0], "subject", 1, ID_MAX)


def personal_subject(kind_code: int, body: object) -> "int | None":
    """Return whose personal data a body holds, None for a kind that is not personal or unknown."""
    kind = KINDS.get(kind_code)
    if kind is None or not kind.personal or not isinstance(body, list):
        return None
    index = 1 if kind.policy == REGISTER else 3
    subject = expect_key(body[index], "subject") if len(body) > index else None
    return subject if isinstance(subject, int) else None
