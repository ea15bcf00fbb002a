"""Works: stored value, what goes in, what comes out, and whether all of it agrees."""

from collections.abc import Mapping

from edge.desk.accounts import Filter
from edge.domain.amounts import fen_of_yuan
from edge.domain.business_day import date_of
from edge.web.actions import Action, Needs
from edge.web.translations import _
from edge.web.works.asked import Asked, Facts, Work, id_of, values_only

KINDS = ("", "top_up", "spend", "refund", "cash_out", "cancel")


async def _paying(asked: Asked) -> Facts:
    """A form that takes money, of the member on the screen if any."""
    views = asked.desk.money_views
    member = asked.screen.counter.member
    return {
        "values": asked.values,
        "offered": await views.tenders(),
        "rule": await views.top_up_rule(),
        "account": await views.account(member.member) if member is not None else None,
    }


async def _account(asked: Asked) -> Facts:
    member = _member(asked)
    wanted = _filter(asked.query)
    account = await asked.desk.money_views.account(member, wanted) if member else None
    return {
        "account": account,
        "wanted": wanted,
        "query": asked.query,
        "values": asked.values,
    }


async def _top_ups(asked: Asked) -> Facts:
    number = asked.query.get("number", "").strip()[:60]
    member = 0 if number else _member(asked)
    return {
        "values": asked.values,
        "query": asked.query,
        "top_ups": await asked.desk.money_views.traced(member, number),
    }


async def _reconcile(asked: Asked) -> Facts:
    views = asked.desk.money_views
    member = _member(asked)
    return {
        "query": asked.query,
        "subject": await asked.desk.views.member(member) if member else None,
        "of_member": await views.reconciled_member(member) if member else None,
        "of_cafe": await views.reconciled_cafe(_day(asked.query.get("day", ""))),
    }


def _member(asked: Asked) -> int:
    """The member that the address names, else the one on the screen; 0 for none."""
    chosen = id_of(asked.query.get("member", ""))
    if chosen:
        return chosen
    member = asked.screen.counter.member
    return member.member if member is not None else 0


def _filter(query: Mapping[str, str]) -> Filter:
    """The filter of an address; what is not a day or an amount lets all through."""
    kind = query.get("kind", "")
    return Filter(
        kind if kind in KINDS else "",
        _day(query.get("from_day", "")),
        _day(query.get("to_day", "")),
        _fen(query.get("from_yuan", "")),
        _fen(query.get("to_yuan", "")),
    )


def _day(text: str) -> int:
    digits = text.replace("-", "")
    day = int(digits) if digits.isdecimal() and len(digits) == 8 else 0
    return day if date_of(day) is not None else 0


def _fen(text: str) -> int:
    fen = fen_of_yuan(text)
    return fen if isinstance(fen, int) else 0


WORKS: Mapping[str, Work] = {
    "top-up": _paying,
    "spend": values_only,
    "pay-fee": _paying,
    "cash-out": _paying,
    "quick-card": _paying,
    "top-up-many": _paying,
    "account": _account,
    "top-ups": _top_ups,
    "reconcile": _reconcile,
}
AFTER_ANSWER: Mapping[str, str] = {
    "top_up_many": "top-up-many",
    "cancel_top_up": "top-ups",
    "set_daily_limit": "account",
}
AFTER_REFUSAL: Mapping[str, str] = {
    "top_up": "top-up",
    "spend": "spend",
    "pay_fee": "pay-fee",
    "cash_out": "cash-out",
    "cancel_top_up": "top-ups",
    "top_up_many": "top-up-many",
    "set_daily_limit": "account",
}
ACTIONS = (
    Action("top-up", _("Top up"), "top_up", Needs.MEMBER, work="top-up", key="F3"),
    Action("spend", _("Spend an amount"), "spend", Needs.MEMBER, work="spend", key="Shift+F4"),
    Action("account", _("Account and balance"), "look", Needs.MEMBER, work="account"),
    Action("pay-fee", _("Pay a fee"), "spend", Needs.MEMBER, work="pay-fee"),
    Action("cash-out", _("Cash out"), "cash_out", Needs.MEMBER, work="cash-out"),
    Action("quick-card", _("Card, deposit, withdrawal"), "top_up", Needs.MEMBER, work="quick-card"),
    Action("top-ups", _("What happened to a top-up"), "look", work="top-ups"),
    Action("top-up-many", _("Top up many members"), "top_up", work="top-up-many"),
    Action("reconcile", _("Reconcile accounts"), "reconcile", work="reconcile"),
)
