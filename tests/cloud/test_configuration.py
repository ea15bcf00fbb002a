"""The configuration file: every error names its key and the remedy."""

import pytest

from cloud.configuration import (
    EXAMPLE,
    BrokerAddress,
    Configuration,
    ConfigurationError,
    broker_address,
    load,
)


def test_the_example_is_valid_and_states_the_defaults(tmp_path):
    path = tmp_path / "cafebox-hub.toml"
    path.write_text(EXAMPLE, encoding="utf-8")
    assert load(path) == Configuration(tmp_path)
    assert load(tmp_path / "missing.toml") == Configuration(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[hub]\nlisten_prt = 1", "listen_prt is unknown; keys are"),
        ("[hbu]\n", "[hbu] is unknown; sections are"),
        ('[hub]\nlisten_port = "8600"', "listen_port: write a whole number"),
        ('[hub]\nlisten_host = "[::1]"', "listen_host: write an IPv6 address without brackets"),
        ("[hub]\nlisten_port = true", "listen_port: write a whole number"),
        ("[hub]\nlisten_port = 70000", "listen_port: write a port"),
        ('[hub]\nchain = "a/b"', "chain: 1 to 64 characters"),
        ('[hub]\ndatabase = "mysql://x"', "database: write sqlite:///FILE"),
        ("[hub]\nutc_offset_min = 9999", "utc_offset_min: write"),
        ("[hub]\nbusiness_day_hour = 24", "business_day_hour: write an hour"),
        ('[broker]\nurl = "http://x"', "[broker] url: 'http://x' is no broker"),
        ('[broker]\nprotocol = "4"', "protocol: write"),
        ("[broker]\nport = 0", "port: write a port"),
        ('[broker]\nurl = "mqtts://"', "mqtts://host:8883"),
        ('[broker]\nca_file = "missing.pem"', "name a file of certificates (PEM)"),
        ("[grants]\namount_max = -1", "amount_max: write 0"),
        ("hub = 3", "hub must be a section; write [hub]"),
        ("[hub\n", "cafebox-hub.toml"),
    ],
)
def test_an_error_names_the_key_and_the_remedy(tmp_path, text, words):
    path = tmp_path / "cafebox-hub.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert words in str(caught.value)


def test_an_ipv6_address_stands_in_brackets(tmp_path):
    path = tmp_path / "cafebox-hub.toml"
    path.write_text('[hub]\nlisten_host = "::1"\n[broker]\nhost = "::1"\n')
    found = load(path)
    assert (found.address, found.listens_at) == ("http://[::1]:8600/", ("::1", 8600))
    assert broker_address(found.broker_url) == BrokerAddress("::1", 18830, None, None)
    path.write_text('[hub]\nlisten_host = "::"\n')
    assert load(path).listens_at == (None, 8600)


def test_a_broker_password_may_hold_any_character():
    """As the boxes read the same address: percent-encoded (RFC 3986, 2.1)."""
    address = broker_address("mqtt://hub:p%40ss%2Fword@mq.example")
    assert address == BrokerAddress("mq.example", 1883, "hub", "p@ss/word")
    assert broker_address("mqtts://mq.example") == BrokerAddress(
        "mq.example", 8883, None, None, True
    )
