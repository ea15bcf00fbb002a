"""Secrets stay where they belong: canaries planted in every field are in no log and no error.

Identity numbers, phone numbers and PINs are typed into every input of every command, and into the
addresses of pages. Afterwards they stand in no line of the log, in no row of the audit log and in
no metric. A refusal says no identity or phone number, and nothing that came as a secret.
"""

import logging
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.desk.commands import Input
from edge.desk.table import COMMANDS
from edge.log_format import JsonFormatter
from edge.web.works import WORKS
from tests.edge.counter.shifts.conftest import Drawer
from tests.edge.counter.shifts.test_bad_input import sample, send, till
from tests.edge.desk.counter import SETTINGS

__all__ = ["till"]

IDENTITY = "11010519491231002X"
PHONE = "13912345678"
PIN = "83746152"
CANARIES = (IDENTITY, PHONE, PIN)
PERSONAL = (IDENTITY, PHONE)
SECRETS = re.compile(r"(^|_)pin(_|$)")
"""Fields that hold a PIN."""


class Kept(logging.Handler):
    """Keeps every line as the box would write it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(JsonFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """All that is logged, at every level."""
    handler, root = Kept(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(level)


def told(text: str, canaries: tuple[str, ...] = CANARIES) -> list[str]:
    """Which of the canaries a text tells; the chain's key is always one."""
    return [canary for canary in (*canaries, SETTINGS.chain_key.decode()) if canary in text]


async def test_no_canary_is_in_a_log_an_audit_row_or_an_error(
    till: Drawer, tmp_path: Path, logged: list[str]
) -> None:
    member = (await till.done("register_member", name="王小明", consent=True))["member"]
    assert isinstance(member, int)
    for command in COMMANDS.values():
        if command.name == "log_out":
            continue
        typed = [one.name for one in command.parameters if one.type not in (Input.ID, Input.FLAG)]
        plausible = sample(command, member)
        for canary in CANARIES:
            for fields in (typed, *([one] for one in typed)):
                inputs = {**plausible, **dict.fromkeys(fields, canary)}
                _status, answer = await send(till, command.name, inputs)
                secret = all(SECRETS.search(one) for one in fields)
                if answer["ok"] is False:
                    hidden = CANARIES if secret else PERSONAL
                    assert told(str(answer), hidden) == [], (command.name, fields, answer)
    for work in WORKS:
        for canary in CANARIES:
            await till.visitor.get(f"{till.address}/show/{work}?text={canary}&member={canary}")
    assert told("\n".join(logged)) == []
    with sqlite3.connect(tmp_path / "box.db") as connection:
        kept = connection.execute("SELECT * FROM audit").fetchall()
    connection.close()
    assert len(kept) > 500
    assert told(repr(kept)) == []
