"""The cash drawer: opened by order, and noted when it opens without one."""

from pathlib import Path

import pytest

from edge.drivers.errors import DeviceAbsentError, Reason
from edge.events import DrawerMoved
from edge.store import audit
from edge.store.audit import Act
from tests.edge.desk.counter import CASHIER, Counter, furnish, open_counter


async def moved(counter: Counter, *, is_open: bool) -> None:
    event = DrawerMoved("receipts", is_open, counter.clock.monotonic_ns())
    await counter.desk.drawer.moved(event)


def openings(counter: Counter) -> list[Act]:
    with counter.store.read() as reader:
        return [one.act for one in audit.entries(reader, command="drawer_opened")]


@pytest.mark.covers("A441")
async def test_a_drawer_that_opens_without_the_box_leaves_a_row_and_stands_on_the_page(
    tmp_path: Path,
) -> None:
    async with open_counter(tmp_path) as counter:
        await furnish(counter)
        await counter.log_in()
        await moved(counter, is_open=False)
        assert not (await counter.desk.views.truth_line()).drawer_open
        await moved(counter, is_open=True)
        assert (await counter.desk.views.truth_line()).drawer_open
        assert openings(counter) == [Act("drawer_opened", audit.DONE, CASHIER, 1)]
        await moved(counter, is_open=False)
        assert not (await counter.desk.views.truth_line()).drawer_open
        assert len(openings(counter)) == 1


async def test_a_store_that_takes_no_row_stops_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_counter(tmp_path) as counter:
        counter.store.close()
        await moved(counter, is_open=False)
        await moved(counter, is_open=True)
        assert counter.desk._effects.drawer.is_open
        assert "takes no row" in caplog.text


async def test_a_sale_in_cash_opens_it_and_only_once(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        await furnish(counter)
        await counter.log_in()
        await counter.do("add_line", sku="COLA")
        await counter.do("pay", tender="cash", expected_total_fen=500)
        await counter.printer.wait_for(1)
        await moved(counter, is_open=False)
        await moved(counter, is_open=True)
        assert openings(counter) == []
        await moved(counter, is_open=False)
        await moved(counter, is_open=True)
        assert len(openings(counter)) == 1


async def test_who_opens_it_by_order_is_named_by_the_order(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        await furnish(counter)
        await counter.log_in()
        await counter.do("open_drawer")
        assert counter.printer.kicks == 1
        await moved(counter, is_open=False)
        await moved(counter, is_open=True)
        assert openings(counter) == []
        with counter.store.read() as reader:
            acts = [one.act for one in audit.entries(reader, command="open_drawer")]
        assert [(act.staff, act.outcome) for act in acts] == [(CASHIER, audit.DONE)]


async def test_a_drawer_that_does_not_open_is_told_and_opened_by_its_key_it_leaves_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise DeviceAbsentError("open the drawer", "receipts", Reason.SILENT)

    async with open_counter(tmp_path) as counter:
        await furnish(counter)
        await counter.log_in()
        monkeypatch.setattr(counter.printer, "kick_drawer", fail)
        refusal = await counter.refused("open_drawer")
        assert (refusal.code, "may not have opened" in refusal.words("en")) == (
            "drawer_failed",
            True,
        )
        with counter.store.read() as reader:
            acts = [one.act for one in audit.entries(reader, command="open_drawer")]
        assert {(act.staff, act.outcome) for act in acts} == {
            (CASHIER, audit.DONE),
            (CASHIER, "drawer_failed"),
        }
        await moved(counter, is_open=False)
        await moved(counter, is_open=True)
        assert len(openings(counter)) == 1


async def test_a_kick_of_long_ago_explains_nothing(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        await furnish(counter)
        await counter.log_in()
        await counter.do("open_drawer")
        counter.clock.forward(3600)
        await moved(counter, is_open=False)
        await moved(counter, is_open=True)
        assert len(openings(counter)) == 1


async def test_one_that_stands_open_at_the_start_was_not_opened(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        await furnish(counter)
        await moved(counter, is_open=True)
        assert (await counter.desk.views.truth_line()).drawer_open
        assert openings(counter) == []
