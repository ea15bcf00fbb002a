"""Sealed files: a torn end, a flipped bit and a file of something else are found without a key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.errors import ProtocolError
from sync_protocol.sealed_copy import (
    MAGIC,
    CopyHead,
    first_check,
    head_from_row,
    read_records,
    record_bytes,
)

MESSAGES = [bytes([number]) * (40 * number) for number in range(1, 6)]


def seal(message, info):
    return b"sealed:" + message + info[-4:]


def a_file():
    """Return (the file, the offsets at which its records end)."""
    data, check, ends = MAGIC, first_check(), [len(MAGIC)]
    for number, message in enumerate(MESSAGES):
        head = CopyHead("chain", 7, 2, number * 10 + 1, number * 10 + 10, bytes(32), number)
        record, check = record_bytes(check, head, message, seal)
        data += record
        ends.append(len(data))
    return data, ends


FILE, ENDS = a_file()


def rows(records):
    return [(record.head.row(), record.sealed, record.check_before) for record in records]


WHOLE = rows(read_records(FILE)[0])


def test_a_whole_file_gives_back_every_record():
    assert [row[0][3:5] for row in WHOLE] == [[1, 10], [11, 20], [21, 30], [31, 40], [41, 50]]
    assert all(MESSAGES[index] in row[1] for index, row in enumerate(WHOLE))
    assert read_records(FILE)[1] == len(FILE)


@given(st.integers(len(MAGIC), len(FILE)), st.binary(max_size=80))
def test_a_torn_end_costs_no_record_before_it(cut, junk):
    """Power goes while a record is written: a prefix, and perhaps what stood on the disk before."""
    records, whole = read_records(FILE[:cut] + junk)
    kept = sum(end <= cut for end in ENDS) - 1
    if FILE[cut : cut + len(junk)] != junk:
        assert rows(records) == WHOLE[:kept]
        assert whole == ENDS[kept]
    else:
        assert rows(records) == WHOLE[: len(records)]


@given(st.integers(0, len(FILE) * 8 - 1))
def test_a_flipped_bit_is_found(bit):
    data = bytearray(FILE)
    data[bit // 8] ^= 1 << bit % 8
    if bit // 8 < len(MAGIC):
        with pytest.raises(ProtocolError):
            read_records(bytes(data))
        return
    intact = sum(end <= bit // 8 for end in ENDS) - 1
    assert rows(read_records(bytes(data))[0]) == WHOLE[:intact]


@given(st.recursive(st.none() | st.integers() | st.binary() | st.text(), st.lists, max_leaves=12))
def test_a_head_of_another_shape_is_refused(row):
    with pytest.raises(ProtocolError):
        head_from_row(row)
