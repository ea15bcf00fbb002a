"""What a node with a line may be granted of a limited account: a posting of the hub's own.

A grant moves a balance from the hub's part of an account to the part of a (node, epoch). Its
document is the request's id, so that a repeat is answered with the same op.
"""

from dataclasses import dataclass, replace

from cloud.domain.refusals import Refusal, refusal
from sync_protocol.accounts import (
    ASSET_IN_STOCK,
    ASSET_ISSUED,
    BONUS,
    CARD_DEPOSIT,
    CLASSES,
    LUCKY_HELD,
    POINTS_HELD,
    PREPAID,
    REFUNDABLE,
    TRANSIT,
    VISITS_HELD,
    VOUCHER,
    WALLET,
)
from sync_protocol.expect import AMOUNT_MAX
from sync_protocol.ledger import REASON_GRANT, Transaction
from sync_protocol.state_hash import CHAIN_WIDE

SLICED_CLASSES = (WALLET, BONUS, POINTS_HELD, LUCKY_HELD, VISITS_HELD)
"""What follows a member from cafe to cafe."""
OF_A_CAFE_CLASSES = (ASSET_IN_STOCK, ASSET_ISSUED)
"""Tagged assets: a cafe's own, by their subject."""
PLACE_CLASSES = (*OF_A_CAFE_CLASSES, TRANSIT)
"""Things, which are where they are: nobody is asked to give them back."""
GRANTED_CLASSES = (
    *SLICED_CLASSES,
    VOUCHER,
    CARD_DEPOSIT,
    PREPAID,
    REFUNDABLE,
    *PLACE_CLASSES,
)
"""What a box may ask for. PREPAID and REFUNDABLE stand in a cafe's own book, things at a cafe or on
their way to it: what its old box held of them is the hub's once two people closed that epoch, and
its new box asks for it to settle it."""

MOVES_MAX = 60
"""Expiry months that one grant draws on: five years of them."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A balance in the hub's part: `amount` on the normal side, in the account's unit."""

    code: int
    subject: int | str
    month: int
    unit: str
    amount: int


@dataclass(frozen=True, slots=True)
class GrantPolicy:
    """`amount_max`: the most that one grant moves, in the account's unit; None for no cap."""

    amount_max: int | None = None


def is_of_other_cafe(code: int, subject: int | str, cafe: int, addressee: int) -> bool:
    """Return whether an account is of things that are at another cafe, or on their way to one.

    cafe: the asker's; addressee: the cafe that the transfer of this number goes to, 0 for none.
    """
    if code == TRANSIT:
        return addressee != cafe
    return code in OF_A_CAFE_CLASSES and subject != cafe


def decide_grant(
    holdings: list[Holding], asked: int, policy: GrantPolicy
) -> list[tuple[Holding, int]] | Refusal:
    """Return (holding, amount) to move, or a refusal. What there is is granted, if less was asked.

    holdings: the hub's parts of one account, in the order in which they are to be drawn.
    """
    if not 0 < asked <= AMOUNT_MAX:
        return refusal("grant_amount")
    left = asked if policy.amount_max is None else min(asked, policy.amount_max)
    moves = []
    for holding in holdings[:MOVES_MAX]:
        amount = min(left, holding.amount)
        if amount > 0:
            moves.append((holding, amount))
            left -= amount
    return moves or refusal("grant_nothing_held")


def without(holdings: list[Holding], reserved: int) -> list[Holding]:
    """Return the holdings less an amount that is spoken for, taken from the first ones."""
    left = []
    for holding in holdings:
        kept = min(reserved, holding.amount)
        reserved -= kept
        if holding.amount > kept:
            left.append(replace(holding, amount=holding.amount - kept))
    return left


def grant_transaction(
    moves: list[tuple[Holding, int]],
    node: int,
    epoch: int,
    request: int,
    business_day: int,
    utc_offset_min: int,
    cafe: int = CHAIN_WIDE,
) -> Transaction:
    """Return the hub's transaction that moves `moves` to (node, epoch).

    cafe: in whose name, where the account stands in a cafe's own book.
    """
    postings: list[tuple[int, int | str, int, int, int, str, int]] = []
    for holding, amount in moves:
        lowering = -amount * CLASSES[holding.code].side
        code, subject, month, unit = holding.code, holding.subject, holding.month, holding.unit
        postings.append((code, subject, 0, 0, month, unit, lowering))
        postings.append((code, subject, node, epoch, month, unit, -lowering))
    day = (business_day, utc_offset_min)
    return Transaction(cafe, REASON_GRANT, *day, 0, request, None, postings)
