"""Ops that go to the hub on a stick, and a dead box's successor, against a real hub."""

import asyncio
import json
import secrets

import pytest

from cloud.cli import main
from edge.desk.numbers import SKIPPED, next_sale_number
from edge.second_copy.carry_out import carry_out
from edge.second_copy.rebuild import (
    CopyRefusedError,
    Rebuilt,
    begin_counter,
    files_of,
    hand_in,
    take_state,
)
from edge.second_copy.sealed_files import SealedWriter, Sealing, scan
from edge.store.store import Store
from edge.sync.hub_http import HubHttp, HubRefusedError, Signer
from edge.sync.pushes import push_of
from edge.sync.settings import SyncSettings
from sync_protocol.errors import ChainError
from sync_protocol.kinds import SALE, TRANSACTION
from sync_protocol.sealed_copy import (
    GAP,
    KEPT,
    MAGIC,
    TAKEN,
    CopyHead,
    first_check,
    name_prefix,
    record_bytes,
)
from tests.cloud.remote_box import eventually
from tests.edge.store import bodies
from tests.edge.sync.boxes import Box, machine_clock
from tests.edge.sync.test_epochs import people, spend, standing, stopped, top_up

NUMBER = 41


def wall_ms():
    return 1_780_000_000_000


def sealing(box):
    return Sealing.of(box.enrolment, wall_ms, secrets.token_bytes)


def carried_out(box, folder):
    return box.read(lambda reader: carry_out(reader, folder, sealing(box)))


async def carry_in(hub, files):
    return [await hub.office.hub.take_carried(file.path.read_bytes()) for file in files]


@pytest.fixture
async def cut_off(hub, make_box, tmp_path):
    """Yield (a box without a line, with 30 ops that the hub has not; the files of its stick)."""
    box = await make_box(0)
    await box.append(TRANSACTION, top_up(box, 100))
    await box.settled()
    await box.stop()
    box.switch.cut()
    box.start()
    for amount in range(1, 31):
        await box.append(TRANSACTION, top_up(box, amount))
    return box, carried_out(box, tmp_path / "stick")


async def test_a_stick_carries_ops_to_the_hub_once(hub, cut_off):
    box, files = cut_off
    (answer,) = await carry_in(hub, files)
    assert (answer.status, answer.fault) == (TAKEN, "")
    assert answer.new_ops > 30 - 1
    (again,) = await carry_in(hub, files)
    assert (again.status, again.seq, again.new_ops) == (TAKEN, answer.seq, 0)
    box.switch.mend()
    await eventually(lambda: box.sync.up, "the line")
    await box.append(TRANSACTION, top_up(box, 7))
    await box.settled()
    await box.assert_equal_to_hub()
    assert stopped(box) is None


async def test_a_box_whose_line_is_up_meanwhile_goes_on(hub, make_box, tmp_path):
    """The hub's session with it is begun anew: nothing comes twice, and nothing is a fork."""
    box = await make_box(0)
    await box.append(TRANSACTION, top_up(box, 100))
    files = carried_out(box, tmp_path / "stick")
    await carry_in(hub, files)
    for amount in range(1, 6):
        await box.append(TRANSACTION, top_up(box, amount))
    await box.settled()
    await box.assert_equal_to_hub()
    assert stopped(box) is None


async def test_what_lacks_its_beginning_waits_for_it(hub, cut_off, tmp_path):
    box, _files = cut_off
    for from_seq in (3, 10):
        ops = box.read(lambda reader, seq=from_seq: reader.own_ops(seq, 7))
        SealedWriter(tmp_path, sealing(box)).write(ops)
    first, second = scan(tmp_path)[0]
    (answer,) = await carry_in(hub, [second])
    assert (answer.status, answer.new_ops) == (GAP, 0)
    answers = await carry_in(hub, [first, second])
    assert [answer.status for answer in answers] == [TAKEN, TAKEN]


async def test_a_torn_end_and_a_changed_byte_cost_what_stood_there(hub, cut_off, tmp_path):
    box, _files = cut_off
    writer = SealedWriter(tmp_path, sealing(box))
    seq = box.read(lambda reader: reader.acked_seq())
    for _ in range(3):
        seq = writer.write(box.read(lambda reader, at=seq: reader.own_ops(at + 1, 5))).header.seq
    path = scan(tmp_path)[0][0].path
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    answer = await hub.office.hub.take_carried(bytes(data))
    assert (answer.status, answer.seq, answer.fault) == (TAKEN, seq - 5, "torn_end")
    answer = await hub.office.hub.take_carried(path.read_bytes())
    assert (answer.status, answer.seq, answer.new_ops, answer.fault) == (TAKEN, seq, 5, "")


async def test_two_ops_of_one_number_fence_the_epoch_and_are_kept_for_two_people(
    hub, make_box, tmp_path
):
    """A copied store that never has a line is found by what its stick carries."""
    box = await make_box(0)
    await box.append(TRANSACTION, top_up(box, 100))
    await box.settled()
    await box.stop()
    clone = box.copied(tmp_path / "clone")
    clone.switch.cut()
    clone.start()
    box.start()
    await box.append(TRANSACTION, spend(box, 60))
    await box.settled()
    for _ in range(3):
        await clone.append(TRANSACTION, spend(clone, 30))
    seals, ops = (
        sealing(clone),
        clone.read(lambda reader: reader.own_ops(reader.acked_seq() + 1, 1)),
    )
    push, last = push_of(ops, seals.identity, seals.sign)
    place = (box.node, 1, last.header.seq, last.header.seq)
    lying = CopyHead("test", *place, bytes(32), 0)  # of an end that its PUSH has not
    record, _check = record_bytes(first_check(), lying, push, seals.seal)
    with pytest.raises(ChainError):
        await hub.office.hub.take_carried(MAGIC + record)
    assert await hub.office.left_overs() == [], "nothing that could never be complete"
    # One op in each record, as a second copy has them.
    writer, seq = SealedWriter(tmp_path, sealing(clone)), clone.read(lambda r: r.acked_seq())
    while ops := clone.read(lambda reader, at=seq: reader.own_ops(at + 1, 1)):
        seq = writer.write(ops).header.seq
    files = scan(tmp_path)[0]
    for _ in range(2):
        (answer,) = await carry_in(hub, files)
        assert (answer.status, answer.new_ops) == (KEPT, 0)
    await eventually(lambda: standing(hub, box.node, 1) == "forked", "the hub's fence")
    # A later stick of the same chain goes on behind what is kept.
    await clone.append(TRANSACTION, spend(clone, 1))
    (longer,) = await carry_in(hub, carried_out(clone, tmp_path / "later"))
    assert (longer.status, longer.seq) == (KEPT, answer.seq + 1)
    await clone.stop()
    (kept,) = await hub.office.left_overs()
    assert kept["complete"]
    assert kept["ops"] == longer.seq - kept["parent_seq"]
    approvers = await people(hub)
    await hub.office.admit_branch(kept["id"], approvers)
    (late,) = await carry_in(hub, scan(tmp_path / "later")[0])
    assert (late.status, late.new_ops) == (KEPT, 0)
    assert len(await hub.office.left_overs()) == 1


# --- a dead box's successor -----------------------------------------------------------------------


async def successor(hub, dead, folder):
    """Enrol a bare box as the next epoch of a dead one."""
    box = Box(folder, dead.hub_url, dead.login, dead.client)
    box.enrolment = await box.enrol(await hub.office.create_code(dead.cafe, "box", dead.node))
    return box


async def rebuilt_from(box, stick):
    """Do what `cafebox rebuild` does; returns what it says."""
    rebuilt = Rebuilt()
    identity = box.enrolment.identity
    http = HubHttp(box.hub_url, box.client, box.switch, Signer(identity, box.enrolment.sign))
    await hand_in(http, files_of(stick, "test", box.node, rebuilt), rebuilt)
    settings = SyncSettings(box.login, "test", b"hardware", box.folder / "snapshot.part")
    path, clock = box.folder / "box.db", machine_clock()
    with Store.open(path, identity, clock, secrets.token_bytes) as store:
        rebuilt.position = await take_state(store, box.enrolment, http, settings, secrets.randbelow)
        await begin_counter(store, rebuilt)
    return rebuilt


@pytest.mark.parametrize("longest", [0, 1_000_000])
async def test_a_successor_has_all_that_the_copy_had(hub, cut_off, tmp_path, monkeypatch, longest):
    """It follows the whole log, or a snapshot where that is long."""
    monkeypatch.setattr("edge.second_copy.rebuild.SNAPSHOT_BEHIND_OPS", longest)
    dead, files = cut_off
    kind = bodies.document(SALE, 5, dead.cafe, {"number": NUMBER, "total_fen": 100})
    await dead.append(SALE, kind)
    files = carried_out(dead, tmp_path / "last")
    held = dead.read(lambda reader: reader.own_head().seq)
    await dead.stop()
    box = await successor(hub, dead, tmp_path / "new")
    torn = files[0].path.with_name(f"{name_prefix(dead.node)}00000001-torn.sealed")
    torn.write_bytes(files[0].path.read_bytes()[:40])
    rebuilt = await rebuilt_from(box, files[0].path.parent)
    assert [row.status for row in rebuilt.handed_in] == ["taken"]
    assert any(line.words("en").startswith(torn.name) for line in rebuilt.unknown)
    box.start()
    assert box.read(lambda reader: reader.heads()[dead.node, 1][0]) == held
    assert rebuilt.unknown
    number = await box.store.write(next_sale_number)
    assert number == NUMBER + SKIPPED + 1
    await eventually(lambda: box.sync.up, "the line")
    await box.append(TRANSACTION, top_up(box, 5))
    await box.settled()
    await box.assert_equal_to_hub()
    await hub.office.close_epoch(dead.node, 1, await people(hub))
    await box.settled()
    await box.assert_equal_to_hub()
    await box.stop()


async def test_a_stick_of_another_box_is_no_copy_of_this_one(hub, cut_off, make_box):
    _box, files = cut_off
    other = await make_box(1)
    with pytest.raises(CopyRefusedError, match="holds no second copy"):
        files_of(files[0].path.parent, "test", other.node, Rebuilt())


async def test_the_hub_refuses_what_is_no_sealed_file(hub, make_box):
    box = await make_box(0)
    http: HubHttp = box.http
    with pytest.raises(HubRefusedError) as refused:
        await http.carry(b"cafebox sealed nothing" * 40_000)
    assert refused.value.status == 400


# --- by the commands ------------------------------------------------------------------------------


async def test_the_operator_carries_a_stick_in(hub, cut_off, tmp_path, capsys):
    """`cafebox-hub carry-in` reaches the running hub, and says of each file what became of it."""
    _box, files = cut_off
    config = tmp_path / "hub.toml"
    config.write_text('[hub]\nchain = "test"\ndata_dir = "hub"\n')
    stick = files[0].path.parent

    async def carried():
        words = ["--config", str(config), "--json", "carry-in", str(stick)]
        code = await asyncio.to_thread(main, words)
        return code, json.loads(capsys.readouterr().out)

    code, answer = await carried()
    assert (code, answer["taken"]) == (0, 1)
    assert answer["new_ops"] >= 30
    (stick / "torn.sealed").write_bytes(b"cafebox sealed copy 1\n")
    code, answer = await carried()
    assert (code, answer["new_ops"], answer["taken"], answer["refused"]) == (1, 0, 1, 1)
    assert [row["fault"] for row in answer["files"]] == ["", "copy_empty"]
