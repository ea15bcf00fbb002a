"""The MQTT transport alone: how it dials, and what keeps it from opening is a lost line."""

import asyncio
from contextlib import suppress

import pytest

from edge.sync.line_switch import LineSwitch
from edge.sync.mqtt_transport import BrokerLogin, MqttTransport, login_of
from sync_protocol.pump import LineLostError


async def test_a_broker_whose_host_can_be_no_name_is_a_lost_line() -> None:
    login = BrokerLogin("hub..lan", 1883)
    transport = MqttTransport(login, "box", ["down"], LineSwitch(), lambda: None)
    with pytest.raises(LineLostError):
        await transport.open()
    await transport.close()


@pytest.mark.parametrize(("scheme", "first_byte"), [("mqtt", 0x10), ("mqtts", 0x16)])
async def test_an_address_says_whether_the_line_is_plain_or_tls(
    scheme: str, first_byte: int
) -> None:
    """0x10 begins MQTT's CONNECT (3.1), 0x16 a TLS handshake (RFC 8446, 5.1)."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.put_nowait(await reader.read(1))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    login = login_of(f"{scheme}://box:secret@127.0.0.1:{port}", "5")
    assert (login.username, login.password) == ("box", "secret")
    transport = MqttTransport(login, "box", ["down"], LineSwitch(), lambda: None)
    async with server, asyncio.timeout(60):
        opening = asyncio.create_task(transport.open())
        assert await heard.get() == bytes([first_byte])
        opening.cancel()
        with suppress(asyncio.CancelledError, LineLostError):
            await opening
    await transport.close()
