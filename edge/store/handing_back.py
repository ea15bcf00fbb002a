"""Blocks as the hub signed them, rebuilt from the store: a hub that lost them takes them back."""

from edge.store import upkeep_statements
from edge.store.op_rows import StoredOp, seq_of
from edge.store.reader import Reader
from edge.store.tables import SEQ_BITS, Author, Block, LogOp
from sync_protocol.branches import branch_from_body
from sync_protocol.codec import unpack_stored
from sync_protocol.errors import LimitError
from sync_protocol.frames import CODECS_WRITTEN, pack_frame
from sync_protocol.kinds import BRANCH
from sync_protocol.messages import Blocks

BLOCKS_MAX = 200
OPS_MAX = 5000
"""What one message holds at the most, unless one signed range is longer."""


def blocks_from(reader: Reader, first: int) -> Blocks | None:
    """Return blocks from number `first` on, ending where the hub's signature is kept.

    None where the store does not hold them: they are older than the hub's announced backup.
    """
    rows = list(
        Block.select()
        .where(Block.number >= first - 1)
        .order_by(Block.number)
        .limit(BLOCKS_MAX + 1)
        .execute(reader.database)
    )
    if first > 1:
        if not rows or rows[0].number != first - 1:
            return None
        previous_hash = bytes(rows.pop(0).hash)
    else:
        return None  # a backup holds at least the hub's first block
    ends = _ends(rows)
    while ends:
        try:
            return _message(reader, rows[: ends[-1] + 1], previous_hash)
        except LimitError:
            if len(ends) == 1:
                raise
            del ends[len(ends) // 2 :]
    return None


def _ends(rows: list[Block]) -> list[int]:
    """Return the indexes of blocks at which a message of one generation may end."""
    ends: list[int] = []
    ops = 0
    for index, row in enumerate(rows):
        ops += row.count
        if row.generation != rows[0].generation or (ends and ops > OPS_MAX):
            break
        if row.signature is not None:
            ends.append(index)
    return ends


def _message(reader: Reader, blocks: list[Block], previous_hash: bytes) -> Blocks:
    first, last = blocks[0], blocks[-1]
    end = last.first_position + last.count - 1
    authors = {
        number: (node, abs(epoch))
        for number, node, epoch in Author.select(Author.number, Author.node, Author.epoch)
        .tuples()
        .execute(reader.database)
    }
    parents = _parents(reader)
    entries: list[object] = []
    for values in reader.connection.execute(
        upkeep_statements.SELECT_LOG_PIECE, (first.first_position - 1, end, -1)
    ):
        row = StoredOp(*values)
        node, epoch = authors[row.key >> SEQ_BITS]
        parent = parents.get((node, epoch))
        if parent is not None and seq_of(row.key) <= parent[1]:
            epoch = parent[0]  # an own chain that became a branch: its beginning is the parent's
        entries.append(row.entry(node, epoch).wire_row(within_reach=True))
    return Blocks(
        first.generation,
        reader.cursor().stream,
        first.number,
        first.first_position,
        previous_hash,
        [block.count for block in blocks],
        pack_frame(entries, CODECS_WRITTEN),
        bytes(last.signature or b""),
    )


def _parents(reader: Reader) -> dict[tuple[int, int], tuple[int, int]]:
    """Return branch (node, epoch) -> (parent's epoch, parent's seq)."""
    found = {}
    rows = LogOp.select(LogOp.body).where(LogOp.kind == BRANCH, LogOp.body.is_null(False)).tuples()
    for (body,) in rows.execute(reader.database):
        branch = branch_from_body(unpack_stored(bytes(body)))
        found[branch.node, branch.epoch] = (branch.parent_epoch, branch.parent_seq)
    return found
