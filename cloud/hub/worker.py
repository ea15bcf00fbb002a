"""The hub's writer: one thread that hears nodes, builds blocks, and acks what is committed.

A block is whatever waits when the previous commit ends. Between blocks, when nothing waits, the
writer folds the reports and does what an erasure left to do.
"""

from collections import Counter
from collections.abc import Callable

from cloud.domain.grants import GrantPolicy
from cloud.domain.refusals import Refusal, refusal
from cloud.hub import left_overs
from cloud.hub.builder import BlockBuilder, Committed, Proposal
from cloud.hub.carried import Carrier, Unseal
from cloud.hub.draft import Draft
from cloud.hub.four_eyes import two_people_fault
from cloud.hub.inbox import Inbox
from cloud.hub.metrics import HubMetrics
from cloud.hub.node_sessions import NodeSessions, Send
from cloud.hub.publishing import block_message
from cloud.hub.recovery import Recovery
from cloud.hub.registers import write_fields
from cloud.hub.rounds import BATCH_OPS_MAX, ROUND_OPS_MAX, Round
from cloud.store import log, quarantine
from cloud.store.log import Author
from sync_protocol.annotations import VERDICTS
from sync_protocol.http_api import LeftOverAnswer, LeftOverRequest, RecoveryAnswer, RecoveryRequest
from sync_protocol.kinds import NODE
from sync_protocol.ops import OpRef
from sync_protocol.sealed_copy import CarryAnswer
from sync_protocol.topics import blocks_topic

LATE_OPS_MAX = 500
"""Deferred ops that are judged in one block."""


class Worker:
    """Owns the builder and the sessions; every method runs on the writer's thread."""

    def __init__(
        self,
        builder: BlockBuilder,
        inbox: Inbox,
        metrics: HubMetrics,
        now_ms: Callable[[], int],
        business_day: Callable[[], tuple[int, int]],
        policy: GrantPolicy,
        send: Send,
    ) -> None:
        self.builder = builder
        self._inbox = inbox
        self._metrics = metrics
        self._now_ms = now_ms
        self._send = send
        self.nodes = NodeSessions(
            builder,
            metrics,
            now_ms,
            business_day,
            policy,
            send,
            self._commit,
            lambda proposal: self.propose(proposal, _decided),
        )
        self.recovery = Recovery(builder)
        self._erased = False
        self._starting = True
        self._late_due = True
        self._late_position = 0

    def propose(self, proposal: Proposal, done: Callable[[Proposal], None]) -> None:
        """Have `proposal` in the next block; `done` is called when it is committed or refused."""
        if self.recovery.under_way:
            proposal.outcome = refusal("recovering")
            done(proposal)
            return
        self.nodes.round.calls.append((proposal, done))

    def run_round(self) -> bool:
        """Take what waits, commit, ack and publish it; returns whether somebody was erased."""
        self._erased = False
        for call in self._inbox.take_calls():
            call()
        if self.recovery.under_way:
            self._recover()
            return False
        if self._starting:
            self._starting = False
            self.append_branches()
        if self._late_due:
            self._judge_deferred()
        while self.nodes.round.ops + BATCH_OPS_MAX <= ROUND_OPS_MAX:
            message = self._inbox.next_message()
            if message is None:
                break
            self.nodes.hear(*message)
        self._metrics.waiting.set(self._inbox.waiting())
        self._commit()
        self.nodes.measure_clocks()
        return self._erased

    def _judge_deferred(self) -> None:
        """Judge what an earlier release of this hub deferred, in the log's order."""
        database = self.builder.database
        positions = log.deferred_positions(database, self._late_position, LATE_OPS_MAX)
        self._late_due = len(positions) == LATE_OPS_MAX
        if not positions:
            return
        self._late_position = positions[-1]

        def decide(draft: Draft) -> list[OpRef]:
            found = []
            for position in positions:
                entry = log.read_entries(database, position, position)[0].entry
                found.append(draft.append_late(entry))
            return [reference for reference in found if reference is not None]

        self.propose(Proposal(decide), _decided)

    def take_left_overs(self, asker: Author, request: LeftOverRequest) -> LeftOverAnswer | Refusal:
        """Take or keep what a box hands in of an earlier epoch; publish what was taken."""
        if self.recovery.under_way:
            return refusal("recovering")
        self._commit()
        received = left_overs.receive(self.builder, asker, request, self._now_ms())
        if received.committed is not None:
            self._publish(received.committed)
        return received.answer

    def take_carried(self, file: bytes, unseal: Unseal) -> CarryAnswer | Refusal:
        """Take or keep what a sealed file holds; publish what was taken."""
        if self.recovery.under_way:
            return refusal("recovering")
        self._commit()
        now_ms = self._now_ms()
        return Carrier(self.builder, self.nodes, unseal, now_ms, self._publish).take(file)

    def append_branches(self) -> None:
        """Bring what two people admitted into the log, to its end."""
        if self.recovery.under_way:
            return
        self._commit()
        while True:
            batch = left_overs.next_batch(self.builder)
            if batch is None:
                return
            committed = self.builder.build([batch], [])
            if committed is not None:
                self._publish(committed)

    # Recovery

    def take_recovery(self, node: int, request: RecoveryRequest) -> RecoveryAnswer | Refusal:
        """Take what a box hands back. Raises `ProtocolError`."""
        was_under_way = self.recovery.under_way
        answer = self.recovery.take(node, request)
        if self.recovery.under_way and not was_under_way:
            self._drop_sessions()
        return answer

    def begin_recovery(self) -> None:
        """Take back what the database has not; boxes go on as without a line."""
        self.recovery.begin()
        self._drop_sessions()

    def excuse(self, node: int, approvers: tuple[int, int]) -> Refusal | None:
        """Recover without a node, by two people's word."""
        if not self.recovery.under_way:
            return refusal("not_recovering")
        builder = self.builder
        fault = two_people_fault(builder.database, builder.state, approvers, self._now_ms())
        return fault or self.recovery.excuse(node, approvers)

    def _recover(self) -> None:
        """Take nothing but what boxes hand back; make the log whole once all of it is here."""
        while self._inbox.next_message() is not None:
            pass
        if not self.recovery.is_complete():
            return
        while True:
            block = self.recovery.next_block()
            if block is None:
                break
            self._publish(self.recovery.restore(block))
        excused = self.recovery.finish()
        self._starting = self._late_due = True
        self._late_position = 0
        for node in excused:
            fenced = write_fields(NODE, node, {"status": "fenced"}, 0, _no_random)
            self.propose(fenced, _decided)

    def _drop_sessions(self) -> None:
        """Forget every session and what waits: it is sent again when the log is whole."""
        for proposal, done in self.nodes.drop().calls:
            proposal.outcome = refusal("recovering")
            done(proposal)

    # What is committed

    def _commit(self) -> None:
        current = self.nodes.take_round()
        batches = [batch for _, batch in current.batches]
        proposals = [proposal for _, _, proposal in current.grants]
        proposals += [proposal for proposal, _ in current.calls]
        if current.quarantined:
            self._quarantine(current)
        if not batches and not proposals:
            return
        with self._metrics.commit_seconds.time():
            committed = self.builder.build(batches, proposals)
        for session, batch in current.batches:
            self.nodes.committed(session, batch)
        for session, case, proposal in current.grants:
            self.nodes.answer_grant(session, case, proposal)
        for proposal, done in current.calls:
            done(proposal)
        if committed is not None:
            self._erased |= bool(committed.erased)
            self._publish(committed)

    def _quarantine(self, current: Round) -> None:
        database = self.builder.database
        with database.transaction():
            for node, event in current.quarantined:
                quarantine.keep(
                    database, node, self._now_ms(), event.code, event.detail, event.data
                )

    def _publish(self, committed: Committed) -> None:
        block = committed.block
        verdicts = Counter(entry.annotation.verdict for entry in block.entries)
        for verdict, count in verdicts.items():
            self._metrics.ops.labels(VERDICTS[verdict]).inc(count)
        self._metrics.blocks.inc()
        self._metrics.position.set(block.last_position())
        message = block_message(block, committed.signature)
        self._send([(blocks_topic(self.builder.head.chain), message.pack())], block.number)
        self.nodes.standing_changed(committed.standing_changed)


def _no_random(_count: int) -> bytes:
    """A node's register has no salt."""
    raise AssertionError("no salt")


def _decided(_proposal: Proposal) -> None:
    """Nobody waits for it."""
