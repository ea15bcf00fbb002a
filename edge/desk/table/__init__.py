"""The table of commands: a module of rows for each topic, merged into COMMANDS.

To add a command, add a row to its topic, and a method to the `handlers` of a class in `edge.desk`.
A new topic is a module here and its name in TOPICS.
"""

from collections.abc import Mapping

from edge.desk.commands import Command
from edge.desk.table import (
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

COMMANDS: Mapping[str, Command] = {row.name: row for topic in TOPICS for row in topic.ROWS}
"""Name -> `Command`. `POST /desk/<name>`."""
