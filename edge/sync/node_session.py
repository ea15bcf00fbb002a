"""A session made from what the store holds, and the clock that it runs by."""

from collections.abc import Callable

from edge.store.identity import Clock
from edge.store.store import Store
from edge.sync.enrolment import Enrolment
from edge.sync.settings import SyncSettings
from sync_protocol.blocks import ChainHeads, log_genesis_hash
from sync_protocol.node_identity import NodeIdentity
from sync_protocol.node_session import NodeSession
from sync_protocol.outbox import Outbox
from sync_protocol.pump import Clock as PumpClock
from sync_protocol.session_events import Cursor

FIRST_GENERATION = 1
"""Every chain's log begins in it; later ones go on behind it."""


class SessionClock(PumpClock):
    """The machine's clocks, and the store's clock segment."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def now_ms(self) -> int:
        return self._clock.monotonic_ms()

    def wall_ms(self) -> int:
        return self._clock.wall_ms()

    def segment(self) -> int:
        return self._store.segment


def new_session(
    store: Store,
    enrolment: Enrolment,
    settings: SyncSettings,
    random_below: Callable[[int], int],
) -> NodeSession:
    """Return a session that goes on where the store stands."""
    identity = store.identity
    with store.read() as reader:
        head = reader.own_head()
        author = reader.own_author()
        applied = reader.cursor()
        heads = ChainHeads(identity.chain, reader.heads())
    if applied.generation:
        cursor = Cursor(
            applied.generation,
            applied.stream,
            applied.position,
            applied.block_number,
            applied.block_hash,
        )
    else:
        first_hash = log_genesis_hash(identity.chain, FIRST_GENERATION)
        cursor = Cursor(FIRST_GENERATION, 0, 0, 0, first_hash)
    return NodeSession(
        NodeIdentity(
            identity.chain,
            identity.node,
            identity.epoch,
            settings.software,
            settings.hardware,
            enrolment.sign,
        ),
        Outbox(head.seq, head.hash, author.seq, author.hash),
        cursor,
        heads,
        enrolment.verify_hub,
        random_below,
    )
