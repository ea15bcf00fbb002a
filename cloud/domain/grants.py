"""What a node with a line may be granted of a limited account: a posting of the hub's own.

A grant moves a balance from the hub's part of an account to the part of a (node, epoch). Its
document is the request's id, so that a repeat is answered with the same op.
"""

from dataclasses import dataclass

from cloud.domain.refusals import Refusal, refusal
from sync_protocol.accounts import BONUS, CLASSES, LUCKY_HELD, POINTS_HELD, VISITS_HELD, WALLET
from sync_protocol.expect import AMOUNT_MAX
from sync_protocol.ledger import REASON_GRANT, Transaction

GRANTED_CLASSES = (WALLET, BONUS, POINTS_HELD, LUCKY_HELD, VISITS_HELD)
"""What follows a member from cafe to cafe."""

GRANTS_MAX = 40
"""Accounts moved by one grant: a member's classes times the expiry months that are open."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A balance in the hub's part: `amount` on the normal side, in the account's unit."""

    code: int
    subject: int
    month: int
    unit: str
    amount: int


@dataclass(frozen=True, slots=True)
class GrantPolicy:
    """`amount_max`: the most that one grant moves of one account; None for no cap."""

    amount_max: int | None = None


def decide_grant(
    holdings: list[Holding],
    asked: int | None,
    policy: GrantPolicy,
) -> list[tuple[Holding, int]] | Refusal:
    """Return (holding, amount) to move, or a refusal.

    holdings: the hub's parts for one member; asked: the most that the node wants of each account,
    None for all there is.
    """
    if asked is not None and not 0 < asked <= AMOUNT_MAX:
        return refusal("grant_amount")
    moves = []
    for holding in holdings:
        if holding.code not in GRANTED_CLASSES:
            continue
        limits = [limit for limit in (asked, policy.amount_max) if limit is not None]
        amount = min([holding.amount, *limits])
        if amount > 0:
            moves.append((holding, amount))
    if not moves:
        return refusal("grant_nothing_held")
    return moves[:GRANTS_MAX]


def grant_transaction(
    moves: list[tuple[Holding, int]],
    node: int,
    epoch: int,
    request: int,
    business_day: int,
    utc_offset_min: int,
) -> Transaction:
    """Return the hub's transaction that moves `moves` to (node, epoch)."""
    postings: list[tuple[int, int | str, int, int, int, str, int]] = []
    for holding, amount in moves:
        lower = -amount * CLASSES[holding.code].side
        account = (holding.code, holding.subject)
        postings.append((*account, 0, 0, holding.month, holding.unit, lower))
        postings.append((*account, node, epoch, holding.month, holding.unit, -lower))
    return Transaction(0, REASON_GRANT, business_day, utc_offset_min, 0, request, None, postings)
