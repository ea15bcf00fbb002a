"""What something costs this customer today, and why: member price, tier, card type, events.

A line costs the least that its customer may have it for; discounts never add up. It is rounded
once, at the line, down to the fen. Tickets, sessions and passes all ask here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from edge.domain.points import Weight

Name = tuple[str, str]
"""In (Chinese, English)."""

NO_NAME: Name = ("", "")
MEMBER_PRICE: Name = ("会员价", "member price")
FREE: Name = ("免费", "free of charge")
NEW_GUEST_DAYS = 30
"""A member is a new guest until the first purchase here, at most so long after joining."""


class Goods(Protocol):
    """What is priced: a product, an hour at a seat, a package. 0 as member price: none."""

    @property
    def price_fen(self) -> int:
        """The list price of one."""

    @property
    def member_price_fen(self) -> int:
        """What members pay for one."""

    @property
    def category(self) -> str:
        """What discounts of a category go by."""

    @property
    def free(self) -> bool:
        """Whether nobody pays for it."""


@dataclass(frozen=True, slots=True)
class Service:
    """Goods that stand in no catalogue, such as time at a seat."""

    price_fen: int
    category: str = ""
    member_price_fen: int = 0
    free: bool = False


@dataclass(frozen=True, slots=True)
class Discount:
    """Who lets the customer have it for less: `percent` of the list price, in a category or all."""

    name: Name
    percent: int
    category: str = ""

    @property
    def words(self) -> Name:
        """`黄金会员 9.5折`, `gold: 5% off`."""
        chinese, english = self.name
        return f"{chinese} {self.percent / 10:g}折", f"{english}: {100 - self.percent}% off"


@dataclass(frozen=True, slots=True)
class GiveAway:
    """An event's present: a product that comes free with a purchase in a category, or in any."""

    name: Name
    sku: str
    category: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms somebody buys here today.

    `tier` and `card_type` are codes of the rules' rows, empty for none. `member_price`: whether
    products' member prices hold. `weights` are those of the points to earn, `rebate_percent` is
    what of a payment comes back as bonus credit. `booking` and `for_others` are what the tier may:
    book ahead, and redeem points for somebody else.
    """

    member: bool = False
    tier: str = ""
    tier_name: Name = NO_NAME
    card_type: str = ""
    member_price: bool = False
    discounts: tuple[Discount, ...] = ()
    gives: tuple[GiveAway, ...] = ()
    weights: tuple[Weight, ...] = ()
    rebate_percent: int = 0
    booking: bool = False
    for_others: bool = False
    new_guest: bool = False


WALK_IN = Terms()
MEMBER = Terms(member=True, member_price=True)
"""A member without tier or card, on a day without events."""


@dataclass(frozen=True, slots=True)
class PricedLine:
    """What so many of something cost: by the list and for this customer, and why less."""

    list_fen: int
    total_fen: int
    reason: Name = NO_NAME

    @property
    def discount_fen(self) -> int:
        """What the customer saves."""
        return self.list_fen - self.total_fen


@dataclass(frozen=True, slots=True)
class Offset:
    """Points that pay part of a ticket at once: a row of the rule `redemptions`.

    `tier`: the step from which on it may be had, empty for all. `takes_points` False: the points
    are a threshold, and the member is let off once.
    """

    code: str
    name: Name
    points: int
    amount_fen: int
    tier: str = ""
    takes_points: bool = True

    @property
    def points_taken(self) -> int:
        """What it costs the member: nothing where the points are only looked at."""
        return self.points if self.takes_points else 0


@dataclass(frozen=True, slots=True)
class PricedTicket:
    """All lines of a ticket, in its order."""

    lines: tuple[PricedLine, ...]

    @property
    def total_fen(self) -> int:
        """What they come to."""
        return sum(line.total_fen for line in self.lines)

    @property
    def discount_fen(self) -> int:
        """What the customer saves by all of them."""
        return sum(line.discount_fen for line in self.lines)


def priced_line(goods: Goods, quantity: int, terms: Terms) -> PricedLine:
    """The least that so many may cost this customer."""
    list_fen = goods.price_fen * quantity
    if goods.free:
        return PricedLine(list_fen, 0, FREE)
    best = PricedLine(list_fen, list_fen)
    if terms.member_price and 0 < goods.member_price_fen < goods.price_fen:
        best = PricedLine(list_fen, goods.member_price_fen * quantity, MEMBER_PRICE)
    for discount in terms.discounts:
        if discount.category in ("", goods.category):
            total_fen = list_fen * discount.percent // 100
            if total_fen < best.total_fen:
                best = PricedLine(list_fen, total_fen, discount.words)
    return best


def given(goods: Goods, quantity: int, reason: Name) -> PricedLine:
    """So many that come free of charge, and why."""
    return PricedLine(goods.price_fen * quantity, 0, reason)


def priced(lines: Iterable[tuple[Goods, int]], terms: Terms) -> PricedTicket:
    """Price lines of (goods, quantity)."""
    return PricedTicket(tuple(priced_line(goods, quantity, terms) for goods, quantity in lines))
