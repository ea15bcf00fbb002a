"""The node's side of a sync session: greet, compare, push, follow the log. Table: `session`.

Greeting compares hashes, not only numbers: a box whose store is an older copy has fewer ops than
the hub acked (rewind); a box whose card image was cloned has other ops of the same numbers (fork).
Either fences the epoch, and nothing is dropped.

Pushing keeps a window of batches in flight. Only a cumulative ack, whose hash is ours, trims them;
a reject or a silence sends again from the watermark. PUBACKs mean nothing here.
"""

from sync_protocol.block_follower import BlockFollower
from sync_protocol.blocks import ChainHeads
from sync_protocol.errors import ProtocolError
from sync_protocol.greetings import (
    FENCED_FORK,
    FENCED_REWIND,
    Fenced,
    Welcome,
)
from sync_protocol.message_fields import Message, SignedMessage
from sync_protocol.messages import (
    CODE_HELLO,
    Ack,
    Blocks,
    GrantAnswer,
    GrantRequest,
    Head,
    Ping,
    Pong,
    Push,
    Recall,
    Reject,
    Unknown,
    push_signing_bytes,
    unpack_message,
)
from sync_protocol.node_identity import NodeIdentity
from sync_protocol.ops import HUB, Op
from sync_protocol.outbox import Outbox, fit_frame
from sync_protocol.session import (
    CONNECTED,
    DISCONNECTED,
    FENCE_HEARD,
    FENCED,
    GREETING,
    HASH_AGREED,
    HASH_DIFFERED,
    HELLO_ASKED,
    NODE_TRANSITIONS,
    OFFLINE,
    SYNCING,
    UNANSWERED,
    WELCOMED,
    LocalProtocolError,
    follow,
)
from sync_protocol.session_events import (
    BatchRejected,
    ClockMeasured,
    Cursor,
    Event,
    GrantAnswered,
    HashWanted,
    HeadAnnounced,
    MessageIgnored,
    OpsAcked,
    OpsWanted,
    PeerErred,
    RecallReceived,
    SessionFenced,
    Transmit,
    Welcomed,
)
from sync_protocol.topics import up_topic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

HELLO_MS = 5000
"""A HELLO that is not answered for so long is repeated; the wait doubles each time."""
ASKED_MS = 500
"""A HELLO sent less long ago answers whoever asks for one: it may be under way yet."""
ACK_MS = 20000
"""A batch that is not acked for so long starts the session anew."""
HELLO_MS_MAX = 60000
FENCED_MS = 60000
"""A fenced node asks this often whether the fence still stands."""


class NodeSession:
    """One node's session with the hub, over any number of connections.

    Each method returns the events that follow; the host handles them in order. `verify(signature,
    data)` checks against the hub's key; `random_below(n)` returns 0..n-1.
    """

    def __init__(
        self,
        identity: NodeIdentity,
        outbox: Outbox,
        cursor: Cursor,
        heads: ChainHeads,
        verify: "Callable[[bytes, bytes], bool]",
        random_below: "Callable[[int], int]",
    ) -> None:
        self.identity = identity
        self.state = OFFLINE
        self.outbox = outbox
        self.segment = 0
        self.follower = BlockFollower(identity.chain, cursor, heads, verify, random_below)
        self._verify = verify
        self._random_below = random_below
        self._topic = up_topic(identity.chain, identity.node)
        self._session = 0
        self._sent_ms = 0
        self._greeted_ms = 0
        self._greetings = 0
        self._welcome: "Welcome | None" = None
        self._compared: "tuple[int, bytes] | None" = None

    def connected(self, now_ms: int, wall_ms: int, segment: int) -> "list[Event]":
        """The transport has a line: greet. `segment` is the current clock segment."""
        self.state = follow(NODE_TRANSITIONS, self.state, CONNECTED)
        self.segment = segment
        self._greetings = 0
        return self._greet(now_ms, wall_ms) if self.state == GREETING else []

    def disconnected(self) -> None:
        """The transport has no line; what was in flight is pushed again after the next HELLO."""
        self.state = follow(NODE_TRANSITIONS, self.state, DISCONNECTED)
        self._compared = None

    def receive(self, data: bytes, now_ms: int, wall_ms: int) -> "list[Event]":
        """Take a message from any of the node's topics."""
        if self.state == OFFLINE:
            return [MessageIgnored("offline")]
        try:
            message = unpack_message(data)
        except ProtocolError as error:
            return [PeerErred(error.code, error.detail)]
        return self._handle(message, now_ms, wall_ms)

    def receive_blocks(self, data: bytes, now_ms: int) -> "list[Event]":
        """Take an answer to `BlocksWanted`: the bytes of one `Blocks` message."""
        try:
            message = unpack_message(data)
        except ProtocolError as error:
            return [PeerErred(error.code, error.detail)]
        if not isinstance(message, Blocks):
            return [PeerErred("message_type", message.__class__.__name__)]
        return self.follower.receive(message, now_ms, True)

    def tick(self, now_ms: int, wall_ms: int) -> "list[Event]":
        """Let time pass; call a few times a second."""
        if self.state == OFFLINE:
            return []
        events = self.follower.tick(now_ms)
        if self.state == GREETING:
            wait_ms = min(HELLO_MS << min(self._greetings - 1, 8), HELLO_MS_MAX)
            if now_ms - self._greeted_ms >= wait_ms:
                return events + self._greet_again(UNANSWERED, now_ms, wall_ms)
        if self.state == SYNCING:
            if self.outbox.waits_ms(now_ms) >= ACK_MS:
                return events + self._greet_again(UNANSWERED, now_ms, wall_ms)
            return events + self._want_ops(now_ms)
        if self.state == FENCED and now_ms - self._greeted_ms >= FENCED_MS:
            self._greetings = 0
            return events + self._greet_again(UNANSWERED, now_ms, wall_ms)
        return events

    def ops_appended(self, seq: int, hash: bytes, now_ms: int) -> "list[Event]":
        """The node's log has grown to op `seq`; it is committed."""
        outbox = self.outbox
        if seq < outbox.seq:
            raise LocalProtocolError("seq %d after %d" % (seq, outbox.seq))
        outbox.seq = seq
        outbox.hash = hash
        return self._want_ops(now_ms)

    def push(self, ops: "list[Op]", now_ms: int) -> "list[Event]":
        """Send the ops that `OpsWanted` asked for; what was asked before a change is dropped."""
        if self.state != SYNCING or not self.outbox.is_wanted(ops):
            return []
        sent, frame = fit_frame(ops, self._current_welcome())
        last = ops[sent - 1]
        identity = self.identity
        signature = identity.sign(
            push_signing_bytes(
                identity.chain, identity.node, identity.epoch, last.header.seq, last.hash
            )
        )
        message = Push(identity.node, identity.epoch, ops[0].header.seq, frame, signature)
        self.outbox.sent(last, now_ms)
        events: list[Event] = [Transmit(self._topic, message.pack())]
        return events + self._want_ops(now_ms)

    def hash_known(self, seq: int, hash: "bytes | None", now_ms: int) -> "list[Event]":
        """Answer `HashWanted`; None if the log does not hold that op."""
        if self._compared is None or self._compared[0] != seq:
            return []
        stated = self._compared[1]
        self._compared = None
        if self.state == SYNCING and seq <= self.outbox.acked_seq:
            return []  # a later ack has agreed meanwhile
        return self._compare(seq, stated, hash, now_ms)

    def blocks_applied(self, cursor: Cursor, now_ms: int) -> None:
        """The host has committed the blocks up to `cursor`."""
        self.follower.blocks_applied(cursor, now_ms)

    def greet_now(self, now_ms: int, wall_ms: int) -> "list[Event]":
        """Greet without waiting for the next turn, if a greeting is still to be answered."""
        if self.state != GREETING:
            return []
        self._greetings = 0
        return self._greet_again(UNANSWERED, now_ms, wall_ms)

    def request_grant(
        self,
        request_id: int,
        account_class: int,
        subject: "int | str",
        unit: str,
        amount: int,
        purpose: str,
    ) -> "list[Event]":
        """Ask for rights; without a session there is nothing to send and no event."""
        if self.state != SYNCING:
            return []
        return self._transmit(
            GrantRequest(
                self.identity.epoch, request_id, account_class, subject, unit, amount, purpose
            )
        )

    def measure_clock(self, wall_ms: int, segment: int) -> "list[Event]":
        """Ask for the hub's clock, after a boot or a step; `ClockMeasured` follows."""
        self.segment = segment
        return self._transmit(Ping(wall_ms)) if self.state == SYNCING else []

    def unacked_ops(self) -> int:
        """Return how many ops the hub has not acked."""
        return self.outbox.seq - self.outbox.acked_seq

    def _transmit(self, message: Message) -> "list[Event]":
        return [Transmit(self._topic, message.pack())]

    def _transmit_signed(self, message: SignedMessage) -> "list[Event]":
        identity = self.identity
        return [Transmit(self._topic, message.sign(identity.chain, identity.node, identity.sign))]

    def _is_hubs(self, message: SignedMessage) -> bool:
        identity = self.identity
        signed = message.signing_bytes(identity.chain, identity.node)
        return self._verify(message.signature, signed)

    def _greet(self, now_ms: int, wall_ms: int) -> "list[Event]":
        self._session = self._random_below(1 << 32)
        self._sent_ms = now_ms
        self._greeted_ms = now_ms + self._random_below(HELLO_MS >> 2)
        self._greetings += 1
        self._compared = None
        self._welcome = None
        hello = self.identity.hello(
            self._session, self.outbox, self.follower.applied, wall_ms, self.segment
        )
        return self._transmit_signed(hello)

    def _greet_again(self, event: int, now_ms: int, wall_ms: int) -> "list[Event]":
        self.state = follow(NODE_TRANSITIONS, self.state, event)
        return self._greet(now_ms, wall_ms)

    def _handle(self, message: Message, now_ms: int, wall_ms: int) -> "list[Event]":
        if isinstance(message, Blocks):
            return self.follower.receive(message, now_ms, False)
        if isinstance(message, Head):
            return self._hear_head(message, now_ms)
        if isinstance(message, Ack):
            return self._hear_ack(message, now_ms)
        if isinstance(message, Welcome):
            return self._hear_welcome(message, now_ms)
        if isinstance(message, Reject):
            return self._hear_reject(message, now_ms, wall_ms)
        if isinstance(message, Fenced):
            return self._hear_fenced(message)
        if isinstance(message, GrantAnswer):
            return [GrantAnswered(message)]
        if isinstance(message, Recall):
            return [RecallReceived(message)]
        if isinstance(message, Ping):
            return self._transmit(Pong(message.sent_ms, wall_ms, self.segment))
        if isinstance(message, Pong):
            round_trip_ms = max(wall_ms - message.sent_ms, 0)
            offset_ms = message.wall_ms - message.sent_ms - round_trip_ms // 2
            return [ClockMeasured(self.segment, offset_ms, round_trip_ms // 2 + 1)]
        if isinstance(message, Unknown):
            return [MessageIgnored("unknown_type_%d_version_%d" % (message.type, message.version))]
        return [PeerErred("message_type", message.__class__.__name__)]

    def _hear_head(self, message: Head, now_ms: int) -> "list[Event]":
        signed = message.signing_bytes(self.identity.chain, HUB)
        if not self._verify(message.signature, signed):
            return [PeerErred("head_signature", "")]
        events: list[Event] = [
            HeadAnnounced(
                message.generation, message.block_number, message.position, message.backup_number
            )
        ]
        return events + self.follower.head_known(message.generation, message.block_number, now_ms)

    def _hear_welcome(self, message: Welcome, now_ms: int) -> "list[Event]":
        if (
            self.state != GREETING
            or message.session != self._session
            or message.epoch != self.identity.epoch
        ):
            return [MessageIgnored("welcome_late")]
        if not self._is_hubs(message):
            return [PeerErred("welcome_signature", "")]
        self.state = follow(NODE_TRANSITIONS, self.state, WELCOMED)
        self._welcome = message
        return self._state_watermark(message.watermark, message.hash, now_ms)

    def _hear_ack(self, message: Ack, now_ms: int) -> "list[Event]":
        if self.state != SYNCING or message.epoch != self.identity.epoch:
            return [MessageIgnored("ack_late")]
        if message.seq <= self.outbox.acked_seq:
            return [MessageIgnored("ack_known")]
        return self._state_watermark(message.seq, message.hash8, now_ms)

    def _hear_reject(self, message: Reject, now_ms: int, wall_ms: int) -> "list[Event]":
        is_ours, is_asked = message.epoch == self.identity.epoch, message.code == CODE_HELLO
        if is_ours and is_asked and now_ms - self._sent_ms >= ASKED_MS and self.state == GREETING:
            # A hub that was away is back; what we sent before it listened is lost.
            return self.greet_now(now_ms, wall_ms)
        if self.state != SYNCING or not is_ours:
            return [MessageIgnored("reject_late")]
        if is_asked:
            self._greetings = 0
            return self._greet_again(HELLO_ASKED, now_ms, wall_ms)
        if self.outbox.is_paused(now_ms):
            return [MessageIgnored("reject_known")]  # of a batch sent before the pause
        self.outbox.rejected(now_ms, self._random_below)
        return [BatchRejected(message.from_seq, message.code)]

    def _hear_fenced(self, message: Fenced) -> "list[Event]":
        if (
            self.state == FENCED
            or message.epoch != self.identity.epoch
            or message.session != self._session
        ):
            return [MessageIgnored("fenced_late")]
        if not self._is_hubs(message):
            return [PeerErred("fenced_signature", "")]
        self.state = follow(NODE_TRANSITIONS, self.state, FENCE_HEARD)
        self._compared = None
        return [SessionFenced(message.reason, message.seq)]

    def _state_watermark(self, seq: int, stated: bytes, now_ms: int) -> "list[Event]":
        """Compare the hub's op `seq`, of which a hash or its start is stated, with ours."""
        outbox = self.outbox
        if seq > outbox.seq:
            return self._fence(FENCED_REWIND, outbox.seq, outbox.hash)
        hash = outbox.hash_at(seq)
        if hash is not None:
            return self._compare(seq, stated, hash, now_ms)
        self._compared = (seq, stated)
        return [HashWanted(seq)]

    def _compare(self, seq: int, stated: bytes, hash: "bytes | None", now_ms: int) -> "list[Event]":
        if hash is None or hash[: len(stated)] != stated:
            return self._fence(FENCED_FORK, seq, hash or b"")
        begins = self.state != SYNCING
        self.state = follow(NODE_TRANSITIONS, self.state, HASH_AGREED)
        events: list[Event] = []
        if self.outbox.acked(seq, hash):
            events.append(OpsAcked(seq, hash))
        if begins:
            events = events + self._begin(now_ms)
        return events + self._want_ops(now_ms)

    def _begin(self, now_ms: int) -> "list[Event]":
        welcome = self._current_welcome()
        self._greetings = 0
        self.outbox.begin(now_ms)
        events: list[Event] = [Welcomed(welcome)]
        return events + self.follower.welcomed(welcome.generation, welcome.block_number, now_ms)

    def _fence(self, reason: int, seq: int, hash: bytes) -> "list[Event]":
        self.state = follow(NODE_TRANSITIONS, self.state, HASH_DIFFERED)
        fenced = Fenced(self.identity.epoch, self._session, reason, seq, hash)
        events = self._transmit_signed(fenced)
        events.append(SessionFenced(reason, seq))
        return events

    def _want_ops(self, now_ms: int) -> "list[Event]":
        """Ask the host for the next batch if the window has room."""
        if self.state != SYNCING:
            return []
        wanted = self.outbox.want(self._current_welcome(), now_ms)
        return [] if wanted is None else [OpsWanted(wanted[0], wanted[1])]

    def _current_welcome(self) -> Welcome:
        if self._welcome is None:
            raise LocalProtocolError("no welcome")
        return self._welcome
