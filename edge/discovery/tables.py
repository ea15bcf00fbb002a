"""`[[devices]]` tables of what was found, and their text."""

from collections.abc import Collection, Mapping, Sequence

import tomli_w

from edge.discovery.found import Found, Option

NAMES = {
    "card_reader": "counter",
    "barcode_scanner": "scanner",
    "receipt_printer": "receipts",
    "customer_display": "display",
    "feedback": "lamp",
    "door_relay": "door",
    "door_counter": "entrance",
    "power_input": "mains",
}
"""What the first device of a kind is called where nobody gave it a name."""

Table = Mapping[str, Option]


def device_tables(found: Sequence[Found], taken: Collection[str] = ()) -> list[Table]:
    """One table for each device found, each with a name of its own, none of them `taken`.

    What is sure is named first, so that it has the plain names.
    """
    names = set(taken)
    tables: dict[int, Table] = {}
    for at in sorted(range(len(found)), key=lambda at: not found[at].sure):
        one = found[at]
        name = _free_name(NAMES.get(one.kind, one.kind), names)
        names.add(name)
        tables[at] = {"kind": one.kind, "driver": one.driver, "name": name, **one.options}
    return [table for _at, table in sorted(tables.items())]


def table_text(table: Table) -> str:
    """A table as it stands in a configuration."""
    return f"[[devices]]\n{tomli_w.dumps(table)}"


def _free_name(wanted: str, taken: Collection[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted} {number}"
    return name
