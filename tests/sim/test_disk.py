"""The simulated disk loses what nobody synced, and a box's store stands on it as it must."""

from random import Random

import pytest

from edge.store.errors import StoreFullError, StoreStoppedError, StoreUncertainError
from edge.store.identity import Clock
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import CAFE_TRANSACTION
from tests.sim.disk import Drive, SimulatedDisk
from tests.sim.inline_store import InlineStore
from tests.sim.template import identity_of


@pytest.fixture
def drive(tmp_path):
    with SimulatedDisk():
        drive = Drive(tmp_path / "drive")
        drive.watch()
        yield drive
        drive.remove()


def open_store(drive):
    clock = Clock(lambda: 1_780_000_000_000, lambda: 0, b"b" * 16)
    return InlineStore.open(drive.folder / "box.sqlite", identity_of(1), clock, Random(1).randbytes)


def sell(transaction: WriteTransaction) -> int:
    postings = [[1, 1, 0, 0, 0, "fen", 500], [5, 1, 0, 0, 0, "fen", -500]]
    return transaction.append(
        CAFE_TRANSACTION, [1, 3, 20260528, 480, 0, 0, None, postings]
    ).header.seq


def crash(drive, store, *, power):
    if power:
        drive.cut_power(Random(2))
    drive.die()
    store.abandon()
    drive.start()


def test_a_power_cut_takes_no_commit_that_returned(drive):
    store = open_store(drive)
    seqs = [store.submit(sell).result() for _ in range(5)]
    crash(drive, store, power=True)
    assert open_store(drive).head.seq == seqs[-1]


@pytest.mark.parametrize("writes", range(6))
def test_a_commit_that_dies_at_any_write_is_there_wholly_or_not_at_all(drive, writes):
    store = open_store(drive)
    before = store.submit(sell).result()
    drive.die_at_write(writes)
    with pytest.raises(StoreStoppedError):
        store.submit(sell).result()
    assert drive.died
    crash(drive, store, power=True)
    again = open_store(drive)
    assert again.head.seq in (before, before + 1)
    with again.read() as reader:
        balance = reader.balance((1, 1, 0, 0, 0, "fen")).shown
    assert balance == 500 * (again.head.seq - 1)  # the first op records the clock's segment


def test_what_a_failed_fsync_leaves_is_told_as_unknown(drive):
    store = open_store(drive)
    before = store.submit(sell).result()
    drive.fail_fsync()
    with pytest.raises(StoreUncertainError):
        store.submit(sell).result()
    with pytest.raises(StoreStoppedError) as later:
        store.submit(sell).result()
    assert not isinstance(later.value, StoreUncertainError)  # this one was not begun
    crash(drive, store, power=False)
    assert open_store(drive).head.seq == before + 1


def test_a_full_disk_keeps_nothing_and_the_store_goes_on(drive):
    store = open_store(drive)
    before = store.submit(sell).result()
    drive.fill()
    with pytest.raises(StoreFullError):
        store.submit(sell).result()
    drive.failure.fill = False
    assert store.submit(sell).result() == before + 1
    store.abandon()
