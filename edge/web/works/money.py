"""Works: stored value."""

from collections.abc import Mapping

from edge.web.actions import Action, Needs
from edge.web.terms import _
from edge.web.works.asked import Work, values_only

WORKS: Mapping[str, Work] = {
    "top-up": values_only,
    "spend": values_only,
}
AFTER_ANSWER: Mapping[str, str] = {}
AFTER_REFUSAL: Mapping[str, str] = {
    "top_up": "top-up",
    "spend": "spend",
}
ACTIONS = (
    Action("top-up", _("Top up"), "top_up", Needs.MEMBER, work="top-up", key="F3"),
    Action("spend", _("Spend an amount"), "spend", Needs.MEMBER, work="spend", key="Shift+F4"),
)
