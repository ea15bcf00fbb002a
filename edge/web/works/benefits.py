"""Works: points, gifts, tiers, passes, vouchers, and the rules that hold for them."""

from collections.abc import Mapping

from edge.web.actions import Action, Needs
from edge.web.translations import _
from edge.web.works.asked import Asked, Facts, Work

RULES_SHOWN = ("points", "category_points", "events", "redemptions", "card_types", "tiers")


async def _points(asked: Asked) -> Facts:
    member = asked.screen.counter.member
    view = await asked.desk.benefits.points(member.member) if member else None
    return {"values": asked.values, "view": view}


async def _history(asked: Asked) -> Facts:
    member = asked.screen.counter.member
    entries = await asked.desk.benefits.points_history(member.member) if member else ()
    return {"entries": entries}


async def _adjust(asked: Asked) -> Facts:
    return {"values": asked.values}


async def _tiers(asked: Asked) -> Facts:
    member = asked.screen.counter.member
    return {
        "values": asked.values,
        "offered": await asked.desk.money_views.tenders(),
        "view": await asked.desk.benefits.tiers(member.member if member else 0),
        "rules": await asked.desk.benefits.rules(*RULES_SHOWN),
    }


async def _passes(asked: Asked) -> Facts:
    member = asked.screen.counter.member
    rules = await asked.desk.benefits.rules("passes")
    return {
        "values": asked.values,
        "offered": await asked.desk.money_views.tenders(),
        "offers": rules["passes"][1],
        "passes": await asked.desk.benefits.passes(member.member) if member else (),
    }


async def _vouchers(asked: Asked) -> Facts:
    member = asked.screen.counter.member
    text = asked.query.get("text", "").strip()
    return {
        "values": asked.values,
        "text": text,
        "vouchers": await asked.desk.benefits.vouchers(text, member.member if member else 0),
    }


async def _watch(asked: Asked) -> Facts:
    rules = await asked.desk.benefits.rules("points")
    return {"watched": await asked.desk.benefits.watched(), "rule": rules["points"][1][0]}


WORKS: Mapping[str, Work] = {
    "points": _points,
    "points-history": _history,
    "adjust-points": _adjust,
    "tiers": _tiers,
    "passes": _passes,
    "vouchers": _vouchers,
    "points-watch": _watch,
}
AFTER_ANSWER: Mapping[str, str] = {
    "redeem_points": "points",
    "return_redemption": "points",
    "convert": "points",
    "adjust_points": "points-history",
    "check_in": "points",
    "join_event": "points",
    "give_gift": "points",
    "join_tier": "tiers",
    "renew_tier": "tiers",
    "sell_pass": "passes",
    "use_pass": "passes",
    "refund_pass": "passes",
    "issue_voucher": "vouchers",
    "book": "vouchers",
    "redeem_voucher": "vouchers",
}
AFTER_REFUSAL: Mapping[str, str] = {**AFTER_ANSWER, "adjust_points": "adjust-points"}
ACTIONS = (
    Action("points", _("Points and gifts"), "look", Needs.MEMBER, work="points", key="Shift+F1"),
    Action("passes", _("Passes"), "look", work="passes", key="Shift+F5"),
    Action("vouchers", _("Vouchers"), "look", work="vouchers"),
    Action("tiers", _("Tiers and rules"), "look", work="tiers"),
    Action("points-history", _("History of points"), "look", Needs.MEMBER, work="points-history"),
    Action("adjust-points", _("Points by hand"), "serve", Needs.MEMBER, work="adjust-points"),
    Action("points-watch", _("Watch points"), "watch_points", work="points-watch"),
)
