"""Planted bugs against I1 to I3: sums, what is done survives, each thing happens once."""

from tests.sim.planting import Mutant, mutant

UNSYNCED = 'pragmas={**_WRITER_PRAGMAS, "synchronous": "off"}'

_LOSSES = ("message_lost", "message_doubled", "message_delayed", "hub_killed_before_ack")

MUTANTS: tuple[Mutant, ...] = (
    # I1
    mutant(
        "fold forgets the seventh posting",
        "I1",
        (
            "sync_protocol.fold:fold_transaction",
            "amount in postings:",
            "amount in postings[:6]:",
        ),
    ),
    mutant(
        "pending amounts stay after they are confirmed",
        "I1",
        (
            "edge.store.apply:_Application._fold_ledger",
            "-posting[6]",
            "0",
        ),
    ),
    mutant(
        "a transaction that sums below zero passes",
        "I1",
        (
            "sync_protocol.ledger:fault_of",
            "if total:",
            "if total > 0:",
        ),
        faults=("forged_op",),
        subtle=True,
    ),
    # I2
    mutant(
        "the hub acks before it commits",
        "I2",
        (
            "cloud.hub.node_sessions:NodeSessions._take_batch",
            "self.round.batches.append((session, batch))",
            "self.round.batches.append((session, batch)); self._handle(session, "
            "session.committed(event.ops[-1].header.seq, event.ops[-1].hash))",
        ),
    ),
    mutant(
        "a box trims its outbox when it has sent",
        "I2",
        (
            "sync_protocol.outbox:Outbox.sent",
            "self._next_seq = last.header.seq + 1",
            "self._next_seq = last.header.seq + 1\n"
            "    self.acked_seq, self.acked_hash = last.header.seq, last.hash\n"
            "    self._in_flight = []",
        ),
        faults=("message_lost",),
    ),
    mutant(
        "a batch of which some is known is taken as known",
        "I2",
        (
            "sync_protocol.hub_session:HubSession.history_known",
            "if common == self.taken_seq and ops[-1].header.seq > common:",
            "if ops[-1].header.seq > common:\n"
            "        self._set_watermark(ops[-1].header.seq, ops[-1].hash); events "
            "= self._ack()\n"
            "    if False:",
        ),
        faults=_LOSSES,
    ),
    mutant(
        "a box's commits are not synced",
        "I2",
        (
            "edge.store.opening:open_file",
            "pragmas=_WRITER_PRAGMAS",
            UNSYNCED,
        ),
        faults=("box_power_cut",),
        subtle=True,
    ),
    mutant(
        "the hub's commits are not synced",
        "I2",
        (
            "cloud.store.database:open_writer",
            '"synchronous": "full"',
            '"synchronous": "off"',
        ),
        faults=("hub_power_cut",),
        subtle=True,
    ),
    mutant(
        "a recovery ends before a box that lags has followed",
        "I2",
        (
            "cloud.store.returned:settled_nodes",
            "if row.excused_by or row.block_number >= number",
            "",
        ),
        faults=("hub_restored", "message_lost", "partition"),
    ),
    mutant(
        "retention drops what no backup of the hub has",
        "I2",
        (
            "edge.store.retention:_drop_ops",
            "last = min(verified, _backed_up_position(transaction))",
            "last = verified",
        ),
        faults=("clock_30_years",),
        favours=("_keep_up",),
    ),
    mutant(
        "left-over ops stay with the box that was enrolled anew",
        "I2",
        (
            "edge.sync.left_overs:LeftOvers._pass",
            "waiting = reader.left_overs()",
            "waiting = []",
        ),
        faults=("box_cloned", "partition"),
    ),
    # I3
    mutant(
        "requests are not remembered",
        "I3",
        (
            "edge.store.transaction:WriteTransaction.remember_answer",
            "self._execute(statements.INSERT_ANSWER, values)",
            "pass",
        ),
        faults=("double_request",),
    ),
    mutant(
        "a repeated grant request is granted again",
        "I3",
        (
            "cloud.hub.grants:GrantCase._record",
            "if self.repeated:",
            "if True:",
        ),
        faults=("double_request",),
        favours=("_ask_slice", "_release"),
    ),
    mutant(
        "a batch that came before is taken again",
        "I3",
        (
            "sync_protocol.hub_session:HubSession._check",
            "return self._compare(push, rows, data)",
            'return self._take(push, self._ops_of(push, rows, push.first_seq - 1, b""))',
        ),
        faults=_LOSSES,
    ),
    mutant(
        "a request's answer is kept in memory alone",
        "I3",
        (
            "edge.store.reader:Reader.answer",
            "row = self._execute(statements.SELECT_ANSWER, (request_id,)).fetchone()",
            "row = self._execute(statements.SELECT_ANSWER, "
            "(request_id,)).fetchone() if getattr(getattr(self, 'own', None), "
            "'segment_recorded', True) else None",
        ),
        faults=("box_fsync_error", "box_killed_at_write"),
        subtle=True,
    ),
)
