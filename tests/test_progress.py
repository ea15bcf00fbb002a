"""How far a long command is: seen on a terminal, not by a program, and gone when it ends."""

import io
import json
import tempfile
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from cloud import cli as hub_cli
from edge import cli as box_cli
from edge.cli_progress import WIPE
from edge.store.log_fold import LogFold
from tests.edge.test_cli import folder, store

__all__ = ["folder", "store"]


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _every_command_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("edge", "cloud"):
        monkeypatch.setattr(f"{package}.cli_progress.SILENT_S", 0.0)
        monkeypatch.setattr(f"{package}.cli_progress.EVERY_S", 0.0)
    monkeypatch.setattr("edge.store.refold.TELL_EVERY", 1)


def test_a_box_refolds_before_ones_eyes(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with redirect_stderr(Terminal()) as terminal:
        assert box_cli.main(["refold"]) == 0
    assert "equal" in capsys.readouterr().out
    lines = terminal.getvalue().split(WIPE)
    assert lines[1].startswith("refolding: 1 of ")
    assert "(100 %)" in lines[-2]
    assert lines[-1] == ""  # and the line is free again


def test_a_hub_refolds_before_ones_eyes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = ["--config", str(tmp_path / "cafebox-hub.toml")]
    assert hub_cli.main([*here, "add-cafe", "--code", "A", "--name", "一号店"]) == 0
    with redirect_stderr(Terminal()) as terminal:
        assert hub_cli.main([*here, "refold"]) == 0
    assert "refolding: 1 of 1 (100 %)" in terminal.getvalue()
    assert terminal.getvalue().endswith(WIPE)
    capsys.readouterr()
    with redirect_stderr(Terminal()) as terminal:
        assert hub_cli.main([*here, "refold", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["equal"] is True
    assert "refolding" not in terminal.getvalue()


@pytest.mark.parametrize(("stream", "words"), [(Terminal, ["--json"]), (io.StringIO, [])])
def test_neither_a_program_nor_a_pipe_is_told(
    store: Path, stream: type[io.StringIO], words: list[str]
) -> None:
    with redirect_stderr(stream()) as told:
        assert box_cli.main(["refold", *words]) == 0
    assert told.getvalue() == ""


def test_ctrl_c_amid_a_refold_leaves_all_as_it_was(
    store: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    before = {path.name: path.read_bytes() for path in (store / "box-data").glob("box.*")}
    fold, folded = LogFold.fold, 0

    def interrupted(self: LogFold, row: object) -> None:
        nonlocal folded
        folded += 1
        if folded == 3:
            raise KeyboardInterrupt
        fold(self, row)  # type: ignore[arg-type]  # a row, whatever it is

    monkeypatch.setattr(LogFold, "fold", interrupted)
    with redirect_stderr(Terminal()) as terminal:
        assert box_cli.main(["refold"]) == box_cli.INTERRUPTED
    progress, words = terminal.getvalue().rsplit(WIPE, 1)
    assert "refolding: 2 of " in progress
    assert words == "cafebox: stopped by Ctrl-C; what was done until then stays\n"
    assert not list(scratch.iterdir())
    after = {path.name: path.read_bytes() for path in (store / "box-data").glob("box.*")}
    assert {name: after[name] for name in before if name != "box.db-shm"} == {
        name: data for name, data in before.items() if name != "box.db-shm"
    }
