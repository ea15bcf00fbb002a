"""Members as pages show them: what they have, what they may spend here, who is in the cafe."""

from edge.desk import facts
from edge.desk.rules import rules_in_force
from edge.desk.view_types import MemberView, PresentView
from edge.domain.business_day import age_on, is_birthday
from edge.domain.decision import Here, read_int, read_text
from edge.domain.members import (
    keyed_hash,
    normal_phone,
    number_of_text,
    number_text,
    specials,
)
from edge.domain.refusals import Refusal
from edge.domain.stored_value import spendable_fen, spendable_reason
from edge.domain.visits import visit_key
from edge.store.reader import Reader
from sync_protocol.kinds import CARD, MEMBER, PHONE_CLAIM, VISIT

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
    tier = read_text(MEMBER, row, "tier")
    tier_name, tier_name_en = _tier_names(reader, tier)
    label, status = _card(reader, member)
    visit = facts.row(reader, VISIT, visit_key(at.cafe, at.business_day, member))
    here = visit is not None and not read_int(VISIT, visit, "left_ms")
    return MemberView(
        member,
        read_text(MEMBER, row, "number") or number_text(member),
        read_text(MEMBER, row, "name"),
        tier,
        tier_name,
        tier_name_en,
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
        ),
        read_int(VISIT, visit, "entered_ms") if here else 0,
    )


def _tier_names(reader: Reader, tier: str) -> facts.Name:
    for row in rules_in_force(reader, "tiers") if tier else ():
        if row["code"] == tier:
            return row["name"], row["name_en"] or row["name"]
    return "", ""


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


def find_members(reader: Reader, at: Here, chain_key: bytes, text: str) -> tuple[MemberView, ...]:
    """Members whose phone or number is `text`, then those whose phone or name contains it."""
    wanted = " ".join(text.split())
    if len(wanted) < SEARCH_LENGTH_MIN:
        return ()
    found: dict[int, None] = {}
    phone = normal_phone(wanted)
    if not isinstance(phone, Refusal):
        claim = reader.claim(PHONE_CLAIM, keyed_hash(chain_key, phone))
        if claim is not None:
            found[int(claim.row.subject)] = None
    number = number_of_text(wanted)
    if number is not None and reader.register(MEMBER, number) is not None:
        found[number] = None
    for field in ("phone", "name"):
        for document in reader.search_registers(MEMBER, field, wanted, FOUND_MAX):
            found[int(document.key)] = None
    people = dict.fromkeys(facts.person_of(reader, member) for member in found)
    views = (member_view(reader, at, member) for member in list(people)[:FOUND_MAX])
    return tuple(view for view in views if view is not None)


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
