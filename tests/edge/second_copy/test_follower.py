"""The second copy: what the hub has not stands sealed on another medium, whatever becomes of it."""

import asyncio
import os
import secrets
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.desk.copy_state import CopyState
from edge.second_copy.sealed_files import SealedWriter, scan
from edge.store.identity import Identity
from edge.store.store import Store
from sync_protocol.kinds import TRANSACTION
from tests.edge.second_copy.sticks import opened, second_copy, written
from tests.edge.store import bodies
from tests.edge.store.conftest import Hands
from tests.edge.store.log_hub import CHAIN
from tests.edge.sync.boxes import eventually
from tests.faults.disks import small_disk

SECONDS = 60.0


@pytest.fixture
def stick(tmp_path):
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def top_up(store, amount=100):
    cafe = store.identity.cafe
    work = store.submit(lambda tx: tx.append(TRANSACTION, bodies.top_up(cafe, 812, amount)))
    return work.result(SECONDS)


def test_every_op_is_on_the_stick_and_only_the_hub_can_read_it(box, stick):
    copy = second_copy(box, stick)
    for _ in range(3):
        top_up(box)
        copy.copy()
    assert copy.state is CopyState.IN_STEP
    assert opened(stick) == written(box)
    assert len(list(stick.iterdir())) == 1
    (path,) = stick.iterdir()
    with box.read() as reader:
        bodies_written = [op.packed_body() for op in reader.own_ops(1, 100)]
    assert not any(body in path.read_bytes() for body in bodies_written)


async def test_a_running_box_is_followed_from_behind(box, stick):
    """A thread of its own copies what is committed; nobody waits for it."""
    changes = []
    copy = second_copy(box, stick)
    copy._changed = lambda: changes.append(copy.state)
    task = asyncio.create_task(copy.run())
    for _ in range(20):
        top_up(box)

    await eventually(
        lambda: opened(stick) == written(box) and copy.state is CopyState.IN_STEP, "the copy"
    )
    top_up(box)
    task.cancel()
    await asyncio.wait((task,))
    assert opened(stick) == written(box)  # a box that stops in good order leaves nothing out
    assert CopyState.IN_STEP in changes


async def test_a_medium_that_hangs_stops_nothing(box, stick, monkeypatch):
    """The counter goes on, the page says that the copy lags, and the box stops all the same."""
    answers = threading.Event()
    monkeypatch.setattr(SealedWriter, "_put", lambda *_: answers.wait(SECONDS))
    copy = second_copy(box, stick)
    task = asyncio.create_task(copy.run())
    top_up(box)
    await eventually(lambda: copy.state is CopyState.BEHIND, "the lag to be told")
    top_up(box)
    task.cancel()
    await asyncio.wait((task,))
    answers.set()


def test_a_stick_that_is_pulled_and_put_back_catches_up(box, stick, tmp_path):
    copy = second_copy(box, stick)
    top_up(box)
    copy.copy()
    stick.rename(tmp_path / "pocket")
    top_up(box)
    copy.copy()
    assert copy.state is CopyState.MISSING
    top_up(box)
    (tmp_path / "pocket").rename(stick)
    copy.copy()
    assert copy.state is CopyState.IN_STEP
    assert opened(stick) == written(box)


def test_another_stick_gets_all_of_it(box, stick, tmp_path):
    copy = second_copy(box, stick)
    top_up(box)
    copy.copy()
    stick.rename(tmp_path / "pocket")
    stick.mkdir()
    copy.copy()
    assert opened(stick) == written(box)


def test_a_mount_point_without_its_stick_is_no_second_medium(box, stick):
    copy = second_copy(box, stick, other_disk=True)
    top_up(box)
    copy.copy()
    assert copy.state is CopyState.SAME_DISK
    assert list(stick.iterdir()) == []


def test_a_full_and_a_read_only_stick_are_told_and_made_up_for(box, tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        copy = second_copy(box, disk, other_disk=True)
        top_up(box)
        copy.copy()
        filler = disk / "filler"
        free = os.statvfs(disk)
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize)
        for _ in range(100):  # until the last page is full
            top_up(box)
            copy.copy()
        assert copy.state is CopyState.FULL
        filler.unlink()
        copy.copy()
        assert copy.state is CopyState.IN_STEP
        assert opened(disk) == written(box)
        remount(disk, "ro")
        top_up(box)
        copy.copy()
        assert copy.state is CopyState.READ_ONLY
        remount(disk, "rw")
        copy.copy()
        assert copy.state is CopyState.IN_STEP
        assert opened(disk) == written(box)


def remount(disk, how):
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


def test_files_go_away_when_the_hub_has_their_ops(box, stick, hub):
    copy = second_copy(box, stick)
    for _ in range(3):
        top_up(box)
        copy.copy()
        copy._writer = None  # as a restart has it
    assert len(scan(stick)[0]) == 3
    copy.copy()
    hub.take(box, 3)
    hub.deliver(box)
    copy._clean()
    left = [file.first.first_seq for file in scan(stick)[0]]
    assert len(left) == 1
    assert set(written(box)) <= set(opened(stick))


def test_what_an_earlier_epoch_left_over_is_copied_too(open_box, stick):
    store = open_box()
    for _ in range(3):
        top_up(store)
    earlier = written(store)
    store.close()
    later = open_box(epoch=2)
    top_up(later)
    for _ in range(2):  # the second time it is there already
        copy = second_copy(later, stick)
        copy.copy()
        assert opened(stick) == earlier | written(later)
    assert copy.outcomes["written"] == 0


def test_an_older_copy_of_the_store_that_is_put_back_is_told_and_loses_nothing(
    open_box, stick, tmp_path
):
    store = open_box(name="box.db")
    copy = second_copy(store, stick)
    top_up(store)
    copy.copy()
    store.backup(tmp_path / "old.db")
    top_up(store, 200)
    copy.copy()
    lost = written(store)
    older = open_box(name="old.db")
    again = second_copy(older, stick)
    again.copy()
    top_up(older, 300)
    again.copy()
    assert again.state is CopyState.OTHER_ENTRIES
    assert len(scan(stick)[0]) == 2
    kept = set()
    for file in scan(stick)[0]:
        (tmp_path / "one").mkdir(exist_ok=True)
        for path in (tmp_path / "one").iterdir():
            path.unlink()
        (tmp_path / "one" / file.path.name).write_bytes(file.path.read_bytes())
        kept |= set(opened(tmp_path / "one").items())
    assert kept >= set(lost.items())
    assert kept >= set(written(older).items()) - set(lost.items())


def test_what_the_hub_has_another_op_for_stays_on_the_stick(open_box, stick, hub, tmp_path):
    """An older copy of the store was put back and wrote on: the hub has its ops, not those lost."""
    store = open_box(name="box.db")
    top_up(store)
    store.backup(tmp_path / "old.db")
    top_up(store, 200)
    second_copy(store, stick).copy()
    lost = opened(stick)
    older = open_box(name="old.db")
    top_up(older, 300)
    for amount in (0, 400):  # the lost op stands at the end of the log's chain, then within it
        if amount:
            top_up(older, amount)
        hub.take(older)
        hub.deliver(older)
        second_copy(older, stick).copy()
        copy = second_copy(older, stick)
        copy.copy()
        copy._clean()
        assert lost.items() <= opened(stick).items()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 2000), st.booleans()), max_size=6))
def test_power_cuts_of_the_stick_leave_no_hole(cuts):
    """At every cut the last file loses its end, or some sectors of it were never written."""
    with tempfile.TemporaryDirectory() as name:
        folder, hands = Path(name), Hands()
        stick = folder / "stick"
        stick.mkdir()
        identity = Identity(CHAIN, 3, 1, 3)
        store = Store.open(folder / "box.db", identity, hands.clock(), secrets.token_bytes)
        try:
            for commits, lost_bytes, zeros in cuts:
                copy = second_copy(store, stick)
                for _ in range(commits):
                    top_up(store)
                    copy.copy()
                last = max(stick.iterdir(), key=lambda path: path.name)
                data = last.read_bytes()
                kept = data[: max(len(data) - lost_bytes, 0)]
                last.write_bytes(kept + bytes(len(data) - len(kept)) * zeros)
            copy = second_copy(store, stick)
            copy.copy()
            assert opened(stick) == written(store)
            assert copy.state is CopyState.IN_STEP
        finally:
            store.close()
