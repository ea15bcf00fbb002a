"""Loads a snapshot: confirmed state becomes the hub's, own unacked ops are applied on top again."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO

from edge.store import statements, upkeep_statements
from edge.store.documents import update_lookups
from edge.store.erasure import drop_bodies, forget_person
from edge.store.errors import StoreMismatchError
from edge.store.facts import Cursor
from edge.store.log_reader import SETTING_OPENING
from edge.store.op_rows import StoredOp, mentions_of, op_key
from edge.store.tables import (
    AccountBalance,
    Author,
    Block,
    ClaimedKey,
    DocumentRow,
    HubManifest,
    LogOp,
    Lookup,
    Mention,
    OpeningRow,
    PendingMention,
    StateSection,
    WaitingOp,
)
from edge.store.transaction import WriteTransaction
from sync_protocol import snapshot
from sync_protocol.blocks import Entry
from sync_protocol.codec import pack_decoded
from sync_protocol.errors import DecodeError
from sync_protocol.expect import expect_int
from sync_protocol.kinds import KINDS
from sync_protocol.manifest import Manifest
from sync_protocol.ops import SEQ_MAX, Op
from sync_protocol.registers import RegisterRow
from sync_protocol.state_hash import (
    CHAIN_WIDE,
    StateHash,
    balance_hash,
    claim_hash,
    register_hash,
    section_of,
)

LATER_VERSION = "later_version"
"""Refusal code: only an update of this program can read the snapshot; the log goes on."""
STAMP_LIMIT = (1 << 63) - 1


class SnapshotRefusedError(StoreMismatchError):
    """The rows are not what the hub signed. Nothing was changed."""


def items_of(path: Path) -> Iterator[tuple[list[object], list[object]]]:
    """Yield the (name, row) pairs of a snapshot's file."""
    with path.open("rb") as file:
        while prefix := file.read(snapshot.LENGTH_BYTES):
            yield from snapshot.unpack_chunk(_exactly(file, snapshot.chunk_length(prefix)))


def _exactly(file: IO[bytes], length: int) -> bytes:
    data = file.read(length)
    if len(data) != length:
        raise DecodeError("malformed", "truncated snapshot")
    return data


def load(transaction: WriteTransaction, manifest: Manifest, path: Path) -> Cursor:
    """Replace confirmed state by the snapshot in `path`; return the new cursor.

    Who calls has verified the hub's signature of the manifest. Raises `SnapshotRefusedError` where
    bytes or state hashes are not what it states; nothing is changed then.
    """
    _check_content(manifest, path)
    kept = _kept_chains(transaction, manifest)
    _clear(transaction, kept)
    loader = _Loader(transaction)
    for name, row in items_of(path):
        loader.take(name, row)
    _check_sums(transaction, manifest, loader.sums)
    _set_authors(transaction, manifest)
    cursor = Cursor(
        manifest.generation,
        manifest.stream,
        manifest.position,
        manifest.block_number,
        manifest.block_hash,
        loader.greatest_effective,
    )
    transaction.move_cursor(cursor)
    transaction.set_setting(SETTING_OPENING, [manifest.position, loader.sums.rows()])
    for section in loader.sums.rows():
        transaction.connection.execute(statements.UPSERT_SECTION, section)
    for op in loader.own_deferred:
        transaction.show_again(op)
    _show_kept_ops(transaction, kept)
    return cursor


def _check_content(manifest: Manifest, path: Path) -> None:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    if digest.digest() != manifest.content_hash:
        raise SnapshotRefusedError("content_hash", "the snapshot's bytes are not the hub's")


def _kept_chains(transaction: WriteTransaction, manifest: Manifest) -> list[tuple[int, int]]:
    """Return (first, last key) of the own ops, of all epochs, that the snapshot has not.

    A chain that the snapshot contradicts parts from the log, see `own_chains`: of the present epoch
    that is a fence.
    """
    identity = transaction.identity
    if manifest.chain != identity.chain:
        raise SnapshotRefusedError("chain", f"the snapshot is of chain {manifest.chain}")
    heads = {(node, epoch): (seq, hash) for node, epoch, seq, hash in manifest.heads}
    kept = []
    execute = transaction.connection.execute
    rows = execute(statements.SELECT_AUTHORS_OF, (identity.node,)).fetchall()
    for number, epoch, seq, hash in rows:
        head_seq, head_hash = heads.get((identity.node, epoch), (0, b""))
        first = seq + 1 if epoch < 0 else head_seq + 1
        if head_seq and (seq, hash) != (head_seq, head_hash):
            row = execute(statements.SELECT_HASH, (op_key(number, head_seq),)).fetchone()
            if row is None or row[0] != head_hash:
                is_own = epoch == identity.epoch or _has_unplaced(transaction, number, seq)
                first = seq + 1 if is_own else SEQ_MAX
                if is_own:
                    execute(statements.RENAME_AUTHOR, (-epoch, seq, hash, number))
                if epoch == identity.epoch:
                    transaction.note_fence("rewind" if row is None else "fork", head_seq)
        kept.append((op_key(number, first), op_key(number, SEQ_MAX)))
    return kept


def _has_unplaced(transaction: WriteTransaction, number: int, seq: int) -> bool:
    keys = (op_key(number, seq + 1), op_key(number, SEQ_MAX))
    return bool(transaction.connection.execute(statements.SUM_UNPLACED, keys).fetchone()[0])


def _clear(transaction: WriteTransaction, kept: list[tuple[int, int]]) -> None:
    """Drop the projections and the log, but for own ops that the snapshot has not."""
    database = transaction.database
    for table in (
        DocumentRow,
        Lookup,
        ClaimedKey,
        AccountBalance,
        StateSection,
        OpeningRow,
        WaitingOp,
        Block,
        HubManifest,
        Mention,
    ):
        table.delete().execute(database)
    ops, mentions = LogOp.delete(), PendingMention.delete()
    for first, last in kept:
        ops = ops.where(~LogOp.key.between(first, last))
        mentions = mentions.where(~PendingMention.op.between(first, last))
    ops.execute(database)
    mentions.execute(database)
    _take_out_of_log(transaction, kept)


def _take_out_of_log(transaction: WriteTransaction, kept: list[tuple[int, int]]) -> None:
    """Have kept ops wait for the hub again, those too that had a place in a log that was lost."""
    execute = transaction.connection.execute
    for first, last in kept:
        for values in execute(statements.SELECT_OP_RANGE, (first, last, -1)).fetchall():
            row = StoredOp(*values)
            op = row.op()
            if row.position is None or op is None:
                continue
            execute(statements.UNPLACE_OP, (row.key,))
            for subject in mentions_of(op):
                execute(statements.INSERT_PENDING_MENTION, (row.key, subject))


class _Loader:
    """Writes a snapshot's rows into projections and opening rows."""

    def __init__(self, transaction: WriteTransaction) -> None:
        self._transaction = transaction
        self._connection = transaction.connection
        self.sums = StateHash()
        self.greatest_effective = 0
        self.own_deferred: list[Op] = []

    def take(self, name: list[object], row: list[object]) -> None:
        execute = self._connection.execute
        form = name[0]
        if form == snapshot.WAITING:
            self._take_waiting(*snapshot.waiting_of(name, row))
            return
        if form in (snapshot.REGISTER, snapshot.CLAIM) and name[1] not in KINDS:
            words = f"the hub keeps records of kind {name[1]}, this program does not: update it"
            raise SnapshotRefusedError(LATER_VERSION, words)
        execute(upkeep_statements.UPSERT_OPENING_ROW, (pack_decoded(name), pack_decoded(row)))
        if form == snapshot.REGISTER:
            kind, key, register = snapshot.register_of(name, row)
            execute(statements.UPSERT_DOCUMENT, (kind, key, pack_decoded(row), None))
            update_lookups(self._connection, kind, key, None, register)
            self.sums.replace(
                section_of(kind, register.cafe), 0, register_hash(kind, key, register)
            )
            self._note_stamps(register)
        elif form == snapshot.CLAIM:
            kind, claim_key, claim = snapshot.claim_of(name, row)
            execute(statements.UPSERT_CLAIM, (kind, claim_key, pack_decoded(row), None))
            self.sums.replace(section_of(kind, CHAIN_WIDE), 0, claim_hash(kind, claim_key, claim))
        elif form == snapshot.BALANCE:
            section, account, amount = snapshot.balance_of(name, row)
            execute(statements.ADD_BALANCE, (*account, amount, 0))
            self.sums.replace(section, 0, balance_hash(account, amount))
        elif form == snapshot.ERASED:
            subject = snapshot.erased_of(name)
            drop_bodies(self._transaction, subject)
            forget_person(self._transaction, subject)

    def _take_waiting(self, position: int, entry: Entry, op: Op) -> None:
        """Keep a deferred op, so that a later verdict finds it."""
        transaction, header = self._transaction, op.header
        author = transaction.author(entry.node, entry.epoch)
        if author is None:
            insert = Author.insert(node=entry.node, epoch=entry.epoch, seq=0, hash=b"")
            number = int(insert.execute(transaction.database))
        else:
            number = author.number
        key = op_key(number, entry.seq)
        annotation = entry.annotation
        detail = None if annotation.detail is None else pack_decoded(annotation.detail)
        body = None if op.body is None else pack_decoded(op.body)
        place = (position, annotation.effective, annotation.verdict, detail)
        hash_of_body = op.hash_of_body if body is None else None
        bytes_of = (pack_decoded(header.row()), body, hash_of_body, op.hash)
        self._connection.execute(statements.UPSERT_LOGGED_OP, (key, header.kind, *place, *bytes_of))
        self._connection.execute(statements.INSERT_WAITING, (key, position, header.kind, False))
        if header.node == transaction.identity.node and header.kind in KINDS and body is not None:
            self.own_deferred.append(op)
            for subject in mentions_of(op):
                self._connection.execute(statements.INSERT_PENDING_MENTION, (key, subject))

    def _note_stamps(self, register: RegisterRow) -> None:
        for entry in register.entries or []:
            if entry is not None:
                stamp = expect_int(entry[1], "effective", 0, STAMP_LIMIT)
                self.greatest_effective = max(self.greatest_effective, stamp)


def _check_sums(transaction: WriteTransaction, manifest: Manifest, sums: StateHash) -> None:
    """Compare the rows' sums with the signed ones of the sections within this cafe's reach."""
    if not sums_match(manifest, sums, transaction.identity.cafe):
        raise SnapshotRefusedError("state_hash", "the snapshot's rows are not what the hub signed")


def sums_match(manifest: Manifest, sums: StateHash, cafe: int) -> bool:
    """Return whether `sums` are the manifest's, of chain-wide sections and those of `cafe`."""
    stated = [list(row) for row in manifest.state_hashes if row[1] in (CHAIN_WIDE, cafe)]
    return stated == [row for row in sums.rows() if row[1] in (CHAIN_WIDE, cafe)]


def _set_authors(transaction: WriteTransaction, manifest: Manifest) -> None:
    for node, epoch, seq, hash in manifest.heads:
        author = transaction.author(node, epoch)
        if author is None:
            insert = Author.insert(node=node, epoch=epoch, seq=seq, hash=hash)
            number = int(insert.execute(transaction.database))
        else:
            number = author.number
            transaction.connection.execute(statements.UPDATE_AUTHOR, (seq, hash, number))
        if seq and node != transaction.identity.node:
            transaction.connection.execute(
                upkeep_statements.INSERT_STUB, (op_key(number, seq), hash)
            )


def _show_kept_ops(transaction: WriteTransaction, kept: list[tuple[int, int]]) -> None:
    execute = transaction.connection.execute
    for first, last in kept:
        for values in execute(statements.SELECT_OP_RANGE, (first, last, -1)).fetchall():
            op = StoredOp(*values).op()
            if op is not None and op.body is not None:
                transaction.show_again(op)
