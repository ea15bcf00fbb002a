"""What the set-up changes in the configuration's text; all comments stay where they stand.

Nothing of it is written before `edge.configuration.read` has taken it.
"""

import re
from collections.abc import Collection, Mapping, Sequence

import tomlkit

from edge.discovery.tables import Table, table_text

DEVICE = re.compile(r"\s*\[\[\s*devices\s*\]\]")
ANY_TABLE = re.compile(r"\s*\[")
TAKEN_OUT = "# taken out at set-up: "


def with_settings(text: str, settings: Mapping[tuple[str, str], str]) -> str:
    """The text with (section, key) -> value; a section or key that is missing is added."""
    document = tomlkit.parse(text)
    for (section, key), value in settings.items():
        if section not in document:
            document.add(section, tomlkit.table())
        table = document[section]
        if table.get(key) != value:
            table[key] = value
    return tomlkit.dumps(document)


def without_devices(text: str, gone: Collection[int]) -> str:
    """The text with the device tables of these places (from 0) made comments."""
    place, taking, lines = -1, False, text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if DEVICE.match(line):
            place += 1
            taking = place in gone
        elif ANY_TABLE.match(line):
            taking = False
        if taking and line.strip() and not line.lstrip().startswith("#"):
            lines[number] = TAKEN_OUT + line
    return "".join(lines)


def with_devices(text: str, tables: Sequence[tuple[str, Table]]) -> str:
    """The text and behind it tables, each under a comment: what the device calls itself."""
    parts = [text.rstrip("\n") + "\n"]
    for label, table in tables:
        said = " ".join(label.split())
        parts.append(f"\n# {said}\n{table_text(table)}\n")
    return "".join(parts)
