"""Works: members and their ledgers."""

from collections.abc import Mapping

from edge.desk.desk import Desk
from edge.desk.view_types import MemberView
from edge.web.actions import Action, Needs
from edge.web.terms import _
from edge.web.works.asked import Asked, Facts, Work, values_only

ENTRIES_SHOWN = 200


async def _ledger(asked: Asked) -> Facts:
    subject = asked.screen.counter.member
    chosen = asked.query.get("member", "")
    if chosen.isdecimal() and (subject is None or subject.member != int(chosen)):
        subject = await asked.desk.views.member(int(chosen))
    return {"subject": subject, "entries": await _entries(asked.desk, subject)}


async def _entries(desk: Desk, subject: MemberView | None) -> object:
    return await desk.views.ledger(subject.member, ENTRIES_SHOWN) if subject else ()


WORKS: Mapping[str, Work] = {
    "register": values_only,
    "ledger": _ledger,
}
AFTER_ANSWER: Mapping[str, str] = {}
AFTER_REFUSAL: Mapping[str, str] = {"register_member": "register"}
ACTIONS = (
    Action("register", _("Register member"), "register_member", work="register", key="F6"),
    Action("ledger", _("Member's ledger"), "look", Needs.MEMBER, work="ledger", key="Shift+F3"),
)
