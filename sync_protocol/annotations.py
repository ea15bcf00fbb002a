"""What the hub says of an op: its effective stamp and its verdict. Nodes apply it as it is.

Row: [effective stamp, verdict, detail]. The position follows from the block.

| verdict   | detail                                   | meaning |
|-----------|------------------------------------------|---------|
| APPLIED   | nil, or a business day                   | it holds as written |
| OVERWROTE | [[fields that lost], [fields that overwrote]] | concurrent with another edit |
| LOST      | reference of the op that holds the claim | a claim came second |
| DIVERTED  | [[posting, amount], ..., business day?]  | so much falls on the chain's loss |
| VOID      | reason code                              | no effect |
| DEFERRED  | reason code                              | a later hub op gives the verdict |

A business day (yyyymmdd) in a detail stands for the one that the op was written for: its author's
clock was wrong. Balances do not depend on it; every report does.
"""

from sync_protocol.expect import (
    AMOUNT_MAX,
    expect_int,
    expect_list,
    expect_text,
)
from sync_protocol.ledger import POSTINGS_MAX
from sync_protocol.ops import STAMP_MAX, OpRef, ref_from_row

TYPE_CHECKING = False
if TYPE_CHECKING:  # MicroPython has no typing; mypy takes this name for true
    from typing import Any

APPLIED = 1
OVERWROTE = 2
LOST = 3
DIVERTED = 4
VOID = 5
DEFERRED = 6

VERDICTS = {
    APPLIED: "applied",
    OVERWROTE: "overwrote",
    LOST: "lost",
    DIVERTED: "diverted",
    VOID: "void",
    DEFERRED: "deferred",
}

FIELDS_MAX = 64
DAY_MIN, DAY_MAX = 19700101, 99991231


class Annotation:
    """The hub's word on one op. `detail` has the shape that the verdict gives it (see above)."""

    __slots__ = ("effective", "verdict", "detail")

    def __init__(self, effective: int, verdict: int, detail: object = None) -> None:
        self.effective = effective
        self.verdict = verdict
        self.detail = detail

    def row(self) -> list[object]:
        """Return the array that is hashed and sent."""
        return [self.effective, self.verdict, self.detail]

    def lost_fields(self) -> list[object]:
        """Return the indexes of the register fields that this op did not set."""
        if self.verdict == OVERWROTE:
            return expect_list(expect_list(self.detail, "detail", 2, 2)[0], "lost", 0, FIELDS_MAX)
        return []

    def diversions(self) -> "list[list[int]]":
        """Return [[posting index, amount], ...] of a DIVERTED verdict, else []."""
        if self.verdict != DIVERTED:
            return []
        pairs = []
        rows = expect_list(self.detail, "diversions", 1, POSTINGS_MAX + 1)
        if self.business_day():
            rows = expect_list(rows[:-1], "diversions", 1, POSTINGS_MAX)
        for row in rows:
            pair = expect_list(row, "diversion", 2, 2)
            pairs.append(
                [
                    expect_int(pair[0], "posting", 0, POSTINGS_MAX - 1),
                    expect_int(pair[1], "amount", -AMOUNT_MAX, AMOUNT_MAX),
                ]
            )
        return pairs

    def business_day(self) -> int:
        """Return the day (yyyymmdd) that stands for the op's own, 0 where its own holds."""
        last = self.detail
        if self.verdict == DIVERTED:
            last = expect_list(last, "diversions", 1, POSTINGS_MAX + 1)[-1]
        elif self.verdict != APPLIED:
            return 0
        return last if last.__class__ is int else 0

    def book_on(self, day: int) -> None:
        """Have a business day stand for the op's own; a verdict without effect stays as it is."""
        if self.verdict == APPLIED:
            self.detail = day
        elif self.verdict == DIVERTED:
            self.detail = expect_list(self.detail, "diversions", 1, POSTINGS_MAX) + [day]


def late_verdict(body: object, effective: int) -> "tuple[OpRef, Annotation]":
    """Return whose verdict a LATE_VERDICT body gives, and the verdict, at the op's own stamp."""
    values = expect_list(body, "late verdict", 3, 3)
    return ref_from_row(values[0]), annotation_from_row([effective, values[1], values[2]])


def annotation_from_row(row: object) -> Annotation:
    """Return the `Annotation` of a decoded array, its detail checked against its verdict."""
    values: list[Any] = expect_list(row, "annotation", 3, 3)
    effective, verdict, detail = values
    if verdict.__class__ is int and verdict == APPLIED and detail is None:  # nearly all are so
        return Annotation(expect_int(effective, "effective", 0, STAMP_MAX), APPLIED)
    annotation = Annotation(
        expect_int(effective, "effective", 0, STAMP_MAX),
        expect_int(verdict, "verdict", APPLIED, DEFERRED),
        detail,
    )
    if annotation.verdict == APPLIED:
        if annotation.detail is not None:
            expect_int(annotation.detail, "business_day", DAY_MIN, DAY_MAX)
    elif annotation.verdict == OVERWROTE:
        for part in expect_list(annotation.detail, "detail", 2, 2):
            for index in expect_list(part, "fields", 0, FIELDS_MAX):
                expect_int(index, "field", 0, FIELDS_MAX)
    elif annotation.verdict == LOST:
        ref_from_row(annotation.detail)
    elif annotation.verdict == DIVERTED:
        annotation.diversions()
        if annotation.business_day():
            expect_int(annotation.business_day(), "business_day", DAY_MIN, DAY_MAX)
    else:
        expect_text(annotation.detail, "reason", 64)
    return annotation
