"""One encoding per value, in both coders; anything else gets the protocol's own error."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_protocol.codec import DEPTH_MAX, _is_utf8, pack, pack_pure, unpack, unpack_pure
from sync_protocol.errors import DecodeError, LimitError, ProtocolError

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.binary(max_size=300)
    | st.text(max_size=80)
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=20), max_leaves=40)


@given(VALUES)
def test_both_coders_write_the_same_bytes_and_read_them_back(value):
    data = pack(value)
    assert data == pack_pure(value)
    assert unpack(data) == value
    assert unpack_pure(data) == value


@settings(max_examples=500)
@given(st.binary(max_size=60))
def test_both_coders_accept_and_refuse_the_same_bytes(data):
    def outcome(decode):
        try:
            return ("value", decode(data))
        except ProtocolError:
            return ("refused", None)

    fast, pure = outcome(unpack), outcome(unpack_pure)
    assert fast == pure
    if fast[0] == "value":
        assert pack(fast[1]) == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\xca\x00\x00\x00\x00",  # a float
        b"\x80",  # an empty map
        b"\x81\x01\x01",
        b"\xc7\x00\x01",  # an extension
        b"\xcc\x01",  # 1, not in its shortest form
        b"\xd1\xff\xff",  # -1, not in its shortest form
        b"\xd9\x01a",
        b"\xdc\x00\x01\xc0",
        b"\xa2\xff\xfe",  # not UTF-8
        b"\xa3\xed\xa0\x80",  # a lone surrogate
        b"\x92\x01",
        b"\x01\x01",
        b"\xc4\x05a",
        b"\xdd\xff\xff\xff\xff",
    ],
)
@pytest.mark.parametrize("decode", [unpack, unpack_pure])
def test_what_is_not_canonical_is_refused(decode, data):
    with pytest.raises(ProtocolError):
        decode(data)


@pytest.mark.parametrize("encode", [pack, pack_pure])
@pytest.mark.parametrize("value", [1.5, {}, {1: 2}, {1}, object()])
def test_what_is_not_of_the_subset_is_not_written(encode, value):
    with pytest.raises(DecodeError):
        encode(value)


@pytest.mark.parametrize("encode", [pack, pack_pure])
@pytest.mark.parametrize("value", [1 << 64, -(1 << 63) - 1])
def test_an_int_beyond_64_bits_is_not_written(encode, value):
    with pytest.raises(LimitError):
        encode(value)


@pytest.mark.parametrize("decode", [unpack, unpack_pure])
def test_depth_has_a_limit(decode):
    assert decode(b"\x91" * DEPTH_MAX + b"\xc0") is not None
    with pytest.raises(ProtocolError):
        decode(b"\x91" * (DEPTH_MAX + 1) + b"\xc0")
    with pytest.raises(ProtocolError):
        decode(b"\x91" * 100_000 + b"\xc0")


def test_arrays_that_claim_what_does_not_follow_take_no_memory():
    heads = b"\xdd\x00\x0f\xff\xff" * 500 + bytes(1000)
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError):
            unpack(heads)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@settings(max_examples=500)
@given(st.binary(max_size=6) | st.text(max_size=3).map(lambda text: text.encode()))
def test_the_check_for_a_lenient_interpreter_agrees_with_a_strict_one(data):
    try:
        data.decode()
        well_formed = True
    except UnicodeError:
        well_formed = False
    assert _is_utf8(data) == well_formed
