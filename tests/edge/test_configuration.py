"""The configuration: defaults, an example with every key, errors that name key and remedy."""

import importlib
import tomllib
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from edge.configuration import Configuration, ConfigurationError, load, read
from edge.drivers.registry import DRIVERS
from edge.example_configuration import EXAMPLE
from edge.sync.mqtt_transport import login_of

FOLDER = Path("/nowhere")


def test_a_missing_file_is_all_defaults(tmp_path: Path) -> None:
    configuration = load(tmp_path / "cafebox.toml")
    assert configuration.address == "http://127.0.0.1:8601/"
    assert configuration.data_dir == tmp_path / "box-data"
    assert configuration.devices == ()


def test_the_example_names_every_key_with_its_default() -> None:
    tables = tomllib.loads(EXAMPLE)
    defaults = read("", FOLDER)
    for name in ("box", "hub", "counter", "log", "stacks"):
        section = getattr(defaults, name)
        assert tables[name] == {one.name: getattr(section, one.name) for one in fields(section)}
    assert {(table["kind"], table["driver"]) for table in tables["devices"]} == set(DRIVERS)


def test_each_key_of_the_example_is_explained() -> None:
    keys = [line for line in EXAMPLE.splitlines() if " = " in line and line[0] != "#"]
    assert len(keys) > 40
    for line in keys:
        assert "  # " in line, line


def test_the_example_names_every_option_of_every_driver() -> None:
    for table in tomllib.loads(EXAMPLE)["devices"]:
        module = importlib.import_module(DRIVERS[table["kind"], table["driver"]])
        options = {one.name: one.default for one in fields(module.Options)}
        given = {key: table[key] for key in table if key not in ("kind", "driver", "name")}
        assert set(given) == set(options)
        for key, default in options.items():
            value = tuple(given[key]) if isinstance(given[key], list) else given[key]
            assert default is MISSING or value == default, key


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        ("[box]\nlisten_port = 'x'", "box.listen_port", "a whole number, 1 to 65535"),
        ("[box]\nlisten_port = 0", "box.listen_port", "1 to 65535"),
        ("[box]\nlisten_port = true", "box.listen_port", "whole number"),
        ("[box]\nlanguage = 'fr'", "box.language", "'zh', 'en'"),
        ("[box]\nport = 1", "box.port", "listen_port"),
        ("[box]\nbusiness_day_hour = 13", "box.business_day_hour", "0 to 12"),
        ("[counter]\nsame_tap_ms = -1", "counter.same_tap_ms", "0 to 60000"),
        ("[hub]\nbroker_url = 'http://x'", "hub.broker_url", "mqtt://host:1883"),
        ("[hub]\nbroker_url = 'mqtt://hub..lan'", "hub.broker_url", "mqtt://host:1883"),
        ("[hub]\nurl = 'x'", "hub.url", "http://host:8600"),
        ("[hub]\nurl = 'http://hub:86000'", "hub.url", "http://host:8600"),
        ("[box]\nlisten_host = '0.0.0..0'", "box.listen_host", "0.0.0.0"),
        ("[box]\nlisten_host = '[::1]'", "box.listen_host", "without brackets"),
        ("[hub]\nprotocol = '4'", "hub.protocol", "'3.1.1'"),
        ("[printer]\n", "[printer]", "devices"),
        ("box = 3", "box", "[box]"),
        ("devices = 3", "devices", "[[devices]]"),
        ("[box", "line 1", "cafebox example-config"),
    ],
)
def test_an_error_names_its_key_and_the_remedy(text: str, key: str, remedy: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(text, FOLDER)
    assert key in str(caught.value) or key == "line 1"
    assert remedy in str(caught.value)


def test_an_error_names_its_file(tmp_path: Path) -> None:
    path = tmp_path / "cafebox.toml"
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load(path)
    path.write_text("[box]\nlanguage = 1")
    with pytest.raises(ConfigurationError, match=r"cafebox\.toml: box\.language"):
        load(path)


@pytest.mark.parametrize(
    ("host", "address", "bound"),
    [
        ("127.0.0.1", "http://127.0.0.1:8601/", "127.0.0.1"),
        ("::1", "http://[::1]:8601/", "::1"),
        ("::", "http://[::]:8601/", None),
    ],
)
def test_an_ipv6_address_stands_in_brackets(host: str, address: str, bound: str | None) -> None:
    text = f"[box]\nlisten_host = '{host}'\n[hub]\nurl = 'http://[fd00::2]:8600'\n"
    configuration = read(text + "broker_url = 'mqtt://[fd00::2]'\n", FOLDER)
    assert (configuration.address, configuration.listens_at) == (address, (bound, 8601))
    assert login_of(configuration.hub.broker_url, "5").host == "fd00::2"


def test_the_desk_gets_its_times_in_its_units() -> None:
    configuration: Configuration = read("[counter]\nrelease_after_min = 90", FOLDER)
    settings = configuration.desk_settings(b"k" * 32)
    assert settings.release_after_ms == 90 * 60_000
    assert "kkk" not in repr(settings)
