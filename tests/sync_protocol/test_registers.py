"""Registers: what a concurrent edit does, by base, stamp and safety."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.errors import DecodeError
from sync_protocol.kinds import CARD, KINDS, MEMBER, PRODUCT, SITE, VISIT, field_index
from sync_protocol.ops import HUB, OpRef
from sync_protocol.registers import (
    Change,
    RegisterRow,
    RegisterWrite,
    compare,
    fault_of,
    fold_write,
    row_from_stored,
    write_from_body,
)

CARD_KIND = KINDS[CARD]
STATUS = field_index(CARD, "status")
LABEL = field_index(CARD, "label")


def ref(seq, node=1):
    return OpRef(node, 1, seq, b"hash%04d" % seq)


def write(index, value, base=None, cafe=1):
    return RegisterWrite(b"", 5, cafe, [Change(index, value, base)])


def row_after(*writes):
    row = None
    for seq, (index, value, stamp) in enumerate(writes, 1):
        row = fold_write(row, write(index, value), stamp, ref(seq), [])
    return row


def test_a_write_on_the_shown_value_is_no_conflict():
    row = row_after((LABEL, "old", 10))
    change = write(LABEL, "new", base=ref(1).row())
    assert compare(CARD_KIND, change, 5, 2, row) == ([], [])


def test_of_two_concurrent_writes_the_later_stamp_wins_and_both_are_known():
    row = row_after((LABEL, "theirs", 10))
    assert compare(CARD_KIND, write(LABEL, "ours"), 11, 2, row) == ([], [LABEL])
    assert compare(CARD_KIND, write(LABEL, "ours"), 9, 2, row) == ([LABEL], [])
    assert compare(CARD_KIND, write(LABEL, "theirs"), 9, 2, row) == ([], [])


def test_equal_stamps_are_ordered_by_node():
    row = row_after((LABEL, "theirs", 10))
    assert compare(CARD_KIND, write(LABEL, "ours"), 10, 2, row) == ([], [LABEL])
    assert compare(CARD_KIND, write(LABEL, "ours"), 10, 0, row) == ([LABEL], [])


@pytest.mark.parametrize("stamp", [1, 100])
def test_of_two_concurrent_statuses_the_safer_wins_whenever_it_was_written(stamp):
    row = row_after((STATUS, "lost", 50))
    assert compare(CARD_KIND, write(STATUS, "active"), stamp, 2, row) == ([STATUS], [])
    assert compare(CARD_KIND, write(STATUS, "void"), stamp, 2, row) == ([], [STATUS])


def test_a_known_status_can_be_taken_back():
    row = row_after((STATUS, "lost", 50))
    change = write(STATUS, "active", base=ref(1).row())
    assert compare(CARD_KIND, change, 60, 2, row) == ([], [])


def test_a_lost_field_is_left_and_the_others_are_set():
    row = row_after((LABEL, "theirs", 10))
    both = RegisterWrite(b"", 5, 1, [Change(STATUS, "void", None), Change(LABEL, "ours", None)])
    after = fold_write(row, both, 9, ref(2), [LABEL])
    assert (after.value(STATUS), after.value(LABEL)) == ("void", "theirs")
    assert after.value(LABEL + 5) is None


def test_an_erased_row_stays_erased():
    erased = RegisterRow(1, None)
    assert fold_write(erased, write(LABEL, "back"), 9, ref(2), []) is erased
    assert erased.value(LABEL) is None
    assert row_from_stored(erased.row()).entries is None


def test_who_may_write():
    assert fault_of(KINDS[PRODUCT], 2, write(0, "x", cafe=1), 1, None) == "hub_only"
    assert fault_of(KINDS[PRODUCT], HUB, write(0, "x", cafe=0), 0, None) is None
    assert fault_of(CARD_KIND, 2, write(LABEL, "x", cafe=4), 1, None) == "other_cafe"
    assert fault_of(KINDS[VISIT], 2, write(0, 1, cafe=1), 1, RegisterRow(4, [])) == "owner"
    assert fault_of(CARD_KIND, 2, write(LABEL, "x", cafe=1), 1, RegisterRow(4, [])) is None
    assert fault_of(CARD_KIND, 2, write(LABEL, "x", cafe=1), 1, RegisterRow(1, None)) == "erased"


def test_a_personal_body_carries_a_salt():
    body = RegisterWrite(b"", 5, 1, [Change(1, "Li Lei", None)]).body()
    with pytest.raises(DecodeError):
        write_from_body(KINDS[MEMBER], body)
    body[0] = b"0123456789abcdef"
    assert write_from_body(KINDS[MEMBER], body).changes[0].value == "Li Lei"


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [[99, "x", None]],
        [[1, "x", None], [1, "y", None]],
        [[0, 5, None]],
        [[0, "x", [1]]],
        [[6, 1, None]],
        None,
    ],
)
def test_a_malformed_body_is_refused(changes):
    with pytest.raises(DecodeError):
        write_from_body(KINDS[SITE], [b"", 5, 0, changes])


@pytest.mark.parametrize("text", ["a\x00", "\x00"])
def test_no_text_or_key_holds_the_character_that_no_table_holds(text):
    with pytest.raises(DecodeError):
        write_from_body(KINDS[SITE], [b"", 5, 0, [[1, text, None]]])
    with pytest.raises(DecodeError):
        write_from_body(KINDS[SITE], [b"", text, 0, [[1, "x", None]]])


def test_a_status_outside_its_table_is_refused():
    with pytest.raises(DecodeError):
        write_from_body(CARD_KIND, write(STATUS, "borrowed").body())


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), min_size=1, max_size=12))
def test_a_row_survives_its_stored_form(writes):
    row = None
    for seq, (index, value) in enumerate(writes, 1):
        row = fold_write(row, write(index, str(value)), seq, ref(seq), [])
    assert row_from_stored(row.row()).row() == row.row()
    assert row.entries[-1] is not None
