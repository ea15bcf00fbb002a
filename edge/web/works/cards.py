"""Works: cards: issuing, a member's cards, the lost, the lapsed and the blank ones."""

from collections.abc import Mapping

from edge.web.actions import Action, Needs
from edge.web.translations import _
from edge.web.works.asked import Asked, Facts, Work


async def _issue_card(asked: Asked) -> Facts:
    return {
        "values": asked.values,
        "rules": await asked.desk.member_views.rules("card_types", "tenders"),
    }


async def _cards(asked: Asked) -> Facts:
    member = asked.screen.counter.member
    return {
        **await _issue_card(asked),
        "cards": await asked.desk.card_views.of_member(member.member) if member else (),
        "chosen": asked.values.get("card", "") or asked.query.get("card", ""),
    }


async def _lost_cards(asked: Asked) -> Facts:
    return {"lost": await asked.desk.card_views.lost()}


async def _lapsed_cards(asked: Asked) -> Facts:
    return {"cards": await asked.desk.card_views.lapsed()}


async def _blank_cards(asked: Asked) -> Facts:
    return {**await _issue_card(asked), "cards": await asked.desk.card_views.blank()}


_OF_A_CARD = (
    "report_card_lost",
    "cancel_card_lost",
    "suspend_card",
    "resume_card",
    "void_card",
    "extend_card",
    "renew_card",
    "reissue_card",
    "transfer_card",
    "return_card",
    "set_card_pin",
    "change_card_pin",
    "reset_card_pin",
)

WORKS: Mapping[str, Work] = {
    "issue-card": _issue_card,
    "cards": _cards,
    "lost-cards": _lost_cards,
    "lapsed-cards": _lapsed_cards,
    "blank-cards": _blank_cards,
}
AFTER_ANSWER: Mapping[str, str] = {
    **dict.fromkeys(_OF_A_CARD, "cards"),
    "add_blank_card": "blank-cards",
    "generate_cards": "blank-cards",
}
AFTER_REFUSAL: Mapping[str, str] = {
    **dict.fromkeys(_OF_A_CARD, "cards"),
    "issue_card": "issue-card",
    "add_blank_card": "blank-cards",
    "generate_cards": "blank-cards",
}
ACTIONS = (
    Action(
        "issue-card",
        _("Issue a card"),
        "issue_card",
        Needs.MEMBER,
        work="issue-card",
        key="Shift+F6",
    ),
    Action("cards", _("Member's cards"), "look", Needs.MEMBER, work="cards"),
    Action("lost-cards", _("Lost cards"), "look", work="lost-cards"),
    Action("lapsed-cards", _("Cards not renewed"), "look", work="lapsed-cards"),
    Action("blank-cards", _("Blank cards"), "issue_card", work="blank-cards"),
)
