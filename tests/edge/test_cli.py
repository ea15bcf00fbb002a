"""The commands: help that teaches, exit codes, JSON, and what they do to a stopped box."""

import asyncio
import json
import sqlite3
import sys
from pathlib import Path

import pytest

from edge import app
from edge.cli import INTERRUPTED, main
from edge.cli_output import DONE, REFUSED, STOPPED, USAGE
from edge.example_configuration import EXAMPLE
from edge.store.opening import open_reader
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import VISIT
from tests.edge.desk.counter import HandHub, MovedClock, furnish_hub, open_store
from tests.edge.test_box import write_identity
from tests.ports import free_port


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration, in which the command is typed."""
    monkeypatch.chdir(tmp_path)
    ports = f"[box]\nlisten_port = {free_port()}\n[hub]\nurl = 'http://127.0.0.1:{free_port()}'\n"
    (tmp_path / "cafebox.toml").write_text(ports)
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Path:
    """The folder with an identity and a store that holds a hub's documents and two sales' ops."""
    data = folder / "box-data"
    write_identity(data, free_port())

    async def fill() -> None:
        clock = MovedClock()
        with open_store(data, clock) as opened:
            await furnish_hub(HandHub(opened, clock))

            def write(transaction: WriteTransaction) -> None:
                transaction.append(VISIT, [b"", "1.20261106.5", 1, [[5, 1, None]]])

            await opened.write(write)

    asyncio.run(fill())
    return folder


def _json(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    values = json.loads(capsys.readouterr().out)
    assert isinstance(values, dict)
    return values


def test_the_help_teaches_the_first_steps(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == DONE
    text = capsys.readouterr().out
    for words in ("cafebox enrol CODE", "cafebox doctor", "cafebox run", "exit codes"):
        assert words in text


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("run", "status", "outbox", "backup", "doctor", "enrol", "refold"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert len(capsys.readouterr().out) > 100


def test_an_unknown_command_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fly"])
    assert ended.value.code == USAGE


def test_the_example_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["example-config"]) == DONE
    assert capsys.readouterr().out == EXAMPLE


def test_a_wrong_key_is_a_wrong_configuration(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "cafebox.toml").write_text("[box]\ncolour = 1")
    assert main(["status"]) == USAGE
    assert "box.colour" in capsys.readouterr().err


def test_a_box_without_identity_says_what_to_type(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status"]) == STOPPED
    assert "cafebox run" in capsys.readouterr().err


def test_a_hub_that_is_away_refuses_no_code(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["enrol", "AAAA-BBBB"]) == REFUSED
    assert "cafebox:" in capsys.readouterr().err
    assert not (folder / "box-data" / "box.db").exists()


def test_the_hubs_address_begins_a_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    address = f"http://127.0.0.1:{free_port()}"
    path = tmp_path / "cafebox.toml"
    assert main(["enrol", "AAAA-BBBB", "--hub", address]) == REFUSED
    assert main(["enrol", "AAAA-BBBB", "--hub", "hub"]) == USAGE
    assert not path.exists()
    assert "hub.url" in capsys.readouterr().err
    path.write_text(f"[hub]\nurl = '{address}'\n")
    assert main(["enrol", "AAAA-BBBB", "--hub", "http://127.0.0.1:1"]) == USAGE
    assert "hub.url" in capsys.readouterr().err


def test_status_and_outbox_of_a_stopped_box(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--json"]) == DONE
    status = _json(capsys)
    assert (status["ops_waiting"], status["running"]) == (2, None)
    assert main(["status"]) == DONE
    assert "No box runs here" in capsys.readouterr().out
    assert main(["outbox", "--json"]) == DONE
    outbox = _json(capsys)
    ops = outbox["ops"]
    assert isinstance(ops, list)
    assert [op["kind"] for op in ops] == ["segment", "visit"]
    assert main(["outbox"]) == DONE
    assert "visit" in capsys.readouterr().out


def test_a_backup_is_a_whole_store(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backup", "copy.db"]) == DONE
    reader = open_reader(store / "copy.db")
    assert reader.own_head().seq == 2
    reader.database.close()
    capsys.readouterr()
    assert main(["refold", "--json"]) == DONE
    assert _json(capsys)["equal"] is True


def test_what_cannot_be_done_is_said_in_words_and_leaves_nothing(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = "--from 2026-11-07 --to 2026-11-06"
    for typed, code, said in (
        ("backup nowhere/copy.db", USAGE, "in a folder that is there"),
        ("backup .", USAGE, "in a folder that is there"),
        ("backup box-data/box.db", USAGE, "the box's own folder"),
        ("support-bundle nowhere/bundle", STOPPED, "nowhere/bundle: No such file"),
        ("import members nowhere.csv", STOPPED, "nowhere.csv: No such file"),
        ("import members .", STOPPED, "Name a file in it"),
        ("carry-out /proc/nothing", STOPPED, "/proc/nothing: No such file"),
        ("report day --xlsx nowhere/day.xlsx", STOPPED, "a folder must be there"),
        ("--config nowhere.toml doctor", USAGE, "nowhere.toml: there is no such file"),
        (f"audit list {days}", USAGE, "is later than"),
        (f"identity-checks {days}", USAGE, "is later than"),
    ):
        assert main(typed.split()) == code, typed
        assert said in capsys.readouterr().err
    assert {path.name for path in store.iterdir()} == {"box-data", "cafebox.toml"}
    assert main(["status"]) == DONE


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["audit", "list", "--from", "2026-13-01"], "write yyyy-mm-dd"),
        (["outbox", "--limit", "-4"], "no number of rows"),
        (["devices", "--listen", "soon"], "write 0 to 600 seconds"),
    ],
)
def test_a_wrong_argument_is_told_with_what_is_right(
    folder: Path, capsys: pytest.CaptureFixture[str], typed: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(typed)
    assert ended.value.code == USAGE
    assert said in capsys.readouterr().err


def test_a_store_that_cannot_be_read_has_words_for_every_command(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pages behind the first: the file opens, and what is asked of it fails."""
    path = store / "box-data" / app.STORE_NAME
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    commands = ["status", "outbox", "refold", "carry-out stick", "report day", "backup copy.db"]
    for command in [*commands, "audit list", "audit verify"]:
        assert main(command.split()) == STOPPED, command
        said = capsys.readouterr().err
        assert said.startswith(("cafebox: damaged", "cafebox: backup_failed")), said
    assert not (store / "copy.db.part").exists()


def test_ctrl_c_ends_a_command_in_words(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_reader: object, _tell: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("edge.cli_store.refold", interrupted)
    assert main(["refold"]) == INTERRUPTED
    assert "stopped by Ctrl-C" in capsys.readouterr().err


def test_a_refold_finds_what_was_changed(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(store / "box-data" / app.STORE_NAME) as database:
        database.execute("DELETE FROM document WHERE kind = 6")
    database.close()
    assert main(["refold", "--json"]) == REFUSED
    report = _json(capsys)
    assert report["equal"] is False


def test_the_doctor_names_what_is_wrong(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == REFUSED
    findings = {row["check"]: row for row in json.loads(capsys.readouterr().out)}
    assert findings["identity"]["ok"]
    assert findings["store"]["ok"]
    assert not findings["hub"]["ok"]
    assert "hub.url" in findings["hub"]["remedy"]
    assert not findings["broker"]["ok"]
    assert main(["doctor"]) == REFUSED
    assert "FAIL hub" in capsys.readouterr().out


def test_reports_go_out_and_an_old_list_comes_in_on_a_stopped_box(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = ["--from", "2026-11-06", "--to", "2026-11-06"]
    assert main(["report", "swipes", *days, "--json"]) == DONE
    values = _json(capsys)
    assert values["rows"][0]["members"] == 1
    assert main(["report", "swipes", *days, "--csv", "--language", "en"]) == DONE
    assert "Members in" in capsys.readouterr().out
    assert main(["report", "swipes", *days, "--xlsx", "swipes.xlsx"]) == DONE
    assert (store / "swipes.xlsx").read_bytes().startswith(b"PK")
    assert main(["report", "day", "--from", "2020-01-01", "--to", "2026-11-06"]) == REFUSED
    assert "report_days_many" in capsys.readouterr().err
    path = store / "members.csv"
    path.write_bytes("会员号,姓名,手机\nA1,韩梅梅,139\n".encode("gb18030"))
    assert main(["import", "members", str(path), "--dry-run", "--json"]) == REFUSED
    found = _json(capsys)["found"]
    assert [(one["row"], one["column"], one["code"]) for one in found] == [
        (2, "phone", "phone_invalid")
    ]
    path.write_text("会员号,姓名,手机\nA1,韩梅梅,13900001111\n")
    for imported in (1, 0):
        assert main(["import", "members", str(path), "--json"]) == DONE
        assert _json(capsys)["imported"] == imported
    path.write_text("会员号,储值\nA1,12.50\n")
    assert main(["import", "balances", str(path), "--json"]) == DONE
    assert _json(capsys)["imported"] == 1


def test_ctrl_c_while_the_program_loads_is_no_traceback(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Stopped:
        def find_spec(self, name: str, *_more: object) -> None:
            if name == "edge.cli_commands":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "edge.cli_commands", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Stopped(), *sys.meta_path])
    assert main(["status"]) == INTERRUPTED
    assert "stopped by Ctrl-C" in capsys.readouterr().err
