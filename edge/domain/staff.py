"""Staff: who may do what, who may log in here, and how long a wrong PIN locks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from edge.domain.decision import read_list, read_text
from edge.domain.refusals import Refusal, refuse
from edge.domain.rights_table import RIGHTS, ROLE_NAMES
from sync_protocol.kinds import STAFF, field_index
from sync_protocol.registers import RegisterRow

PIN_LENGTH_MAX = 64


def may(
    role: str, operation: str, granted: Collection[str] = (), taken: Collection[str] = ()
) -> bool:
    """Whether a person may do an operation: by the role, or as one `granted` to this person.

    What was `taken` from this person wins over both.
    """
    roles, _ = RIGHTS[operation]
    return operation not in taken and (role in roles or operation in granted)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the staff: the role, and by which operations their rights differ from it."""

    staff: int
    name: str
    role: str
    granted: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()

    def may(self, operation: str) -> bool:
        """Whether this person may do an operation."""
        return may(self.role, operation, self.granted, self.taken)


def person_of(staff: int, row: RegisterRow | None) -> Person:
    """A person of their staff document."""
    return Person(
        staff,
        read_text(STAFF, row, "name"),
        read_text(STAFF, row, "role"),
        _words(row, "granted"),
        _words(row, "taken"),
    )


def _words(row: RegisterRow | None, field: str) -> frozenset[str]:
    return frozenset(word for word in read_list(STAFF, row, field) if isinstance(word, str))


class HasRights(Protocol):
    """A person or a session of one."""

    @property
    def role(self) -> str:
        """One of `edge.domain.rights_table`."""

    def may(self, operation: str) -> bool:
        """Whether this person may do an operation."""


def right_refusal(person: HasRights, operation: str) -> Refusal | None:
    """Why a person may not do an operation, or None."""
    if person.may(operation):
        return None
    _, name = RIGHTS[operation]
    role = ROLE_NAMES.get(person.role, (person.role, person.role))
    return refuse("no_right", role=role, operation=name)


def log_in_refusal(row: RegisterRow | None, cafe: int) -> Refusal | None:
    """Why a person may not log in here, whatever the PIN; None where the PIN decides.

    `cafes` of a staff document lists where they work; an empty list means every cafe.
    """
    if row is None or row.entries is None or not read_text(STAFF, row, "pin_hash"):
        return refuse("log_in_failed")
    if row.value(field_index(STAFF, "active")) is False:
        return refuse("staff_inactive")
    cafes = read_list(STAFF, row, "cafes")
    if cafes and cafe not in cafes:
        return refuse("staff_other_cafe")
    return None


def lock_refusal(ages_ms: Sequence[int], failures_max: int, lock_ms: int) -> Refusal | None:
    """Why no PIN is looked at now, or None: `ages_ms` is how long ago each attempt was."""
    recent = sorted(age for age in ages_ms if 0 <= age < lock_ms)
    if len(recent) < failures_max:
        return None
    left_ms = lock_ms - recent[failures_max - 1]
    return refuse("log_in_locked", minutes=-(-left_ms // 60_000))
