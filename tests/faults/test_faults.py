"""A small tier of the faults: a few of each kind, in under 40 s. All of them: `make faults`."""

import asyncio

import pytest

from tests.faults.__main__ import run_apart, run_scenario
from tests.faults.scale import SMALL


@pytest.mark.parametrize(
    ("scenario", "wanted"),
    [
        ("box_kills", ["box_killed_top_up", "box_killed_transfer", "box_killed_sync_apply"]),
        ("failing_disk", ["fsync_eio", "write_eio", "write_no_space"]),
        ("disks", ["disk_full", "disk_read_only", "bit_flipped"]),
        ("printers", ["paper_ended_in_mid_receipt", "printer_line_closed"]),
        ("dead_box", ["box_destroyed", "first_sale"]),
        ("hubs", ["hub_committing_killed", "hub_committed_killed", "hub_fsync_eio"]),
    ],
)
def test_nothing_is_lost_or_doubled(scenario, wanted, tmp_path):
    report = run_scenario(scenario, tmp_path, SMALL)
    assert report.violations == []
    assert all(report.faults[fault] for fault in wanted), report.faults


def test_readers_that_fail_charge_nobody_wrongly():
    """In a process of its own: libpcsclite reads its daemon's place once in each."""
    report, _seconds = asyncio.run(run_apart(["readers"], small=True))
    assert report.violations == []
    assert set(report.faults) == {
        "reader_unplugged_in_mid_exchange",
        "pcscd_killed",
        "card_swapped",
        "door_storm",
    }
