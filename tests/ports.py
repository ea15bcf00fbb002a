"""TCP ports for servers that tests start."""

import random
import socket

PORTS = range(20_000, 32_000)
"""Below what Linux gives to outgoing connections (ip(7), `ip_local_port_range`): none of those
takes a port between its choice and the server's start."""
TRIES_MAX = 100


def free_port() -> int:
    """Return a port of the loopback that nobody listens on now. Raises OSError where none is."""
    for port in random.SystemRandom().sample(PORTS, TRIES_MAX):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"none of {TRIES_MAX} ports between {PORTS[0]} and {PORTS[-1]} is free")
