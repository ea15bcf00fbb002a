"""Whether the version on trial does its work: it says so itself, for a while without a break."""

import time
import tomllib
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

ASK_EVERY_S = 1.0
LOOPBACK = "127.0.0.1"
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - what a configuration may say
PORT = 8601
ANSWER_S = 10.0
"""The box gives its disk five seconds before it says that it hangs (edge/web/health.py)."""


@dataclass(frozen=True, slots=True)
class Patience:
    """`within_s`: how long a version may take to become well and `steady_s` to stay so."""

    within_s: float
    steady_s: float


def health_url(configuration: Path) -> str:
    """Where this box says how it is: the port of its configuration, and the usual one where that
    says nothing or cannot be read (then the box is not well either)."""
    try:
        box = tomllib.loads(configuration.read_text("utf-8")).get("box", {})
    except (OSError, ValueError):
        box = {}
    host = box.get("listen_host", LOOPBACK)
    if host in EVERYWHERE:
        host = LOOPBACK
    return f"http://{host}:{box.get('listen_port', PORT)}/healthz"


def asked(url: str) -> bool:
    """Whether /healthz answers 200 now: the box takes commands. A line that is down is no reason
    against it."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_S) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (OSError, HTTPException):  # nobody answers, or something else than a box
        return False


def becomes_well(
    is_well: Callable[[], bool],
    patience: Patience,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Wait until it has been well for `steady_s`; False once `within_s` is over."""
    end = monotonic() + patience.within_s
    well_since: float | None = None
    while (now := monotonic()) < end:
        if not is_well():
            well_since = None
        else:
            well_since = now if well_since is None else well_since
            if now - well_since >= patience.steady_s:
                return True
        sleep(ASK_EVERY_S)
    return False
