"""Epochs: which incarnation of a box may write, and how a dead one's rights come back.

Rights belong to (node, epoch). A new epoch holds none of the old one's until two people close the
old one at the seq that the hub has of it: one EPOCH_CLOSE op, and transactions that return every
balance it holds to the hub's part.
"""

from cloud.domain.judge import Account
from cloud.domain.refusals import Refusal, refusal
from sync_protocol.accounts import CLASSES
from sync_protocol.expect import expect_int, expect_list
from sync_protocol.kinds import EPOCH_CLOSE, TRANSACTION
from sync_protocol.ledger import POSTINGS_MAX, REASON_EPOCH_CLOSE, Transaction
from sync_protocol.ops import EPOCH_MAX, NODE_MAX, SEQ_MAX


def next_epoch(epochs: list[int]) -> int:
    """Return the epoch that a node's next incarnation writes under."""
    return max(epochs, default=0) + 1


def closing(
    node: int,
    epoch: int,
    last_seq: int,
    approvers: tuple[int, int],
    held: list[tuple[Account, int]],
    business_day: int,
    utc_offset_min: int,
) -> list[tuple[int, list[object]]] | Refusal:
    """Return (kind, body) of the hub's ops that close (node, epoch).

    last_seq: of that epoch at the hub; approvers: two staff ids; held: every balance (debit
    positive) that stands in an account held by (node, epoch).
    """
    if approvers[0] == approvers[1]:
        return refusal("two_people")
    bodies: list[tuple[int, list[object]]] = [
        (EPOCH_CLOSE, [node, epoch, last_seq, list(approvers)])
    ]
    postings: list[tuple[int, int | str, int, int, int, str, int]] = []
    for account, amount in held:
        code, subject, _node, _epoch, month, unit = account
        if amount == 0 or not CLASSES[code].limited:
            continue
        postings.append((*account, -amount))
        postings.append((code, subject, 0, 0, month, unit, amount))
    for start in range(0, len(postings), POSTINGS_MAX):
        part = postings[start : start + POSTINGS_MAX]
        transaction = Transaction(
            0, REASON_EPOCH_CLOSE, business_day, utc_offset_min, 0, 0, None, part
        )
        bodies.append((TRANSACTION, transaction.body()))
    return bodies


def closed_epoch(body: object) -> tuple[int, int, int]:
    """Return (node, epoch, last seq) of an EPOCH_CLOSE body; `ProtocolError` if malformed."""
    values = expect_list(body, "epoch close", 4, 4)
    return (
        expect_int(values[0], "node", 1, NODE_MAX),
        expect_int(values[1], "epoch", 1, EPOCH_MAX),
        expect_int(values[2], "seq", 0, SEQ_MAX),
    )
