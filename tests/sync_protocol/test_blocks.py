"""Blocks: less of an entry may be sent, and the hash stays; a changed byte shows."""

import pytest

from sync_protocol.annotations import APPLIED, VOID, Annotation
from sync_protocol.blocks import (
    Block,
    ChainHeads,
    blocks_from_rows,
    entry_of,
    log_genesis_hash,
)
from sync_protocol.codec import pack, unpack
from sync_protocol.errors import ChainError, ProtocolError
from sync_protocol.kinds import CAFE_TRANSACTION
from sync_protocol.manifest import Manifest, manifest_from_row
from sync_protocol.ops import Header, genesis_hash, make_op

CHAIN = "chain"


def ops(node, count):
    previous = genesis_hash(CHAIN, node, 1)
    made = []
    for seq in range(1, count + 1):
        header = Header(1, CAFE_TRANSACTION, node, 1, seq, seq, 0, 0, 0, 0, 0, 0, 0, 0)
        made.append(make_op(header, [seq, b"body"], previous))
        previous = made[-1].hash
    return made


def two_blocks():
    entries = [entry_of(op, Annotation(op.header.seq, APPLIED)) for op in ops(2, 3)]
    entries += [entry_of(op, Annotation(9, VOID, "x")) for op in ops(3, 2)]
    first = Block(1, 0, 1, 1, log_genesis_hash(CHAIN, 1), entries[:2])
    return [first, Block(1, 0, 2, 3, first.hash, entries[2:])]


def received(rows, heads=None):
    return blocks_from_rows(
        1, 0, 1, 1, log_genesis_hash(CHAIN, 1), [2, 3], rows, heads or ChainHeads(CHAIN)
    )


@pytest.mark.parametrize("stub_node", [None, 2, 3])
def test_a_range_with_or_without_bodies_has_the_same_hash(stub_node):
    blocks = two_blocks()
    rows = [entry.wire_row(entry.node != stub_node) for block in blocks for entry in block.entries]
    again = received(unpack(pack(rows)))
    assert [block.hash for block in again] == [block.hash for block in blocks]
    assert [block.last_position() for block in again] == [2, 5]
    assert [entry.op is None for entry in again[1].entries] == [
        stub_node == 2,
        stub_node == 3,
        stub_node == 3,
    ]


def test_an_erased_body_leaves_the_hash():
    blocks = two_blocks()
    blocks[0].entries[1].op.body = None
    rows = [entry.wire_row(True) for block in blocks for entry in block.entries]
    assert received(rows)[-1].hash == blocks[-1].hash


def test_any_change_shows_in_the_last_hash():
    blocks = two_blocks()
    rows = [entry.wire_row(True) for block in blocks for entry in block.entries]
    expected = blocks[-1].hash
    for at in range(len(rows)):
        for change in (
            lambda row: row[1].__setitem__(11, 77),  # the actor
            lambda row: row[2].__setitem__(1, b"other"),  # the body
            lambda row: row[3].__setitem__(0, 1234),  # the effective stamp
        ):
            copy = unpack(pack(rows))
            change(copy[at])
            assert received(copy)[-1].hash != expected


def test_a_gap_in_an_authors_sequence_is_found():
    rows = [entry.wire_row(True) for block in two_blocks() for entry in block.entries]
    del rows[1]
    with pytest.raises(ChainError):
        blocks_from_rows(1, 0, 1, 1, b"\0" * 32, [2, 2], rows, ChainHeads(CHAIN))


def test_counts_that_do_not_cover_the_rows_are_refused():
    rows = [entry.wire_row(True) for block in two_blocks() for entry in block.entries]
    with pytest.raises(ProtocolError):
        received([*rows, rows[0]])


@pytest.mark.parametrize("row", [None, [], [1, [], [], []], [2, None, None, [1, 1, None]]])
def test_a_malformed_entry_is_refused(row):
    with pytest.raises(ProtocolError):
        blocks_from_rows(1, 0, 1, 1, b"\0" * 32, [1], [row], ChainHeads(CHAIN))


def test_a_manifest_survives_the_wire_and_binds_every_field():
    manifest = Manifest(
        CHAIN, 1, 0, 7, b"b" * 32, 900, [(2, 1, 3, b"h" * 32)], [(4, 0, b"s" * 32)], b"c" * 32
    )
    again = manifest_from_row(unpack(pack(manifest.row())))
    assert again.signing_bytes() == manifest.signing_bytes()
    again.heads[0] = (2, 1, 4, b"h" * 32)
    assert again.signing_bytes() != manifest.signing_bytes()
    with pytest.raises(ProtocolError):
        manifest_from_row([CHAIN])
