"""The hub's side of a sync session with one node: greet, check batches, ack. Table: `session`.

A batch is taken when it continues the node's chain and its signature holds. It is then the host's
to commit; only what is committed is acked. A batch that came before is acked again if its hashes
are those of the log, and is a fork if they are not. Whatever else comes is quarantined with its
reason, changes nothing, and is asked for again from the watermark.
"""

from sync_protocol.errors import (
    ChainError,
    DecodeError,
    LimitError,
    ProtocolError,
    SignatureError,
)
from sync_protocol.frames import CODECS_READ, unpack_frame
from sync_protocol.greetings import (
    FENCED_EPOCH_CLOSED,
    FENCED_FORK,
    FENCED_REWIND,
    FENCED_UNKNOWN_NODE,
    Fenced,
    Hello,
    Welcome,
)
from sync_protocol.hub_facts import HubLimits, LogHead, NodeFacts
from sync_protocol.message_fields import Message, SignedMessage
from sync_protocol.messages import (
    CODE_GAP,
    CODE_HELLO,
    Ack,
    GrantAnswer,
    GrantRequest,
    Ping,
    Pong,
    Push,
    Recall,
    Reject,
    Unknown,
    push_signing_bytes,
    unpack_message,
)
from sync_protocol.ops import REFERENCE_HASH_BYTES, Op, OpRef, op_from_wire
from sync_protocol.session import (
    ANSWERING,
    COMPARING,
    FENCE_RAISED,
    FENCED,
    HELLO_HEARD,
    HELLO_TAKEN,
    HISTORY_AGREED,
    HUB_TRANSITIONS,
    OLD_BATCH_HEARD,
    SYNCING,
    WAITING,
    LocalProtocolError,
    follow,
)
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
from sync_protocol.topics import down_topic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class HubSession:
    """The hub's session with `node`. Each method returns the events that follow.

    `sign` signs with the hub's key; `key_of(epoch)` returns verify(signature, data) of the node's
    key in an epoch, None for an epoch that was never given. `taken_seq` is the last op handed over
    in `BatchReceived`, `watermark` the last committed.
    """

    def __init__(
        self,
        chain: str,
        node: int,
        limits: HubLimits,
        sign: "Callable[[bytes], bytes]",
        key_of: "Callable[[int], Callable[[bytes, bytes], bool] | None]",
    ) -> None:
        self.chain = chain
        self.node = node
        self.limits = limits
        self._sign = sign
        self._key_of = key_of
        self.state = WAITING
        self.epoch = 0
        self.watermark = 0
        self.taken_seq = 0
        self.hello: "Hello | None" = None
        self._hash = b""
        self._taken_hash = b""
        self._verify: "Callable[[bytes, bytes], bool] | None" = None
        self._topic = down_topic(chain, node)
        self._old: "tuple[Push, list[object], int, bytes] | None" = None
        self._held: "list[tuple[Push, bytes]]" = []
        self._fenced: "list[Event]" = []

    def receive(self, data: bytes, wall_ms: int) -> "list[Event]":
        """Take a message from the node's topic."""
        try:
            message = unpack_message(data)
        except ProtocolError as error:
            return self._quarantine(error, data)
        if isinstance(message, Push):
            return self._hear_push(message, data)
        if isinstance(message, Hello):
            return self._hear_hello(message, data)
        if isinstance(message, GrantRequest):
            return self._hear_grant_request(message)
        if isinstance(message, Fenced):
            return self._hear_fenced(message)
        if isinstance(message, Ping):
            return self._transmit(Pong(message.sent_ms, wall_ms, 0))
        if isinstance(message, Pong):
            round_trip_ms = max(wall_ms - message.sent_ms, 0)
            offset_ms = message.sent_ms + round_trip_ms // 2 - message.wall_ms
            return [ClockMeasured(message.segment, offset_ms, round_trip_ms // 2 + 1)]
        if isinstance(message, Unknown):
            return [MessageIgnored("unknown_type_%d_version_%d" % (message.type, message.version))]
        return [PeerErred("message_type", message.__class__.__name__)]

    def take_hello(self, facts: NodeFacts, head: LogHead, wall_ms: int) -> "list[Event]":
        """Answer `HelloReceived` for a node in good standing: compare, then welcome or fence.

        A HELLO with fewer ops than the watermark may be a rewind, or one that a broker delivered
        late. Only the node can tell: the WELCOME that answers its latest HELLO shows it.
        """
        hello = self.hello
        if self.state != ANSWERING or hello is None:
            raise LocalProtocolError("no hello to take")
        if hello.epoch != facts.epoch:
            closed = hello.epoch < facts.epoch
            return self.fence(FENCED_EPOCH_CLOSED if closed else FENCED_UNKNOWN_NODE)
        if hello.seq == facts.watermark and hello.hash != facts.hash:
            return self.fence(FENCED_FORK, facts.watermark, facts.hash)
        if facts.hash_at_acked is not None and facts.hash_at_acked != hello.acked_hash:
            return self.fence(FENCED_FORK, hello.acked_seq, facts.hash_at_acked)
        self.state = follow(HUB_TRANSITIONS, self.state, HELLO_TAKEN)
        self._set_watermark(facts.watermark, facts.hash)
        self._verify = facts.verify
        welcome = Welcome(
            hello.epoch,
            hello.session,
            facts.watermark,
            facts.hash,
            head.generation,
            head.stream,
            head.position,
            head.block_number,
            head.backup_number,
            wall_ms,
            CODECS_READ,
            self.limits.ops_max,
            self.limits.bytes_max,
            self.limits.window,
        )
        # Asked first, so that the node's clock is known before its first batch is judged.
        return self._transmit(Ping(wall_ms)) + self._transmit_signed(welcome)

    def fence(self, reason: int, seq: int = 0, hash: bytes = b"") -> "list[Event]":
        """Take no more of this epoch, for a FENCED_ reason, and tell the node."""
        self.state = follow(HUB_TRANSITIONS, self.state, FENCE_RAISED)
        self._held = []
        self._fenced = []
        if self.hello is not None:
            fenced = Fenced(self.hello.epoch, self.hello.session, reason, seq, hash)
            self._fenced = self._transmit_signed(fenced)
        events: list[Event] = [SessionFenced(reason, seq)]
        return events + self._fenced

    def committed(self, seq: int, hash: bytes) -> "list[Event]":
        """All ops handed over up to `seq` are committed: ack."""
        if seq > self.taken_seq:
            raise LocalProtocolError("committed %d of %d" % (seq, self.taken_seq))
        if seq > self.watermark:
            self.watermark = seq
            self._hash = hash
        return self._ack()

    def not_committed(self, code: str) -> "list[Event]":
        """Ops handed over beyond the watermark were not committed: ask for them again later."""
        self._set_watermark(self.watermark, self._hash)
        return self._reject(code)

    def history_known(self, before_hash: bytes, last_hash: bytes) -> "list[Event]":
        """Answer `HistoryWanted`: check the batch that came again against the log."""
        if self.state != COMPARING or self._old is None:
            return []  # HELLO came meanwhile
        push, rows, common, data = self._old
        self._old = None
        try:
            ops = self._ops_of(push, rows, push.first_seq - 1, before_hash)
            self._check_signature(push, ops)
        except ProtocolError as error:
            self.state = follow(HUB_TRANSITIONS, self.state, HISTORY_AGREED)
            return self._quarantine(error, data) + self._release_held()
        if ops[common - push.first_seq].hash != last_hash:
            fork: list[Event] = [BatchQuarantined("fork", "seq %d" % common, data)]
            return fork + self.fence(FENCED_FORK, common, last_hash)
        self.state = follow(HUB_TRANSITIONS, self.state, HISTORY_AGREED)
        events = self._ack()
        if common == self.taken_seq and ops[-1].header.seq > common:
            events = events + self._take(push, ops[common - push.first_seq + 1 :])
        return events + self._release_held()

    def answer_grant(self, request_id: int, ref: "OpRef | None", code: str) -> "list[Event]":
        """Answer `GrantRequested` with the granting op, or with a refusal's code."""
        return self._transmit(GrantAnswer(request_id, ref, code))

    def recall(
        self, account_class: int, subject: "int | str", unit: str, amount: int
    ) -> "list[Event]":
        """Ask the node to release rights."""
        return self._transmit(Recall(account_class, subject, unit, amount))

    def ask_hello(self, epoch: int) -> "list[Event]":
        """Ask the node of an epoch to greet, which has it push again from the watermark."""
        return self._transmit(Reject(epoch, self.watermark + 1, CODE_HELLO))

    def measure_clock(self, wall_ms: int) -> "list[Event]":
        """Ask for the node's clock; `ClockMeasured` follows."""
        return self._transmit(Ping(wall_ms))

    def _transmit(self, message: Message) -> "list[Event]":
        return [Transmit(self._topic, message.pack())]

    def _transmit_signed(self, message: SignedMessage) -> "list[Event]":
        return [Transmit(self._topic, message.sign(self.chain, self.node, self._sign))]

    def _set_watermark(self, seq: int, hash: bytes) -> None:
        self.watermark = self.taken_seq = seq
        self._hash = self._taken_hash = hash

    def _ack(self) -> "list[Event]":
        return self._transmit(Ack(self.epoch, self.watermark, self._hash[:REFERENCE_HASH_BYTES]))

    def _reject(self, code: str) -> "list[Event]":
        return self._transmit(Reject(self.epoch, self.watermark + 1, code))

    def _quarantine(self, error: ProtocolError, data: bytes) -> "list[Event]":
        events: list[Event] = [BatchQuarantined(error.code, error.detail, data)]
        return events + self._reject(error.code) if self.state in (SYNCING, COMPARING) else events

    def _hear_hello(self, message: Hello, data: bytes) -> "list[Event]":
        if message.chain != self.chain or message.node != self.node:
            return [PeerErred("hello_of_other", "%s/%d" % (message.chain, message.node))]
        verify = self._key_of(message.epoch)
        if verify is None:
            unknown = Fenced(message.epoch, message.session, FENCED_UNKNOWN_NODE, 0, b"")
            erred: list[Event] = [PeerErred("epoch_unknown", str(message.epoch))]
            return erred + self._transmit_signed(unknown)
        if not verify(message.signature, message.signing_bytes(self.chain, self.node)):
            return [BatchQuarantined("hello_signature", str(message.epoch), data)]
        self.state = follow(HUB_TRANSITIONS, self.state, HELLO_HEARD)
        self.hello = message
        self.epoch = message.epoch
        self._old = None
        self._held = []
        return [HelloReceived(message)]

    def _hear_grant_request(self, message: GrantRequest) -> "list[Event]":
        if self.state not in (SYNCING, COMPARING) or message.epoch != self.epoch:
            return [MessageIgnored("grant_out_of_session")]
        return [GrantRequested(message)]

    def _hear_fenced(self, message: Fenced) -> "list[Event]":
        if message.epoch != self.epoch or self.state == FENCED:
            return [MessageIgnored("fenced_known")]
        verify = self._key_of(message.epoch)
        if verify is None or not verify(
            message.signature, message.signing_bytes(self.chain, self.node)
        ):
            return [PeerErred("fenced_signature", str(message.epoch))]
        if message.reason not in (FENCED_REWIND, FENCED_FORK):
            return [PeerErred("fenced_reason", str(message.reason))]
        self.state = follow(HUB_TRANSITIONS, self.state, FENCE_RAISED)
        self._fenced = []  # the node knows
        return [SessionFenced(message.reason, message.seq)]

    def _hear_push(self, push: Push, data: bytes) -> "list[Event]":
        if self.state == WAITING:
            self.epoch = push.epoch
            return self._reject(CODE_HELLO)
        if push.node != self.node or push.epoch != self.epoch:
            return self._quarantine(
                DecodeError("batch_of_other", "%d.%d" % (push.node, push.epoch)), data
            )
        if self.state == FENCED:
            fenced: list[Event] = [BatchQuarantined("fenced", "", data)]
            return fenced + self._fenced
        if self.state in (COMPARING, ANSWERING):
            return self._hold(push, data)
        return self._check(push, data)

    def _hold(self, push: Push, data: bytes) -> "list[Event]":
        if len(self._held) >= self.limits.window:
            return [MessageIgnored("batch_early")]
        self._held.append((push, data))
        return []

    def _release_held(self) -> "list[Event]":
        events: list[Event] = []
        while self._held and self.state == SYNCING:
            push, data = self._held.pop(0)
            events = events + self._check(push, data)
        return events

    def _check(self, push: Push, data: bytes) -> "list[Event]":
        if push.first_seq > self.taken_seq + 1:
            return self._reject(CODE_GAP)
        try:
            if len(push.frame) > self.limits.bytes_max:
                raise LimitError("batch_bytes", str(len(push.frame)))
            rows = unpack_frame(push.frame, self.limits.ops_max)
            if not rows:
                raise DecodeError("batch_empty")
            if push.first_seq <= self.taken_seq:
                return self._compare(push, rows, data)
            ops = self._ops_of(push, rows, self.taken_seq, self._taken_hash)
            self._check_signature(push, ops)
        except ProtocolError as error:
            return self._quarantine(error, data)
        return self._take(push, ops)

    def _compare(self, push: Push, rows: "list[object]", data: bytes) -> "list[Event]":
        """Compare a batch, of which the log holds the first ops, with the log."""
        if push.first_seq > self.watermark:
            return [MessageIgnored("batch_known")]  # the ack comes with the commit
        self.state = follow(HUB_TRANSITIONS, self.state, OLD_BATCH_HEARD)
        common = min(push.first_seq + len(rows) - 1, self.watermark)
        self._old = (push, rows, common, data)
        return [HistoryWanted(push.first_seq - 1, common)]

    def _ops_of(
        self, push: Push, rows: "list[object]", seq: int, previous_hash: bytes
    ) -> "list[Op]":
        """Return the ops of rows that continue op `seq` with `previous_hash`."""
        ops = []
        for row in rows:
            op = op_from_wire(row, previous_hash)
            header = op.header
            seq += 1
            if header.node != push.node or header.epoch != push.epoch or header.seq != seq:
                raise ChainError("seq_gap", "%d.%d.%d" % (header.node, header.epoch, header.seq))
            ops.append(op)
            previous_hash = op.hash
        return ops

    def _check_signature(self, push: Push, ops: "list[Op]") -> None:
        last = ops[-1]
        signed = push_signing_bytes(self.chain, push.node, push.epoch, last.header.seq, last.hash)
        if self._verify is None or not self._verify(push.signature, signed):
            raise SignatureError("signature", "seq %d" % last.header.seq)

    def _take(self, push: Push, ops: "list[Op]") -> "list[Event]":
        last = ops[-1]
        self.taken_seq = last.header.seq
        self._taken_hash = last.hash
        return [BatchReceived(ops, push.signature)]
