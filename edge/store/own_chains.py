"""This box's own chains held against the hub's log: what it wrote, and what only bears its name.

While both agree, a range costs one read. Where the log has an own op that this store has not
written (an old copy was put back) or has written otherwise (the store was copied), the store's
chain parts from the log: it goes on under a number of its own, whole, until two people admit it as
a branch, and the log's ops are applied as those of anybody else. Of the present epoch that is a
fence: nothing may be spent any more.
"""

from collections.abc import Callable

from edge.store import statements
from edge.store.log_reader import AuthorRow
from edge.store.op_rows import StoredOp, op_key
from edge.store.tables import Author
from edge.store.transaction import WriteTransaction
from sync_protocol.blocks import Block, Entry
from sync_protocol.branches import Branch
from sync_protocol.ops import Op

Place = tuple[int, int]
"""(node, epoch)"""


class OwnChains:
    """The own chains during one applied range.

    `renamed(place, author)` is called before an author's number changes, and after with the new
    row: what was applied of it so far must be written first.
    """

    def __init__(
        self,
        transaction: WriteTransaction,
        renamed: Callable[[Place, AuthorRow | None], None],
    ) -> None:
        self._transaction = transaction
        self._execute = transaction.connection.execute
        self._renamed = renamed
        identity = transaction.identity
        self._node = identity.node
        self._present = (identity.node, identity.epoch)
        self._parted = transaction.author(identity.node, -identity.epoch) is not None
        self._agrees = False

    def compare(self, blocks: list[Block]) -> None:
        """Compare a range's last op of the present epoch: equal hashes mean equal chains."""
        self._agrees = False
        if self._parted:
            return
        for block in reversed(blocks):
            for entry in reversed(block.entries):
                if (entry.node, entry.epoch) == self._present:
                    key = op_key(self._transaction.own.author, entry.seq)
                    row = self._execute(statements.SELECT_HASH, (key,)).fetchone()
                    self._agrees = row is not None and row[0] == entry.hash
                    return

    def written_here(
        self, place: Place, author: AuthorRow, entry: Entry
    ) -> tuple[AuthorRow, Op | None]:
        """Return the author's row to file an entry of this node under, and the op if it is ours."""
        if place == self._present and self._agrees:
            if entry.op is not None and entry.op.body is not None:
                return author, entry.op
            row = self._row(author.number, entry.seq)
            return author, None if row is None else row.op()
        row = self._row(author.number, entry.seq)
        if row is not None and row.position is None and row.hash == entry.hash:
            return author, row.op()
        if row is not None and row.hash != entry.hash:
            return self._part(place, "fork"), None
        if row is None and place == self._present and not self._parted:
            return self._part(place, "rewind"), None
        return author, None

    def open_branch(self, branch: Branch) -> list[StoredOp]:
        """Give a branch its row; if the chain is ours, it takes the branch's place.

        Returns own ops that are pending here and stand, confirmed, in the log below the parent.
        """
        place = (branch.node, branch.epoch)
        if self._transaction.author(*place) is not None:
            return []
        number = self._number_of(branch)
        if number is None:
            self._insert(place, branch.parent_seq, branch.parent_hash)
            return []
        parent = (branch.node, branch.parent_epoch)
        if self._transaction.author(branch.node, -branch.parent_epoch) is None:
            self._part(parent, "")
        values = (branch.epoch, branch.parent_seq, branch.parent_hash, number)
        self._execute(statements.RENAME_AUTHOR, values)
        keys = (op_key(number, 1), op_key(number, branch.parent_seq), -1)
        rows = [StoredOp(*row) for row in self._execute(statements.SELECT_OP_RANGE, keys)]
        return [row for row in rows if row.position is None]

    def _number_of(self, branch: Branch) -> int | None:
        """Return the number of the own chain that a branch is, None for another box's."""
        if branch.node != self._node or branch.parent_epoch >= self._present[1]:
            return None
        for epoch in (-branch.parent_epoch, branch.parent_epoch):
            author = self._transaction.author(branch.node, epoch)
            row = None if author is None else self._row(author.number, branch.last_seq)
            if author is not None and row is not None and row.hash == branch.last_hash:
                return author.number
        return None

    def _part(self, place: Place, reason: str) -> AuthorRow:
        """Have the store's chain of `place` part from the log's; return the row of the log's."""
        self._renamed(place, None)
        author = self._transaction.author(*place)
        if author is None:
            raise LookupError(f"no chain of {place}")
        values = (-place[1], author.seq, author.hash, author.number)
        self._execute(statements.RENAME_AUTHOR, values)
        row = self._insert(place, author.seq, author.hash)
        if place == self._present:
            self._parted = True
            self._transaction.note_fence(reason, author.seq + 1)
        self._renamed(place, row)
        return row

    def _insert(self, place: Place, seq: int, hash: bytes) -> AuthorRow:
        insert = Author.insert(node=place[0], epoch=place[1], seq=seq, hash=hash)
        return AuthorRow(insert.execute(self._transaction.database), seq, hash)

    def _row(self, number: int, seq: int) -> StoredOp | None:
        row = self._execute(statements.SELECT_OP, (op_key(number, seq),)).fetchone()
        return None if row is None else StoredOp(*row)
