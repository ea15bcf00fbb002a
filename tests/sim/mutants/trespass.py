"""Planted bugs against I5, I6, I8 and I9: who may write, limits, bad input, unknown outcomes."""

from tests.sim.planting import Mutant, mutant

_APART = ("partition", "half_open", "message_delayed")

MUTANTS: tuple[Mutant, ...] = (
    # I5
    mutant(
        "signatures of batches are not checked",
        "I5",
        (
            "sync_protocol.hub_session:HubSession._check_signature",
            "if self._verify is None or not self._verify(push.signature, signed):",
            "if False:",
        ),
        faults=("wrong_signature",),
        subtle=True,
    ),
    mutant(
        "signatures of blocks are not checked",
        "I5",
        (
            "sync_protocol.block_follower:BlockFollower._take",
            "if not self._verify(message.signature, block_signing_bytes(self.chain, last.hash)):",
            "if False:",
        ),
        faults=("forged_block",),
        subtle=True,
    ),
    mutant(
        "a revoked node is heard on",
        "I5",
        (
            "cloud.hub.node_sessions:NodeSessions._take_batch",
            "if author is None or author.standing != CURRENT:",
            "if author is None:",
        ),
        (
            "cloud.hub.node_sessions:NodeSessions._greet",
            "if author.standing != CURRENT:",
            "if False:",
        ),
        (
            "cloud.hub.node_sessions:NodeSessions.standing_changed",
            "author.standing != CURRENT",
            "False",
        ),
        faults=("revoked_node",),
        subtle=True,
    ),
    mutant(
        "a transaction in another cafe's name counts",
        "I5",
        (
            "sync_protocol.ledger:fault_of",
            "if header.node != HUB and transaction.cafe != author_cafe:",
            "if False:",
        ),
        faults=("other_cafe",),
        subtle=True,
    ),
    mutant(
        "another cafe's document may be written",
        "I5",
        (
            "sync_protocol.registers:fault_of",
            "if write.cafe != author_cafe:",
            "if False:",
        ),
        faults=("other_cafe",),
    ),
    mutant(
        "a box may write what is head office's",
        "I5",
        (
            "sync_protocol.registers:fault_of",
            "if kind.author == HUB_ONLY:",
            "if False:",
        ),
        faults=("forged_op",),
        subtle=True,
    ),
    mutant(
        "a box may erase",
        "I5",
        (
            "cloud.domain.judge:_judge_system",
            "if kind.author == HUB_ONLY and op.header.node != HUB:",
            "if False:",
        ),
        faults=("forged_op",),
    ),
    # I6
    mutant(
        "anybody may lower what another holds",
        "I6",
        (
            "sync_protocol.ledger:_may_lower",
            "return node == header.node and",
            "return True or",
        ),
        faults=("forged_op",),
        subtle=True,
    ),
    mutant(
        "the hub lets an account go below zero",
        "I6",
        (
            "cloud.domain.judge:_excess",
            "if row.limited and amount * row.side < 0 and after * row.side < 0:",
            "if False:",
        ),
        faults=("forged_op",),
        subtle=True,
    ),
    mutant(
        "a box spends what others hold",
        "I6",
        (
            "edge.domain.stored_value:spend_refusal",
            "if amount_fen <= spendable_fen(here, purse):",
            "if amount_fen <= purse.balance_fen:",
        ),
        (
            "edge.store.transaction:WriteTransaction._add_pending",
            "if row.limited and",
            "if False and",
        ),
    ),
    mutant(
        "a branch that goes beyond its rights is void",
        "I6",
        (
            "cloud.domain.judge:_judge_ledger",
            "if author.standing != ADMITTED:",
            "if True:",
        ),
        faults=("box_cloned", "partition"),
        favours=("_spend", "_refund"),
    ),
    # I8
    mutant(
        "a message that is none stops the hub",
        "I8",
        (
            "sync_protocol.hub_session:HubSession.receive",
            "return self._quarantine(error, data)",
            "raise",
        ),
        faults=("poison_message",),
        subtle=True,
    ),
    mutant(
        "a malformed body stops the judge",
        "I8",
        (
            "cloud.domain.judge:judge",
            'return _void(op, kind, effective, "malformed")',
            "raise",
        ),
        faults=("forged_op",),
        subtle=True,
    ),
    mutant(
        "an op of a kind that nobody knows stops the judge",
        "I8",
        (
            "cloud.domain.judge:judge",
            "KINDS.get(op.header.kind)",
            "KINDS[op.header.kind]",
        ),
        faults=("unknown_kind",),
    ),
    mutant(
        "one bad batch ends its node's session for good",
        "I8",
        (
            "sync_protocol.hub_session:HubSession._quarantine",
            "return events + self._reject(error.code) if self.state in (SYNCING, "
            "COMPARING) else events",
            "return events + self.fence(FENCED_UNKNOWN_NODE)",
        ),
        faults=("poison_message", "wrong_signature"),
    ),
    # I9
    mutant(
        "a claim is shown as won before the hub has it",
        "I9",
        (
            "edge.store.state_reader:StateReader.claim",
            "pending is None or pending == confirmed)",
            "True)",
        ),
        faults=_APART,
        favours=("_issue_card", "_look_at_claim"),
    ),
    mutant(
        "a repeat is answered without its op",
        "I9",
        (
            "edge.desk.commit:_kept_answer",
            'values["code"]',
            '""',
        ),
        faults=("double_request",),
    ),
    mutant(
        "a failed fsync is told as nothing done",
        "I9",
        (
            "edge.store.writer:Writer._commit",
            "if isinstance(told, StoreStoppedError):",
            "if False:",
        ),
        faults=("box_fsync_error",),
        subtle=True,
    ),
)
