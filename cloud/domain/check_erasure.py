"""Which identity checks an erasure has left, and the law lets go of now.

A cafe must keep who was checked before a session for 60 days (Regulations on Internet Access
Service Business Places, article 23). So erasing a member leaves the member's checks, each a
person's record of its own; once their days are over, the hub erases them too.
"""

from datetime import UTC, date, datetime, timedelta

from sync_protocol.clock import stamp_ms
from sync_protocol.kinds import IDENTITY_CHECK, field_index
from sync_protocol.registers import RegisterRow

KEEP_DAYS = 60

_MEMBER = field_index(IDENTITY_CHECK, "member")


def member_checked(row: RegisterRow) -> int:
    """Whose check it is; 0 for a walk-in's, and where it was erased already."""
    member = row.value(_MEMBER)
    return member if isinstance(member, int) else 0


def may_go(row: RegisterRow, business_day: int) -> bool:
    """Whether a check is past its days, by the hub's time: a box's clock may have been wrong."""
    entry = row.entry(_MEMBER)
    if entry is None or not isinstance(entry[1], int):
        return False
    checked = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=stamp_ms(entry[1]))
    today = date(business_day // 10000, business_day // 100 % 100, business_day % 100)
    return today - checked.date() > timedelta(days=KEEP_DAYS)
