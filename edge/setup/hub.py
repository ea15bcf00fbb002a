"""Sends the one-time code to the hub, and says in a technician's words why it was not taken."""

import errno
from collections.abc import Iterator

import aiohttp
from yarl import URL

from edge.domain.refusals import Refusal, refuse
from edge.sync.hub_http import HubRefusedError, HubUnreachableError

ADDRESS_LENGTH_MAX = 200
CODE_LENGTH_MAX = 40
NO_WAY_OUT = frozenset({errno.ENETUNREACH, errno.ENETDOWN})


def hub_address(typed: str) -> str | Refusal:
    """The address as the configuration takes it; `http://` need not be typed."""
    text = typed.strip().rstrip("/")
    if "://" not in text:
        text = f"http://{text}"
    try:
        url = URL(text)
        well = url.scheme in ("http", "https") and bool(url.host) and url.port is not None
    except ValueError:
        well = False
    if not well or any(sign.isspace() for sign in text) or len(text) > ADDRESS_LENGTH_MAX:
        return refuse("setup_hub_address", address=typed.strip()[:ADDRESS_LENGTH_MAX])
    return text


def why_refused(error: HubRefusedError, hub: str) -> Refusal:
    """What the hub's no means to whoever typed the code."""
    if error.code in ("code_unknown", "code_used"):
        return refuse(f"setup_{error.code}")
    if error.zh and error.en:
        return refuse("setup_hub_refused", words=(error.zh, error.en))
    if error.status >= 500:
        return refuse("setup_hub_unreachable", hub=hub, why=f"HTTP {error.status}")
    return refuse("setup_not_a_hub", hub=hub)


def why_unreachable(error: HubUnreachableError, hub: str, *, has_network: bool) -> Refusal:
    """Whether the box has no line, or the hub does not answer; `has_network` as in `line.py`."""
    causes = list(_causes(error))
    if any(isinstance(cause, aiohttp.ClientConnectorCertificateError) for cause in causes):
        return refuse("setup_certificate", hub=hub)
    numbers = {cause.errno for cause in causes if isinstance(cause, OSError)}
    if numbers & NO_WAY_OUT:
        return refuse("setup_no_line")
    if any(isinstance(cause, aiohttp.ClientConnectorDNSError) for cause in causes):
        return refuse("setup_hub_name", hub=hub) if has_network else refuse("setup_no_line")
    return refuse("setup_hub_unreachable", hub=hub, why=str(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__
