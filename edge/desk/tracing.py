"""What happened to a top-up: committed here, acknowledged by head office, seen by which cafes.

That another cafe has seen it follows from what its box wrote later: each op says up to which place
of the log its author had come. A cafe that wrote nothing since is not known to have seen it.
"""

from dataclasses import dataclass

from edge.desk import facts
from edge.desk.accounts import ACKNOWLEDGED, WAITING, RecordView, account_records
from edge.domain.decision import read_int
from edge.domain.refusals import Sentence
from edge.domain.top_up import FORM_TOP_UP
from edge.store.reader import Reader
from sync_protocol.kinds import NODE, TOP_UP
from sync_protocol.ops import HUB, OpRef

TRACED_MAX = 50


@dataclass(frozen=True, slots=True)
class TracedTopUp:
    """A top-up and how far it has come. `advice` says what to do, in order."""

    record: RecordView
    seen_by: tuple[facts.Name, ...]
    advice: tuple[Sentence, ...]


def trace_top_ups(
    reader: Reader, member: int, number: str, line_up: bool
) -> tuple[TracedTopUp, ...]:
    """A member's top-ups, newest first; with a `number` only the one whose paper bears it."""
    wanted = number.strip().upper()
    records = [
        record
        for record in account_records(reader, member)
        if record.kind == FORM_TOP_UP and (not wanted or record.number.upper().endswith(wanted))
    ]
    return tuple(_traced(reader, record, line_up) for record in records[:TRACED_MAX])


def member_of_number(reader: Reader, number: str) -> int:
    """Whose top-up a paper's number names at this cafe, 0 for nobody's."""
    parts = number.strip().split("-")
    if len(parts) < 2 or not (parts[-1].isdecimal() and parts[-2].isdecimal()):
        return 0
    day, count = int(parts[-2]), int(parts[-1])
    for document in reader.registers_where(TOP_UP, "business_day", day, limit=10_000):
        if read_int(TOP_UP, document.shown, "number") == count:
            return facts.person_of(reader, read_int(TOP_UP, document.shown, "member"))
    return 0


def _traced(reader: Reader, record: RecordView, line_up: bool) -> TracedTopUp:
    seen_by = seen_by_cafes(reader, record) if record.state == ACKNOWLEDGED else ()
    return TracedTopUp(record, seen_by, tuple(_advice(record, line_up)))


def _advice(record: RecordView, line_up: bool) -> list[Sentence]:
    if record.cancelled:
        return [Sentence("traced_cancelled", {"number": record.number})]
    if record.state == WAITING:
        words = [Sentence("traced_waiting" if line_up else "traced_no_line")]
        return [*words, Sentence("traced_spend_here"), Sentence("traced_support")]
    if record.state == ACKNOWLEDGED:
        return [Sentence("traced_credited"), Sentence("traced_tap_elsewhere")]
    return [Sentence("traced_undone", {"code": record.chain_code}), Sentence("traced_support")]


def seen_by_cafes(reader: Reader, record: RecordView) -> tuple[facts.Name, ...]:
    """The other cafes whose boxes are known to have this entry."""
    position = _position(reader, record)
    if not position:
        return ()
    seen: dict[int, facts.Name] = {}
    for (node, _epoch), (seq, hash) in reader.heads().items():
        logged = reader.op(OpRef(node, 1, seq, hash[:8])) if node != HUB else None
        if logged is None or logged.op.header.seen_position < position:
            continue
        cafe = read_int(NODE, facts.row(reader, NODE, node), "cafe")
        if cafe and cafe != record.cafe:
            seen[cafe] = facts.cafe_name(reader, cafe)
    return tuple(seen.values())


def _position(reader: Reader, record: RecordView) -> int:
    node, epoch, rest = record.chain_code.split(".", 2)
    seq = int(rest.partition("-")[0])
    logged = reader.op(OpRef(int(node), int(epoch), seq, b""))
    return (logged.position or 0) if logged is not None else 0
