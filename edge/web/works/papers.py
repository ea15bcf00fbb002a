"""Works: receipts."""

from collections.abc import Mapping

from edge.web.actions import Action
from edge.web.terms import _
from edge.web.works.asked import Asked, Facts, Work

RECEIPTS_SHOWN = 30


async def _receipts(asked: Asked) -> Facts:
    return {"jobs": await asked.desk.views.print_jobs(RECEIPTS_SHOWN)}


WORKS: Mapping[str, Work] = {
    "receipts": _receipts,
}
AFTER_ANSWER: Mapping[str, str] = {"reprint": "receipts"}
AFTER_REFUSAL: Mapping[str, str] = {**AFTER_ANSWER}
ACTIONS = (Action("receipts", _("Receipts"), "see_receipts", work="receipts", key="Shift+F7"),)
