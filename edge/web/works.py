"""The works that can be in hand in the middle of the screen, and the facts that each shows.

To add one: a template `work/<name>.html` and a row in WORKS. A work is read-only; what it sends
goes to `POST /desk/<command>`, and AFTER_REFUSAL says which work then stands with the refusal.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from edge.desk.desk import Desk
from edge.desk.view_types import MemberView
from edge.web.screen import Screen

TICKET = "ticket"
"""The work that Esc leads back to."""

ENTRIES_SHOWN = 200
SALES_SHOWN = 30
RECEIPTS_SHOWN = 30

Facts = dict[str, object]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a work is asked for: the screen, the query of its address, the form's last values."""

    desk: Desk
    screen: Screen
    query: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)


async def _ticket(asked: Asked) -> Facts:
    return {
        "products": await asked.desk.views.products(),
        "focus_products": "sell" in asked.query,
    }


async def _find(asked: Asked) -> Facts:
    text = asked.query.get("text", "").strip()
    return {"text": text, "members": await asked.desk.views.find_members(text) if text else ()}


async def _member_and_values(asked: Asked) -> Facts:
    return {"values": asked.values}


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


async def _transfers(asked: Asked) -> Facts:
    views = asked.desk.views
    own = asked.screen.counter.cafe
    return {
        "values": asked.values,
        "incoming": asked.screen.counter.transfers,
        "outgoing": await views.transfers(incoming=False),
        "cafes": [cafe for cafe in await views.cafes() if cafe.cafe != own],
        "assets": await views.assets(),
        "counted": await _counted(asked),
    }


async def _stock(asked: Asked) -> Facts:
    return {"values": asked.values, "counted": await _counted(asked)}


async def _counted(asked: Asked) -> list[object]:
    products = await asked.desk.views.products()
    return [product for product in products if product.in_stock is not None]


async def _assets(asked: Asked) -> Facts:
    return {"values": asked.values, "assets": await asked.desk.views.assets()}


async def _ledger(asked: Asked) -> Facts:
    subject = asked.screen.counter.member
    chosen = asked.query.get("member", "")
    if chosen.isdecimal() and (subject is None or subject.member != int(chosen)):
        subject = await asked.desk.views.member(int(chosen))
    return {"subject": subject, "entries": await _entries(asked.desk, subject)}


async def _entries(desk: Desk, subject: MemberView | None) -> object:
    return await desk.views.ledger(subject.member, ENTRIES_SHOWN) if subject else ()


async def _receipts(asked: Asked) -> Facts:
    return {"jobs": await asked.desk.views.print_jobs(RECEIPTS_SHOWN)}


async def _events(_asked: Asked) -> Facts:
    return {}


WORKS: Mapping[str, Callable[[Asked], Awaitable[Facts]]] = {
    TICKET: _ticket,
    "pay": _member_and_values,
    "find": _find,
    "top-up": _member_and_values,
    "spend": _member_and_values,
    "register": _member_and_values,
    "issue-card": _member_and_values,
    "refund": _refund,
    "transfers": _transfers,
    "stock": _stock,
    "assets": _assets,
    "ledger": _ledger,
    "receipts": _receipts,
    "events": _events,
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
    "reprint": "receipts",
}
"""The work after a command was done, where it is not the ticket."""

AFTER_REFUSAL: Mapping[str, str] = {
    **AFTER_ANSWER,
    "register_member": "register",
    "issue_card": "issue-card",
    "top_up": "top-up",
    "spend": "spend",
    "pay": "pay",
    "refund": "refund",
}
"""The work after a command was refused, where it is not the ticket."""
