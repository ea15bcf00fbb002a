"""The hub killed at its worst moments, as a process of its own."""

import signal

import pytest

from cloud.store import log, reports
from sync_protocol.frames import unpack_frame
from sync_protocol.kinds import TRANSACTION
from sync_protocol.messages import Ack
from tests.brokers.servers import Mosquitto
from tests.cloud import bodies
from tests.cloud.hub_process import HubProcess
from tests.cloud.remote_box import eventually

MEMBER_ID = 4001


@pytest.fixture
def process(tmp_path):
    with Mosquitto(tmp_path / "mosquitto") as broker:
        hub = HubProcess(tmp_path, broker.url)
        yield hub
        hub.stop()


@pytest.mark.parametrize(("point", "committed"), [("hub_committing", 0), ("hub_committed", 1)])
async def test_killed_around_a_commit_nothing_is_lost_doubled_or_acked_early(
    process, point, committed
):
    process.start()
    process.command("add-cafe", "--code", "A", "--name", "A")
    process.command("add-cafe", "--code", "B", "--name", "B")
    hub = process.under_test()
    a, b = await hub.enrol(1), await hub.enrol(2)
    process.stop()

    process.start(kill_point=point)
    op = a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, a.node, 1, 500))
    push = a.push(op)
    async with a.connected(), b.connected():
        await a.send(push)
        assert process.wait() == -signal.SIGKILL
        assert not any(isinstance(message, Ack) and message.seq for message in a.messages)
        assert not any(_holds(message, op) for message in b.blocks)
        reader = process.reader()
        assert (log.read_op(reader, a.node, 1, 1) is not None) == bool(committed)
        reader.close()

        process.start()
        assert (await a.greet()).watermark == committed
        await a.send(push)
        await a.acked(1)
        # The other box gets what the crash left unpublished.
        await eventually(lambda: any(_holds(message, op) for message in b.blocks), "the block")
    reader = process.reader()
    [balance] = reports.balances_of_subject(reader, MEMBER_ID)
    assert balance.amount == -500
    reader.close()
    code, answer = process.command("refold")
    assert (code, answer["equal"]) == (0, True)


def _holds(message, op):
    return any(row[1] == op.header.row() for row in unpack_frame(message.frame))


async def test_two_hubs_never_share_a_data_folder(process):
    process.start()
    second = HubProcess(process.folder)
    second.config.write_text(
        f'[hub]\ndata_dir = "data"\nlisten_port = {second.port}\n'
        f"[broker]\nport = {second.broker_port}\n"
    )
    code, answer = second.command("run")
    assert code == 3
    assert "another hub runs" in answer
