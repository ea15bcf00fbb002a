"""Members: what a registration must hold, the normal form of keys, and the ops that make one."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from edge.domain.business_day import date_of
from edge.domain.decision import Decision, Here, Judgement, NewOp, document_change, read_text
from edge.domain.refusals import Refusal, Sentence, refuse
from sync_protocol.claims import TAKE, ClaimRow, ClaimWrite, claim_key
from sync_protocol.kinds import IDENTITY_CLAIM, MEMBER, PHONE_CLAIM
from sync_protocol.registers import RegisterRow

NAME_LENGTH_MAX = 40
CONSENT_VERSION = "2026-1"
"""The version of the privacy terms that a member agrees to at the counter."""
STATUS_ACTIVE = "active"
STATUS_CLOSED = "closed"

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
class Application:
    """What the cashier typed of a new member; phone and identity may be empty."""

    name: str
    phone: str
    identity: str
    birth_date: int
    consent: bool


@dataclass(frozen=True, slots=True)
class CheckedApplication:
    """An application whose fields are in normal form."""

    name: str
    phone: str
    identity: str
    birth_date: int


def check_application(application: Application, today: int) -> CheckedApplication | Refusal:
    """Check what was typed, field by field; the first fault is told."""
    name = checked_name(application.name)
    if isinstance(name, Refusal):
        return name
    phone: str | Refusal = normal_phone(application.phone) if application.phone else ""
    if isinstance(phone, Refusal):
        return phone
    identity: str | Refusal = normal_identity(application.identity) if application.identity else ""
    if isinstance(identity, Refusal):
        return identity
    birth = birth_of_identity(identity) if identity else application.birth_date
    if birth and (date_of(birth) is None or not 19000101 <= birth <= today):
        return refuse("birth_date_invalid")
    if not application.consent:
        return refuse("consent_missing")
    return CheckedApplication(name, phone, identity, birth)


@dataclass(frozen=True, slots=True)
class MemberKeys:
    """The claim keys of a new member and who holds them now; an empty key claims nothing."""

    phone: bytes
    phone_holder: ClaimRow | None
    identity: bytes
    identity_holder: ClaimRow | None


def register_member(
    here: Here,
    member: int,
    application: CheckedApplication,
    keys: MemberKeys,
    salts: Sequence[bytes],
) -> Judgement:
    """A new member: the document and the claims of phone and identity number.

    `member` is a fresh id; `salts` are three of 16 random bytes.
    """
    for holder, code in (
        (keys.phone_holder, "phone_taken"),
        (keys.identity_holder, "identity_taken"),
    ):
        if holder is not None:
            return refuse(code, number=number_text(int(holder.subject)))
    number = number_text(member)
    values = {
        "number": number,
        "name": application.name,
        "phone": application.phone or None,
        "identity": application.identity or None,
        "birth_date": application.birth_date or None,
        "status": STATUS_ACTIVE,
        "home_cafe": here.cafe,
        "joined_day": here.business_day,
        "consent": CONSENT_VERSION,
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


def member_refusal(row: RegisterRow | None) -> Refusal | None:
    """Why nothing can be done for a member, or None."""
    if row is None or row.entries is None:
        return refuse("member_unknown")
    if read_text(MEMBER, row, "status") == STATUS_CLOSED:
        return refuse("member_closed")
    return None


def specials(birth_age: int | None, birthday: bool, provisional: bool) -> tuple[Sentence, ...]:
    """What the cashier should know of a member today."""
    told = []
    if birth_age is not None and birth_age < 18:
        told.append(Sentence("under_age"))
    if birthday:
        told.append(Sentence("birthday_today"))
    if provisional:
        told.append(Sentence("claim_provisional"))
    return tuple(told)
