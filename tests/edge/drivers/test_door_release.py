"""What the unit runs after the box: every relay at rest, and words where one cannot be."""

from pathlib import Path

import pytest

from edge.configuration import read
from edge.door_release import main, release_doors
from edge.drivers.fake.gpio import FakeGpio
from edge.drivers.stacks import Stacks

DOORS = """
[[devices]]
kind = "door_relay"
driver = "gpio"
name = "front"
pin = 17
exit_pin = 22

[[devices]]
kind = "door_relay"
driver = "gpio"
name = "back"
pin = 18
active_low = true

[[devices]]
kind = "card_reader"
driver = "pcsc"
"""


class FakeStacks(Stacks):
    """Pins as a killed box left them: both relays drawn, the exit button pressed."""

    def __init__(self) -> None:
        super().__init__()
        self.fake = FakeGpio()
        self.fake.setmode(self.fake.BCM)
        self.fake.setup(17, self.fake.OUT, initial=1)
        self.fake.setup(18, self.fake.OUT, initial=0)
        self.fake.drive(22, 0)

    @property
    def gpio(self) -> FakeGpio:  # type: ignore[override]  # a fake in place of the machine's
        return self.fake


async def test_relays_that_a_killed_box_left_drawn_fall(tmp_path: Path) -> None:
    stacks = FakeStacks()
    assert await release_doors(read(DOORS, tmp_path), stacks) == []
    assert (stacks.fake.input(17), stacks.fake.input(18)) == (0, 1)


def test_a_machine_without_pins_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cafebox.toml"
    path.write_text(DOORS)
    assert main(path) == 1
    assert "RPi.GPIO" in capsys.readouterr().err
    path.write_text("")
    assert main(path) == 0
