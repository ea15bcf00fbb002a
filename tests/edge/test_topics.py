"""The tables that each topic has rows in: nothing stands in two topics, nothing is left out."""

from collections import Counter as Tally
from collections.abc import Iterable
from pathlib import Path

import pytest

from edge.desk import table
from edge.domain import rights_table, words
from edge.effects import slips
from edge.effects.slips import parts as slip_parts
from edge.web import works
from edge.web.actions import Needs
from edge.web.terms import TERMS
from tests.edge.desk.counter import open_counter

TABLES: dict[str, list[Iterable[str]]] = {
    "words": [topic.WORDS for topic in words.TOPICS],
    "commands": [[row.name for row in topic.ROWS] for topic in table.TOPICS],
    "rights": list(rights_table.TOPICS),
    "works": [topic.WORKS for topic in works.TOPICS],
    "works after an answer": [topic.AFTER_ANSWER for topic in works.TOPICS],
    "works after a refusal": [topic.AFTER_REFUSAL for topic in works.TOPICS],
    "actions": [[action.name for action in rows] for rows in works.ACTIONS.values()],
    "keys": [{action.key for action in rows if action.key} for rows in works.ACTIONS.values()],
    "slips": [topic.SLIPS for topic in slips.TOPICS],
    "slip words": [part.WORDS for part in (slip_parts, *slips.TOPICS)],
}


@pytest.mark.parametrize("name", TABLES)
def test_nothing_stands_in_two_topics(name: str) -> None:
    tally = Tally(key for topic in TABLES[name] for key in topic)
    assert [key for key, times in tally.items() if times > 1] == []


SHARED = {"__init__", "job", "paper", "parts", "asked", "product_words"}
"""Modules of these packages that are no topic."""


@pytest.mark.parametrize(
    "package", [words, table, slips, works], ids=lambda package: package.__name__
)
def test_every_room_is_in_its_table(package) -> None:
    rooms = {path.stem for path in Path(package.__path__[0]).glob("*.py")} - SHARED
    assert {topic.__name__.rpartition(".")[2] for topic in package.TOPICS} == rooms


async def test_every_command_is_done_by_somebody(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        assert counter.desk.command_names == table.COMMANDS.keys()


def test_every_slip_has_a_title() -> None:
    assert slips.SLIPS.keys() <= slips.WORDS.keys()


def test_every_action_leads_to_a_work_or_is_a_command_without_inputs() -> None:
    for action in (action for rows in works.ACTIONS.values() for action in rows):
        assert action.operation in rights_table.RIGHTS
        if action.command:
            command = table.COMMANDS[action.command]
            assert not action.work
            assert command.operation == action.operation
            assert not any(parameter.required for parameter in command.parameters)
        else:
            assert action.work.partition("?")[0] in works.WORKS


def test_every_topic_and_need_of_an_action_has_words() -> None:
    assert works.ACTIONS.keys() <= TERMS["topic"].keys()
    assert set(Needs) - {Needs.NOTHING} == TERMS["needs"].keys()


def test_every_work_follows_a_command() -> None:
    for after in (works.AFTER_ANSWER, works.AFTER_REFUSAL):
        assert after.keys() <= table.COMMANDS.keys()
        assert set(after.values()) <= works.WORKS.keys()


def test_what_was_done_is_said_by_topic() -> None:
    templates = Path(works.__path__[0]).parent / "templates" / "done"
    assert {path.stem for path in templates.iterdir()} == works.ACTIONS.keys()
