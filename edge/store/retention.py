"""Retention: old ops go, balances and current rows stay, and the log still refolds.

Opening rows are moved forward by folding the log into them, up to a manifest that the hub signed.
Only where their state hash is the signed one are ops dropped, by `kinds.keep_days`, and only below
the hub's announced backup: a hub restored from it takes the later ones back from the boxes.

Of an op that is dropped a stub stays for as long as its author's next op is kept: without the hash
before it nobody could tell whether that one's bytes are what was written.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar, cast

from edge.store import upkeep_statements
from edge.store.erasure import drop_mentions
from edge.store.errors import StoreDamagedError
from edge.store.log_fold import LogFold
from edge.store.log_reader import SETTING_BACKED_UP, SETTING_OPENING, SETTING_VERIFIED
from edge.store.op_rows import StoredOp, op_key
from edge.store.row_state import RowState, opening_of
from edge.store.snapshot import sums_match
from edge.store.tables import (
    PRINT_DONE,
    PRINT_FAILED,
    PRINT_KEPT,
    Block,
    HubManifest,
    PrintJobRow,
    Request,
    WaitingOp,
)
from edge.store.transaction import WriteTransaction
from sync_protocol.clock import stamp_of
from sync_protocol.codec import pack_decoded, unpack_stored
from sync_protocol.kinds import KEEP_ALWAYS, KINDS
from sync_protocol.manifest import Manifest, manifest_from_row
from sync_protocol.ops import header_from_row

T = TypeVar("T")


class Write(Protocol):
    """`Store.write`."""

    async def __call__(self, work: Callable[[WriteTransaction], T]) -> T: ...


PIECE_OPS = 1000
"""Ops of one write: 20 to 40 ms, for which a tap may wait."""
STUB_KEEP_DAYS = 30
ANSWER_KEEP_DAYS = 7
"""A page that repeats a request later than this was left open for a week."""
PRINT_KEEP_DAYS = 30
DAY_MS = 24 * 60 * 60 * 1000


@dataclass(slots=True)
class Retained:
    """What retention did: how far the opening rows stand, and of how many ops it dropped what was
    in them."""

    opening_position: int
    dropped_ops: int


def keep_manifest(transaction: WriteTransaction, manifest: Manifest, signature: bytes) -> bool:
    """Keep a verified manifest of our generation; False for one that is ahead of the cursor."""
    cursor = transaction.cursor()
    if manifest.generation != cursor.generation or manifest.position > cursor.position:
        return False
    if manifest.position > opening_of(transaction)[0]:
        HubManifest.insert(
            generation=manifest.generation,
            position=manifest.position,
            manifest=pack_decoded(manifest.row()),
            signature=signature,
        ).on_conflict_replace().execute(transaction.database)
    return True


async def retain(write: Write) -> Retained:
    """Move the opening rows to the newest kept manifest, then drop what may go, in pieces.

    Raises `StoreDamagedError` where our state is not what the hub signed: nothing is dropped.
    """
    while await write(_advance_opening):
        pass
    dropped, position = 0, 0
    while True:
        after = position
        piece = await write(lambda transaction: _drop_ops(transaction, after))  # noqa: B023  # awaited before the next round
        if piece is None:
            break
        position, count = piece
        dropped += count
    await write(lambda transaction: _drop_records(transaction, position))
    return Retained(await write(lambda transaction: opening_of(transaction)[0]), dropped)


def _newest_manifest(transaction: WriteTransaction, after: int) -> Manifest | None:
    wanted = HubManifest.select(HubManifest.manifest).where(HubManifest.position > after)
    row = (
        wanted.order_by(HubManifest.position.desc()).limit(1).tuples().execute(transaction.database)
    )
    for (packed,) in row:
        return manifest_from_row(unpack_stored(bytes(packed)))
    return None


def _advance_opening(transaction: WriteTransaction) -> int:
    """Fold one piece of the log into the opening rows; return how many ops, 0 at the end."""
    position, sums = opening_of(transaction)
    manifest = _newest_manifest(transaction, position)
    if manifest is None or _waits(transaction, manifest.position):
        return 0
    state = RowState(transaction.connection, sums)
    log_fold = LogFold(transaction, state)
    rows = transaction.connection.execute(
        upkeep_statements.SELECT_LOG_PIECE, (position, manifest.position, PIECE_OPS)
    ).fetchall()
    for values in rows:
        row = StoredOp(*values)
        log_fold.fold(row)
        position = cast("int", row.position)
    state.flush()
    if position == manifest.position:
        if not sums_match(manifest, state.sums, transaction.identity.cafe):
            words = f"at position {position} this box's state is not what the hub signed"
            raise StoreDamagedError("state_hash", words)
        transaction.set_setting(SETTING_VERIFIED, position)
        HubManifest.delete().where(HubManifest.position <= position).execute(transaction.database)
    transaction.set_setting(SETTING_OPENING, [position, state.sums.rows()])
    return len(rows)


def _waits(transaction: WriteTransaction, position: int) -> bool:
    """Return whether an op up to `position` is parked or deferred: the opening waits for it."""
    waiting = WaitingOp.select(WaitingOp.op).where(WaitingOp.position <= position)
    return bool(waiting.limit(1).tuples().execute(transaction.database))


def _drop_ops(transaction: WriteTransaction, after: int) -> tuple[int, int] | None:
    """Go over one piece of old ops beyond position `after` and drop those whose time is over.

    Returns (position gone over, ops dropped), None at the end.
    """
    verified = cast("int | None", transaction.setting(SETTING_VERIFIED)) or 0
    last = min(verified, _backed_up_position(transaction))
    rows = transaction.connection.execute(
        upkeep_statements.SELECT_LOG_PIECE, (after, last, PIECE_OPS)
    ).fetchall()
    keep_from = _keep_from(transaction.wall_ms())
    own_head = op_key(transaction.own.author, transaction.own.head.seq)
    dropped = 0
    position = after
    for values in rows:
        row = StoredOp(*values)
        if row.effective >= max(keep_from.values()):
            break
        position = cast("int", row.position)
        kind = 0 if row.header is None else header_from_row(unpack_stored(row.header)).kind
        if row.effective < keep_from.get(kind, 0) and row.key != own_head:
            dropped += _drop(transaction, row)
    return None if position == after else (position, dropped)


def _drop(transaction: WriteTransaction, row: StoredOp) -> bool:
    """Leave a stub of an op, and nothing of the stub before it; False where it was one already."""
    transaction.connection.execute(upkeep_statements.DELETE_STUB, (row.key - 1,))
    if row.header is None:
        return False
    drop_mentions(transaction, row)
    transaction.connection.execute(upkeep_statements.EMPTY_OP, (row.key,))
    return True


def _keep_from(now_ms: int) -> dict[int, int]:
    """Return per kind the effective stamp from which its ops are kept; stubs count as kind 0."""
    days = {kind.code: kind.keep_days for kind in KINDS.values() if kind.keep_days != KEEP_ALWAYS}
    days[0] = STUB_KEEP_DAYS
    return {kind: stamp_of(now_ms - keep_days * DAY_MS) for kind, keep_days in days.items()}


def _backed_up_position(transaction: WriteTransaction) -> int:
    """Return the last position that is in the hub's announced backup, 0 for none."""
    number = cast("int | None", transaction.setting(SETTING_BACKED_UP)) or 0
    block = Block.select(Block.first_position, Block.count).where(Block.number <= number)
    newest = block.order_by(Block.number.desc()).limit(1).tuples()
    for first_position, count in newest.execute(transaction.database):
        return int(first_position + count - 1)
    return 0


def _drop_records(transaction: WriteTransaction, position: int) -> None:
    """Drop old answers, printed slips, and the blocks that end before `position`."""
    database = transaction.database
    now_ms = transaction.wall_ms()
    Request.delete().where(Request.at_ms < now_ms - ANSWER_KEEP_DAYS * DAY_MS).execute(database)
    old = PrintJobRow.created_ms < now_ms - PRINT_KEEP_DAYS * DAY_MS
    over = PrintJobRow.state.in_((PRINT_DONE, PRINT_KEPT, PRINT_FAILED))
    PrintJobRow.delete().where(over & old).execute(database)
    Block.delete().where(Block.first_position + Block.count <= position).execute(database)
