"""The rules of head office as they hold at this cafe; `Catalogue.rules` keeps what a tap needs."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from edge.domain.decision import read_int
from edge.store.reader import Reader
from sync_protocol.errors import DecodeError
from sync_protocol.kinds import RULE
from sync_protocol.rules import RULES, check_rows, rule_key

Row = Mapping[str, Any]
"""A row of a rule: column name -> value, of the column's type."""


class RuleInForce(NamedTuple):
    """A rule's rows, and the version of the document that they stand in (0: the default)."""

    version: int
    rows: tuple[Row, ...]


def rule_in_force(reader: Reader, name: str) -> RuleInForce:
    """The rule `name` of `sync_protocol.rules.RULES`: this cafe's own, else the chain's.

    The default holds where nothing is published, where `values` was taken back (nil), and where
    the rows do not fit the columns. Raises KeyError for no such rule.
    """
    names = [column.name for column in RULES[name].columns]
    version, rows = _published(reader, name)
    return RuleInForce(version, tuple(dict(zip(names, row, strict=True)) for row in rows))


def rules_in_force(reader: Reader, name: str) -> list[Row]:
    """The rows of a rule; a rule of one row has exactly one."""
    return list(rule_in_force(reader, name).rows)


def version_of(reader: Reader, name: str) -> int:
    """The version of the rule's document that holds here, 0 for the default."""
    return rule_in_force(reader, name).version


def _published(reader: Reader, name: str) -> tuple[int, list[list[object]]]:
    rule = RULES[name]
    for cafe in (reader.identity.cafe, 0):
        document = reader.register(RULE, rule_key(name, cafe))
        values = document.value("values") if document is not None else None
        if document is None or values is None:
            continue
        try:
            return read_int(RULE, document.shown, "version"), check_rows(rule, values)
        except DecodeError:
            break
    return 0, check_rows(rule, [list(row) for row in rule.default])
