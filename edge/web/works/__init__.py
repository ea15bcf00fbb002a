"""The works in hand in the middle of the screen: a module for each topic, merged here.

To add one, in its topic: a template `work/<name>.html`, a row in WORKS for its facts, and a row in
ACTIONS that leads to it. A work is read-only; what it sends goes to `POST /desk/<command>`, and
AFTER_ANSWER and AFTER_REFUSAL say which work stands then. What was done is said in
`done/<topic>.html`. A new topic is a module here, its name in TOPICS, and a term for it.
"""

from collections.abc import Mapping

from edge.desk.table import COMMANDS
from edge.web.actions import Action
from edge.web.works import (
    benefits,
    cards,
    counter,
    goods,
    members,
    money,
    papers,
    reports,
    sessions,
    shifts,
    tickets,
)
from edge.web.works.asked import Work

LOOK = "look"

TOPICS = (
    counter,
    shifts,
    members,
    cards,
    money,
    benefits,
    sessions,
    tickets,
    goods,
    papers,
    reports,
)

WORKS: Mapping[str, Work] = {name: work for topic in TOPICS for name, work in topic.WORKS.items()}

AFTER_ANSWER: Mapping[str, str] = {
    command: work for topic in TOPICS for command, work in topic.AFTER_ANSWER.items()
}
"""The work after a command was done, where it is not the ticket."""

AFTER_REFUSAL: Mapping[str, str] = {
    command: work for topic in TOPICS for command, work in topic.AFTER_REFUSAL.items()
}
"""The work after a command was refused, where it is not the ticket."""


def _rights_of_works() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {name: set() for name in WORKS}
    for topic in TOPICS:
        for action in topic.ACTIONS:
            if action.work:
                found[action.work.partition("?")[0]].add(action.operation)
        for command, work in {**topic.AFTER_REFUSAL, **topic.AFTER_ANSWER}.items():
            found[work].add(COMMANDS[command].operation)
    return {name: frozenset(rights or {LOOK}) for name, rights in found.items()}


RIGHTS_OF_WORKS: Mapping[str, frozenset[str]] = _rights_of_works()
"""Work -> the rights of which one opens it: those of the actions and commands that lead to it.
`ticket`, where everybody begins, is open to all who are logged in."""

ACTIONS: Mapping[str, tuple[Action, ...]] = {
    topic.__name__.rpartition(".")[2]: topic.ACTIONS for topic in TOPICS
}
"""Topic -> what can be done in it."""
