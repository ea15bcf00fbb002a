"""Works: members: registering, their files and lists, changes, exits, the rules of the scheme."""

from collections.abc import Mapping

from edge.desk.member_views import LISTED_MAX, LISTS
from edge.desk.view_types import MemberView
from edge.domain.applications import NOTES_ABOUT
from edge.domain.members import IDENTITY_KINDS
from edge.web.actions import Action, Needs
from edge.web.translations import _
from edge.web.works.asked import Asked, Facts, Work, id_of

ENTRIES_SHOWN = 200
FORM_RULES = ("categories", "custom_fields", "card_types", "tenders")
SCHEME_RULES = ("company", "counter", "tiers", "card_types", "points", "top_up")


async def _subject(asked: Asked) -> MemberView | None:
    """The member of the address, else the one on the screen."""
    subject = asked.screen.counter.member
    chosen = id_of(asked.query.get("member", "") or asked.values.get("member", ""))
    if chosen and (subject is None or subject.member != chosen):
        subject = await asked.desk.views.member(chosen)
    return subject


async def _ledger(asked: Asked) -> Facts:
    subject = await _subject(asked)
    entries = await asked.desk.views.ledger(subject.member, ENTRIES_SHOWN) if subject else ()
    return {"subject": subject, "entries": entries}


async def _register(asked: Asked) -> Facts:
    rules = await asked.desk.member_views.rules(*FORM_RULES)
    return {"values": asked.values, "rules": rules, "identity_kinds": IDENTITY_KINDS}


async def _change_member(asked: Asked) -> Facts:
    subject = await _subject(asked)
    form = await asked.desk.member_views.form(subject.member) if subject else None
    return {
        "subject": subject,
        "form": form,
        "values": asked.values or (form.values if form else {}),
        "rules": await asked.desk.member_views.rules(*FORM_RULES),
        "identity_kinds": IDENTITY_KINDS,
    }


async def _member_file(asked: Asked) -> Facts:
    subject = await _subject(asked)
    return {
        "values": asked.values,
        "notes_about": NOTES_ABOUT,
        "cards": await asked.desk.card_views.of_member(subject.member) if subject else (),
        "file": await asked.desk.member_views.file(subject.member) if subject else None,
    }


async def _members(asked: Asked) -> Facts:
    which, category = asked.query.get("list", ""), asked.query.get("category", "")
    after = asked.query.get("after", "")
    views = asked.desk.member_views
    which = which if which in LISTS else LISTS[1]
    rules = await views.rules("categories")
    return {
        "values": asked.values,
        "which": which,
        "category": category,
        "lists": LISTS,
        "categories": [row for row in rules["categories"] if row["of"] == "member"],
        "listed": await views.listed(which, category, int(after) if after.isdecimal() else 0),
        "listed_max": LISTED_MAX,
    }


async def _scheme(asked: Asked) -> Facts:
    return {"rules": await asked.desk.member_views.rules(*SCHEME_RULES)}


WORKS: Mapping[str, Work] = {
    "register": _register,
    "ledger": _ledger,
    "change-member": _change_member,
    "member-file": _member_file,
    "members": _members,
    "exit": _member_file,
    "scheme": _scheme,
}
AFTER_ANSWER: Mapping[str, str] = {
    "change_member": "member-file",
    "add_member_note": "member-file",
    "renew_consent": "member-file",
    "approve_member": "members",
    "reject_member": "members",
    "request_exit": "exit",
    "approve_exit": "exit",
    "restore_member": "exit",
}
AFTER_REFUSAL: Mapping[str, str] = {
    "register_member": "register",
    "change_member": "change-member",
    "add_member_note": "member-file",
    "renew_consent": "member-file",
    "approve_member": "members",
    "reject_member": "members",
    "identify_member": "find",
    "request_exit": "exit",
    "approve_exit": "exit",
    "restore_member": "exit",
}
ACTIONS = (
    Action("register", _("Register member"), "register_member", work="register", key="Shift+F8"),
    Action("ledger", _("Member's ledger"), "look", Needs.MEMBER, work="ledger", key="Shift+F3"),
    Action("member-file", _("Member's file"), "look", Needs.MEMBER, work="member-file"),
    Action("change-member", _("Change data"), "change_member", Needs.MEMBER, work="change-member"),
    Action("members", _("Members and reviews"), "look", work="members"),
    Action("exit", _("Leave or come back"), "request_exit", Needs.MEMBER, work="exit"),
    Action("scheme", _("Rules of membership"), "look", work="scheme"),
)
