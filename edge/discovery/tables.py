"""`[[devices]]` tables of what was found, and their text."""

from collections.abc import Collection, Iterable, Mapping

import tomli_w

from edge.discovery.found import Found, Option

NAMES = {
    "card_reader": "counter",
    "barcode_scanner": "scanner",
    "receipt_printer": "receipts",
    "customer_display": "display",
    "door_relay": "door",
    "door_counter": "entrance",
}
"""What the first device of a kind is called where nobody gave it a name."""

Table = Mapping[str, Option]


def device_tables(found: Iterable[Found], taken: Collection[str] = ()) -> list[Table]:
    """One table for each device found, each with a name of its own, none of them `taken`."""
    names = set(taken)
    tables: list[Table] = []
    for one in found:
        name = _free_name(NAMES.get(one.kind, one.kind), names)
        names.add(name)
        tables.append({"kind": one.kind, "driver": one.driver, "name": name, **one.options})
    return tables


def table_text(table: Table) -> str:
    """A table as it stands in a configuration."""
    return f"[[devices]]\n{tomli_w.dumps(table)}"


def _free_name(wanted: str, taken: Collection[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted} {number}"
    return name
