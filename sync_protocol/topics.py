"""The MQTT topics: one up and one down for each node, one for the log, one for its head."""

from sync_protocol.ops import NODE_MAX


def up_topic(chain: str, node: int) -> str:
    """Return the topic on which `node` publishes to the hub."""
    return "cafebox/%s/up/%d" % (chain, node)


def up_topics(chain: str) -> str:
    """Return the filter by which the hub subscribes to all nodes."""
    return "cafebox/%s/up/+" % chain


def node_of_topic(chain: str, topic: str) -> "int | None":
    """Return the node of an `up_topic`, or None if it is not one."""
    prefix = "cafebox/%s/up/" % chain
    number = topic[len(prefix) :]
    if not topic.startswith(prefix) or len(number) > 8 or not number.isdigit():
        return None
    node = int(number)
    return node if node <= NODE_MAX and number == str(node) else None


def down_topic(chain: str, node: int) -> str:
    """Return the topic on which the hub publishes to `node`."""
    return "cafebox/%s/down/%d" % (chain, node)


def blocks_topic(chain: str) -> str:
    """Return the topic of the hub's log."""
    return "cafebox/%s/blocks" % chain


def head_topic(chain: str) -> str:
    """Return the topic of head announcements."""
    return "cafebox/%s/head" % chain
