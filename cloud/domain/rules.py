"""Rules as head office edits them: which there are, what stands in a document, what is wrong.

`sync_protocol.rules` says what every box can read; head office asks for more before it publishes:
codes that are there and differ, days of the calendar, texts of one line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cloud.domain.refusals import Refusal
from cloud.domain.rule_cells import Value, value_fault
from sync_protocol.rights_rule import (
    LIMIT_FEN_MAX,
    MONTHS_MAX,
    RIGHTS_RULE_DEFAULT,
    RIGHTS_RULE_KEY,
    rights_rule,
)
from sync_protocol.rules import (
    FEN,
    NUMBER,
    PERCENT,
    ROWS_MAX,
    RULES,
    Column,
    Rule,
    check_rows,
    rows_in_force,
    rule_key,
)

Rows = list[list[Value]]

RIGHTS = Rule(
    RIGHTS_RULE_KEY,
    True,
    (
        Column("slice_percent", PERCENT, 0, 100, RIGHTS_RULE_DEFAULT.slice_percent, ()),
        Column("slice_max_fen", FEN, 0, LIMIT_FEN_MAX, RIGHTS_RULE_DEFAULT.slice_max_fen, ()),
        Column(
            "advance_limit_fen", FEN, 0, LIMIT_FEN_MAX, RIGHTS_RULE_DEFAULT.advance_limit_fen, ()
        ),
        Column("points_months", NUMBER, 0, MONTHS_MAX, RIGHTS_RULE_DEFAULT.points_months, ()),
    ),
    (tuple(RIGHTS_RULE_DEFAULT.values()),),
)
"""The rule of rights as a table of one row; its document holds that row's values alone."""

EDITABLE: Mapping[str, Rule] = {**RULES, RIGHTS_RULE_KEY: RIGHTS}
"""Name -> rule: all that head office may publish."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which rule and where it holds; cafe 0: in the whole chain."""

    name: str
    cafe: int

    @property
    def key(self) -> str:
        """The key of the rule's document."""
        return rule_key(self.name, self.cafe)

    @property
    def rule(self) -> Rule:
        """The rule's columns."""
        return EDITABLE[self.name]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where: `row` from 1, 0 for the whole rule; `column`: "" for the row."""

    row: int
    column: str
    refusal: Refusal


def place_of(name: str, cafe: int, cafes: Sequence[int]) -> Place | None:
    """Return the place of a rule for the chain or one of its `cafes`; None where there is none.

    The rule of rights is the hub's own, so it holds for the whole chain.
    """
    if name not in EDITABLE or (cafe and (cafe not in cafes or name == RIGHTS_RULE_KEY)):
        return None
    return Place(name, cafe)


def rows_of_document(place: Place, version: object, values: object) -> Rows:
    """Return the rows that hold by a document's fields: the default where they do not fit."""
    if place.name == RIGHTS_RULE_KEY:
        return [list(rights_rule(version, values).values())]  # type: ignore[arg-type]  # whole numbers
    return rows_in_force(place.rule, values)  # type: ignore[return-value]  # what check_rows lets pass


def document_values(place: Place, rows: Rows) -> list[object]:
    """Return what the document's `values` hold for these rows."""
    return list(rows[0]) if place.name == RIGHTS_RULE_KEY else [list(row) for row in rows]


def default_rows(rule: Rule) -> Rows:
    """Return the rows that hold before anything is published."""
    rows = [list(row) for row in rule.default]
    return check_rows(rule, rows)  # type: ignore[return-value]  # of the columns' types


def default_row(rule: Rule) -> list[Value]:
    """Return a new row: every column's default."""
    return [column.default for column in rule.columns]  # type: ignore[misc]  # of its type


def faults_of(rule: Rule, rows: Rows) -> list[Fault]:
    """Return all that is wrong with rows of a rule, in the order of the page; [] for none."""
    if rule.single and len(rows) != 1:
        return [
            Fault(0, "", Refusal("rule_rows", "此规则只有一行", "This rule has exactly one row"))
        ]
    if len(rows) > ROWS_MAX:
        words = (f"最多 {ROWS_MAX} 行", f"At most {ROWS_MAX} rows")
        return [Fault(0, "", Refusal("rule_rows", *words))]
    faults = []
    for number, row in enumerate(rows, 1):
        for column, value in zip(rule.columns, row, strict=True):
            fault = value_fault(column, value)
            if fault is not None:
                faults.append(Fault(number, column.name, fault))
    faults += _code_faults(rule, rows)
    return faults or _worth_faults(rule, rows)


def _worth_faults(rule: Rule, rows: Rows) -> list[Fault]:
    """A yuan buys no more points than it is redeemed by: to and fro they would make money."""
    if rule.name != "points":
        return []
    names = [column.name for column in rule.columns]
    bought, redeemed = (rows[0][names.index(name)] for name in ("money_points", "yuan_points"))
    if not int(bought) > int(redeemed) > 0:
        return []
    words = (
        f"一元换得的积分不能多于 {redeemed}：否则来回兑换就会生钱",
        f"A yuan may buy at most {redeemed} points, by which it is redeemed: otherwise money is"
        " made by changing to and fro",
    )
    return [Fault(1, "money_points", Refusal("points_make_money", *words))]


def _code_faults(rule: Rule, rows: Rows) -> list[Fault]:
    """Where rows are called by a code, each has one and no two the same."""
    names = [column.name for column in rule.columns]
    if "code" not in names[:2]:
        return []
    end = names.index("code") + 1
    faults, seen = [], set()
    for number, row in enumerate(rows, 1):
        code = tuple(row[:end])
        if not code[-1]:
            words = ("请填写编号", "A code is missing")
            faults.append(Fault(number, "code", Refusal("code_missing", *words)))
        elif code in seen:
            words = ("编号重复，每行须不同", "This code is used twice; each row needs its own")
            faults.append(Fault(number, "code", Refusal("code_repeated", *words)))
        seen.add(code)
    return faults
