"""Staff: who may do what, who may log in here, and how long a wrong PIN locks."""

from collections.abc import Collection
from dataclasses import dataclass

from edge.domain.decision import read_list, read_text
from edge.domain.refusals import Refusal, refuse
from edge.domain.rights_table import RIGHTS, ROLE_NAMES
from sync_protocol.kinds import STAFF, field_index
from sync_protocol.registers import RegisterRow

FAILURES_MAX = 5
"""Wrong PINs in a row before a person is locked: a four-digit PIN then costs days to guess."""
LOCK_MS = 5 * 60 * 1000
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


def right_refusal(
    role: str, operation: str, granted: Collection[str] = (), taken: Collection[str] = ()
) -> Refusal | None:
    """Why a person may not do an operation, or None."""
    if may(role, operation, granted, taken):
        return None
    _, name = RIGHTS[operation]
    return refuse("no_right", role=ROLE_NAMES.get(role, (role, role)), operation=name)


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


def lock_refusal(failures: int, locked_until_ms: int, now_ms: int) -> Refusal | None:
    """Why no PIN is taken now, or None.

    A lock never lasts longer than LOCK_MS from now, so that a clock that was years ahead when it
    was set locks nobody out for years.
    """
    left_ms = locked_until_ms - now_ms
    if failures < FAILURES_MAX or not 0 < left_ms <= LOCK_MS:
        return None
    return refuse("log_in_locked", minutes=-(-left_ms // 60_000))


def after_failure(failures: int, now_ms: int) -> tuple[int, int]:
    """(failures, locked until) after one more wrong PIN."""
    failures += 1
    return failures, now_ms + LOCK_MS if failures >= FAILURES_MAX else 0
