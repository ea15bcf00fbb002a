"""Identity checks: whose document was looked at before a session; minors are turned away.

The law asks an internet cafe to check and record who sits down, to turn away who is under age, and
to keep the record for 60 days (Regulations on Internet Access Service Business Places, articles 21
and 23). A check is written once and never changed. It is a person's own record, apart from the
member's: erasing a member leaves it, and the hub erases it once the 60 days are over.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from edge.domain.business_day import age_on, date_of, local_time
from edge.domain.decision import (
    Decision,
    Here,
    document_change,
    read_int,
    read_text,
)
from edge.domain.members import (
    IDENTITY_CARD,
    birth_of_identity,
    checked_document,
    checked_name,
    document_key,
)
from edge.domain.refusals import Refusal, refuse
from edge.domain.report_table import Column, Table, Type
from sync_protocol.kinds import IDENTITY_CHECK, MEMBER
from sync_protocol.registers import RegisterRow

PASSED = "passed"
UNDER_AGE = "under_age"
MINIMUM_AGE_DEFAULT = 18

COLUMNS = {
    "checked_at": ("登记时间", "checked at"),
    "business_day": ("营业日", "business day"),
    "outcome": ("结果", "outcome"),
    "name": ("姓名", "name"),
    "document_kind": ("证件类型", "document"),
    "document_number": ("证件号码", "document number"),
    "birth_date": ("出生日期", "birth date"),
    "seat": ("机位", "seat"),
    "checker": ("登记人", "checked by"),
    "member": ("会员", "member"),
    "clock_trust": ("时钟可信度", "clock trust"),
    "check": ("记录号", "record"),
}
"""What an inspector is given of each check; `checked_at` is local (ISO 8601)."""


@dataclass(frozen=True, slots=True)
class Papers:
    """A document that was looked at, in normal form, and whose it is."""

    name: str
    kind: str
    number: str
    birth_date: int

    def person(self, keyed: Callable[[str], bytes]) -> str:
        """Who it is, without saying who: by a keyed hash of the document."""
        return keyed(document_key(self.kind, self.number)).hex()


def checked_papers(
    name: str, kind: str, number: str, birth_date: int, today: int
) -> Papers | Refusal:
    """What was typed of a document, in normal form; an identity card tells the birth date."""
    if not number:
        return refuse("identity_document_missing")
    checked = checked_name(name)
    if isinstance(checked, Refusal):
        return checked
    document = checked_document(kind, number)
    if isinstance(document, Refusal):
        return document
    kind, number = document
    birth = birth_of_identity(number) if kind == IDENTITY_CARD else birth_date
    if date_of(birth) is None or not 19000101 <= birth <= today:
        return refuse("birth_date_invalid")
    return Papers(checked, kind, number, birth)


def papers_of_member(row: RegisterRow | None) -> Papers | None:
    """The document that was verified at a member's registration, None where there is none."""
    number, birth = read_text(MEMBER, row, "identity"), read_int(MEMBER, row, "birth_date")
    kind = read_text(MEMBER, row, "identity_kind") or IDENTITY_CARD
    if number and not birth and kind == IDENTITY_CARD:
        birth = birth_of_identity(number)
    if not number or not birth:
        return None
    return Papers(read_text(MEMBER, row, "name"), kind, number, birth)


@dataclass(frozen=True, slots=True)
class NewCheck:
    """A check to record: of a member or of a walk-in (0), for a seat if one was chosen."""

    id: int
    member: int
    papers: Papers
    person: str
    seat: int
    checker: int
    trust: int
    salt: bytes


def record_check(here: Here, new: NewCheck, minimum_age: int) -> Decision:
    """Record that a document was looked at, and whether its owner may sit down."""
    age = age_on(new.papers.birth_date, here.business_day) or 0
    outcome = UNDER_AGE if age < minimum_age else PASSED
    values: dict[str, object] = {
        "member": new.member,
        "name": new.papers.name,
        "document_kind": new.papers.kind,
        "document_number": new.papers.number,
        "birth_date": new.papers.birth_date,
        "checker": new.checker,
        "checked_ms": here.now_ms,
        "trust": new.trust,
        "outcome": outcome,
        "seat": new.seat,
        "business_day": here.business_day,
        "person": new.person,
    }
    if outcome == UNDER_AGE:
        values["refused_day"] = here.business_day
    op = document_change(here, IDENTITY_CHECK, new.id, None, values, new.salt)
    return Decision((op,), values={"identity_check": new.id, "outcome": outcome})


def check_refusal(
    row: RegisterRow | None, business_day: int, minimum_age: int = MINIMUM_AGE_DEFAULT
) -> Refusal | None:
    """Why nobody sits down on this check today, None where they may."""
    if row is None or read_int(IDENTITY_CHECK, row, "business_day") != business_day:
        return refuse("identity_check_missing")
    if read_text(IDENTITY_CHECK, row, "outcome") == PASSED:
        return None
    return refuse("under_age_refused", age=minimum_age)


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """A check as it stands on record; what was erased is empty. `clock_trust`: a TRUST_ constant.

    `seat` and `checker` are names.
    """

    check: int
    checked_ms: int
    business_day: int
    outcome: str
    name: str
    document_kind: str
    document_number: str
    birth_date: int
    seat: str
    checker: str
    member: int
    clock_trust: int

    def row(self, utc_offset_min: int) -> dict[str, object]:
        """The record by COLUMNS."""
        values: dict[str, object] = {
            name: getattr(self, name) for name in COLUMNS if name != "checked_at"
        }
        at = local_time(self.checked_ms, utc_offset_min)
        return {"checked_at": at.isoformat(timespec="seconds"), **values}


def record_of_row(check: int, row: RegisterRow, seat: str, checker: str) -> CheckRecord:
    """The record of its document."""
    return CheckRecord(
        check,
        read_int(IDENTITY_CHECK, row, "checked_ms"),
        read_int(IDENTITY_CHECK, row, "business_day"),
        read_text(IDENTITY_CHECK, row, "outcome"),
        read_text(IDENTITY_CHECK, row, "name"),
        read_text(IDENTITY_CHECK, row, "document_kind"),
        read_text(IDENTITY_CHECK, row, "document_number"),
        read_int(IDENTITY_CHECK, row, "birth_date"),
        seat,
        checker,
        read_int(IDENTITY_CHECK, row, "member"),
        read_int(IDENTITY_CHECK, row, "trust"),
    )


def table_of_checks(
    records: Iterable[CheckRecord], days: tuple[int, int], utc_offset_min: int
) -> Table:
    """The records for a spreadsheet. All cells are texts: one rounds a number of 18 digits."""
    return Table(
        "identity_checks",
        ("实名登记", "identity checks"),
        *days,
        tuple(Column(code, name, Type.TEXT) for code, name in COLUMNS.items()),
        tuple(
            tuple(str(value) for value in record.row(utc_offset_min).values()) for record in records
        ),
    )
