"""The log as messages: a fresh block to everybody, a range of old ones to one cafe."""

from collections.abc import Callable
from dataclasses import replace

from cloud.store import log, returned
from cloud.store.database import Database
from cloud.store.log import Head, StoredBlock
from sync_protocol.blocks import Block, block_signing_bytes
from sync_protocol.errors import LimitError
from sync_protocol.frames import CODECS_READ, pack_frame
from sync_protocol.kinds import CAFE, KINDS
from sync_protocol.messages import RANGE_BLOCKS_MAX, Blocks
from sync_protocol.messages import Head as HeadMessage
from sync_protocol.ops import REFERENCE_HASH_BYTES

RANGE_OPS_MAX = 2000
"""Ops that one answer holds: what a box applies in a tenth of a second, while it asks for more."""


def _is_narrow(kind_code: int) -> bool:
    kind = KINDS.get(kind_code)
    return kind is not None and kind.reach == CAFE


def block_message(block: Block, signature: bytes) -> Blocks:
    """Return a fresh block as everybody gets it: narrow ops as stubs."""
    rows: list[object] = []
    for entry in block.entries:
        within = entry.op is not None and not _is_narrow(entry.op.header.kind)
        rows.append(entry.wire_row(within))
    return Blocks(
        block.generation,
        block.stream,
        block.number,
        block.first_position,
        block.previous_hash,
        [len(block.entries)],
        pack_frame(rows, CODECS_READ),
        signature,
    )


def range_message(
    database: Database, generation: int, first: int, last: int, cafe: int
) -> Blocks | None:
    """Return blocks first..last, or as many as fit, as boxes of `cafe` (0: of any) get them.

    Numbers go on over generations; the blocks of one answer are of one. None where the log has no
    block `first` of `generation` or a later one.
    """
    blocks = log.read_blocks(database, first, min(last, first + RANGE_BLOCKS_MAX - 1))
    taken: list[StoredBlock] = []
    ops = 0
    for block in blocks:
        other = block.generation < generation or (taken and block.generation != taken[0].generation)
        if other or (taken and ops + block.count > RANGE_OPS_MAX):
            break
        taken.append(block)
        ops += block.count
    while taken:
        end = taken[-1].first_position + taken[-1].count - 1
        rows = log.read_wire_rows(database, taken[0].first_position, end, cafe)
        try:
            frame = pack_frame(rows, CODECS_READ)
        except LimitError:
            if len(taken) == 1:
                raise
            del taken[len(taken) // 2 :]
            continue
        return Blocks(
            taken[0].generation,
            taken[0].stream,
            taken[0].number,
            taken[0].first_position,
            taken[0].previous_hash,
            [block.count for block in taken],
            frame,
            taken[-1].signature,
        )
    return None


def returned_message(
    database: Database, sign: Callable[[bytes], bytes], number: int, cafe: int
) -> Blocks | None:
    """Return a block that boxes have handed back in a recovery, for a box that has not had it.

    Signed anew: it is the block that the hub signed. None where it was not handed back.
    """
    previous_hash = returned.hash_of(database, number - 1) or returned.logged_hash(
        database, number - 1
    )
    if previous_hash is None:
        return None
    head = log.read_head(database)
    block = returned.block_at(database, number, previous_hash, head.stream)
    if block is None:
        return None
    cafes = {author.node: author.cafe for author in log.read_authors(database).values()}
    rows: list[object] = []
    for entry in block.entries:
        narrow = entry.op is None or _is_narrow(entry.op.header.kind)
        rows.append(entry.wire_row(not narrow or cafes.get(entry.node) == cafe))
    return Blocks(
        block.generation,
        block.stream,
        block.number,
        block.first_position,
        block.previous_hash,
        [len(block.entries)],
        pack_frame(rows, CODECS_READ),
        sign(block_signing_bytes(head.chain, block.hash)),
    )


def announced_head(database: Database, head: Head) -> Head:
    """Return what a recovering hub announces: a later generation, as far as was handed back.

    Boxes ask what it means over a signed request, and follow what others have handed back.
    """
    head = replace(head, generation=head.generation + 1)
    newest = returned.newest_block(database)
    if newest is None or newest.number <= head.block_number:
        return head
    return replace(
        head,
        block_number=newest.number,
        position=newest.first_position + newest.count - 1,
        block_hash=newest.hash,
    )


def head_message(head: Head, wall_ms: int) -> HeadMessage:
    """Return the announcement of the log's end."""
    return HeadMessage(
        head.generation,
        head.stream,
        head.block_number,
        head.position,
        head.block_hash[:REFERENCE_HASH_BYTES],
        head.backup_number,
        wall_ms,
    )
