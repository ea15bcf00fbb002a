"""Reports that list documents one by one: top-ups, spends, income records, shifts.

To add a report, add a row to `RECORD_REPORTS`: columns, and a function that yields its lines.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge.desk import facts
from edge.desk.numbers import paper_number
from edge.desk.reports.day_sums import DOCUMENTS_MAX, lines_of, spent_for
from edge.desk.reports.sums import NOT_INCOME, SPENT_FOR, TENDERS
from edge.domain.decision import read_int, read_text
from edge.domain.redemptions import POINTS_TENDER
from edge.domain.report_table import Column, Name, Row, columns
from edge.domain.top_up import FORM_CANCEL, FORM_CASH_OUT, FORM_TOP_UP
from edge.store.facts import Document
from edge.store.reader import Reader
from sync_protocol.clock import stamp_ms
from sync_protocol.kinds import MEMBER, SALE, SHIFT, TOP_UP, field_index
from sync_protocol.registers import RegisterRow

FORMS: Mapping[str, Name] = {
    FORM_TOP_UP: ("充值", "Top-up"),
    FORM_CASH_OUT: ("提现", "Cash-out"),
    FORM_CANCEL: ("撤销", "Cancelled"),
}
NUMBER: Name = ("单号", "Number")
TIME: Name = ("时间", "Time")
MEMBER_NAME: Name = ("会员", "Member")
ACCOUNT: Name = ("会员号", "Account")
METHOD: Name = ("支付方式", "Paid by")
CASHIER: Name = ("收银", "Cashier")
SALE_FORM: Name = ("销售", "Sale")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: business days, an account (0: all), amounts without sign (0: no bound)."""

    days: tuple[int, ...]
    member: int = 0
    from_fen: int = 0
    to_fen: int = 0

    def lets(self, amount_fen: int) -> bool:
        """Whether a record of this amount is wanted."""
        amount_fen = abs(amount_fen)
        return amount_fen >= self.from_fen and (not self.to_fen or amount_fen <= self.to_fen)


Line = tuple[int, int, Row]
"""(document, amount in fen, row)."""


@dataclass(frozen=True, slots=True)
class RecordReport:
    """A report of single records; `kind` is that of their documents."""

    code: str
    name: Name
    columns: tuple[Column, ...]
    lines: Callable[[Reader, Wanted], Iterator[Line]]


def documents_of(reader: Reader, kind: int, wanted: Wanted) -> Iterator[Document]:
    """The documents of the days in the order of their numbers; of one account by that account."""

    def place(document: Document) -> tuple[int, int]:
        row = document.shown
        return read_int(kind, row, "business_day"), read_int(kind, row, "number")

    if wanted.member and kind in (SALE, TOP_UP):
        days = frozenset(wanted.days)
        found = [
            document
            for one in facts.members_of(reader, wanted.member)
            for document in reader.registers_where(kind, "member", one, limit=DOCUMENTS_MAX)
            if read_int(kind, document.shown, "business_day") in days
        ]
        yield from sorted(found, key=place)
        return
    for day in wanted.days:
        found = reader.registers_where(kind, "business_day", day, limit=DOCUMENTS_MAX)
        yield from sorted(found, key=place)


def _paper(reader: Reader, kind: int, row: RegisterRow) -> str:
    day, number = read_int(kind, row, "business_day"), read_int(kind, row, "number")
    return paper_number(reader, day, number)


def _who(reader: Reader, member: int) -> tuple[str, str]:
    """(name, account number) of a member; nothing for a walk-in."""
    row = facts.row(reader, MEMBER, facts.person_of(reader, member)) if member else None
    return read_text(MEMBER, row, "name"), read_text(MEMBER, row, "number")


def tender_names(lines: Sequence[tuple[str, int, object]]) -> Name:
    """How something was paid: the tenders' names."""
    names = [TENDERS.get(code, (code, code)) for code, _fen, _reference in lines]
    return "、".join(name[0] for name in names), ", ".join(name[1] for name in names)


def sold_ms(row: RegisterRow) -> int:
    """When a sale was written."""
    entry = row.entry(field_index(SALE, "number"))
    return stamp_ms(entry[1]) if entry is not None and isinstance(entry[1], int) else 0


def _top_ups(reader: Reader, wanted: Wanted) -> Iterator[Line]:
    for document in documents_of(reader, TOP_UP, wanted):
        row = document.shown
        form = read_text(TOP_UP, row, "form")
        sign = 1 if form == FORM_TOP_UP else -1
        amount_fen = sign * read_int(TOP_UP, row, "amount_fen")
        voided = form == FORM_TOP_UP and read_int(TOP_UP, row, "voided_by")
        state = ("已撤销", "cancelled") if voided else ("", "")
        yield (
            int(document.key),
            amount_fen,
            (
                _paper(reader, TOP_UP, row),
                read_int(TOP_UP, row, "at_ms"),
                FORMS.get(form, form),
                *_who(reader, read_int(TOP_UP, row, "member")),
                amount_fen,
                sign * read_int(TOP_UP, row, "bonus_fen"),
                sign * read_int(TOP_UP, row, "points"),
                tender_names(lines_of(row, TOP_UP, "tenders")),
                facts.staff_name(reader, read_int(TOP_UP, row, "cashier")),
                facts.staff_name(reader, read_int(TOP_UP, row, "approver")),
                state,
            ),
        )


def _spends(reader: Reader, wanted: Wanted) -> Iterator[Line]:
    for document in documents_of(reader, SALE, wanted):
        row = document.shown
        tenders = lines_of(row, SALE, "tenders")
        if any(code == POINTS_TENDER for code, _fen, _reference in tenders):
            continue
        total_fen = read_int(SALE, row, "total_fen")
        back_fen = sum(fen for _code, fen, _reference in lines_of(row, SALE, "refunded"))
        voided = read_int(SALE, row, "voided_ms") > 0
        by_value = sum(fen for code, fen, _reference in tenders if code in ("wallet", "bonus"))
        yield (
            int(document.key),
            total_fen,
            (
                _paper(reader, SALE, row),
                sold_ms(row),
                *_who(reader, read_int(SALE, row, "member")),
                SPENT_FOR[spent_for(row)],
                total_fen,
                read_int(SALE, row, "discount_fen"),
                by_value,
                total_fen if voided else back_fen,
                read_int(SALE, row, "points"),
                tender_names(tenders),
                facts.staff_name(reader, read_int(SALE, row, "cashier")),
                ("已作废", "voided") if voided else ("", ""),
            ),
        )


def _income(reader: Reader, wanted: Wanted) -> Iterator[Line]:
    """Every payment in money: sales and top-ups in, cash-outs, cancellations and refunds out."""
    for kind in (SALE, TOP_UP):
        for document in documents_of(reader, kind, wanted):
            row = document.shown
            if kind == SALE and read_int(SALE, row, "voided_ms"):
                continue
            at_ms = sold_ms(row) if kind == SALE else read_int(TOP_UP, row, "at_ms")
            form = SALE_FORM if kind == SALE else FORMS.get(read_text(TOP_UP, row, "form"), NUMBER)
            sign = -1 if kind == TOP_UP and form != FORMS[FORM_TOP_UP] else 1
            lines = [(sign, *line) for line in lines_of(row, kind, "tenders")]
            if kind == SALE:
                lines += [(-1, *line) for line in lines_of(row, SALE, "refunded")]
            name, account = _who(reader, read_int(kind, row, "member"))
            cashier = facts.staff_name(reader, read_int(kind, row, "cashier"))
            for sense, code, fen, reference in lines:
                if code in (*NOT_INCOME, POINTS_TENDER):
                    continue
                head = (_paper(reader, kind, row), at_ms, form, name, account)
                method = TENDERS.get(code, code)
                row_cells = (*head, method, str(reference or ""), sense * fen, cashier)
                yield int(document.key), sense * fen, row_cells


def _shifts(reader: Reader, wanted: Wanted) -> Iterator[Line]:
    for day in wanted.days:
        found = reader.registers_where(SHIFT, "business_day", day)
        for document in sorted(found, key=lambda one: read_int(SHIFT, one.shown, "number")):
            row = document.shown
            amounts = [
                read_int(SHIFT, row, name)
                for name in ("float_fen", "expected_fen", "counted_fen", "difference_fen")
            ]
            open_now = not read_int(SHIFT, row, "closed_ms")
            yield (
                int(document.key),
                amounts[2],
                (
                    _paper(reader, SHIFT, row),
                    facts.staff_name(reader, read_int(SHIFT, row, "staff")),
                    read_int(SHIFT, row, "opened_ms"),
                    read_int(SHIFT, row, "closed_ms"),
                    *amounts,
                    ("当班中", "open") if open_now else ("已结班", "closed"),
                ),
            )


RECORD_REPORTS: Mapping[str, RecordReport] = {
    report.code: report
    for report in (
        RecordReport(
            "top-ups",
            ("充值记录", "Top-up records"),
            columns(
                "number:text time:time form:text member:text account:text amount:money+"
                " bonus:money+ points:count+ method:text cashier:text approver:text state:text",
                (
                    NUMBER,
                    TIME,
                    ("类型", "What"),
                    MEMBER_NAME,
                    ACCOUNT,
                    ("金额", "Amount"),
                    ("赠送", "Bonus"),
                    ("积分", "Points"),
                    METHOD,
                    CASHIER,
                    ("复核", "Approved by"),
                    ("状态", "State"),
                ),
            ),
            _top_ups,
        ),
        RecordReport(
            "spends",
            ("消费记录", "Spend records"),
            columns(
                "number:text time:time member:text account:text what:text total:money+"
                " discount:money+ value:money+ back:money+ points:count+ method:text cashier:text"
                " state:text",
                (
                    NUMBER,
                    TIME,
                    MEMBER_NAME,
                    ACCOUNT,
                    ("消费项目", "Spent on"),
                    ("金额", "Amount"),
                    ("优惠", "Discount"),
                    ("其中储值", "Of it stored value"),
                    ("退款作废", "Refunded, voided"),
                    ("积分", "Points"),
                    METHOD,
                    CASHIER,
                    ("状态", "State"),
                ),
            ),
            _spends,
        ),
        RecordReport(
            "income-records",
            ("收入记录", "Income records"),
            columns(
                "number:text time:time form:text member:text account:text method:text"
                " reference:text amount:money+ cashier:text",
                (
                    NUMBER,
                    TIME,
                    ("类型", "What"),
                    MEMBER_NAME,
                    ACCOUNT,
                    METHOD,
                    ("流水号", "Reference"),
                    ("金额", "Amount"),
                    CASHIER,
                ),
            ),
            _income,
        ),
        RecordReport(
            "shifts",
            ("班次报表", "Shifts"),
            columns(
                "number:text cashier:text opened:time closed:time float:money expected:money+"
                " counted:money+ difference:money+ state:text",
                (
                    ("班次", "Shift"),
                    CASHIER,
                    ("开班", "Opened"),
                    ("结班", "Closed"),
                    ("备用金", "Float"),
                    ("应有", "Expected"),
                    ("实点", "Counted"),
                    ("差额", "Difference"),
                    ("状态", "State"),
                ),
            ),
            _shifts,
        ),
    )
}
"""Code -> report."""
