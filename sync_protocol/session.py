"""The states of a sync session on either side, and the tables that say what may follow what.

Bytes go in, events come out: `node_session` and `hub_session` follow these tables, read no clock
(`now_ms` is handed in, monotonic), do no I/O and draw no random number. Their hosts publish each
`Transmit`, answer each `...Wanted`, and tell what was done.

Two kinds of error are kept apart. What the peer sends may be wrong: that is an event (`PeerErred`,
`BatchQuarantined`, `BlocksRefused`), counted, and the session goes on. What the host does out of
turn is a bug of ours: `LocalProtocolError` is raised.
"""

OFFLINE = 0
"""Node: no line."""
GREETING = 1
"""Node: HELLO is sent, again and again with back-off until it is answered."""
COMPARING = 2
"""Node: the hub's watermark is known, our hash at that seq is being looked up.
Hub: a batch came again, our hashes around it are being looked up."""
SYNCING = 3
"""Both: batches flow up, acks flow down."""
FENCED = 4
"""Both: this epoch writes no more; blocks still flow. A node greets again now and then: whether
the fence stands is the hub's to say."""
WAITING = 5
"""Hub: no HELLO yet; batches are answered by asking for it."""
ANSWERING = 6
"""Hub: HELLO is there, what is known of the node is being looked up."""

STATE_NAMES = {
    OFFLINE: "offline",
    GREETING: "greeting",
    COMPARING: "comparing",
    SYNCING: "syncing",
    FENCED: "fenced",
    WAITING: "waiting",
    ANSWERING: "answering",
}

CONNECTED = 0
DISCONNECTED = 1
WELCOMED = 2
HASH_AGREED = 3
HASH_DIFFERED = 4
FENCE_HEARD = 5
HELLO_ASKED = 6
"""The hub does not know the session (it was restarted)."""
UNANSWERED = 7
"""HELLO, or the oldest batch in flight, has waited too long."""

NODE_TRANSITIONS = {
    OFFLINE: {
        CONNECTED: GREETING,
        DISCONNECTED: OFFLINE,
    },
    GREETING: {
        WELCOMED: COMPARING,
        UNANSWERED: GREETING,
        FENCE_HEARD: FENCED,
        CONNECTED: GREETING,
        DISCONNECTED: OFFLINE,
    },
    COMPARING: {
        HASH_AGREED: SYNCING,
        HASH_DIFFERED: FENCED,
        FENCE_HEARD: FENCED,
        CONNECTED: GREETING,
        DISCONNECTED: OFFLINE,
    },
    SYNCING: {
        HASH_AGREED: SYNCING,
        HASH_DIFFERED: FENCED,
        FENCE_HEARD: FENCED,
        HELLO_ASKED: GREETING,
        UNANSWERED: GREETING,
        CONNECTED: GREETING,
        DISCONNECTED: OFFLINE,
    },
    FENCED: {
        CONNECTED: GREETING,
        UNANSWERED: GREETING,
        DISCONNECTED: OFFLINE,
    },
}

HELLO_HEARD = 0
HELLO_TAKEN = 1
FENCE_RAISED = 2
OLD_BATCH_HEARD = 3
HISTORY_AGREED = 4

HUB_TRANSITIONS = {
    WAITING: {
        HELLO_HEARD: ANSWERING,
        FENCE_RAISED: FENCED,
    },
    ANSWERING: {
        HELLO_HEARD: ANSWERING,
        HELLO_TAKEN: SYNCING,
        FENCE_RAISED: FENCED,
    },
    SYNCING: {
        HELLO_HEARD: ANSWERING,
        OLD_BATCH_HEARD: COMPARING,
        FENCE_RAISED: FENCED,
    },
    COMPARING: {
        HELLO_HEARD: ANSWERING,
        HISTORY_AGREED: SYNCING,
        FENCE_RAISED: FENCED,
    },
    FENCED: {
        HELLO_HEARD: ANSWERING,
        FENCE_RAISED: FENCED,
    },
}


class LocalProtocolError(Exception):
    """The host of a session did something out of turn: a bug on this side of the line."""


def follow(table: "dict[int, dict[int, int]]", state: int, event: int) -> int:
    """Return the state after `event`; `LocalProtocolError` if the table has no such step."""
    step = table[state].get(event)
    if step is None:
        raise LocalProtocolError("no step %d in state %s" % (event, STATE_NAMES[state]))
    return step
