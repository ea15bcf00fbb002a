"""The configuration as the set-up leaves it: its comments stand, and the box reads it."""

from pathlib import Path

from edge.configuration import read
from edge.example_configuration import SETTINGS_EXAMPLE
from edge.setup.configuration_text import with_devices, with_settings, without_devices

TEXT = """\
# The box of the east door. Every key: cafebox example-config
[box]
data_dir = "box-data"   # on the second disk

[hub]
url = "http://old:8600" # as provisioned

# in front
[[devices]]
kind = "card_reader"    # the cashier's
driver = "pcsc"
name = "counter"

# behind the door: never take it away
[[devices]]
kind = "door_relay"
driver = "gpio"
name = "door"
pin = 17
"""
HUB = {("hub", "url"): "https://hub.example.com", ("box", "language"): "en"}


def test_settings_are_changed_and_every_comment_stays(tmp_path: Path) -> None:
    text = with_settings(TEXT, HUB)
    for comment in ("# The box of the east door", "# on the second disk", "# as provisioned"):
        assert comment in text
    written = read(text, tmp_path)
    assert (written.hub.url, written.box.language) == ("https://hub.example.com", "en")
    assert len(written.devices) == 2


def test_what_stands_there_already_changes_nothing() -> None:
    once = with_settings(TEXT, HUB)
    assert with_settings(once, HUB) == once


def test_a_section_that_is_missing_is_added(tmp_path: Path) -> None:
    written = read(with_settings("# nothing yet\n", HUB), tmp_path)
    assert written.hub.url == "https://hub.example.com"


def test_a_new_file_explains_every_key(tmp_path: Path) -> None:
    text = with_settings(SETTINGS_EXAMPLE, HUB)
    assert "# a business day begins at this hour" in text
    assert read(text, tmp_path).devices == ()


def test_a_device_that_is_taken_out_stands_as_a_comment(tmp_path: Path) -> None:
    text = without_devices(TEXT, {0})
    [device] = read(text, tmp_path).devices
    assert device["name"] == "door"
    assert "# behind the door: never take it away" in text
    assert '# taken out at set-up: kind = "card_reader"    # the cashier\'s' in text


def test_new_devices_say_what_they_are(tmp_path: Path) -> None:
    table = {"kind": "receipt_printer", "driver": "serial", "name": "小票", "port": "/dev/ttyUSB0"}
    text = with_devices(TEXT, [("EPSON\nTM-T20", table)])
    assert text.startswith(TEXT)
    assert "# EPSON TM-T20\n[[devices]]" in text
    assert dict(read(text, tmp_path).devices[2]) == table
