"""The hub's sessions with its nodes: what each says, and what of it the next block takes."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from cloud.domain.grants import GrantPolicy
from cloud.domain.judge import ADMITTED, CLOSED, CURRENT, FORKED, SUPERSEDED
from cloud.domain.judge import FENCED as FENCED_BY_PEOPLE
from cloud.domain.refusals import Refusal
from cloud.hub.builder import Batch, BlockBuilder, Proposal
from cloud.hub.grants import GrantCase
from cloud.hub.keys import verifier
from cloud.hub.metrics import HubMetrics, reason_label
from cloud.hub.recalls import Recalls
from cloud.hub.rounds import BATCH_BYTES_MAX, BATCH_OPS_MAX, BLOCK_BODY_BYTES_MAX, Round
from cloud.store import log
from cloud.store.log import Author
from sync_protocol.greetings import (
    FENCED_EPOCH_CLOSED,
    FENCED_FORK,
    FENCED_REASONS,
    FENCED_REVOKED,
    FENCED_REWIND,
    FENCED_UNKNOWN_NODE,
    Hello,
)
from sync_protocol.hub_facts import HubLimits, LogHead, NodeFacts
from sync_protocol.hub_session import HubSession
from sync_protocol.messages import GrantRequest
from sync_protocol.ops import HUB, genesis_hash
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

MEASURE_MS = 15_000
"""Between two questions for a node's clock; pages show a silent node as offline after a minute."""
QUARANTINED_PER_ROUND = 20
"""Rows written for a flood of bad messages; the rest is counted."""

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


@dataclass(slots=True)
class NodeLine:
    """What is known of a node's connection, for pages: times in ms since 1970, 0 for never.

    `expected_seq` is what its last HELLO said it has.
    """

    heard_ms: int = 0
    expected_seq: int = 0
    software: str = ""
    fenced: str = ""


class NodeSessions:
    """See the module; every method runs on the writer's thread.

    `commit` makes a block of what is gathered so far, `decide` has a proposal in the next one.
    `round` is what is gathered; who commits takes it and puts a new one there.
    """

    def __init__(
        self,
        builder: BlockBuilder,
        metrics: HubMetrics,
        now_ms: Callable[[], int],
        business_day: Callable[[], tuple[int, int]],
        policy: GrantPolicy,
        send: Send,
        commit: Callable[[], None],
        decide: Callable[[Proposal], None],
    ) -> None:
        self.lines: dict[int, NodeLine] = {}
        self.round = Round()
        self._builder = builder
        self._metrics = metrics
        self._now_ms = now_ms
        self._business_day = business_day
        self._policy = policy
        self._send = send
        self._commit = commit
        self._decide = decide
        self._limits = HubLimits(BATCH_OPS_MAX, BATCH_BYTES_MAX)
        self._sessions: dict[int, HubSession] = {}
        self._verifiers: dict[tuple[int, int], Callable[[bytes, bytes], bool]] = {}
        self._measured_ms = now_ms()
        self._recalls = Recalls()

    def hear(self, node: int, data: bytes) -> None:
        """Take a message from a node's topic."""
        session = self._session_of(node)
        line = self.lines.get(node)
        if line is not None:
            line.heard_ms = self._now_ms()
        self._handle(session, session.receive(data, self._now_ms()))
        if line is not None and session.state == SYNCING:
            self._note_complete(session, line)

    def forget(self, node: int) -> None:
        """Forget a node's session: its log has grown otherwise, and its next batch has it greet."""
        self._sessions.pop(node, None)

    def found_fork(self, node: int, epoch: int) -> None:
        """Fence an epoch: its own key signed two different ops of one number."""
        reason = FENCED_REASONS[FENCED_FORK]
        self._metrics.fenced.labels(reason).inc()
        self._decide(Proposal(lambda draft: draft.fence_epoch(node, epoch, reason)))

    def drop(self) -> Round:
        """Forget every session and what is gathered, and return that: nodes send it again."""
        self._sessions.clear()
        return self.take_round()

    def take_round(self) -> Round:
        """Return what is gathered, and gather anew."""
        gathered, self.round = self.round, Round()
        return gathered

    def ask_hellos(self) -> None:
        """Have every node greet: what it sent while this hub was off the line is lost."""
        for author in list(self._builder.authors.values()):
            if author.node != HUB and author.standing == CURRENT:
                session = self._session_of(author.node)
                self._handle(session, session.ask_hello(author.epoch))

    def measure_clocks(self) -> None:
        """Ask every node now and then: its clock, and whether it is still there."""
        now_ms = self._now_ms()
        if abs(now_ms - self._measured_ms) < MEASURE_MS:
            return
        self._measured_ms = now_ms
        for session in list(self._sessions.values()):
            if session.state == SYNCING:
                self._handle(session, session.measure_clock(now_ms))

    # What a commit means to them

    def committed(self, session: HubSession, batch: Batch) -> None:
        """Ack a batch that is committed."""
        last = batch.ops[-1]
        if session.epoch == batch.epoch and session.state not in (FENCED, WAITING):
            self._handle(session, session.committed(last.header.seq, last.hash))
            self._note_complete(session, self.lines[session.node])

    def answer_grant(self, session: HubSession, case: GrantCase, proposal: Proposal) -> None:
        """Tell a node what became of its grant, and ask others to release what it lacks."""
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

    def standing_changed(self, nodes: set[int]) -> None:
        """Fence those whose epoch is current no more."""
        for node in nodes:
            session = self._sessions.get(node)
            if session is None or session.state in (FENCED, WAITING):
                continue
            author = self._builder.authors.get((node, session.epoch))
            if author is not None and author.standing != CURRENT:
                self._handle(session, session.fence(FENCE_OF_STANDING[author.standing]))

    # What they say

    def _session_of(self, node: int) -> HubSession:
        session = self._sessions.get(node)
        if session is None:
            session = self._new_session(node)
            if self._is_known(node):
                self._sessions[node] = session
                self.lines.setdefault(node, NodeLine())
        return session

    def _new_session(self, node: int) -> HubSession:
        def key_of(epoch: int) -> Callable[[bytes, bytes], bool] | None:
            author = self._builder.authors.get((node, epoch))
            return None if author is None or node == HUB else self._verifier(author)

        return HubSession(self._builder.head.chain, node, self._limits, self._builder.sign, key_of)

    def _note_complete(self, session: HubSession, line: NodeLine) -> None:
        """Note that all of a node's ops up to now are here, if they are."""
        author = self._builder.authors.get((session.node, session.epoch))
        if author is not None and line.expected_seq <= author.seq == session.taken_seq:
            author.complete_ms = max(author.complete_ms, line.heard_ms)

    def _is_known(self, node: int) -> bool:
        return node != HUB and any(key[0] == node for key in self._builder.authors)

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
            if len(self.round.quarantined) < QUARANTINED_PER_ROUND:
                self.round.quarantined.append((session.node, event))
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
        author = self._builder.authors.get((node, epoch))
        found = event.reason in (FENCED_REWIND, FENCED_FORK)
        if found and author is not None and author.standing == CURRENT:
            self._decide(Proposal(lambda draft: draft.fence_epoch(node, epoch, reason)))

    def _take_batch(self, session: HubSession, event: BatchReceived) -> None:
        author = self._builder.authors.get((session.node, session.epoch))
        if author is None or author.standing != CURRENT:
            self._handle(session, session.not_committed("revoked"))
            reason = FENCED_UNKNOWN_NODE if author is None else FENCE_OF_STANDING[author.standing]
            self._handle(session, session.fence(reason))
            return
        batch = Batch(session.node, session.epoch, [], [], b"")
        for op in event.ops:
            body = op.packed_body()
            size = 0 if body is None else len(body)
            if self.round.body_bytes + size > BLOCK_BODY_BYTES_MAX:
                if batch.ops:
                    self.round.batches.append((session, batch))
                self._commit()
                batch = Batch(session.node, session.epoch, [], [], b"")
            batch.ops.append(op)
            batch.bodies.append(body)
            self.round.body_bytes += size
        batch.signature = event.signature  # it is over the last op, which is in this part
        self.round.batches.append((session, batch))
        self.round.ops += len(batch.ops)

    def _greet(self, session: HubSession, hello: Hello) -> None:
        if any(other is session for other, _ in self.round.batches):
            self._commit()
        if hello.block_number > self._builder.head.block_number:
            # The box follows a log that goes further than ours: it hands the rest back over HTTP.
            logger.error("a box is ahead of this hub", extra={"node": session.node})
            return
        author = self._builder.authors[(session.node, hello.epoch)]
        if author.standing != CURRENT:
            self._handle(session, session.fence(FENCE_OF_STANDING[author.standing]))
            return
        line = self.lines.setdefault(session.node, NodeLine())
        line.expected_seq, line.software, line.fenced = hello.seq, hello.software, ""
        head = self._builder.head
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
            return genesis_hash(self._builder.head.chain, author.node, author.epoch)
        return log.op_hash_at(self._builder.database, author.node, author.epoch, seq)

    def _verifier(self, author: Author) -> Callable[[bytes, bytes], bool]:
        key = (author.node, author.epoch)
        if key not in self._verifiers:
            self._verifiers[key] = verifier(author.public_key)
        return self._verifiers[key]

    def _compare(self, session: HubSession, event: HistoryWanted) -> None:
        author = self._builder.authors[(session.node, session.epoch)]
        before = self._hash_at(author, event.before_seq)
        last = self._hash_at(author, event.last_seq)
        if before is None or last is None:
            raise RuntimeError("the log lacks an op below its author's head")
        self._handle(session, session.history_known(before, last))

    def _ask_grant(self, session: HubSession, request: GrantRequest) -> None:
        business_day, utc_offset_min = self._business_day()
        case = GrantCase(session.node, request, self._policy, business_day, utc_offset_min)
        self.round.grants.append((session, case, case.proposal()))

    def _measure(self, session: HubSession, event: ClockMeasured) -> None:
        author = self._builder.authors.get((session.node, session.epoch))
        if author is not None:
            author.segment = event.segment
            # Within the error of the measurement the node's own clock is as good as ours.
            off = abs(event.offset_ms) > event.error_ms
            author.offset_ms = event.offset_ms if off else 0
