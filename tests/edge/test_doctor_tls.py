"""The doctor at an encrypted line: it shakes hands as the box does, and says what is wrong."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge import app
from edge.configuration import ConfigurationError, read
from edge.doctor import Finding, examine
from sync_protocol.codec import pack
from sync_protocol.http_api import EnrolAnswer
from tests.certificates import YEAR, Authority
from tests.ports import free_port

DAY = timedelta(days=1)


@asynccontextmanager
async def listening(context: ssl.SSLContext | None) -> AsyncIterator[int]:
    """A server that shakes hands, or without a context answers in clear as a broker does."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if context is None:
            await reader.read(1)
            writer.write(b"\x20\x02\x00\x05\x00\x00\x00")
            with suppress(OSError):
                await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def examined(
    folder: Path, port: int, ca_file: Path | None, scheme: str = "mqtts"
) -> dict[str, Finding]:
    """What the doctor finds at a box whose broker and hub are at a port."""
    data_dir = folder / "box-data"
    data_dir.mkdir()
    answer = EnrolAnswer("chain", 1, 1, 1, 1, bytes(32), b"k" * 32, "mqtt://nobody", bytes(32))
    identity = data_dir / app.IDENTITY_NAME
    identity.write_bytes(pack([b"s" * 32, answer.pack()]))
    identity.chmod(0o600)
    text = f'[box]\nlisten_port = {free_port()}\n[hub]\nurl = "https://127.0.0.1:{port}"\n'
    text += f'broker_url = "{scheme}://127.0.0.1:{port}"\n'
    text += f'ca_file = "{ca_file}"\n' if ca_file else ""
    found = await examine(read(text, folder), folder / "no" / "keys")
    return {one.check: one for one in found}


async def test_a_certificate_of_the_configured_authority_is_believed(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    async with listening(authority.certificate("127.0.0.1").context()) as port:
        broker = (await examined(tmp_path, port, authority.path))["broker"]
    assert (broker.ok, "answers by TLS" in broker.found) == (True, True), broker


@pytest.mark.parametrize(
    ("name", "begins", "ends", "found", "remedy"),
    [
        ("127.0.0.1", -2 * YEAR, -YEAR, "expired on {end}", "timedatectl"),
        ("127.0.0.1", 10 * YEAR, 11 * YEAR, "does not hold before {begin}", "1970"),
        ("broker.example", -YEAR, YEAR, "made out to broker.example, not to 127.0.0.1", "address"),
    ],
    ids=["expired", "clock", "name"],
)
async def test_why_a_certificate_is_not_believed(
    tmp_path: Path, name: str, begins: timedelta, ends: timedelta, found: str, remedy: str
) -> None:
    authority = Authority(tmp_path / "authority")
    now = datetime.now(UTC)
    async with listening(authority.certificate(name, begins, ends).context()) as port:
        findings = await examined(tmp_path, port, authority.path)
    # A test may run over midnight.
    words = [
        found.format(begin=f"{now + begins + late:%Y-%m-%d}", end=f"{now + ends + late:%Y-%m-%d}")
        for late in (timedelta(), DAY)
    ]
    for check in ("broker", "hub"):
        one = findings[check]
        assert not one.ok
        assert any(word in one.found for word in words), one
        assert remedy in one.remedy, one


async def test_an_issuer_that_nobody_named_is_told_from_a_wrong_one(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path / "one"), Authority(tmp_path / "two", "another authority")
    async with listening(authority.certificate("127.0.0.1").context()) as port:
        for folder, believed, remedy in (
            ("a", None, "hub.ca_file"),
            ("b", other.path, f"Compare {other.path}"),
        ):
            (tmp_path / folder).mkdir()
            findings = await examined(tmp_path / folder, port, believed)
            for check in ("broker", "hub"):
                one = findings[check]
                assert "CN=cafebox test authority" in one.found, one
                assert (one.ok, remedy in one.remedy) == (False, True), one


async def test_a_port_without_tls_is_named_as_that(tmp_path: Path) -> None:
    async with listening(None) as port:
        findings = await examined(tmp_path, port, Authority(tmp_path / "authority").path)
    for check in ("broker", "hub"):
        one = findings[check]
        assert (one.ok, "no TLS is spoken there" in one.found) == (False, True), one
        assert "mqtt: and http: without it" in one.remedy


def test_a_file_that_holds_no_authority_is_named_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("no certificate")
    for name in ("empty.pem", "missing.pem"):
        with pytest.raises(ConfigurationError, match=rf"hub\.ca_file: .*{name}.*PEM"):
            read(f'[hub]\nca_file = "{name}"\n', tmp_path)
