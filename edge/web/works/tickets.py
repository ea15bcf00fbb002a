"""Works: the ticket, its payment, refunds and voids, the catalogue, takings and commissions."""

from collections.abc import Mapping

from edge.domain.business_day import date_of
from edge.web.actions import Action, Needs
from edge.web.translations import _
from edge.web.works.asked import TICKET, Asked, Facts, Work
from edge.web.works.product_words import words_of

SALES_SHOWN = 60
QUICK_KEYS = 9
"""The first products have the keys 1 to 9."""


async def _ticket(asked: Asked) -> Facts:
    products = await asked.desk.views.products()
    return {
        "products": products,
        "product_words": await words_of(asked.desk, products),
        "category_names": await asked.desk.sales_views.category_names(),
        "focus_products": "sell" in asked.query,
        "focus_scan": "add" in asked.query,
        "quick_keys": QUICK_KEYS,
        "staff": await asked.desk.views.staff_to_log_in(),
    }


async def _pay(asked: Asked) -> Facts:
    return {
        "values": asked.values,
        "offered": await asked.desk.money_views.tenders(),
        "checkout": await asked.desk.sales_views.checkout(),
    }


async def _sales(asked: Asked) -> Facts:
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


async def _takings(asked: Asked) -> Facts:
    day = _day(asked.query.get("day", "")) or asked.screen.counter.business_day
    return {"takings": await asked.desk.sales_views.takings(day)}


async def _commissions(asked: Asked) -> Facts:
    today = asked.screen.counter.business_day
    from_day = _day(asked.query.get("from_day", "")) or today
    to_day = _day(asked.query.get("to_day", "")) or from_day
    session = asked.screen.session
    only = 0 if session.may("see_takings") else session.staff
    rows = await asked.desk.sales_views.commissions(from_day, to_day, only)
    return {"from_day": from_day, "to_day": to_day, "rows": rows}


async def _catalogue(asked: Asked) -> Facts:
    category = asked.query.get("category", "")
    catalogue = await asked.desk.sales_views.catalogue(category)
    products = [product for _name, group in catalogue.groups for product in group]
    return {
        "chosen": category,
        "catalogue": catalogue,
        "product_words": await words_of(asked.desk, products),
    }


async def _services(asked: Asked) -> Facts:
    member = asked.screen.counter.member
    number = member.member if member is not None else 0
    return {
        "services": await asked.desk.sales_views.services(number),
        "passes": await asked.desk.benefits.passes(number) if number else (),
    }


def _day(text: str) -> int:
    digits = text.replace("-", "")
    day = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) == 8 else 0
    return day if date_of(day) is not None else 0


WORKS: Mapping[str, Work] = {
    TICKET: _ticket,
    "pay": _pay,
    "refund": _sales,
    "void": _sales,
    "takings": _takings,
    "commissions": _commissions,
    "catalogue": _catalogue,
    "services": _services,
}
AFTER_ANSWER: Mapping[str, str] = {"void_sale": "void"}
AFTER_REFUSAL: Mapping[str, str] = {
    "pay": "pay",
    "refund": "refund",
    "void_sale": "void",
}
ACTIONS = (
    Action(
        "pay", _("Take payment"), "sell", Needs.TICKET_LINES, work="pay", key="F2", kind="primary"
    ),
    Action(
        "sell", _("Sell products"), "sell", work="ticket?sell", key="F4", field="product-filter"
    ),
    Action("walk-in", _("Walk-in sale"), "sell", command="sell_to_walk_in", key="F6"),
    Action("refund", _("Refund"), "refund", work="refund", key="F7", kind="danger"),
    Action("add", _("Add by code"), "sell", work="ticket?add", key="F9", field="scan"),
    Action("void", _("Void a sale"), "sell", work="void", kind="danger"),
    Action("abandon", _("Abandon ticket"), "sell", Needs.TICKET_LINES, command="abandon"),
    Action("catalogue", _("Product catalogue"), "look", work="catalogue"),
    Action("services", _("Services"), "look", work="services"),
    Action("takings", _("Takings of a day"), "see_takings", work="takings"),
    Action("commissions", _("Commissions"), "sell", work="commissions"),
)
