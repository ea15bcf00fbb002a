"""Folds the box's kept log, in order, into opening rows: what retention and a refold share."""

from collections.abc import Iterator

from edge.store import statements
from edge.store.apply import is_known
from edge.store.op_rows import StoredOp
from edge.store.reader import Reader
from edge.store.row_state import RowState
from sync_protocol.annotations import Annotation, late_verdict
from sync_protocol.fold import fold_op, has_effect
from sync_protocol.kinds import LATE_VERDICT
from sync_protocol.ops import Op


def log_after(reader: Reader, position: int) -> Iterator[StoredOp]:
    """Yield the rows of the hub's log beyond `position`, in order."""
    for row in reader.connection.execute(statements.SELECT_LOG, (position,)):
        yield StoredOp(*row)


class LogFold:
    """Folds rows of the log into a `RowState`, parking what this program does not know."""

    def __init__(self, reader: Reader, state: RowState) -> None:
        self._reader = reader
        self._state = state
        self._parked_kinds: set[int] = set()

    def fold(self, row: StoredOp) -> None:
        """Fold one row; a stub, an erased body and a verdict without effect change nothing."""
        op, annotation = row.op(), row.annotation()
        if op is None or annotation is None:
            return
        if not is_known(op, self._parked_kinds):
            self._parked_kinds.add(op.header.kind)
            return
        self._fold(op, annotation)
        if op.header.kind == LATE_VERDICT and has_effect(op, annotation):
            reference, late = late_verdict(op.body, annotation.effective)
            logged = self._reader.op(reference)
            if logged is not None and is_known(logged.op, self._parked_kinds):
                self._fold(logged.op, late)
            elif logged is not None:
                self._parked_kinds.add(logged.op.header.kind)
        self._state.trim()

    def _fold(self, op: Op, annotation: Annotation) -> None:
        fold_op(self._state, op, annotation, self._reader.identity.cafe)
