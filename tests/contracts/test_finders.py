"""The finder of card readers, on a real pcscd and on the fake PC/SC stack."""

import pytest

from edge.discovery.found import Found, Trouble
from edge.discovery.pcsc_readers import PcscReaders
from edge.drivers.fake.pcsc import FakePcsc
from edge.drivers.fake.virtual_pcscd import VirtualPcscd
from edge.drivers.stacks import Stacks


class FakeDaemon:
    """The fake stack as a daemon."""

    def __init__(self) -> None:
        self.stacks = Stacks()
        fake = FakePcsc()
        self.stacks.pcsc = fake
        self.kill, self.start = fake.stop_daemon, fake.start_daemon
        self.name = "Fake PICC"


class RealDaemon:
    """pcscd with vpcd."""

    def __init__(self, pcscd: VirtualPcscd) -> None:
        self.stacks = Stacks()
        self.kill, self.start = pcscd.kill, pcscd.start
        self.name = "Virtual PCD"


@pytest.fixture(params=["pcscd", "fake"])
def daemon(request: pytest.FixtureRequest) -> FakeDaemon | RealDaemon:
    if request.param == "fake":
        return FakeDaemon()
    return RealDaemon(request.getfixturevalue("private_pcscd"))


def test_readers_that_are_called_alike_are_one_table(daemon: FakeDaemon | RealDaemon) -> None:
    (found,) = PcscReaders(daemon.stacks).look()
    assert isinstance(found, Found)
    assert (found.kind, found.driver, found.sure) == ("card_reader", "pcsc", True)
    assert found.options == {"port": f"{daemon.name}*"}
    assert "2 readers" in found.note


def test_a_daemon_that_is_down_is_told_with_its_remedy(daemon: FakeDaemon | RealDaemon) -> None:
    daemon.kill()
    try:
        (trouble,) = PcscReaders(daemon.stacks).look()
    finally:
        daemon.start()
    assert isinstance(trouble, Trouble)
    assert trouble.remedy.endswith("systemctl restart pcscd")
