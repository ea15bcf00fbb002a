"""The tests of feature rows fail once the handler behind a row is gone; each day other rows."""

from datetime import UTC, datetime

from tests.rows_bite import handler_behind, rows_bite

ROWS = 8


def test_rows_of_the_day_bite() -> None:
    seed = int(f"{datetime.now(UTC):%Y%m%d}")
    tried = rows_bite(ROWS, seed)
    with_command = [one for one in tried if one.command]
    assert with_command, tried
    assert [one for one in with_command if not one.failed] == []


def test_the_handler_behind_a_row_is_what_few_tests_do() -> None:
    spread = {"log_in": 9, "top_up": 4, "cash_out": 1}
    assert handler_behind(["log_in", "top_up", "cash_out"], spread) == "cash_out"
    assert handler_behind(["log_in", "top_up", "log_in"], spread) == "top_up"
    assert handler_behind([], spread) == ""
