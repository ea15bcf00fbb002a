"""Members as pages show them: what they have, what they may spend here, who is in the cafe."""

import re
from collections.abc import Iterator

from edge.desk import facts
from edge.desk.rules import rules_in_force
from edge.desk.view_types import MemberView, PresentView
from edge.domain.business_day import age_on, is_birthday
from edge.domain.cards import card_refusal, claimed_card, normal_uid, uid_of_text
from edge.domain.decision import Here, read_int, read_text
from edge.domain.members import (
    STATUS_EXIT_REQUESTED,
    consent_of,
    keyed_hash,
    normal_phone,
    number_of_text,
    number_text,
    specials,
)
from edge.domain.refusals import Refusal, refuse
from edge.domain.stored_value import spendable_fen, spendable_reason
from edge.domain.tiers import ladder_of, tier_in_force
from edge.domain.visits import visit_key
from edge.store.facts import Document
from edge.store.reader import Reader
from edge.store.state_reader import LAST_CHARACTER
from sync_protocol.kinds import CARD, CARD_CLAIM, MEMBER, PHONE_CLAIM, VISIT
from sync_protocol.registers import RegisterRow

FOUND_MAX = 20
SEARCH_LENGTH_MIN = 1
STATUS_BEST_FIRST = ("active", "suspended", "lost", "void")


def member_view(reader: Reader, at: Here, member: int) -> MemberView | None:
    """A member at this moment, None where there is none."""
    member = facts.person_of(reader, member)
    document = reader.register(MEMBER, member)
    if document is None:
        return None
    row = document.shown
    purse = facts.purse_of(reader, at, member)
    birth = read_int(MEMBER, row, "birth_date")
    ladder = ladder_of(rules_in_force(reader, "tiers")) if read_text(MEMBER, row, "tier") else ()
    tier = tier_in_force(ladder, row, at.business_day)
    label, status = _card(reader, member)
    visit = facts.row(reader, VISIT, visit_key(at.cafe, at.business_day, member))
    here = visit is not None and not read_int(VISIT, visit, "left_ms")
    return MemberView(
        member,
        read_text(MEMBER, row, "number") or number_text(member),
        read_text(MEMBER, row, "name"),
        tier.code if tier is not None else "",
        *(tier.name if tier is not None else ("", "")),
        read_text(MEMBER, row, "status"),
        read_text(MEMBER, row, "phone")[-4:],
        label,
        status,
        purse.balance_fen,
        spendable_fen(at, purse),
        spendable_reason(at, purse),
        facts.points_of(reader, member),
        specials(
            age_on(birth, at.business_day),
            is_birthday(birth, at.business_day),
            document.confirmed is None,
            exit_requested=read_text(MEMBER, row, "status") == STATUS_EXIT_REQUESTED,
            consent_outdated=_consent_outdated(reader, row),
        ),
        read_int(VISIT, visit, "entered_ms") if here else 0,
    )


def _consent_outdated(reader: Reader, row: RegisterRow) -> bool:
    """Whether head office has published other terms than those that a member agreed to."""
    agreed = read_text(MEMBER, row, "consent")
    (company,) = rules_in_force(reader, "company")
    return agreed != "" and agreed != consent_of(company)


def _card(reader: Reader, member: int) -> tuple[str, str]:
    """(label, status) of the best card that a member has; ("", "") for none."""
    cards = [
        (read_text(CARD, document.shown, "status"), read_text(CARD, document.shown, "label"))
        for one in facts.members_of(reader, member)
        for document in reader.registers_where(CARD, "member", one)
    ]
    for wanted in STATUS_BEST_FIRST:
        for status, label in cards:
            if status == wanted:
                return label, status
    return "", ""


def find_members(
    reader: Reader, at: Here, chain_key: bytes, text: str, *, swipe_only: bool = False
) -> tuple[MemberView, ...]:
    """Members by card, phone, number, name or initials: what fits exactly, then what begins so.

    Of a phone the last four digits do, of a name what follows from any character on.
    """
    wanted = " ".join(text.split())
    if len(wanted) < SEARCH_LENGTH_MIN:
        return ()
    found = dict.fromkeys(_exactly(reader, chain_key, wanted, swipe_only=swipe_only))
    digits = re.sub(r"[\s\-+]", "", wanted)
    if digits.isascii() and digits.isdecimal():
        found |= _begun(reader.search_registers(MEMBER, "phone", digits, FOUND_MAX))
    else:
        if wanted.isascii():
            low = wanted.lower().replace(" ", "")
            high = low + LAST_CHARACTER
            found |= _begun(reader.registers_between(MEMBER, "initials", low, high, FOUND_MAX))
        found |= _begun(reader.search_registers(MEMBER, "name", wanted, FOUND_MAX))
    people = dict.fromkeys(facts.person_of(reader, member) for member in found)
    views = (member_view(reader, at, member) for member in list(people)[:FOUND_MAX])
    return tuple(view for view in views if view is not None)


def _exactly(reader: Reader, chain_key: bytes, wanted: str, *, swipe_only: bool) -> Iterator[int]:
    """Members whose number, phone or card's number is `wanted`."""
    number = number_of_text(wanted)
    if number is not None and reader.register(MEMBER, number) is not None:
        yield number
    phone = normal_phone(wanted)
    if not isinstance(phone, Refusal):
        claim = reader.claim(PHONE_CLAIM, keyed_hash(chain_key, phone))
        if claim is not None:
            yield int(claim.row.subject)
    card = None if swipe_only else card_of_number(reader, chain_key, wanted)
    member = read_int(CARD, card, "member")
    if member:
        yield member


def _begun(found: list[Document]) -> dict[int, None]:
    return {int(document.key): None for document in found}


def card_of_number(reader: Reader, chain_key: bytes, text: str) -> RegisterRow | None:
    """The card of a number: printed on it, or the UID of its chip."""
    for label in dict.fromkeys((text, text.upper())):
        for document in reader.registers_where(CARD, "label", label, limit=1):
            return document.shown
    uid = uid_of_text(text)
    if isinstance(uid, Refusal):
        return None
    claim = reader.claim(CARD_CLAIM, keyed_hash(chain_key, normal_uid(uid)))
    return facts.row(reader, CARD, claimed_card(claim.row)) if claim is not None else None


def identified(
    reader: Reader, chain_key: bytes, business_day: int, text: str, *, swipe_only: bool
) -> int | Refusal:
    """The one member of a typed card number, phone or member number, or why there is none.

    `swipe_only`: cards are tapped here, their numbers are not typed. A card that may not be used
    tells why.
    """
    for member in _exactly(reader, chain_key, text, swipe_only=True):
        return member
    card = card_of_number(reader, chain_key, text)
    if card is None:
        return refuse("member_not_identified", text=text[:40])
    if swipe_only:
        return refuse("card_number_manual")
    return card_refusal(card, business_day) or read_int(CARD, card, "member")


def present(reader: Reader, at: Here) -> tuple[PresentView, ...]:
    """Who tapped in today and has not left, the latest first."""
    views = []
    for key, visit in facts.visits_of_day(reader, at.cafe, at.business_day):
        if read_int(VISIT, visit, "left_ms"):
            continue
        member = int(key.rpartition(".")[2])
        row = facts.row(reader, MEMBER, member)
        views.append(
            PresentView(
                member,
                read_text(MEMBER, row, "name"),
                read_text(MEMBER, row, "number") or number_text(member),
                read_int(VISIT, visit, "entered_ms"),
                read_int(VISIT, visit, "taps"),
            )
        )
    return tuple(sorted(views, key=lambda view: -view.entered_ms))
