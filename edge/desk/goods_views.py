"""What the pages show of goods: products, what was sold, transfers, tagged assets."""

from collections.abc import Sequence
from typing import Any

from edge.desk import facts
from edge.desk.view_types import AssetView, ProductView, SaleView, TransferView
from edge.domain.decision import Here, read_int, read_list, read_text
from edge.domain.products import Product
from edge.domain.transfers import DISPATCHED
from edge.store.facts import Document
from edge.store.reader import Reader
from sync_protocol.accounts import (
    ASSET_IN_REPAIR,
    ASSET_IN_STOCK,
    ASSET_ISSUED,
    ASSET_UNIT,
    CLASSES,
    FEN,
    ITEM,
    REFUNDABLE,
)
from sync_protocol.kinds import ASSET, SALE, TRANSFER

TRANSFERS_MAX = 50
ASSET_PLACES = {
    ASSET_IN_STOCK: "in_stock",
    ASSET_ISSUED: "issued",
    ASSET_IN_REPAIR: "in_repair",
}


def product_view(reader: Reader, cafe: int, product: Product) -> ProductView:
    """A product, and how much of it is here."""
    return ProductView(
        product.sku,
        *product.names,
        product.category,
        product.barcode,
        product.price_fen,
        product.member_price_fen,
        facts.in_stock(reader, cafe, product.sku) if product.counted else None,
    )


def sale_view(reader: Reader, document: Document) -> SaleView:
    """A sale, and what of it can still be refunded."""
    row, sale = document.shown, int(document.key)
    return SaleView(
        sale,
        read_int(SALE, row, "number"),
        read_int(SALE, row, "member"),
        read_int(SALE, row, "total_fen"),
        max(facts.amount_of(reader, (sale,), REFUNDABLE, FEN), 0),
        tuple((line[0], line[1]) for line in _lists(read_list(SALE, row, "tenders"))),
        tuple((line[0], line[1], line[2]) for line in _lists(read_list(SALE, row, "lines"))),
        read_int(SALE, row, "business_day"),
        read_int(SALE, row, "voided_ms"),
        read_text(SALE, row, "void_reason"),
        bool(read_list(SALE, row, "refunded")),
    )


def transfer_views(reader: Reader, at: Here, *, incoming: bool) -> tuple[TransferView, ...]:
    """The transfers to this cafe that are under way, or the last from it."""
    field = "to_cafe" if incoming else "from_cafe"
    if incoming:
        found = [
            document
            for document in reader.registers_where(TRANSFER, "status", DISPATCHED)
            if document.value(field) == at.cafe
        ]
    else:
        found = reader.registers_where(TRANSFER, field, at.cafe, limit=10_000)
    found.sort(key=lambda document: -read_int(TRANSFER, document.shown, "dispatched_ms"))
    return tuple(_transfer(reader, document, incoming) for document in found[:TRANSFERS_MAX])


def _transfer(reader: Reader, document: Document, incoming: bool) -> TransferView:
    row = document.shown
    items: list[tuple[str, facts.Name, int]] = []
    tags: list[str] = []
    for unit, quantity in _lists(read_list(TRANSFER, row, "lines")):
        if unit.startswith(ASSET_UNIT):
            tags.append(unit.removeprefix(ASSET_UNIT))
        else:
            sku = unit.removeprefix(ITEM)
            product = facts.product(reader, sku)
            name = (product.name, product.name_en or product.name) if product else (sku, sku)
            items.append((sku, name, quantity))
    from_cafe, to_cafe = read_int(TRANSFER, row, "from_cafe"), read_int(TRANSFER, row, "to_cafe")
    return TransferView(
        int(document.key),
        from_cafe,
        facts.cafe_name(reader, from_cafe),
        to_cafe,
        facts.cafe_name(reader, to_cafe),
        read_int(TRANSFER, row, "dispatched_ms"),
        read_text(TRANSFER, row, "status"),
        tuple(items),
        tuple(tags),
        incoming,
    )


def asset_views(reader: Reader, cafe: int) -> tuple[AssetView, ...]:
    """The tagged assets of a cafe, by tag."""
    found = []
    for code, place in ASSET_PLACES.items():
        for account, balance in reader.balances_of(code, cafe):
            if balance.shown * CLASSES[code].side > 0:
                tag = account[5].removeprefix(ASSET_UNIT)
                row = facts.row(reader, ASSET, tag)
                name = read_text(ASSET, row, "name")
                type_name, serial = read_text(ASSET, row, "type"), read_text(ASSET, row, "serial")
                found.append(AssetView(tag, name, type_name, serial, place))
    return tuple(sorted(found, key=lambda asset: asset.tag))


def _lists(rows: Sequence[object]) -> list[list[Any]]:
    """The rows of a document's list that are lists themselves."""
    return [row for row in rows if isinstance(row, list)]
