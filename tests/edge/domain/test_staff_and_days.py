"""Rights, lockouts and business days."""

import pytest

from edge.desk.table import COMMANDS
from edge.domain.business_day import age_on, business_day, is_birthday, local_time
from edge.domain.rights_table import (
    READ_ONLY,
    RIGHTS,
    TECHNICIAN,
)
from edge.domain.staff import (
    Person,
    lock_refusal,
    log_in_refusal,
    may,
    right_refusal,
)
from sync_protocol.kinds import STAFF
from tests.edge.domain.facts import CAFE, OTHER_CAFE, code_of, row

PERSON = {"name": "李", "role": "cashier", "pin_hash": "$argon2id$", "active": True}


def test_every_command_names_a_right_that_exists() -> None:
    for command in COMMANDS.values():
        assert command.operation == "" or command.operation in RIGHTS


def test_a_cashier_sells_and_does_not_refund() -> None:
    assert right_refusal(Person(1, "李", "cashier"), "sell") is None
    assert right_refusal(Person(1, "李", "manager"), "refund") is None
    refusal = right_refusal(Person(1, "李", "cashier"), "refund")
    assert code_of(refusal) == "no_right"
    assert refusal is not None
    assert "收银员" in refusal.words("zh")
    assert code_of(right_refusal(Person(1, "李", "visitor"), "sell")) == "no_right"


def test_a_technician_prints_again_mends_seats_and_devices_and_sees_no_member() -> None:
    assert {operation for operation in RIGHTS if may(TECHNICIAN, operation)} == {
        "see_receipts",
        "reprint",
        "close_seat",
        "set_up_devices",
    }


def test_who_only_reads_changes_nothing() -> None:
    changing = {
        command.operation
        for command in COMMANDS.values()
        if command.name not in ("show_member", "identify_member", "clear_screen", "print_report")
    }
    assert may(READ_ONLY, "look")
    assert not any(may(READ_ONLY, operation) for operation in changing if operation)


def test_single_operations_are_granted_and_taken() -> None:
    assert may("cashier", "refund", granted={"refund"})
    assert not may("cashier", "sell", taken={"sell"})
    assert not may("cashier", "refund", granted={"refund"}, taken={"refund"})


def test_who_may_log_in_here() -> None:
    assert log_in_refusal(row(STAFF, PERSON), CAFE) is None
    assert log_in_refusal(row(STAFF, {**PERSON, "cafes": [CAFE]}), CAFE) is None
    other = row(STAFF, {**PERSON, "cafes": [OTHER_CAFE]})
    assert code_of(log_in_refusal(other, CAFE)) == "staff_other_cafe"
    gone = row(STAFF, {**PERSON, "active": False})
    assert code_of(log_in_refusal(gone, CAFE)) == "staff_inactive"
    assert code_of(log_in_refusal(row(STAFF, {"name": "李"}), CAFE)) == "log_in_failed"
    assert code_of(log_in_refusal(None, CAFE)) == "log_in_failed"


def test_so_many_wrong_pins_in_so_long_lock() -> None:
    minute = 60_000
    assert lock_refusal([0, 1, 2, 3], 5, 15 * minute) is None
    locked = lock_refusal([14 * minute, 3 * minute, 2, 1, 0], 5, 15 * minute)
    assert code_of(locked) == "log_in_locked"
    assert locked is not None
    assert locked.parameters["minutes"] == 1
    assert lock_refusal([15 * minute, 3 * minute, 2, 1, 0], 5, 15 * minute) is None


@pytest.mark.parametrize(
    ("hour_utc", "day"),
    [(21, 20261105), (22, 20261106), (23, 20261106)],
)
def test_the_business_day_begins_at_the_cut_over_hour(hour_utc: int, day: int) -> None:
    at_ms = (20762 * 24 + hour_utc) * 3_600_000  # 2026-11-05 UTC
    assert business_day(at_ms, 480, 6) == day


def test_local_time() -> None:
    assert local_time(0, 480).isoformat() == "1970-01-01T08:00:00+08:00"


def test_ages_and_birthdays() -> None:
    assert age_on(20081107, 20261106) == 17
    assert age_on(20081106, 20261106) == 18
    assert age_on(0, 20261106) is None
    assert is_birthday(20001106, 20261106)
    assert is_birthday(20000229, 20260228)
    assert not is_birthday(20000229, 20280228)
    assert not is_birthday(0, 20261106)
