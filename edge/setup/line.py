"""Whether this machine has a network at all, by the kernel's routing table (proc(5), route)."""

from pathlib import Path

ROUTES = Path("/proc/net/route")
UP = 0x1
"""RTF_UP"""


def has_network(routes: Path = ROUTES) -> bool:
    """Whether a route is up other than the machine's to itself."""
    try:
        lines = routes.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return True  # no such table here: let the connection say what is wrong
    return any(fields[0] != "lo" and int(fields[3], 16) & UP for fields in map(str.split, lines))
