"""The works in hand in the middle of the screen: a module for each topic, merged here.

To add one, in its topic: a template `work/<name>.html`, a row in WORKS for its facts, and a row in
ACTIONS that leads to it. A work is read-only; what it sends goes to `POST /desk/<command>`, and
AFTER_ANSWER and AFTER_REFUSAL say which work stands then. What was done is said in
`done/<topic>.html`. A new topic is a module here, its name in TOPICS, and a term for it.
"""

from collections.abc import Mapping

from edge.web.actions import Action
from edge.web.works import cards, counter, goods, members, money, papers, shifts, tickets
from edge.web.works.asked import Work

TOPICS = (counter, shifts, members, cards, money, tickets, goods, papers)

WORKS: Mapping[str, Work] = {name: work for topic in TOPICS for name, work in topic.WORKS.items()}

AFTER_ANSWER: Mapping[str, str] = {
    command: work for topic in TOPICS for command, work in topic.AFTER_ANSWER.items()
}
"""The work after a command was done, where it is not the ticket."""

AFTER_REFUSAL: Mapping[str, str] = {
    command: work for topic in TOPICS for command, work in topic.AFTER_REFUSAL.items()
}
"""The work after a command was refused, where it is not the ticket."""

ACTIONS: Mapping[str, tuple[Action, ...]] = {
    topic.__name__.rpartition(".")[2]: topic.ACTIONS for topic in TOPICS
}
"""Topic -> what can be done in it."""
