"""What boxes hand back in a recovery: blocks with their ops, and who has reported."""

from cloud.store import statements
from cloud.store.database import Database
from cloud.store.log import Head
from cloud.store.models import LogBlock, LogHead, Setting
from cloud.store.returned_models import (
    RecoveryNode,
    RecoveryState,
    ReturnedBlock,
    ReturnedOp,
)
from sync_protocol.annotations import annotation_from_row
from sync_protocol.blocks import Block, Entry
from sync_protocol.codec import pack_decoded, unpack
from sync_protocol.ops import Op, header_from_row

STATE_ID = 1
NODE_FLOOR = "node_floor"
"""Setting: the last node number that a lost hub may have given."""
BACKUP_COPY = "backup_copy"
"""Setting, in a backup only: whoever opens it as a hub's store begins a recovery."""


def node_floor(database: Database) -> int:
    """Return the node number beyond which new boxes are numbered."""
    row = database.first(Setting.select().where(Setting.name == NODE_FLOOR))
    return 0 if row is None else int(row.value)


def take_copy_mark(database: Database) -> bool:
    """Return whether this store is a backup that was put back; it is asked once."""
    if database.execute(statements.SELECT_SETTING, (BACKUP_COPY,)).fetchone() is None:
        return False
    from_block = database.first(LogHead.select()).block_number
    with database.transaction():
        database.run(Setting.delete().where(Setting.name == BACKUP_COPY))
        if not is_recovering(database):
            begin(database, from_block)
    return True


def is_recovering(database: Database) -> bool:
    """Return whether a recovery is under way."""
    return database.execute(statements.SELECT_RECOVERY).fetchone() is not None


def begin(database: Database, from_block: int) -> None:
    """Note that the log beyond `from_block` is to be handed back."""
    database.run(RecoveryState.insert(id=STATE_ID, from_block=from_block))


def end(database: Database, node_floor: int) -> None:
    """Drop all of it, in the caller's transaction, and keep the numbers that are skipped."""
    value = str(node_floor)
    database.run(
        Setting.insert(name=NODE_FLOOR, value=value).on_conflict(
            conflict_target=[Setting.name], update={Setting.value: value}
        )
    )
    for model in (RecoveryState, RecoveryNode, ReturnedBlock, ReturnedOp):
        database.run(model.delete())


def keep(database: Database, block: Block) -> bool:
    """Keep a verified block, in the caller's transaction, and bodies that were missing of it.

    False where another block of that number is here: then the hub signed two logs.
    """
    known = hash_of(database, block.number)
    if known is not None and known != block.hash:
        return False
    if known is None:
        database.run(
            ReturnedBlock.insert(
                number=block.number,
                generation=block.generation,
                first_position=block.first_position,
                count=len(block.entries),
                hash=block.hash,
            )
        )
    database.executemany(
        statements.UPSERT_RETURNED_OP,
        [_row(block.first_position + index, entry) for index, entry in enumerate(block.entries)],
    )
    return True


def _row(position: int, entry: Entry) -> tuple[object, ...]:
    op, annotation = entry.op, entry.annotation
    header = None if op is None else pack_decoded(op.header.row())
    body = None if op is None or op.body is None else pack_decoded(op.body)
    return (
        position,
        entry.node,
        entry.epoch,
        entry.seq,
        0 if op is None else op.header.kind,
        header,
        body,
        None if op is None else op.hash_of_body,
        entry.hash,
        pack_decoded(annotation.row()),
    )


def hash_of(database: Database, number: int) -> bytes | None:
    """Return the hash of a handed-back block."""
    row = database.first(ReturnedBlock.select().where(ReturnedBlock.number == number))
    return None if row is None else row.hash


def logged_hash(database: Database, number: int) -> bytes | None:
    """Return the hash of a block in the log."""
    row = database.first(LogBlock.select(LogBlock.hash).where(LogBlock.number == number))
    return None if row is None else row.hash


def note_report(database: Database, node: int, block_number: int) -> None:
    """Note that a node has handed in all it has, up to `block_number`."""
    _note(database, node, block_number, b"")


def note_excuse(database: Database, node: int, approvers: tuple[int, int]) -> None:
    """Note that two people do without a node."""
    _note(database, node, 0, pack_decoded(list(approvers)))


def _note(database: Database, node: int, block_number: int, excused_by: bytes) -> None:
    with database.transaction():
        database.run(RecoveryNode.delete().where(RecoveryNode.node == node))
        database.run(
            RecoveryNode.insert(node=node, block_number=block_number, excused_by=excused_by)
        )


def newest_block(database: Database) -> ReturnedBlock | None:
    """Return the last block that was handed back."""
    found: ReturnedBlock | None = database.first(
        ReturnedBlock.select().order_by(ReturnedBlock.number.desc())
    )
    return found


def settled_nodes(database: Database) -> set[int]:
    """Return the nodes that have reported all that was handed back, or were excused.

    One that reported less follows first: its cafe's narrow ops come whole from it alone.
    """
    newest = newest_block(database)
    number = 0 if newest is None else newest.number
    return {
        row.node
        for row in database.rows(RecoveryNode.select())
        if row.excused_by or row.block_number >= number
    }


def excused_nodes(database: Database) -> list[int]:
    """Return the nodes that were excused."""
    rows = database.rows(RecoveryNode.select().order_by(RecoveryNode.node))
    return [row.node for row in rows if row.excused_by]


def ops_of_kind(database: Database, kind: int) -> list[Op]:
    """Return the handed-back ops of a kind, in the log's order."""
    rows = database.rows(
        ReturnedOp.select().where(ReturnedOp.kind == kind).order_by(ReturnedOp.position)
    )
    return [op for op in map(_op, rows) if op is not None]


def block_after(database: Database, head: Head, stream: int) -> Block | None:
    """Return the handed-back block that follows the log's head, as it was."""
    return block_at(database, head.block_number + 1, head.block_hash, stream)


def block_at(database: Database, number: int, previous_hash: bytes, stream: int) -> Block | None:
    """Return the handed-back block of a number, which follows `previous_hash`."""
    row = database.first(ReturnedBlock.select().where(ReturnedBlock.number == number))
    if row is None:
        return None
    last = row.first_position + row.count - 1
    found = ReturnedOp.select().where(ReturnedOp.position.between(row.first_position, last))
    entries = [
        Entry(
            op.node,
            op.epoch,
            op.seq,
            op.hash,
            _op(op),
            annotation_from_row(unpack(op.annotation)),
        )
        for op in database.rows(found.order_by(ReturnedOp.position))
    ]
    return Block(row.generation, stream, number, row.first_position, previous_hash, entries)


def _op(row: ReturnedOp) -> Op | None:
    if row.header is None:
        return None
    body = None if row.body is None else unpack(row.body)
    return Op(header_from_row(unpack(row.header)), body, row.body_hash, row.hash)


def status(database: Database) -> dict[str, object]:
    """Return where a recovery stands; {} where none is under way."""
    state = database.first(RecoveryState.select())
    if state is None:
        return {}
    newest = newest_block(database)
    missing = database.rows(ReturnedOp.select().where(ReturnedOp.header.is_null()))
    return {
        "from_block": state.from_block,
        "handed_back_to_block": state.from_block if newest is None else newest.number,
        "ops_without_content": len(missing),
        "reported": sorted(settled_nodes(database)),
    }
