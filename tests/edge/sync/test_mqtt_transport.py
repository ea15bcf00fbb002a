"""The MQTT transport alone: what keeps it from opening is a lost line, whatever it is."""

import pytest

from edge.sync.line_switch import LineSwitch
from edge.sync.mqtt_transport import BrokerLogin, MqttTransport
from sync_protocol.pump import LineLostError


async def test_a_broker_whose_host_can_be_no_name_is_a_lost_line() -> None:
    login = BrokerLogin("hub..lan", 1883)
    transport = MqttTransport(login, "box", ["down"], LineSwitch(), lambda: None)
    with pytest.raises(LineLostError):
        await transport.open()
    await transport.close()
