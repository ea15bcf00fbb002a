"""Works: the ticket, its payment, refunds."""

from collections.abc import Mapping

from edge.web.actions import Action, Needs
from edge.web.terms import _
from edge.web.works.asked import TICKET, Asked, Facts, Work

SALES_SHOWN = 30


async def _ticket(asked: Asked) -> Facts:
    return {
        "products": await asked.desk.views.products(),
        "focus_products": "sell" in asked.query,
    }


async def _pay(asked: Asked) -> Facts:
    return {"values": asked.values, "offered": await asked.desk.money_views.tenders()}


async def _refund(asked: Asked) -> Facts:
    views = asked.desk.views
    english = asked.screen.language == "en"
    return {
        "values": asked.values,
        "sales": await views.sales(SALES_SHOWN),
        "names": {
            product.sku: product.name_en if english else product.name
            for product in await views.products()
        },
    }


WORKS: Mapping[str, Work] = {
    TICKET: _ticket,
    "pay": _pay,
    "refund": _refund,
}
AFTER_ANSWER: Mapping[str, str] = {}
AFTER_REFUSAL: Mapping[str, str] = {
    "pay": "pay",
    "refund": "refund",
}
ACTIONS = (
    Action(
        "sell", _("Sell products"), "sell", work="ticket?sell", key="F2", field="product-filter"
    ),
    Action(
        "pay", _("Take payment"), "sell", Needs.TICKET_LINES, work="pay", key="F4", kind="primary"
    ),
    Action("refund", _("Refund"), "refund", work="refund", key="F7", kind="danger"),
    Action("abandon", _("Abandon ticket"), "sell", Needs.TICKET_LINES, command="abandon"),
)
