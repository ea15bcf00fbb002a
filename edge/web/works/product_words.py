"""What a cashier may type to find a product."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from edge.desk.desk import Desk


class _Product(Protocol):
    @property
    def sku(self) -> str: ...
    @property
    def names(self) -> tuple[str, str]: ...
    @property
    def barcode(self) -> str: ...
    @property
    def category(self) -> str: ...


async def words_of(desk: Desk, products: Iterable[_Product]) -> Mapping[str, str]:
    """Sku -> the words of `data-words` (static/product_filter.js), with the name's initials."""
    products = tuple(products)
    initials = await desk.views.product_initials(product.names[0] for product in products)
    categories = await desk.sales_views.category_names()
    return {
        product.sku: "|".join(
            (
                product.sku,
                product.barcode,
                initials[product.names[0]],
                *product.names,
                product.category,
                *categories.get(product.category, ()),
            )
        )
        for product in products
    }
