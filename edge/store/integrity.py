"""Finds damage before the box starts: SQLite's own check, then the log's hash chains."""

from hashlib import sha256
from typing import cast

from edge.store import statements, upkeep_statements
from edge.store.errors import StoreDamagedError
from edge.store.op_rows import StoredOp, op_key
from edge.store.reader import Reader
from edge.store.tables import ALL_TABLES
from sync_protocol.annotations import Annotation
from sync_protocol.blocks import Block as HubBlock
from sync_protocol.blocks import Entry, block_hash
from sync_protocol.codec import unpack_stored
from sync_protocol.ops import SEQ_MAX, genesis_hash, op_hash

SETTING_CHECKED = "store.checked"
"""[block number, [[author number, seq], ...]] up to which the chains were found whole."""

RESTORE = (
    "restore the last backup (cafebox doctor says how); what the hub has acknowledged is there"
)


def check_file(reader: Reader) -> None:
    """Raise `StoreDamagedError` unless SQLite finds the file whole."""
    found = reader.connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise damaged_file(found)


def check_tables(reader: Reader) -> None:
    """Raise `StoreDamagedError` where a table has not the columns that it was made with.

    SQLite's own check reads no meaning in the text of its schema.
    """
    found: dict[str, set[str]] = {}
    for name, column in reader.connection.execute(upkeep_statements.SELECT_COLUMNS):
        found.setdefault(name, set()).add(column)
    for table in ALL_TABLES:
        meta = table._meta  # noqa: SLF001  # peewee's own place for a model's columns
        missing = sorted(meta.columns.keys() - found.get(meta.table_name, set()))
        if missing:
            raise damaged_file(f"table {meta.table_name} has no {', '.join(missing)}")


def damaged_file(found: object) -> StoreDamagedError:
    """Return the error for what SQLite says of a file that it cannot read."""
    return StoreDamagedError("damaged_file", f"the store's file is damaged ({found}); {RESTORE}")


def check_all(reader: Reader) -> None:
    """Check every chain from its first op that is kept; raises as `check_tail` does.

    What was found whole at an earlier start may have been damaged since.
    """
    _check_from(reader, None)


def check_tail(reader: Reader) -> list[object]:
    """Check every chain from the last checked point on; return the new point.

    Raises `StoreDamagedError` that names the first op or block that is not what was written.
    """
    return _check_from(reader, reader.setting(SETTING_CHECKED))


def _check_from(reader: Reader, checked: object) -> list[object]:
    block_number, seqs = 0, {}
    if checked is not None:
        block_number, pairs = cast("tuple[int, list[tuple[int, int]]]", checked)
        seqs = dict(pairs)
    points: list[list[int]] = []
    for number, node, epoch in reader.connection.execute(
        upkeep_statements.SELECT_CHAINS
    ).fetchall():
        from_seq = seqs.get(number, 0)
        points.append([number, _check_author(reader, (number, node, epoch), from_seq)])
    return [_check_blocks(reader, block_number), points]


def _damaged(what: str) -> StoreDamagedError:
    return StoreDamagedError("damaged_log", f"{what} is not what was written; {RESTORE}")


def _check_author(reader: Reader, author: tuple[int, int, int], checked_seq: int) -> int:
    number, node, epoch = author
    previous: bytes | None = genesis_hash(reader.identity.chain, node, epoch)
    if checked_seq:
        row = reader.connection.execute(
            statements.SELECT_HASH, (op_key(number, checked_seq),)
        ).fetchone()
        previous = None if row is None else row[0]
    seq = checked_seq
    keys = (op_key(number, checked_seq + 1), op_key(number, SEQ_MAX), -1)
    for values in reader.connection.execute(statements.SELECT_OP_RANGE, keys):
        row = StoredOp(*values)
        if row.key != op_key(number, seq + 1):
            previous = None  # retention dropped what was before
        elif seq == 0 and row.header is not None:
            previous = _beginning(reader.identity.chain, row, node, abs(epoch))
        seq = row.key - op_key(number, 0)
        if previous is not None and not _follows(row, previous):
            raise _damaged(f"op {node}.{epoch}.{seq}")
        previous = row.hash
    return seq


def _beginning(chain: str, row: StoredOp, node: int, epoch: int) -> bytes:
    """Return what the first op of a chain follows, filed under `epoch`.

    A chain that became a branch is filed under the branch's epoch and was begun in an earlier one.
    """
    for begun in range(epoch, 0, -1):
        genesis = genesis_hash(chain, node, begun)
        if _follows(row, genesis):
            return genesis
    return genesis_hash(chain, node, epoch)


def _follows(row: StoredOp, previous: bytes) -> bool:
    """Return whether an op has the hash that its bytes make; they are not decoded before that."""
    if row.header is None:
        return True  # a stub: its block vouches for the hash
    hash_of_body = row.body_hash if row.body is None else sha256(row.body).digest()
    return op_hash(row.header, previous, hash_of_body or b"") == row.hash


def _check_blocks(reader: Reader, checked_number: int) -> int:
    cursor = reader.cursor()
    generation, stream = cursor.generation, cursor.stream
    previous: bytes | None = None
    number = checked_number
    for number, first_position, count, hash in reader.connection.execute(
        upkeep_statements.SELECT_BLOCKS_FROM, (generation, checked_number)
    ):
        if previous is not None:
            entries = _entries(reader, number, first_position, count)
            block = HubBlock(generation, stream, number, first_position, previous, entries)
            if block_hash(block) != hash:
                raise _damaged(f"block {number}")
        if not isinstance(hash, bytes):
            raise _damaged(f"block {number}")
        previous = hash
    return number


def _entries(reader: Reader, number: int, first_position: int, count: int) -> list[Entry]:
    entries = []
    for hash, effective, verdict, detail in reader.connection.execute(
        upkeep_statements.SELECT_BLOCK_ENTRIES, (first_position, first_position + count - 1)
    ):
        try:
            said = None if detail is None else unpack_stored(detail)
        except ValueError:  # no value at all
            raise _damaged(f"block {number}") from None
        annotation = Annotation(effective, verdict, said)
        entries.append(Entry(0, 1, 1, hash, None, annotation))
    return entries
