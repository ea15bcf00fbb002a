"""Ops chain by hash, and a row off the wire is the op that was written."""

from hashlib import sha256

import pytest

from sync_protocol.codec import pack, unpack
from sync_protocol.errors import DecodeError
from sync_protocol.kinds import TRANSACTION
from sync_protocol.ops import (
    HEADER_FIELDS,
    Header,
    OpRef,
    genesis_hash,
    header_from_row,
    make_op,
    op_from_wire,
    ref_from_row,
)


def header(seq: int = 1) -> Header:
    return Header(1, TRANSACTION, 2, 3, seq, 99 << 16, 1, 2, 1, 0, 40, 7, 1, 5)


def test_the_hash_is_over_header_previous_hash_and_body_hash():
    previous = genesis_hash("chain", 2, 3)
    op = make_op(header(), [1, b"x"], previous)
    written = pack(header().row()) + previous + sha256(pack([1, b"x"])).digest()
    assert op.hash == sha256(written).digest()


def test_a_row_off_the_wire_is_the_same_op_also_without_its_body():
    first = make_op(header(1), [1, b"x"], genesis_hash("chain", 2, 3))
    second = make_op(header(2), [2], first.hash)
    again = op_from_wire(unpack(pack(first.wire_row())), genesis_hash("chain", 2, 3))
    assert (again.hash, again.body) == (first.hash, first.body)
    erased = op_from_wire([header(1).row(), first.hash_of_body], genesis_hash("chain", 2, 3))
    assert (erased.hash, erased.body) == (first.hash, None)
    assert op_from_wire(second.wire_row(), erased.hash).hash == second.hash


def test_another_chain_node_or_epoch_starts_from_another_hash():
    hashes = {
        genesis_hash("chain", 2, 3),
        genesis_hash("other", 2, 3),
        genesis_hash("chain", 3, 3),
        genesis_hash("chain", 2, 4),
    }
    assert len(hashes) == 4


@pytest.mark.parametrize("index", range(HEADER_FIELDS))
@pytest.mark.parametrize("value", [-1, None, "1", True, 1 << 64])
def test_a_wrong_header_field_is_named(index, value):
    row = header().row()
    row[index] = value
    with pytest.raises(DecodeError) as caught:
        header_from_row(row)
    assert caught.value.detail == Header.__slots__[index]


@pytest.mark.parametrize("row", [None, [], [[], []], [header().row(), "x"], [header().row(), b"x"]])
def test_a_wrong_row_is_refused(row):
    with pytest.raises(DecodeError):
        op_from_wire(row, b"\0" * 32)


def test_a_reference_names_the_op_and_vouches_for_it():
    op = make_op(header(), [1], genesis_hash("chain", 2, 3))
    assert ref_from_row(op.ref().row()) == op.ref() == OpRef(2, 3, 1, op.hash[:8])
    with pytest.raises(DecodeError):
        ref_from_row([2, 3, 1, b"short"])
