"""What a technician reads when the hub cannot be asked: which of the many things it is."""

import errno
import ssl
from pathlib import Path

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from edge.domain.refusals import LANGUAGES
from edge.setup.hub import why_refused, why_unreachable
from edge.setup.line import has_network
from edge.sync.hub_http import HubRefusedError, HubUnreachableError

HUB = "https://hub.example.com:8600"
KEY = ConnectionKey("hub.example.com", 8600, True, True, None, None, None)
ROUTES = "Iface\tDestination\tGateway\tFlags\tRefCnt\n"
OWN = "lo\t0000007F\t00000000\t0001\t0\n"
DOWN = "eth0\t00000000\t0100A8C0\t0002\t0\n"
UP = "eth0\t00000000\t0100A8C0\t0003\t0\n"


def unreachable(cause: Exception) -> HubUnreachableError:
    error = HubUnreachableError(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "with_network", "code"),
    [
        (OSError(errno.ENETUNREACH, "Network is unreachable"), True, "setup_no_line"),
        (aiohttp.ClientConnectorDNSError(KEY, OSError("no name")), False, "setup_no_line"),
        (aiohttp.ClientConnectorDNSError(KEY, OSError("no name")), True, "setup_hub_name"),
        (
            aiohttp.ClientConnectorCertificateError(KEY, ssl.CertificateError("not yet valid")),
            True,
            "setup_certificate",
        ),
        (TimeoutError(), True, "setup_hub_unreachable"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), False, "setup_hub_unreachable"),
    ],
)
def test_why_the_hub_cannot_be_asked(cause: Exception, with_network: bool, code: str) -> None:
    refusal = why_unreachable(unreachable(cause), HUB, has_network=with_network)
    assert refusal.code == code
    for language in LANGUAGES:
        assert "{" not in refusal.words(language)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (HubRefusedError(422, "code_unknown", "…", "..."), "setup_code_unknown"),
        (HubRefusedError(422, "code_used", "…", "..."), "setup_code_used"),
        (HubRefusedError(503, "recovering", "总部正在恢复", "recovering"), "setup_hub_refused"),
        (HubRefusedError(502, "http_502", "", ""), "setup_hub_unreachable"),
        (HubRefusedError(404, "http_404", "", ""), "setup_not_a_hub"),
    ],
)
def test_why_the_hub_said_no(error: HubRefusedError, code: str) -> None:
    refusal = why_refused(error, HUB)
    assert refusal.code == code
    if code == "setup_hub_refused":
        assert "总部正在恢复" in refusal.words("zh")


@pytest.mark.parametrize(("lines", "found"), [(OWN, False), (OWN + DOWN, False), (OWN + UP, True)])
def test_a_route_that_is_up_is_a_network(tmp_path: Path, lines: str, found: bool) -> None:
    table = tmp_path / "route"
    table.write_text(ROUTES + lines)
    assert has_network(table) is found
    assert has_network(tmp_path / "none") is True
