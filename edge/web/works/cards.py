"""Works: cards."""

from collections.abc import Mapping

from edge.web.actions import Action, Needs
from edge.web.terms import _
from edge.web.works.asked import Work, values_only

WORKS: Mapping[str, Work] = {
    "issue-card": values_only,
}
AFTER_ANSWER: Mapping[str, str] = {}
AFTER_REFUSAL: Mapping[str, str] = {"issue_card": "issue-card"}
ACTIONS = (
    Action(
        "issue-card",
        _("Issue a card"),
        "issue_card",
        Needs.MEMBER,
        work="issue-card",
        key="Shift+F6",
    ),
)
