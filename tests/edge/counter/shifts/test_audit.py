"""The audit log: a row for each act, in its own commit; every way of changing it is found."""

import json
import sqlite3
from pathlib import Path

import pytest

from edge.cli import main
from edge.store import audit
from edge.store.audit import DAY_MS, KEEP_DAYS, AuditEntry, Fault
from edge.store.opening import open_reader
from tests.edge.counter.shifts.conftest import APPROVED, Drawer
from tests.edge.desk.counter import CARD, CASHIER, MANAGER


def rows(drawer: Drawer) -> list[AuditEntry]:
    """The log, oldest first."""
    with drawer.counter.store.read() as reader:
        return list(audit.entries(reader))[::-1]


@pytest.fixture
async def worked(drawer: Drawer) -> Drawer:
    """A drawer at which somebody worked, whose log ends beyond its last mark."""
    await drawer.sign_in()
    await drawer.done("open_shift", float_fen=1_000)
    for _ in range(3):
        await drawer.sell_hour()
    return drawer


@pytest.mark.covers("A056")
async def test_who_did_and_saw_what_is_on_record(drawer: Drawer) -> None:
    await drawer.sign_in()
    opened = await drawer.done("open_shift")
    member = (await drawer.done("register_member", name="王小明", consent=True))["member"]
    await drawer.get(f"/show/ledger?member={member}")
    assert await drawer.refused("issue_voucher", amount_fen=500) == "no_right"
    paid = {"amount_fen": 100, "reason": "水", "receipt_number": "1"}
    await drawer.done("petty_cash", **paid, **APPROVED)
    said = [
        (row.act.command, row.act.outcome, row.act.staff, row.act.approver) for row in rows(drawer)
    ]
    assert said == [
        ("log_in", "done", CASHIER, 0),
        ("open_shift", "done", CASHIER, 0),
        ("register_member", "done", CASHIER, 0),
        ("show:ledger", "done", CASHIER, 0),
        ("issue_voucher", "no_right", CASHIER, 0),
        ("petty_cash", "done", CASHIER, MANAGER),
    ]
    registered, looked = rows(drawer)[2], rows(drawer)[3]
    assert ("member", member) in registered.act.subjects
    assert looked.act.subjects == (("member", member),)
    assert rows(drawer)[1].act.subjects[0] == ("shift", opened["shift"])
    op = registered.act.op
    assert op is not None
    with drawer.counter.store.read() as reader:
        assert reader.op(op) is not None
    await drawer.sign_in(MANAGER)
    page = await drawer.get(f"/show/audit?staff={CASHIER}&outcome=denied")
    assert "issue_voucher" in page
    assert "petty_cash</code>" not in page.partition("<tbody>")[2]


async def test_a_tap_is_nobodys_act(worked: Drawer) -> None:
    await worked.done("register_member", name="王小明", consent=True, card_uid=CARD.hex())
    before = len(rows(worked))
    await worked.counter.tap()
    assert len(rows(worked)) == before


async def test_a_repeat_is_no_second_act(worked: Drawer) -> None:
    before = len(rows(worked))
    for _ in range(3):
        await worked.done("drop_cash", amount_fen=100, request_id="drop-once-1")
    assert len(rows(worked)) == before + 1


async def test_the_log_is_anchored_with_the_shift_and_once_a_day(worked: Drawer) -> None:
    with worked.counter.store.read() as reader:
        marks = dict(audit._marks(reader))
    assert list(marks) == [2]
    await worked.counter.desk.audit.keep()
    await worked.counter.desk.audit.keep()
    with worked.counter.store.read() as reader:
        marks = dict(audit._marks(reader))
    assert sorted(marks) == [2, len(rows(worked))]


def tampered(path: Path, *statements: str) -> list[Fault]:
    """What is found after somebody had their way with the file."""
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    reader = open_reader(path)
    found = audit.faults(reader)
    reader.database.close()
    return found


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        ((), None),
        (("UPDATE audit SET staff = 999 WHERE number = 4",), Fault("edited", 4, 4)),
        (("UPDATE audit SET outcome = 'done ' WHERE number = 6",), Fault("edited", 6, 6)),
        (("UPDATE audit SET at_ms = at_ms - 1 WHERE number = 1",), Fault("edited", 1, 1)),
        (("DELETE FROM audit WHERE number = 3",), Fault("missing", 3, 3)),
        (("DELETE FROM audit WHERE number IN (4, 5)",), Fault("missing", 4, 5)),
        (("DELETE FROM audit WHERE number = 8",), Fault("truncated", 8, 8)),
        (("DELETE FROM audit WHERE number > 1",), Fault("truncated", 2, 8)),
        (
            (
                "INSERT INTO audit SELECT 9, at_ms, trust, staff, approver, terminal, command,"
                " outcome, subjects, op, hash FROM audit WHERE number = 8",
            ),
            Fault("edited", 9, 9),
        ),
    ],
)
async def test_what_was_changed_in_the_log_is_found(
    worked: Drawer, tmp_path: Path, statements: tuple[str, ...], fault: Fault | None
) -> None:
    assert len(rows(worked)) == 8
    worked.counter.store.backup(tmp_path / "copy.db")
    found = tampered(tmp_path / "copy.db", *statements)
    assert found[:1] == ([fault] if fault is not None else [])


async def test_a_log_that_was_written_anew_is_found_by_its_marks(
    worked: Drawer, tmp_path: Path
) -> None:
    """Whoever knows how rows are hashed can make a chain that holds, and no mark for it."""
    await worked.counter.desk.audit.keep()
    worked.counter.store.backup(tmp_path / "copy.db")
    with sqlite3.connect(tmp_path / "copy.db") as connection:
        connection.execute("UPDATE audit SET staff = 999 WHERE number = 4")
        before = connection.execute("SELECT hash FROM audit WHERE number = 3").fetchone()[0]
        for number in range(4, 9):
            row = connection.execute("SELECT * FROM audit WHERE number = ?", (number,)).fetchone()
            before = audit._hash(before, row[:-1])
            connection.execute("UPDATE audit SET hash = ? WHERE number = ?", (before, number))
    connection.close()
    assert tampered(tmp_path / "copy.db") == [Fault("rewritten", 8, 8)]


async def test_old_rows_go_below_a_mark_and_the_rest_still_holds(worked: Drawer) -> None:
    await worked.counter.desk.audit.keep()
    anchored = len(rows(worked))
    worked.counter.clock.forward((KEEP_DAYS - 1) * DAY_MS / 1000)
    await worked.done("drop_cash", amount_fen=100)
    await worked.counter.desk.audit.keep()
    assert rows(worked)[0].number == 1
    worked.counter.clock.forward(2 * DAY_MS / 1000)
    await worked.counter.desk.audit.keep()
    assert rows(worked)[0].number == anchored + 1
    with worked.counter.store.read() as reader:
        assert audit.faults(reader) == []


def configured(folder: Path) -> Path:
    """A configuration whose store is in `folder`."""
    path = folder / "cafebox.toml"
    path.write_text('[box]\ndata_dir = "."\n')
    return path


async def test_the_operators_command_lists_and_checks(
    worked: Drawer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configuration = configured(tmp_path)
    assert main(["--config", str(configuration), "audit", "list", "--json"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["number"] for row in listed] == list(range(8, 0, -1))
    assert listed[0]["command"] == "pay"
    assert listed[0]["staff"] == CASHIER
    for day, count in (("2026-11-06", 0), ("2026-11-07", 8), ("2026-11-08", 0)):
        days = ["--from", day, "--to", day]
        assert main(["--config", str(configuration), "audit", "list", "--json", *days]) == 0
        assert len(capsys.readouterr().out.splitlines()) == count
    assert main(["--config", str(configuration), "audit", "verify", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["whole"] is True
    with sqlite3.connect(tmp_path / "box.db") as connection:
        connection.execute("UPDATE audit SET command = 'look' WHERE number = 5")
    connection.close()
    assert main(["--config", str(configuration), "audit", "verify", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["faults"] == [
        {"fault": "edited", "from": 5, "to": 5}
    ]
    assert main(["--config", str(configuration), "audit", "verify"]) == 1
    assert "edited" in capsys.readouterr().out
