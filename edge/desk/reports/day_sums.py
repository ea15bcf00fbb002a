"""A business day of this cafe in sums, kept until one of its documents changes.

Reports over months would else read every sale each time. What changed since the last look is known
from the log: own ops behind the last one seen, and the hub's log behind the last position seen.
The sums are kept in a file beside the store too, for the next start; without it, or where it is
damaged, the days' documents are read once more.

Money is counted on the day of its document: a refund on the day of the sale.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from edge.domain.decision import read_int, read_list, read_text
from edge.domain.redemptions import POINTS_TENDER
from edge.domain.report_table import added
from edge.domain.tenders import CASH
from edge.domain.top_up import FORM_TOP_UP
from edge.store.facts import Document
from edge.store.reader import Reader
from sync_protocol.kinds import SALE, SESSION, TOP_UP, VISIT
from sync_protocol.registers import RegisterRow

DOCUMENTS_MAX = 100_000
"""Of one kind on one day: far above what a cafe does."""
FILE_FORM = "day-sums-1"
"""A file of another form is made anew: raise the number with each change of the sums."""
CHANGES_MAX = 20_000
"""Above so many ops since the last look everything is read anew; it is not slower."""
KINDS_COUNTED = (SALE, TOP_UP, SESSION, VISIT)

Sums = dict[tuple[str, str], list[int]]
"""(section, code) -> sums; what they are stands at the functions that add to them.

- sales: [count, list fen, discount fen, total fen, refunded fen, voided, voided fen, points]
- money: by tender, [payments, sold fen, topped up fen, given back fen]
- product: by code of the line, [pieces, fen]
- top_up: by form, [count, fen, bonus fen, points]
- spent: by what for, [count, wallet fen, bonus fen, money fen, discount fen]
- redeemed: by code of the redemption, [count, points]
- session: by way of payment, [count, minutes, fen]
- swipes: [members, taps, check-ins]
- swiped: [payments from stored value, wallet fen, bonus fen]
"""


@dataclass(slots=True)
class DaySums:
    """The days that were folded, and how far the log had come then."""

    days: dict[int, Sums] = field(default_factory=dict)
    seen: tuple[int, int, int, int] = (0, 0, 0, 0)
    """(generation, position, epoch, own seq)."""

    def of_days(self, reader: Reader, days: Iterable[int]) -> list[tuple[int, Sums]]:
        """(day, sums) of each day."""
        self._forget_changed(reader)
        found = []
        for day in days:
            sums = self.days.get(day)
            if sums is None:
                sums = self.days[day] = fold_day(reader, day)
            found.append((day, sums))
        return found

    def _forget_changed(self, reader: Reader) -> None:
        cursor, own_seq = reader.cursor(), reader.own_head().seq
        now = (cursor.generation, cursor.position, reader.identity.epoch, own_seq)
        if now == self.seen:
            return
        generation, position, epoch, seq = self.seen
        behind = cursor.position - position + own_seq - seq
        if (generation, epoch) != (now[0], now[2]) or not 0 <= behind <= CHANGES_MAX:
            self.days.clear()
        else:
            for kind, key in _changed(reader, position, seq):
                self.days.pop(_day_of(reader, kind, key), None)
        self.seen = now

    def save(self, path: Path) -> None:
        """Keep the sums for the next start."""
        days = {
            str(day): [[*key, *values] for key, values in one.items()]
            for day, one in self.days.items()
        }
        text = json.dumps({"seen": self.seen, "days": days}, separators=(",", ":"))
        new = path.with_suffix(".new")
        new.write_text(f"{_check(text)}\n{text}", encoding="utf-8")
        new.replace(path)

    @classmethod
    def load(cls, path: Path) -> "DaySums":
        """What was kept; nothing where there is no file or it is damaged."""
        try:
            check, _, text = path.read_text(encoding="utf-8").partition("\n")
        except (OSError, UnicodeDecodeError):
            return cls()
        if check != _check(text):
            return cls()
        kept = json.loads(text)
        generation, position, epoch, seq = kept["seen"]
        days = {
            int(day): {(row[0], row[1]): row[2:] for row in rows}
            for day, rows in kept["days"].items()
        }
        return cls(days, (generation, position, epoch, seq))


def _check(text: str) -> str:
    """The file's first line: of which form it is, and a hash of the rest."""
    return f"{FILE_FORM} {sha256(text.encode()).hexdigest()}"


def _changed(reader: Reader, position: int, seq: int) -> Iterator[tuple[int, int | str]]:
    """The documents that ops behind a place of the hub's log and of our own have changed."""
    for op in reader.own_ops(seq + 1, CHANGES_MAX):
        if op.header.kind in KINDS_COUNTED and isinstance(op.body, list):
            yield op.header.kind, op.body[1]
    yield from reader.documents_written_since(position, KINDS_COUNTED)


def _day_of(reader: Reader, kind: int, key: int | str) -> int:
    if kind == VISIT:
        parts = str(key).split(".")
        return int(parts[1]) if len(parts) == len(("cafe", "day", "member")) else 0
    document = reader.register(kind, key)
    return read_int(kind, document.shown, "business_day") if document is not None else 0


def fold_day(reader: Reader, day: int) -> Sums:
    """The sums of a business day, from its documents."""
    sums: Sums = {}
    for sale in _of_day(reader, SALE, day):
        _add_sale(sums, sale.shown)
    for top_up in _of_day(reader, TOP_UP, day):
        _add_top_up(sums, top_up.shown)
    for session in _of_day(reader, SESSION, day):
        row = session.shown
        paid = read_text(SESSION, row, "payment")
        worth = [1, read_int(SESSION, row, "minutes"), read_int(SESSION, row, "charged_fen")]
        _add(sums, "session", paid, worth)
    for visit in visits_of(reader, day):
        checked_in = 1 if read_int(VISIT, visit.shown, "checked_in_ms") else 0
        _add(sums, "swipes", "", [1, read_int(VISIT, visit.shown, "taps"), checked_in])
    return sums


def _of_day(reader: Reader, kind: int, day: int) -> list[Document]:
    return reader.registers_where(kind, "business_day", day, limit=DOCUMENTS_MAX)


def visits_of(reader: Reader, day: int) -> Iterator[Document]:
    """The visits to this cafe on a day: their keys begin with cafe and day."""
    prefix = f"{reader.identity.cafe}.{day}."
    for document in reader.registers(VISIT, after=prefix, limit=DOCUMENTS_MAX):
        if not str(document.key).startswith(prefix):
            break
        yield document


def _add(sums: Sums, section: str, code: str, values: list[int]) -> None:
    known = sums.get((section, code))
    sums[section, code] = values if known is None else added(known, values)


def lines_of(row: RegisterRow | None, kind: int, name: str) -> list[tuple[str, int, object]]:
    """(code, number, third) of the lines of a document's list."""
    return [
        (str(line[0]), int(line[1]), line[2])
        for line in read_list(kind, row, name)
        if isinstance(line, list) and len(line) == 3 and isinstance(line[1], int)
    ]


def _add_sale(sums: Sums, row: RegisterRow) -> None:
    tenders = lines_of(row, SALE, "tenders")
    if any(code == POINTS_TENDER for code, _fen, _reference in tenders):
        used = read_int(SALE, row, "points_used")
        _add(sums, "redeemed", str(tenders[0][2]), [1, used - read_int(SALE, row, "points_back")])
        return
    total_fen, discount_fen = read_int(SALE, row, "total_fen"), read_int(SALE, row, "discount_fen")
    refunded = lines_of(row, SALE, "refunded")
    refunded_fen = sum(fen for _code, fen, _reference in refunded)
    voided = 1 if read_int(SALE, row, "voided_ms") else 0
    counted = [1, total_fen + discount_fen, discount_fen, total_fen]
    kept_points = read_int(SALE, row, "points") - read_int(SALE, row, "points_back")
    if voided:
        _add(sums, "sales", "", [*counted, 0, 1, total_fen, 0])
        return
    _add(sums, "sales", "", [*counted, refunded_fen, 0, 0, kept_points])
    for code, fen, _reference in tenders:
        _add(sums, "money", code, [1, fen, 0, 0])
    for code, fen, _reference in refunded:
        _add(sums, "money", code, [0, 0, 0, fen])
    _add_spent(sums, row, tenders, refunded)
    for sku, pieces, line_fen in lines_of(row, SALE, "lines"):
        _add(sums, "product", sku, [pieces, int(str(line_fen))])


def _add_spent(
    sums: Sums,
    row: RegisterRow,
    tenders: list[tuple[str, int, object]],
    refunded: list[tuple[str, int, object]],
) -> None:
    """What was spent, refunds taken off, by what for: a session, goods, or something unnamed."""
    paid: dict[str, int] = {}
    for sign, lines in ((1, tenders), (-1, refunded)):
        for code, fen, _reference in lines:
            paid[code] = paid.get(code, 0) + sign * fen
    wallet_fen, bonus_fen = paid.pop("wallet", 0), paid.pop("bonus", 0)
    worth = [1, wallet_fen, bonus_fen, sum(paid.values()), read_int(SALE, row, "discount_fen")]
    _add(sums, "spent", spent_for(row), worth)
    if any(code in ("wallet", "bonus") for code, _fen, _reference in tenders):
        _add(sums, "swiped", "", [1, wallet_fen, bonus_fen])


def spent_for(row: RegisterRow) -> str:
    """What a sale was for: `session`, `goods` or `other`."""
    if read_int(SALE, row, "session"):
        return "session"
    return "goods" if any(line[0] for line in lines_of(row, SALE, "lines")) else "other"


def _add_top_up(sums: Sums, row: RegisterRow) -> None:
    form = read_text(TOP_UP, row, "form")
    worth = [read_int(TOP_UP, row, name) for name in ("amount_fen", "bonus_fen", "points")]
    _add(sums, "top_up", form, [1, *worth])
    for code, fen, _reference in lines_of(row, TOP_UP, "tenders"):
        is_in = form == FORM_TOP_UP
        _add(sums, "money", code or CASH, [int(is_in), 0, fen if is_in else 0, 0 if is_in else fen])
