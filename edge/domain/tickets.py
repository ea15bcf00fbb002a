"""The ticket: what a customer buys, what each line costs them, what is due and earned with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.domain.points import (
    EARNED_NOTHING,
    Bought,
    EarnedToday,
    EarnRule,
    points_of_sale,
)
from edge.domain.pricing import (
    WALK_IN,
    Name,
    Offset,
    PricedLine,
    PricedTicket,
    Terms,
    given,
    priced,
)
from edge.domain.products import Product
from edge.domain.refusals import Refusal, refuse

LINES_MAX = 40
"""Lines of one ticket: two postings each stay below the ledger's 200."""


@dataclass(frozen=True, slots=True)
class TicketLine:
    """So many of a product."""

    product: Product
    quantity: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """The open ticket of a terminal. `member` 0 is a walk-in; `name` the member's.

    `id` is drawn with its first line, so that a payment names the ticket that it was meant for.
    `terms` are the customer's; `offset` is what points pay of it; `gifts` come free with it, each
    with the event's name. `served_by` earns its commission; 0: whoever takes the money.
    """

    lines: tuple[TicketLine, ...]
    member: int
    name: str = ""
    id: int = 0
    terms: Terms = WALK_IN
    offset: Offset | None = None
    gifts: tuple[tuple[TicketLine, Name], ...] = ()
    served_by: int = 0

    @property
    def priced(self) -> PricedTicket:
        """What each line costs this customer, and why."""
        return priced(((line.product, line.quantity) for line in self.lines), self.terms)

    @property
    def sold(self) -> list[tuple[TicketLine, PricedLine]]:
        """All that leaves the counter: the lines with their prices, then the gifts."""
        gifts = [(line, given(line.product, line.quantity, name)) for line, name in self.gifts]
        return [*zip(self.lines, self.priced.lines, strict=True), *gifts]

    @property
    def offset_fen(self) -> int:
        """What points pay: never more than the lines cost."""
        return min(self.offset.amount_fen, self.priced.total_fen) if self.offset else 0

    @property
    def total_fen(self) -> int:
        """What is due."""
        return self.priced.total_fen - self.offset_fen

    def points(
        self, rule: EarnRule, stored_value_fen: int = 0, today: EarnedToday = EARNED_NOTHING
    ) -> int:
        """What the member will earn, so much of it paid from stored value."""
        bought = [
            Bought(line.total_fen, sold.product.rate_percent, sold.product.category)
            for sold, line in self.sold
        ]
        return self.points_of(rule, bought, stored_value_fen, today)

    def points_of(
        self, rule: EarnRule, bought: Sequence[Bought], stored_value_fen: int, today: EarnedToday
    ) -> int:
        """What the member will earn with some lines, less what points pay of them."""
        if not self.member:
            return 0
        return points_of_sale(
            rule,
            bought,
            self.terms.weights,
            offset_fen=self.offset_fen,
            stored_value_fen=stored_value_fen,
            today=today,
        )


def line_refusal(product: Product | None, sku: str, lines: int) -> Refusal | None:
    """Why a product cannot be added to a ticket of so many lines, or None."""
    if product is None:
        return refuse("product_unknown", sku=sku)
    if not product.on_sale:
        return refuse("product_not_on_sale", name=product.names)
    if lines >= LINES_MAX:
        return refuse("ticket_full", limit=LINES_MAX)
    return None
