"""Columns and frames: rows come back exactly, bad bytes are refused in bounds, ops are small."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_protocol.codec import DEPTH_MAX, INT_MAX, INT_MIN, pack
from sync_protocol.column_reader import unpack_rows
from sync_protocol.column_writer import pack_rows
from sync_protocol.columns import (
    ARRAY,
    CONSTANT,
    DELTA,
    DICTIONARY,
    LIST,
    MAPPED,
    NEGATED,
    NIL,
    PLANES,
    SAME,
    SPLIT,
    TEXT,
)
from sync_protocol.deflate import deflate, inflate
from sync_protocol.errors import DecodeError, LimitError, ProtocolError
from sync_protocol.frames import (
    CODECS_READ,
    DEFLATE,
    FRAME_BYTES_MAX,
    RAW,
    UNPACKED_BYTES_MAX,
    pack_frame,
    unpack_frame,
)
from sync_protocol.message_fields import SIGNATURE_BYTES
from sync_protocol.messages import Push
from sync_protocol.varint import write_varint
from tests.sync_protocol.ledger_rows import ledger_rows
from tests.sync_protocol.peers import Random

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(INT_MIN, INT_MAX)
    | st.integers(-300, 300)
    | st.sampled_from(["fen", "points", "", "你好", b"", b"\x00", INT_MIN, INT_MAX])
    | st.binary(max_size=20)
    | st.text(max_size=8)
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=6), max_leaves=12)


def variant(draw, value):
    """Return a value of nearly the same shape."""
    if isinstance(value, list):
        return [variant(draw, item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        changed = value + draw(st.sampled_from([0, 0, 1, -1, 255, 70000, -2 * value]))
        return min(max(changed, INT_MIN), INT_MAX)
    return draw(LEAVES) if draw(st.integers(0, 19)) == 0 else value


@st.composite
def alike_rows(draw):
    """Return rows as a log has them: many of one shape, a few that differ."""
    shape = draw(VALUES)
    return [variant(draw, shape) for _ in range(draw(st.integers(0, 40)))]


@st.composite
def repeating_rows(draw):
    """Return rows that repeat within an array of changing length what stands beside it."""
    rows = []
    for place in range(draw(st.integers(17, 60))):
        value = draw(st.integers(INT_MIN, INT_MAX) | st.sampled_from([1, True, "fen", b"fen"]))
        rows.append([value, [value, [value, -1]][: place % 3], draw(st.integers(0, 3))])
    return rows


ROWS = st.lists(VALUES, max_size=12) | alike_rows() | repeating_rows()


@settings(max_examples=300)
@given(ROWS)
def test_rows_come_back_cell_by_cell_and_type_by_type(rows):
    # Packed bytes tell True from 1 and text from bytes, which == does not.
    assert pack(unpack_rows(pack_rows(rows))) == pack(rows)


@settings(max_examples=300)
@given(ROWS, st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=4))
def test_changed_bytes_are_read_in_bounds_or_refused(rows, changes):
    data = bytearray(pack_rows(rows))
    for at, byte in changes:
        data[at % len(data)] = byte
    try:
        read = unpack_rows(bytes(data), rows_max=500, cells_max=20000, bytes_max=20000)
    except ProtocolError:
        return
    assert len(read) <= 500
    pack(unpack_rows(pack_rows(read)))


@settings(max_examples=500)
@given(st.binary(max_size=60))
def test_any_bytes_are_rows_or_refused(data):
    with suppress(ProtocolError):
        pack_rows(unpack_rows(data, rows_max=200, cells_max=5000, bytes_max=5000))


@given(ROWS, st.data())
def test_cut_bytes_are_refused(rows, data):
    packed = pack_rows(rows)
    with pytest.raises(ProtocolError):
        unpack_rows(packed[: data.draw(st.integers(0, len(packed) - 1))])


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [None, None],
        [True, False, True],
        [7] * 3,
        [INT_MIN, INT_MAX],
        [INT_MAX - 1, INT_MAX],
        list(range(1000, 9000, 8)),
        [[number, -number] for number in range(0, 5000, 7)],
        [[number % 300, str(number % 300)] for number in range(5000)],
        [[number * number % 997, number % 2] for number in range(3000)],
        [[[1] * (number % 3)] for number in range(100)],
        [[[1] * (number % 70)] for number in range(100)],
        [["a" * number] for number in range(50)],
        [b"\x00" * 32, b"\xff" * 32],
        [[]] * 5,
        [[number**4, [number**4] * (number % 2), b"x"] for number in range(100)],
        [[number**4, [[number**4, [number] * (number % 2)]]] for number in range(100)],
        [[str(number // 2), str(number // 2) if number % 3 else None] for number in range(100)],
    ],
    ids=range(18),
)
def test_each_form_comes_back(rows):
    assert unpack_rows(pack_rows(rows)) == rows


def test_a_column_within_a_split_that_repeats_one_beside_it_takes_two_bytes():
    draw = Random(9)
    ids = [draw.below(1 << 52) for _ in range(200)]
    rows = [[one, [one] * (1 + place % 2)] for place, one in enumerate(ids)]
    alone = pack_rows([[one] for one in ids])
    packed = pack_rows(rows)
    assert unpack_rows(packed) == rows
    assert len(packed) - len(alone) <= len(ids) + 20  # a part number for each cell, and forms


def test_a_long_value_is_written_once_also_where_it_is_a_function_of_another_column():
    photo = bytes(range(250)) * 240
    rows = [[number // 5, photo] for number in range(14)]
    packed = pack_rows(rows)
    assert unpack_rows(packed) == rows
    assert len(packed) <= len(photo) + 40


def test_a_thousand_ledger_ops_take_at_most_20_bytes_each_with_their_signature():
    rows = ledger_rows(Random(1), 1000)
    frame = pack_frame(rows, CODECS_READ)
    push = Push(3, 1, 10001, frame, bytes(SIGNATURE_BYTES)).pack()
    assert unpack_frame(frame) == rows
    assert len(push) <= 20 * 1000


def test_a_batch_of_one_takes_at_most_250_bytes():
    for row in ledger_rows(Random(2), 100):
        push = Push(3, 1, 10001, pack_frame([row], CODECS_READ), bytes(SIGNATURE_BYTES)).pack()
        assert len(push) <= 250


def test_what_cannot_be_coded_is_said():
    for value, error in (
        (1.5, DecodeError),
        ({}, DecodeError),
        (INT_MAX + 1, LimitError),
        ("\ud800", LimitError),
    ):
        with pytest.raises(error):
            pack_rows([[value]])
    nested = [1]
    for _ in range(4 * DEPTH_MAX):
        nested = [nested]
    with pytest.raises(LimitError, match="depth"):
        pack_rows([nested])


def crafted(*parts):
    """Return bytes from ints (one byte each) and byte strings."""
    return b"".join(bytes([part]) if isinstance(part, int) else part for part in parts)


def number(value):
    out = bytearray()
    write_varint(out, value)
    return bytes(out)


PAIR = (DICTIONARY, 2, PLANES, 0, 1, 5, 6, 0, 1)
"""A dictionary column of two cells."""


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (crafted(number(1 << 40), NIL), "frame_rows"),
        (crafted(number(1000), ARRAY, number(1 << 30), *[NIL] * 200), "frame_cells"),
        (crafted(2, LIST, PLANES, 0, 8, b"\xff" * 16, NIL), "frame_cells"),
        (
            crafted(number(1000), DICTIONARY, 1, TEXT, CONSTANT, number(2000), b"a" * 1000),
            "frame_bytes",
        ),
        (crafted(1, *[ARRAY, 1] * 60, NIL), "value_depth"),
        (crafted(1, *[ARRAY, 1] * (DEPTH_MAX + 2), NIL), "value_depth"),
        (crafted(1, *[LIST, 0x81] * (DEPTH_MAX + 2), NIL), "value_depth"),
        (crafted(1, ARRAY, number(20_000), *[NIL] * 20_000), "frame_cells"),
        (crafted(number(5000), ARRAY, 10, *[ARRAY, 0] * 10), "frame_cells"),
        (crafted(number(100), SPLIT, 65, *[NIL] * 66), "frame_parts"),
        (crafted(1, 15), "malformed"),
        (crafted(1, 0x7F), "malformed"),
        (crafted(1, SAME, 0), "malformed"),
        (crafted(2, ARRAY, 2, PLANES, 0, 1, 1, 2, MAPPED, 0, 0x81), "malformed"),
        (crafted(2, ARRAY, 2, TEXT, 0x81, b"ab", NEGATED, 0), "malformed"),
        (crafted(2, ARRAY, 2, *PAIR, SPLIT, 1, 0x80, SAME, 1), "malformed"),
        (crafted(2, ARRAY, 2, *PAIR, SPLIT, 1, 0x80, MAPPED, 0, 0x81), "malformed"),
        (crafted(2, ARRAY, 2, *PAIR, SPLIT, 1, 0x80, SPLIT, 1, 0x80, SAME, 0), "malformed"),
        (crafted(2, ARRAY, 2, *PAIR, LIST, 0x81, SAME, 0), "malformed"),
        (crafted(2, ARRAY, 2, TEXT, 0x81, b"ab", SPLIT, 1, 0x80, NEGATED, 0), "malformed"),
        (crafted(2, DICTIONARY, 3, 0x81, 0, 1), "malformed"),
        (crafted(2, DICTIONARY, 2, PLANES, 0, 1, 5, 6, 0, 2), "malformed"),
        (crafted(2, SPLIT, 1, PLANES, 0, 1, 0, 1, NIL, NIL), "malformed"),
        (crafted(2, DELTA, 0, DELTA, 0, 0x81), "malformed"),
        (crafted(2, PLANES, 0, 10), "malformed"),
        (crafted(2, PLANES, 0, 0), "malformed"),
        (crafted(2, TEXT, CONSTANT, 1, b""), "malformed"),
        (crafted(1, TEXT, 0x82, b"\xff\xfe"), "malformed"),
        (crafted(2, LIST, CONSTANT, 1), "malformed"),
        (crafted(2, LIST, TEXT, 0x80), "malformed"),
        (crafted(2, NIL, NIL), "malformed"),
        (crafted(1, CONSTANT, number((INT_MAX + 1) << 1)), "value_range"),
        (crafted(2, PLANES, number(INT_MAX << 1), 1, 0, 1), "value_range"),
        (crafted(2, DELTA, number(INT_MAX << 1), 0x81), "value_range"),
        (
            crafted(2, ARRAY, 2, PLANES, number(INT_MAX - 9 << 1), 1, 0, 1, NEGATED, 0),
            "value_range",
        ),
        (crafted(0x80, 0x00), "not_canonical"),
        (b"\xff" * 11, "malformed"),
        (b"", "malformed"),
    ],
)
def test_crafted_columns_are_refused_in_bounds(data, code):
    with pytest.raises(ProtocolError) as refused:
        unpack_rows(data, rows_max=5000, cells_max=100_000, bytes_max=500_000)
    assert refused.value.code == code


def test_a_part_sees_its_own_cells_of_the_columns_around_its_split():
    data = crafted(2, ARRAY, 2, *PAIR, SPLIT, 2, PLANES, 0, 1, 1, 0, SAME, 0, NEGATED, 0)
    assert unpack_rows(data) == [[5, -5], [6, 6]]


def test_a_frame_is_raw_where_the_receiver_reads_only_that_or_deflate_gains_nothing():
    rows = ledger_rows(Random(3), 50)
    assert pack_frame(rows, [RAW])[0] == RAW
    assert pack_frame(rows, CODECS_READ)[0] == DEFLATE
    assert pack_frame([[1]], CODECS_READ)[0] == RAW
    assert unpack_frame(pack_frame(rows, [RAW])) == rows


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"", "malformed"),
        (bytes(FRAME_BYTES_MAX + 1), "frame_bytes"),
        (b"\x00" + number(UNPACKED_BYTES_MAX + 1), "frame_bytes"),
        (b"\x02\x01\x00", "frame_codec"),
        (b"\x00\x02\x00", "malformed"),
        (b"\x01\x05\x07\x07", "malformed"),
        (b"\x01" + number(10) + deflate(bytes(5_000_000)), "malformed"),
        (b"\x01" + number(10) + deflate(bytes(9)), "malformed"),
        (b"\x01" + number(10) + deflate(bytes(10)) + b"x", "malformed"),
    ],
    ids=["empty", "long", "claims_more", "codec", "raw_size", "garbage", "bomb", "short", "extra"],
)
def test_a_frame_that_is_not_what_it_says_is_refused(frame, code):
    with pytest.raises(ProtocolError) as refused:
        unpack_frame(frame)
    assert refused.value.code == code


def test_a_frame_too_long_to_send_is_refused_where_it_is_made():
    random = Random(4)
    noise = [bytes([random.below(256) for _ in range(1000)]) for _ in range(20)]
    with pytest.raises(LimitError):
        pack_frame([noise] * 2 + [[blob * 60] for blob in noise], [RAW])


def test_a_row_holds_the_deepest_body_of_the_codec():
    nested = [None]
    for _ in range(DEPTH_MAX - 1):
        nested = [nested]
    assert unpack_rows(pack_rows([[[1], nested]])) == [[[1], nested]]


def test_what_has_more_cells_than_a_reader_takes_is_not_written():
    with pytest.raises(LimitError) as refused:
        pack_rows([[None] * 450_000])
    assert refused.value.code == "frame_cells"


def test_inflate_stops_at_the_size_it_was_told():
    packed = deflate(bytes(50_000_000))
    with pytest.raises(DecodeError):
        inflate(packed, 1000)
