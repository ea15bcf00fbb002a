"""Works: receipts, checking one, and slips that are filled in by hand."""

from collections.abc import Mapping

from edge.web.actions import Action
from edge.web.translations import _
from edge.web.works.asked import Asked, Facts, Work

RECEIPTS_SHOWN = 30
CODE_LENGTH_MAX = 200


async def _receipts(asked: Asked) -> Facts:
    return {"jobs": await asked.desk.views.print_jobs(RECEIPTS_SHOWN)}


async def _check_receipt(asked: Asked) -> Facts:
    text = asked.query.get("text", "").strip()[:CODE_LENGTH_MAX]
    checked = await asked.desk.sales_views.checked_receipt(text) if text else None
    return {"text": text, "checked": checked}


async def _paper_slips(asked: Asked) -> Facts:
    return {
        "values": asked.values,
        "slips": await asked.desk.sales_views.open_paper_slips(),
        "offered": await asked.desk.money_views.tenders(),
        "now_ms": asked.desk.sales_views.now_ms,
    }


WORKS: Mapping[str, Work] = {
    "receipts": _receipts,
    "check-receipt": _check_receipt,
    "paper-slips": _paper_slips,
}
AFTER_ANSWER: Mapping[str, str] = {
    "reprint": "receipts",
    "print_paper_slips": "paper-slips",
    "enter_paper_slip": "paper-slips",
    "spoil_paper_slip": "paper-slips",
}
AFTER_REFUSAL: Mapping[str, str] = {**AFTER_ANSWER}
ACTIONS = (
    Action("receipts", _("Receipts"), "see_receipts", work="receipts", key="Shift+F7"),
    Action("check-receipt", _("Check a receipt"), "see_receipts", work="check-receipt"),
    Action("paper-slips", _("Slips filled in by hand"), "enter_paper_slip", work="paper-slips"),
)
