"""Passwords and second factors of head office: what may be one, and when it is due anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from cloud.domain.refusals import Refusal, refusal

LENGTH_MAX = 128
PASSPHRASE_LENGTH = 16
"""From here on a password need not mix kinds of characters: words are long enough."""
KINDS_MIN = 3
"""Of small letters, capitals, digits and all else."""
GRACE_DAYS = 7
"""So long after the first password a person may work without a second factor."""
GENERATED_DAY = 1
"""The day of the first admin's password, which the hub made up."""
RESET_DAY = 2
"""The day of a password that somebody else set. Both are changed at the next log-in."""

PASSWORD, SECOND_FACTOR, FIRST_RUN = "password", "second_factor", "first_run"
"""What somebody must do before anything else."""


@dataclass(frozen=True, slots=True)
class Security:
    """The rule `security` of `sync_protocol.rules`, as far as head office's log-in needs it."""

    password_length: int
    password_days: int
    second_factor: bool
    failures_max: int
    lock_ms: int


def security_of(row: Mapping[str, Any]) -> Security:
    """The rule's one row."""
    return Security(
        row["password_length"],
        row["password_days"],
        row["second_factor"],
        max(row["failures_max"], 1),
        max(row["lock_minutes"], 1) * 60_000,
    )


def password_fault(password: str, name: str, security: Security) -> Refusal | None:
    """Why this cannot be the password of `name`, None where it can."""
    if not security.password_length <= len(password) <= LENGTH_MAX:
        return Refusal(
            "password_short",
            f"密码要 {security.password_length} 到 {LENGTH_MAX} 位",
            f"A password has {security.password_length} to {LENGTH_MAX} characters",
        )
    if name and name.lower() in password.lower():
        return refusal("password_has_name")
    kinds = (str.islower, str.isupper, str.isdigit, lambda letter: not letter.isalnum())
    mixed = sum(any(map(kind, password)) for kind in kinds)
    if len(password) < PASSPHRASE_LENGTH and mixed < KINDS_MIN:
        return refusal("password_plain")
    if len(set(password)) < 5:
        return refusal("password_plain")
    return None


def is_due(password_day: int, today: int, days: int) -> bool:
    """Whether something of a day (yyyymmdd, 0 for unknown) is older than so many days."""
    if days <= 0 or password_day == 0:
        return False
    if password_day in (GENERATED_DAY, RESET_DAY):
        return True
    return _date(today) - _date(password_day) > timedelta(days=days)


def must_do(password_day: int, has_second_factor: bool, today: int, security: Security) -> str:
    """What a person must do before anything else, empty for nothing."""
    if is_due(password_day, today, security.password_days or 1_000_000):
        return PASSWORD
    if security.second_factor and not has_second_factor:
        return SECOND_FACTOR if is_due(password_day, today, GRACE_DAYS) else ""
    return ""


def lock_minutes(ages_ms: list[int], security: Security) -> int:
    """For how many minutes no password is looked at; `ages_ms`: how long ago each attempt was."""
    recent = sorted(age for age in ages_ms if 0 <= age < security.lock_ms)
    if len(recent) < security.failures_max:
        return 0
    left_ms = security.lock_ms - recent[security.failures_max - 1]
    return -(-left_ms // 60_000)


def _date(day: int) -> date:
    return date(day // 10_000, day // 100 % 100, day % 100)
