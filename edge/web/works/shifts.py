"""Works: the shift and its cash."""

from collections.abc import Mapping

from edge.web.actions import Action, Needs
from edge.web.terms import _
from edge.web.works.asked import Work, values_only

WORKS: Mapping[str, Work] = {
    "open-shift": values_only,
}
AFTER_ANSWER: Mapping[str, str] = {}
AFTER_REFUSAL: Mapping[str, str] = {
    "open_shift": "open-shift",
}
ACTIONS = (
    Action(
        "open-shift",
        _("Open shift"),
        "work_shift",
        Needs.NO_SHIFT,
        work="open-shift",
        key="Shift+F9",
        kind="primary",
    ),
)
