"""The hub's writer: one thread that hears nodes, builds blocks, and acks what is committed.

A block is whatever waits when the previous commit ends. Between blocks, when nothing waits, the
writer folds the reports and does what an erasure left to do.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from cloud.domain.epochs import approval_fault
from cloud.domain.grants import GrantPolicy
from cloud.domain.judge import ADMITTED, CLOSED, CURRENT, FORKED, SUPERSEDED
from cloud.domain.judge import FENCED as FENCED_BY_PEOPLE
from cloud.domain.refusals import Refusal, refusal
from cloud.hub import left_overs
from cloud.hub.builder import Batch, BlockBuilder, Committed, Proposal
from cloud.hub.draft import Draft
from cloud.hub.grants import GrantCase
from cloud.hub.inbox import Inbox
from cloud.hub.keys import verifier
from cloud.hub.metrics import HubMetrics, reason_label
from cloud.hub.publishing import block_message
from cloud.hub.recalls import Recalls
from cloud.hub.recovery import Recovery
from cloud.hub.registers import write_fields
from cloud.store import log, quarantine
from cloud.store.log import Author
from sync_protocol.annotations import VERDICTS
from sync_protocol.codec import pack_decoded
from sync_protocol.http_api import LeftOverAnswer, LeftOverRequest, RecoveryAnswer, RecoveryRequest
from sync_protocol.hub_session import HubLimits, HubSession, LogHead, NodeFacts
from sync_protocol.kinds import NODE, STAFF
from sync_protocol.messages import (
    FENCED_EPOCH_CLOSED,
    FENCED_FORK,
    FENCED_REASONS,
    FENCED_REVOKED,
    FENCED_REWIND,
    FENCED_UNKNOWN_NODE,
    GrantRequest,
    Hello,
    blocks_topic,
)
from sync_protocol.ops import HUB, OpRef, genesis_hash
from sync_protocol.session import FENCED, SYNCING, WAITING
from sync_protocol.session_events import (
    BatchQuarantined,
    BatchReceived,
    ClockMeasured,
    Event,
    GrantRequested,
    HelloReceived,
    HistoryWanted,
    MessageIgnored,
    PeerErred,
    SessionFenced,
    Transmit,
)

logger = logging.getLogger(__name__)

BATCH_OPS_MAX = 500
BATCH_BYTES_MAX = 128 * 1024
"""What WELCOME tells a node."""
ROUND_OPS_MAX = 2000
"""Ops of nodes in one block: with a case for each it stays below `blocks.BLOCK_OPS_MAX`."""
BLOCK_BODY_BYTES_MAX = 512 * 1024
"""Bodies of one block: pictures do not shrink, and they must fit `frames.FRAME_BYTES_MAX` with
`ROUND_OPS_MAX` headers, annotations and cases. Ops of money stay below it."""
MEASURE_MS = 15_000
"""Between two questions for a node's clock; pages show a silent node as offline after a minute."""
LATE_OPS_MAX = 500
"""Deferred ops that are judged in one block."""
QUARANTINED_PER_ROUND = 20
"""Rows written for a flood of bad messages; the rest is counted."""


@dataclass(slots=True)
class NodeLine:
    """What is known of a node's connection, for pages: times in ms since 1970, 0 for never.

    `expected_seq` is what its last HELLO said it has.
    """

    heard_ms: int = 0
    expected_seq: int = 0
    software: str = ""
    fenced: str = ""


@dataclass(slots=True)
class Round:
    """What one block is made of, and what is sent after it."""

    batches: list[tuple[HubSession, Batch]] = field(default_factory=list)
    grants: list[tuple[HubSession, GrantCase, Proposal]] = field(default_factory=list)
    calls: list[tuple[Proposal, Callable[[Proposal], None]]] = field(default_factory=list)
    quarantined: list[tuple[int, BatchQuarantined]] = field(default_factory=list)
    ops: int = 0
    body_bytes: int = 0


FENCE_OF_STANDING = {
    SUPERSEDED: FENCED_EPOCH_CLOSED,
    ADMITTED: FENCED_EPOCH_CLOSED,
    CLOSED: FENCED_EPOCH_CLOSED,
    FENCED_BY_PEOPLE: FENCED_REVOKED,
    FORKED: FENCED_FORK,
}
"""What a box of an epoch that is not current is told."""

Send = Callable[[list[tuple[str, bytes]], int], None]
"""send(messages of (topic, bytes), number of the block among them or 0); called by the writer"""


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
        self.lines: dict[int, NodeLine] = {}
        self._inbox = inbox
        self._metrics = metrics
        self._now_ms = now_ms
        self._business_day = business_day
        self._policy = policy
        self._send = send
        self._limits = HubLimits(BATCH_OPS_MAX, BATCH_BYTES_MAX)
        self._sessions: dict[int, HubSession] = {}
        self._verifiers: dict[tuple[int, int], Callable[[bytes, bytes], bool]] = {}
        self._recalls = Recalls()
        self._round = Round()
        self.recovery = Recovery(builder)
        self._erased = False
        self._starting = True
        self._late_due = True
        self._late_position = 0
        self._measured_ms = now_ms()

    @property
    def chain(self) -> str:
        return self.builder.head.chain

    def propose(self, proposal: Proposal, done: Callable[[Proposal], None]) -> None:
        """Have `proposal` in the next block; `done` is called when it is committed or refused."""
        if self.recovery.under_way:
            proposal.outcome = refusal("recovering")
            done(proposal)
            return
        self._round.calls.append((proposal, done))

    def run_round(self) -> bool:
        """Take what waits, commit, ack and publish it; returns whether somebody was erased."""
        self._erased = False
        if self._starting:
            self._starting = False
            self.append_branches()
        if self._late_due:
            self._judge_deferred()
        for call in self._inbox.take_calls():
            call()
        if self.recovery.under_way:
            self._recover()
            return False
        while self._round.ops + BATCH_OPS_MAX <= ROUND_OPS_MAX:
            message = self._inbox.next_message()
            if message is None:
                break
            self._hear(*message)
        self._metrics.waiting.set(self._inbox.waiting())
        self._commit()
        self._measure_clocks()
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
        self._commit()
        received = left_overs.receive(self.builder, asker, request, self._now_ms())
        if received.committed is not None:
            self._publish(received.committed)
        return received.answer

    def append_branches(self) -> None:
        """Bring what two people admitted into the log, to its end."""
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
        first, second = (self.builder.state.register(STAFF, person) for person in approvers)
        fault = approval_fault(approvers, (first, second))
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
        for node in excused:
            fenced = write_fields(NODE, node, {"status": "fenced"}, 0, _no_random)
            self.propose(fenced, _decided)

    def _drop_sessions(self) -> None:
        """Forget every session and what waits: it is sent again when the log is whole."""
        dropped, self._round = self._round, Round()
        self._sessions.clear()
        for proposal, done in dropped.calls:
            proposal.outcome = refusal("recovering")
            done(proposal)

    # What nodes say

    def _hear(self, node: int, data: bytes) -> None:
        session = self._sessions.get(node)
        if session is None:
            session = self._new_session(node)
            if self._is_known(node):
                self._sessions[node] = session
                self.lines.setdefault(node, NodeLine())
        line = self.lines.get(node)
        if line is not None:
            line.heard_ms = self._now_ms()
        self._handle(session, session.receive(data, self._now_ms()))
        if line is not None and session.state == SYNCING:
            self._note_complete(session, line)

    def _new_session(self, node: int) -> HubSession:
        def key_of(epoch: int) -> Callable[[bytes, bytes], bool] | None:
            author = self.builder.authors.get((node, epoch))
            return None if author is None or node == HUB else self._verifier(author)

        return HubSession(self.chain, node, self._limits, self.builder.sign, key_of)

    def _note_complete(self, session: HubSession, line: NodeLine) -> None:
        """Note that all of a node's ops up to now are here, if they are."""
        author = self.builder.authors.get((session.node, session.epoch))
        if author is not None and line.expected_seq <= author.seq == session.taken_seq:
            author.complete_ms = max(author.complete_ms, line.heard_ms)

    def _measure_clocks(self) -> None:
        """Ask every node now and then: its clock, and whether it is still there."""
        now_ms = self._now_ms()
        if abs(now_ms - self._measured_ms) < MEASURE_MS:
            return
        self._measured_ms = now_ms
        for session in list(self._sessions.values()):
            if session.state == SYNCING:
                self._handle(session, session.measure_clock(now_ms))

    def _is_known(self, node: int) -> bool:
        return node != HUB and any(key[0] == node for key in self.builder.authors)

    def _handle(self, session: HubSession, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, BatchReceived):
                self._take_batch(session, event)
            elif isinstance(event, Transmit):
                self._send([(event.topic, event.data)], 0)
            elif isinstance(event, HelloReceived):
                self._greet(session, event.hello)
            elif isinstance(event, HistoryWanted):
                self._compare(session, event)
            elif isinstance(event, GrantRequested):
                self._ask_grant(session, event.request)
            elif isinstance(event, ClockMeasured):
                self._measure(session, event)
            else:
                self._count(session, event)

    def _count(self, session: HubSession, event: Event) -> None:
        if isinstance(event, BatchQuarantined):
            self._metrics.quarantined.labels(reason_label(event.code)).inc()
            logger.warning("quarantined", extra={"node": session.node, "reason": event.code})
            if len(self._round.quarantined) < QUARANTINED_PER_ROUND:
                self._round.quarantined.append((session.node, event))
        elif isinstance(event, SessionFenced):
            self._note_fence(session, event)
        elif isinstance(event, (MessageIgnored, PeerErred)):
            self._metrics.ignored.inc()

    def _note_fence(self, session: HubSession, event: SessionFenced) -> None:
        """Count a fence; one that was found in the chains is kept in the log, for good."""
        node, epoch, reason = session.node, session.epoch, FENCED_REASONS[event.reason]
        self._metrics.fenced.labels(reason).inc()
        logger.warning("fenced", extra={"node": node, "epoch": epoch, "reason": reason})
        if node in self.lines:
            self.lines[node].fenced = reason
        author = self.builder.authors.get((node, epoch))
        found = event.reason in (FENCED_REWIND, FENCED_FORK)
        if found and author is not None and author.standing == CURRENT:
            self.propose(Proposal(lambda draft: draft.fence_epoch(node, epoch, reason)), _decided)

    def _take_batch(self, session: HubSession, event: BatchReceived) -> None:
        author = self.builder.authors.get((session.node, session.epoch))
        if author is None or author.standing != CURRENT:
            self._handle(session, session.not_committed("revoked"))
            reason = FENCED_UNKNOWN_NODE if author is None else FENCE_OF_STANDING[author.standing]
            self._handle(session, session.fence(reason))
            return
        batch = Batch(session.node, session.epoch, [], [], b"")
        for op in event.ops:
            body = None if op.body is None else pack_decoded(op.body)
            size = 0 if body is None else len(body)
            if self._round.body_bytes + size > BLOCK_BODY_BYTES_MAX:
                if batch.ops:
                    self._round.batches.append((session, batch))
                self._commit()
                batch = Batch(session.node, session.epoch, [], [], b"")
            batch.ops.append(op)
            batch.bodies.append(body)
            self._round.body_bytes += size
        batch.signature = event.signature  # it is over the last op, which is in this part
        self._round.batches.append((session, batch))
        self._round.ops += len(batch.ops)

    def _greet(self, session: HubSession, hello: Hello) -> None:
        if any(other is session for other, _ in self._round.batches):
            self._commit()
        if hello.block_number > self.builder.head.block_number:
            # The box follows a log that goes further than ours: it hands the rest back over HTTP.
            logger.error("a box is ahead of this hub", extra={"node": session.node})
            return
        author = self.builder.authors[(session.node, hello.epoch)]
        if author.standing != CURRENT:
            self._handle(session, session.fence(FENCE_OF_STANDING[author.standing]))
            return
        line = self.lines.setdefault(session.node, NodeLine())
        line.expected_seq, line.software, line.fenced = hello.seq, hello.software, ""
        head = self.builder.head
        facts = NodeFacts(
            author.epoch,
            author.seq,
            author.hash,
            self._hash_at(author, hello.acked_seq),
            self._verifier(author),
        )
        log_head = LogHead(
            head.generation, head.stream, head.position, head.block_number, head.backup_number
        )
        self._handle(session, session.take_hello(facts, log_head, self._now_ms()))
        if session.state not in (FENCED, WAITING):
            for wanted, amount in self._recalls.take(session.node, self._now_ms()):
                self._handle(session, session.recall(*wanted, amount))

    def _hash_at(self, author: Author, seq: int) -> bytes | None:
        if seq == author.seq:
            return author.hash
        if seq == 0:
            return genesis_hash(self.chain, author.node, author.epoch)
        return log.op_hash_at(self.builder.database, author.node, author.epoch, seq)

    def _verifier(self, author: Author) -> Callable[[bytes, bytes], bool]:
        key = (author.node, author.epoch)
        if key not in self._verifiers:
            self._verifiers[key] = verifier(author.public_key)
        return self._verifiers[key]

    def _compare(self, session: HubSession, event: HistoryWanted) -> None:
        author = self.builder.authors[(session.node, session.epoch)]
        before = self._hash_at(author, event.before_seq)
        last = self._hash_at(author, event.last_seq)
        if before is None or last is None:
            raise RuntimeError("the log lacks an op below its author's head")
        self._handle(session, session.history_known(before, last))

    def _ask_grant(self, session: HubSession, request: GrantRequest) -> None:
        business_day, utc_offset_min = self._business_day()
        case = GrantCase(session.node, request, self._policy, business_day, utc_offset_min)
        self._round.grants.append((session, case, case.proposal()))

    def _measure(self, session: HubSession, event: ClockMeasured) -> None:
        author = self.builder.authors.get((session.node, session.epoch))
        if author is not None:
            author.segment = event.segment
            # Within the error of the measurement the node's own clock is as good as ours.
            off = abs(event.offset_ms) > event.error_ms
            author.offset_ms = event.offset_ms if off else 0

    # What is committed

    def _commit(self) -> None:
        current, self._round = self._round, Round()
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
            last = batch.ops[-1]
            if session.epoch == batch.epoch and session.state not in (FENCED, WAITING):
                self._handle(session, session.committed(last.header.seq, last.hash))
                self._note_complete(session, self.lines[session.node])
        for session, case, proposal in current.grants:
            self._answer(session, case, proposal)
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

    def _answer(self, session: HubSession, case: GrantCase, proposal: Proposal) -> None:
        outcome = proposal.outcome
        request = case.request
        if isinstance(outcome, list):
            self._metrics.grants.labels("repeated" if case.repeated else "granted").inc()
            self._handle(session, session.answer_grant(request.request_id, outcome[0], ""))
        else:
            code = outcome.code if isinstance(outcome, Refusal) else "grant_failed"
            self._metrics.grants.labels(code).inc()
            self._handle(session, session.answer_grant(request.request_id, None, code))
        for node, amount in case.elsewhere:
            wanted = (request.account_class, request.subject, request.unit)
            heard_ms = self.lines[node].heard_ms if node in self.lines else 0
            self._recalls.note(node, wanted, amount, heard_ms, self._now_ms())
            holder = self._sessions.get(node)
            if holder is not None and holder.epoch:
                self._handle(holder, holder.recall(*wanted, amount))

    def _publish(self, committed: Committed) -> None:
        block = committed.block
        verdicts = Counter(entry.annotation.verdict for entry in block.entries)
        for verdict, count in verdicts.items():
            self._metrics.ops.labels(VERDICTS[verdict]).inc(count)
        self._metrics.blocks.inc()
        self._metrics.position.set(block.last_position())
        message = block_message(block, committed.signature)
        self._send([(blocks_topic(self.chain), message.pack())], block.number)
        for node in committed.standing_changed:
            session = self._sessions.get(node)
            if session is None or session.state in (FENCED, WAITING):
                continue
            author = self.builder.authors.get((node, session.epoch))
            if author is not None and author.standing != CURRENT:
                self._handle(session, session.fence(FENCE_OF_STANDING[author.standing]))


def _no_random(_count: int) -> bytes:
    """A node's register has no salt."""
    raise AssertionError("no salt")


def _decided(_proposal: Proposal) -> None:
    """Nobody waits for it."""
