"""Members: what a registration must hold, the normal form of keys, and the ops that make one."""

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from edge.domain.business_day import date_of
from edge.domain.custom_fields import CustomField, checked_custom, custom_fields
from edge.domain.decision import Decision, Here, Judgement, NewOp, document_change, read_text
from edge.domain.initials import initials_of
from edge.domain.refusals import Refusal, Sentence, refuse
from sync_protocol.claims import TAKE, ClaimRow, ClaimWrite, claim_key
from sync_protocol.kinds import IDENTITY_CLAIM, MEMBER, PHONE_CLAIM
from sync_protocol.registers import RegisterRow

NAME_LENGTH_MAX = 40
STATUS_ACTIVE = "active"
STATUS_EXIT_REQUESTED = "exit_requested"
"""The member wants to leave; everything goes on until that is approved."""
STATUS_CLOSED = "closed"
STATUS_REJECTED = "rejected"
"""The application did not pass its review."""

IDENTITY_CARD = "id_card"
IDENTITY_KINDS = (IDENTITY_CARD, "passport", "permit", "residence_permit")
"""Documents that prove who somebody is: identity card, passport, travel permit of Hong Kong, Macao
and Taiwan residents, permanent residence permit. Only the first has a check digit of its own."""

CONSENT_DEFAULT = "1/1"
"""Versions of privacy terms and terms of membership before head office publishes any."""
WAITS_FOR_REVIEW = 0
"""`approved_day` of a member whose data nobody has approved yet."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_IDENTITY_CHECKS = "10X98765432"


def checked_name(text: str) -> str | Refusal:
    """A person's name: 1 to NAME_LENGTH_MAX printable characters, inner spaces joined."""
    name = " ".join(text.split())
    if not 1 <= len(name) <= NAME_LENGTH_MAX or not name.isprintable():
        return refuse("name_invalid", limit=NAME_LENGTH_MAX)
    return name


def normal_phone(text: str) -> str | Refusal:
    """The E.164 form of a phone number; eleven digits beginning with 1 are a Chinese mobile."""
    digits = re.sub(r"[\s\-().]", "", text)
    if re.fullmatch(r"1[3-9]\d{9}", digits, re.ASCII):
        return "+86" + digits
    international = re.sub(r"^00", "+", digits)
    if international.startswith("+86"):
        if re.fullmatch(r"\+861[3-9]\d{9}", international, re.ASCII):
            return international
    elif re.fullmatch(r"\+[1-9]\d{6,14}", international, re.ASCII):
        return international
    return refuse("phone_invalid")


def normal_identity(text: str) -> str | Refusal:
    """The 18 characters of a Chinese identity number whose birth date and check digit hold.

    GB 11643-1999: the check character is ISO 7064 MOD 11-2 over the first 17 digits.
    """
    number = re.sub(r"[\s\-]", "", text).upper()
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", number, re.ASCII):
        return refuse("identity_invalid")
    total = sum(
        int(digit) * weight for digit, weight in zip(number, _IDENTITY_WEIGHTS, strict=False)
    )
    if _IDENTITY_CHECKS[total % 11] != number[17] or date_of(birth_of_identity(number)) is None:
        return refuse("identity_invalid")
    return number


def birth_of_identity(identity: str) -> int:
    """The birth date (yyyymmdd) inside an identity number in normal form."""
    return int(identity[6:14])


def keyed_hash(chain_key: bytes, normal: str) -> bytes:
    """The claim key of a personal key in normal form: HMAC-SHA-256 under the chain's key."""
    return claim_key(hmac.new(chain_key, normal.encode(), sha256).digest())


def number_text(number: int) -> str:
    """An id as people read it: Crockford base 32 in groups of four."""
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 32)
        digits = _CROCKFORD[digit] + digits
    head = len(digits) % 4
    groups = ([digits[:head]] if head else []) + [
        digits[at : at + 4] for at in range(head, len(digits), 4)
    ]
    return "-".join(groups)


def number_of_text(text: str) -> int | None:
    """The id of a number as people type it, None if it is none (Crockford: I, L are 1, O is 0)."""
    digits = text.upper().replace("-", "").replace(" ", "").translate(str.maketrans("ILO", "110"))
    if not digits or len(digits) > 11 or any(digit not in _CROCKFORD for digit in digits):
        return None
    number = 0
    for digit in digits:
        number = number * 32 + _CROCKFORD.index(digit)
    return number


@dataclass(frozen=True, slots=True)
class Conditions:
    """What head office asks of a new member: the rules `company`, `counter`, `custom_fields` and
    `categories`."""

    consent: str = CONSENT_DEFAULT
    """The versions of the privacy terms and of the terms of membership in force."""
    needs_identity: bool = False
    needs_phone: bool = False
    custom: tuple[CustomField, ...] = ()
    categories: frozenset[str] = frozenset()


def consent_of(company: Mapping[str, Any]) -> str:
    """The versions of privacy terms and terms of membership in force, as members keep them."""
    return f"{company['privacy_version']}/{company['terms_version']}"


def conditions(
    company: Mapping[str, Any],
    counter: Mapping[str, Any],
    custom: Iterable[Mapping[str, Any]],
    categories: Iterable[Mapping[str, Any]],
) -> Conditions:
    """The conditions of the rules' rows."""
    return Conditions(
        consent_of(company),
        counter["needs_identity"],
        counter["needs_phone"],
        custom_fields(custom),
        frozenset(row["code"] for row in categories if row["of"] == "member"),
    )


@dataclass(frozen=True, slots=True)
class Application:
    """What the cashier typed of a member; all but the name may be empty."""

    name: str
    phone: str
    identity: str
    birth_date: int
    consent: bool
    identity_kind: str = ""
    category: str = ""
    custom: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedApplication:
    """An application whose fields are in normal form."""

    name: str
    phone: str
    identity: str
    birth_date: int
    identity_kind: str = ""
    category: str = ""
    custom: tuple[tuple[str, str], ...] = ()

    @property
    def identity_key(self) -> str:
        """What is claimed of the document."""
        return document_key(self.identity_kind, self.identity)

    def values(self) -> dict[str, object]:
        """The fields of a member's document; None where nothing is known."""
        return {
            "name": self.name,
            "phone": self.phone or None,
            "identity": self.identity or None,
            "birth_date": self.birth_date or None,
            "identity_kind": self.identity_kind or None,
            "category": self.category or None,
            "custom": [[code, value] for code, value in self.custom] or None,
            "initials": initials_of(self.name) or None,
        }


def check_application(
    application: Application, today: int, asked: Conditions | None = None
) -> CheckedApplication | Refusal:
    """Check what was typed, field by field; the first fault is told.

    An identity card's birth date counts, whatever was typed.
    """
    asked = asked or Conditions()
    name = checked_name(application.name)
    if isinstance(name, Refusal):
        return name
    phone: str | Refusal = normal_phone(application.phone) if application.phone else ""
    if isinstance(phone, Refusal):
        return phone
    document = checked_document(application.identity_kind, application.identity)
    if isinstance(document, Refusal):
        return document
    kind, identity = document
    birth = birth_of_identity(identity) if kind == IDENTITY_CARD else application.birth_date
    if birth and (date_of(birth) is None or not 19000101 <= birth <= today):
        return refuse("birth_date_invalid")
    if application.category and application.category not in asked.categories:
        return refuse("category_unknown", category=application.category)
    if not application.consent:
        return refuse("consent_missing")
    custom = checked_custom(asked.custom, application.custom)
    if isinstance(custom, Refusal):
        return custom
    return CheckedApplication(
        name, phone, identity, birth, kind, application.category, tuple(custom.items())
    )


def document_key(kind: str, number: str) -> str:
    """What is claimed of an identity document in normal form: of an identity card the number."""
    return f"{kind}:{number}" if number and kind not in ("", IDENTITY_CARD) else number


def checked_document(kind: str, typed: str) -> tuple[str, str] | Refusal:
    """(kind, number) of an identity document in normal form, empty where none was given."""
    if not typed:
        return "", ""
    kind = kind or IDENTITY_CARD
    if kind not in IDENTITY_KINDS:
        return refuse("identity_kind_unknown", kind=kind)
    if kind == IDENTITY_CARD:
        number = normal_identity(typed)
        return number if isinstance(number, Refusal) else (kind, number)
    number = re.sub(r"[\s\-]", "", typed).upper()
    if not re.fullmatch(r"[A-Z0-9]{5,20}", number, re.ASCII):
        return refuse("document_number_invalid")
    return kind, number


def card_conditions_refusal(asked: Conditions, phone: str, identity: str) -> Refusal | None:
    """Why nobody without these may be given a card, or None."""
    if asked.needs_identity and not identity:
        return refuse("identity_needed")
    if asked.needs_phone and not phone:
        return refuse("phone_needed")
    return None


@dataclass(frozen=True, slots=True)
class MemberKeys:
    """The claim keys of a member and who holds them now; an empty key claims nothing.

    The former ones are those that the member's document stands for before a change.
    """

    phone: bytes
    phone_holder: ClaimRow | None
    identity: bytes
    identity_holder: ClaimRow | None
    former_phone: bytes = b""
    former_identity: bytes = b""


def register_member(
    here: Here,
    member: int,
    application: CheckedApplication,
    keys: MemberKeys,
    salts: Sequence[bytes],
    consent: str = CONSENT_DEFAULT,
) -> Judgement:
    """A new member: the document and the claims of phone and identity number.

    `member` is a fresh id; `salts` are three of 16 random bytes; `consent` the versions agreed to.
    """
    refusal = keys_refusal(member, keys)
    if refusal is not None:
        return refusal
    number = number_text(member)
    values = {
        **application.values(),
        "number": number,
        "status": STATUS_ACTIVE,
        "home_cafe": here.cafe,
        "joined_day": here.business_day,
        "consent": consent,
        "approved_day": WAITS_FOR_REVIEW,
    }
    known = {name: value for name, value in values.items() if value is not None}
    ops = [document_change(here, MEMBER, member, None, known, salts[0])]
    for kind, key, salt in (
        (PHONE_CLAIM, keys.phone, salts[1]),
        (IDENTITY_CLAIM, keys.identity, salts[2]),
    ):
        if key:
            ops.append(NewOp(kind, ClaimWrite(salt, key, here.cafe, member, TAKE).body()))
    return Decision(tuple(ops), values={"member": member, "number": number})


def keys_refusal(member: int, keys: MemberKeys) -> Refusal | None:
    """Why a member may not take these keys, or None: one person has one account."""
    for holder, code in (
        (keys.phone_holder, "phone_taken"),
        (keys.identity_holder, "identity_taken"),
    ):
        if holder is not None and holder.subject != member:
            return refuse(code, number=number_text(int(holder.subject)))
    return None


def member_refusal(row: RegisterRow | None) -> Refusal | None:
    """Why nothing can be done for a member, or None."""
    if row is None or row.entries is None:
        return refuse("member_unknown")
    if read_text(MEMBER, row, "status") == STATUS_CLOSED:
        return refuse("member_closed")
    if read_text(MEMBER, row, "status") == STATUS_REJECTED:
        return refuse("member_rejected")
    return None


def specials(
    birth_age: int | None,
    birthday: bool,
    provisional: bool,
    *,
    exit_requested: bool = False,
    consent_outdated: bool = False,
) -> tuple[Sentence, ...]:
    """What the cashier should know of a member today."""
    told = []
    if exit_requested:
        told.append(Sentence("exit_requested"))
    if consent_outdated:
        told.append(Sentence("consent_outdated"))
    if birth_age is not None and birth_age < 18:
        told.append(Sentence("under_age"))
    if birthday:
        told.append(Sentence("birthday_today"))
    if provisional:
        told.append(Sentence("claim_provisional"))
    return tuple(told)
