"""A hub's judging and folding in memory: ops in, verdicts and cases out. For rules of cases."""

from itertools import count

from cloud.domain.cases import opening_body
from cloud.domain.disputes import case_of_row, examine
from cloud.domain.judge import CURRENT, Author, judge
from cloud.domain.settlements import Choice, settle
from sync_protocol.clock import stamp_of
from sync_protocol.fold import fold_op
from sync_protocol.kinds import CASE, KINDS, field_index
from sync_protocol.ops import HUB, OP_VERSION, Header, genesis_hash, make_op
from tests.sync_protocol.memory_state import MemoryState

DAY = 20260701
PERSON = 9


class MemoryHub(MemoryState):
    """Nodes 1, 2, ... stand in the cafes of the same number; node 0 is the hub."""

    def __init__(self):
        super().__init__()
        self.ops = {}
        self.heads = {}
        self.cases = []
        self._ms = count(1_780_000_000_000)

    # Facts of the judge and of a settlement

    def balance(self, section, account):
        return self.balances.get((section, account), 0)

    def is_erased(self, subject):
        return subject in self.erased

    def op(self, node, epoch, seq):
        return self.ops.get((node, epoch, seq))

    def op_of(self, reference):
        op = self.ops.get((reference.node, reference.epoch, reference.seq))
        return op if op is not None and op.hash[:8] == reference.hash8 else None

    def erase(self, subject):
        super().erase(subject)
        for op in self.ops.values():
            kind = KINDS[op.header.kind]
            if kind.personal and op.body is not None:
                index = 1 if kind.fields else 3
                if op.body[index] == subject:
                    op.body = None

    # Writing

    def write(self, node, kind, body, standing=CURRENT):
        """Judge and fold one op of a node, open its case; returns (op, verdict's annotation)."""
        seq, previous = self.heads.get(node, (0, genesis_hash("test", node, 1)))
        stamp = stamp_of(next(self._ms))
        header = Header(OP_VERSION, kind, node, 1, seq + 1, stamp, 1, 2, 1, 0, 0, 7, 1, 0)
        op = make_op(header, body, previous)
        self.heads[node] = (seq + 1, op.hash)
        judged = judge(op, Author(node, standing), stamp, self)
        fold_op(self, op, judged.annotation, 0)
        self.ops[(node, 1, seq + 1)] = op
        if node != HUB and judged.conflict is not None:
            key = judged.conflict.key
            if self.register(CASE, key) is None:
                self.write(HUB, CASE, opening_body(judged.conflict, node, stamp >> 16))
                self.cases.append(key)
        return op, judged.annotation

    # Settling

    def dispute(self, key):
        return examine(case_of_row(key, self.register(CASE, key)), self)

    def settle(self, key, choice, note="两边都问过了", seen=None):
        """Settle a case and write what that decides; returns the ops or the refusal."""
        dispute = self.dispute(key)
        chosen = Choice(choice, note, dispute.seen if seen is None else seen, PERSON, DAY)
        ops = settle(dispute, chosen, self, bytes)
        if isinstance(ops, list):
            for kind, body in ops:
                _op, annotation = self.write(HUB, kind, body)
                assert annotation.verdict == 1, (KINDS[kind].name, annotation.detail)
        return ops

    def value(self, kind, key, field):
        row = self.register(kind, key)
        return None if row is None else row.value(field_index(kind, field))

    def reference(self, kind, key, field):
        return self.register(kind, key).entry(field_index(kind, field))[2]
