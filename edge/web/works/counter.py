"""Works: finding who is here, what happened last, and all that can be done."""

from collections.abc import Mapping

from edge.web.actions import Action
from edge.web.translations import _
from edge.web.works.asked import Asked, Facts, Work


async def _find(asked: Asked) -> Facts:
    text = asked.query.get("text", "").strip()
    members = await asked.desk.views.find_members(text) if text else ()
    return {"text": text, "members": members, "by_card": "card" in asked.query}


async def _nothing(_asked: Asked) -> Facts:
    """Of a work that shows only what every screen knows."""
    return {}


WORKS: Mapping[str, Work] = {
    "find": _find,
    "events": _nothing,
    "more": _nothing,
}
AFTER_ANSWER: Mapping[str, str] = {}
AFTER_REFUSAL: Mapping[str, str] = {}
ACTIONS = (
    Action("find", _("Find member"), "look", work="find", key="/", field="find"),
    Action("card", _("Card or phone"), "look", work="find?card", key="F8", field="identify"),
    Action("events", _("Latest events"), "look", work="events"),
    Action("more", _("More"), "look", work="more", key="F1"),
)
