"""Works: stock, transfers, assets."""

from collections.abc import Mapping

from edge.desk.view_types import ProductView
from edge.web.actions import Action
from edge.web.translations import _
from edge.web.works.asked import Asked, Facts, Work
from edge.web.works.product_words import words_of


async def _transfers(asked: Asked) -> Facts:
    views = asked.desk.views
    own = asked.screen.counter.cafe
    counted = await _counted(asked)
    return {
        "values": asked.values,
        "incoming": asked.screen.counter.transfers,
        "outgoing": await views.transfers(incoming=False),
        "cafes": [cafe for cafe in await views.cafes() if cafe.cafe != own],
        "assets": await views.assets(),
        "counted": counted,
        "product_words": await words_of(asked.desk, counted),
    }


async def _stock(asked: Asked) -> Facts:
    counted = await _counted(asked)
    words = await words_of(asked.desk, counted)
    return {"values": asked.values, "counted": counted, "product_words": words}


async def _counted(asked: Asked) -> list[ProductView]:
    products = await asked.desk.views.products()
    return [product for product in products if product.in_stock is not None]


async def _assets(asked: Asked) -> Facts:
    return {"values": asked.values, "assets": await asked.desk.views.assets()}


WORKS: Mapping[str, Work] = {
    "transfers": _transfers,
    "stock": _stock,
    "assets": _assets,
}
AFTER_ANSWER: Mapping[str, str] = {
    "goods_receipt": "stock",
    "goods_issue": "stock",
    "dispatch_transfer": "transfers",
    "receive_transfer": "transfers",
    "asset_receipt": "assets",
    "asset_issue": "assets",
    "asset_return": "assets",
    "asset_receipt_cancel": "assets",
}
AFTER_REFUSAL: Mapping[str, str] = {**AFTER_ANSWER}
ACTIONS = (
    Action("transfers", _("Transfers"), "move_stock", work="transfers", key="Shift+F11"),
    Action("stock", _("Goods in and out"), "move_stock", work="stock", key="F10"),
    Action("assets", _("Assets"), "move_asset", work="assets", key="Shift+F12"),
)
