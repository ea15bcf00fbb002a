"""Products of the chain's catalogue: what one is, where and for whom it is sold, its commission."""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.domain.pricing import Terms
from edge.domain.refusals import Refusal, refuse

MEMBERS_ONLY = "members"
"""The audience of a product that walk-ins cannot have; other words are codes of tiers."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product as the chain's catalogue has it; `rate_percent` weighs its points.

    Its scope: `cafes` that sell it (none: all), and its `audience`: empty for everybody, `members`,
    or codes of tiers separated by spaces. A `service` is done, not handed over. Whoever serves it
    earns `commission_percent` of what the customer pays for it.
    """

    sku: str
    name: str
    name_en: str
    price_fen: int
    member_price_fen: int
    counted: bool
    rate_percent: int
    on_sale: bool
    category: str = ""
    free: bool = False
    barcode: str = ""
    unit: str = ""
    brand: str = ""
    commission_percent: int = 0
    audience: str = ""
    cafes: tuple[int, ...] = ()
    service: bool = False
    low_stock: int = 0

    @property
    def names(self) -> tuple[str, str]:
        """In (Chinese, English)."""
        return self.name, self.name_en or self.name

    @property
    def is_free(self) -> bool:
        """Whether nobody pays for it."""
        return self.free or self.price_fen == 0


def scope_refusal(product: Product, cafe: int, terms: Terms) -> Refusal | None:
    """Why a product is not sold at this cafe or to this customer, None where it is."""
    if product.cafes and cafe not in product.cafes:
        return refuse("product_not_here", name=product.names)
    allowed = product.audience.split()
    if not allowed or (terms.member and (MEMBERS_ONLY in allowed or terms.tier in allowed)):
        return None
    if MEMBERS_ONLY in allowed or not terms.member:
        return refuse("product_for_members", name=product.names)
    return refuse("product_for_tier", name=product.names)


def customer_refusal(
    products: Iterable[Product],
    total_fen: int,
    *,
    members_only: bool,
    member: int,
    balance_fen: int,
) -> Refusal | None:
    """Why a customer may not buy on the spot where the rule `counter` says `members_only`.

    Then walk-ins have free items only, and members buy as long as they have a balance.
    """
    if not members_only:
        return None
    if not member:
        paid = next((product for product in products if not product.is_free), None)
        return refuse("walk_in_free_only", name=paid.names) if paid is not None else None
    if total_fen > 0 and balance_fen <= 0:
        return refuse("member_needs_balance")
    return None


def commission_fen(lines: Iterable[tuple[Product, int]]) -> int:
    """What serving lines of (product, fen paid) earns, each line rounded down to the fen."""
    return sum(product.commission_percent * paid_fen // 100 for product, paid_fen in lines)
