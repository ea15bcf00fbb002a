"""One record in full: a top-up, a cash-out or a sale with its time, method, amount and entry."""

from dataclasses import dataclass

from edge.desk import facts
from edge.desk.numbers import paper_number
from edge.desk.reports.day_sums import lines_of
from edge.desk.reports.records import FORMS, SALE_FORM, sold_ms, tender_names
from edge.desk.reports.sums import TENDERS
from edge.domain.decision import read_int, read_text
from edge.domain.report_table import Name
from edge.store.reader import Reader
from sync_protocol.kinds import MEMBER, SALE, TOP_UP


@dataclass(frozen=True, slots=True)
class RecordDetail:
    """A record; `lines` of a sale are (code, pieces, fen), `payments` (tender, fen, reference)."""

    document: int
    form: Name
    number: str
    at_ms: int
    amount_fen: int
    bonus_fen: int
    points: int
    member: int
    member_name: str
    account: str
    method: Name
    payments: tuple[tuple[Name, int, str], ...]
    lines: tuple[tuple[str, int, int], ...]
    cashier: str
    approver: str
    note: str
    chain_code: str
    confirmed: bool


def record_of(reader: Reader, document: int) -> RecordDetail | None:
    """A top-up or sale of this cafe, None where there is none."""
    for kind in (TOP_UP, SALE):
        found = reader.register(kind, document)
        if found is None:
            continue
        row, is_top_up = found.shown, kind == TOP_UP
        form = read_text(TOP_UP, row, "form") if is_top_up else ""
        tenders = lines_of(row, kind, "tenders")
        sold = () if is_top_up else lines_of(row, SALE, "lines")
        member = facts.person_of(reader, read_int(kind, row, "member"))
        member_row = facts.row(reader, MEMBER, member) if member else None
        entry = next(iter(reader.entries(document, limit=1)), None)
        day, number = read_int(kind, row, "business_day"), read_int(kind, row, "number")
        return RecordDetail(
            document,
            FORMS.get(form, SALE_FORM) if is_top_up else SALE_FORM,
            paper_number(reader, day, number),
            read_int(TOP_UP, row, "at_ms") if is_top_up else sold_ms(row),
            read_int(kind, row, "amount_fen" if is_top_up else "total_fen"),
            read_int(TOP_UP, row, "bonus_fen") if is_top_up else 0,
            read_int(kind, row, "points"),
            member,
            read_text(MEMBER, member_row, "name"),
            read_text(MEMBER, member_row, "number"),
            tender_names(tenders),
            tuple(
                (TENDERS.get(code, (code, code)), fen, str(more or ""))
                for code, fen, more in tenders
            ),
            tuple((sku, pieces, int(str(fen))) for sku, pieces, fen in sold),
            facts.staff_name(reader, read_int(kind, row, "cashier")),
            facts.staff_name(reader, read_int(TOP_UP, row, "approver")) if is_top_up else "",
            read_text(TOP_UP, row, "note") if is_top_up else "",
            facts.chain_code(entry.reference) if entry is not None else "",
            found.confirmed is not None,
        )
    return None
