"""Rules: what head office may publish, what a box makes of it, and that every default fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.errors import DecodeError
from sync_protocol.rules import RULES, check_rows, rows_in_force, rule_key


def test_every_default_fits_its_own_columns():
    for rule in RULES.values():
        rows = [list(row) for row in rule.default]
        checked = check_rows(rule, rows)
        assert [row[: len(one)] for row, one in zip(checked, rows, strict=True)] == rows


def test_a_row_of_an_older_head_office_is_filled_up():
    rule = RULES["tenders"]
    assert check_rows(rule, [["cash"]]) == [["cash", "", "", True, False]]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("tenders", None),
        ("tenders", [["cash", "现金", "cash", 1, False]]),
        ("top_up", []),
        ("top_up", [[True, -1]]),
        ("points", [[1.5]]),
        ("points", [[True]]),
        ("passes", [["p", "", "", "weekly"]]),
        ("rates", [["", "", False, 500, 0, 1441]]),
        ("packages", [["p", "", "", "", 60, 100, 0, 0, "1 8"]]),
        ("zones", [["a", "b", "c", "d"]]),
    ],
)
def test_what_does_not_fit_is_refused_and_the_default_holds(name, values):
    rule = RULES[name]
    with pytest.raises(DecodeError):
        check_rows(rule, values)
    assert rows_in_force(rule, values) == rows_in_force(rule, [list(row) for row in rule.default])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=3),
        lambda inner: st.lists(inner, max_size=4),
        max_leaves=20,
    )
)
def test_whatever_arrives_is_rows_of_full_length(values):
    for rule in RULES.values():
        assert all(len(row) == len(rule.columns) for row in rows_in_force(rule, values))


def test_a_cafe_has_a_key_of_its_own():
    assert (rule_key("rates", 0), rule_key("rates", 3)) == ("rates", "rates@3")
