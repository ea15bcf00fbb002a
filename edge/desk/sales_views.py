"""What the pages show of selling: catalogue, services, takings, commissions, papers."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from edge.desk import facts
from edge.desk.commit import Committer
from edge.desk.numbers import paper_number
from edge.desk.open_tickets import checkout
from edge.desk.paper_slips import open_slip_views
from edge.desk.pricing import terms_of
from edge.desk.settings import DeskSettings
from edge.desk.tills import latest_shifts, shift_of, shift_totals
from edge.desk.view_types import PaperSlipView
from edge.domain.business_day import date_of, day_number
from edge.domain.decision import Here, read_int, read_list
from edge.domain.open_tickets import CheckoutRule
from edge.domain.paper_codes import checked_receipt
from edge.domain.pricing import Name, PricedLine, priced_line
from edge.domain.products import MEMBERS_ONLY, Product, scope_refusal
from edge.domain.refusals import Refusal
from edge.domain.shift_totals import CASH, NUMBER, Row
from edge.domain.shifts import OPEN, Shift
from edge.store.facts import Document
from edge.store.reader import Reader
from edge.store.store import Store
from sync_protocol.kinds import PRODUCT, SALE, SHIFT

PRODUCTS_MAX = 1000
SALES_OF_A_DAY = 10_000
DAYS_MAX = 62
"""Days of one report of commissions."""


@dataclass(frozen=True, slots=True)
class CatalogueView:
    """The products of a category, or of all: (category's name, its products) in order.

    `categories` are all codes with their names; `cafes` names those that scopes speak of.
    """

    categories: tuple[tuple[str, Name], ...]
    groups: tuple[tuple[Name, tuple[Product, ...]], ...]
    stock: dict[str, int]
    audiences: dict[str, Name]
    cafes: dict[int, Name]


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service, what it costs this customer, and why they may not have it (None: they may)."""

    product: Product
    cost: PricedLine
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class TakingsView:
    """What a cafe took on a business day: by the shifts opened on it, and by its sales."""

    day: int
    cafe: Name
    shifts: tuple[Shift, ...]
    rows: tuple[Row, ...]
    """Sections of `edge.domain.shift_totals`, of all the day's shifts together."""
    sales: int
    list_fen: int
    discount_fen: int
    refunded_fen: int
    voided: int
    voided_fen: int
    categories: tuple[tuple[Name, int, int], ...]
    """(name, pieces, fen), what was voided left out."""

    @property
    def net_fen(self) -> int:
        """What of the sales stands."""
        return self.list_fen - self.discount_fen - self.refunded_fen - self.voided_fen


@dataclass(frozen=True, slots=True)
class CommissionView:
    """What somebody served in some days, and earned by it; what was refunded earns nothing."""

    staff: int
    name: str
    sales: int
    sold_fen: int
    commission_fen: int


@dataclass(frozen=True, slots=True)
class CheckedReceipt:
    """A receipt that this chain printed; `sale` is this cafe's, None where it is not known here."""

    slip: str
    number: str
    entry: str
    sale: Document | None

    @property
    def voided(self) -> bool:
        """Whether the sale was voided since."""
        return self.sale is not None and read_int(SALE, self.sale.shown, "voided_ms") > 0

    @property
    def refunded_fen(self) -> int:
        """What of it went back since."""
        return _refunded_fen(self.sale) if self.sale is not None else 0

    @property
    def total_fen(self) -> int:
        """What the sale came to."""
        return read_int(SALE, self.sale.shown, "total_fen") if self.sale is not None else 0


class SalesViews:
    """Reads for pages; each call is one snapshot of the store."""

    def __init__(
        self,
        store: Store,
        settings: DeskSettings,
        committer: Committer,
        wall_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._settings = settings
        self._catalogue = committer.catalogue
        self._wall_ms = wall_ms

    @property
    def now_ms(self) -> int:
        """The box's wall clock."""
        return self._wall_ms()

    @property
    def print_at_once(self) -> bool:
        """Whether receipts come out without being asked for."""
        with self._store.read() as reader:
            return checkout(reader, self._catalogue).print_at_once

    async def checkout(self) -> CheckoutRule:
        """How this cafe sells."""
        with self._store.read() as reader:
            return checkout(reader, self._catalogue)

    async def catalogue(self, category: str = "") -> CatalogueView:
        """The item master: products by category, with their scope and stock here."""
        with self._store.read() as reader:
            products = list(_products(reader))
            names = self._category_names(reader)
            codes = sorted({product.category for product in products})
            chosen = [code for code in codes if not category or code == category]
            cafe = reader.identity.cafe
            return CatalogueView(
                tuple((code, names.get(code, (code, code))) for code in codes if code),
                tuple(
                    (
                        names.get(code, (code, code)),
                        tuple(one for one in products if one.category == code),
                    )
                    for code in chosen
                ),
                {one.sku: facts.in_stock(reader, cafe, one.sku) for one in products if one.counted},
                self._audiences(reader),
                {
                    number: facts.cafe_name(reader, number)
                    for product in products
                    for number in product.cafes
                },
            )

    async def category_names(self) -> dict[str, Name]:
        """Code of a category of products -> what head office calls it."""
        with self._store.read() as reader:
            return self._category_names(reader)

    async def services(self, member: int) -> tuple[ServiceView, ...]:
        """The services of this cafe, and which of them a member (0: a walk-in) may use."""
        with self._store.read() as reader:
            at = self._here(reader)
            terms = terms_of(reader, self._catalogue, at, facts.person_of(reader, member))
            return tuple(
                ServiceView(
                    product, priced_line(product, 1, terms), scope_refusal(product, at.cafe, terms)
                )
                for product in _products(reader)
                if product.service and product.on_sale
            )

    async def takings(self, day: int) -> TakingsView:
        """What this cafe took on a business day."""
        with self._store.read() as reader:
            shifts = latest_shifts(reader, (day,))
            sales = reader.registers_where(SALE, "business_day", day, limit=SALES_OF_A_DAY)
            voided = [one for one in sales if read_int(SALE, one.shown, "voided_ms")]
            standing = [one for one in sales if not read_int(SALE, one.shown, "voided_ms")]
            return TakingsView(
                day,
                facts.cafe_name(reader, reader.identity.cafe),
                tuple(shifts),
                tuple(_joined(_rows_of(reader, shift) for shift in shifts)),
                len(sales),
                _sum(sales, "total_fen") + _sum(sales, "discount_fen"),
                _sum(sales, "discount_fen"),
                sum(_refunded_fen(one) for one in standing),
                len(voided),
                _sum(voided, "total_fen"),
                tuple(self._by_category(reader, standing)),
            )

    async def commissions(
        self, from_day: int, to_day: int, only: int = 0
    ) -> tuple[CommissionView, ...]:
        """What each of the staff served and earned; `only` one of them, 0 for all."""
        with self._store.read() as reader:
            found: dict[int, CommissionView] = {}
            for day in _days(from_day, to_day):
                for sale in reader.registers_where(SALE, "business_day", day, limit=SALES_OF_A_DAY):
                    staff = read_int(SALE, sale.shown, "served_by")
                    if not staff or (only and staff != only):
                        continue
                    before = found.get(staff) or CommissionView(
                        staff, facts.staff_name(reader, staff), 0, 0, 0
                    )
                    found[staff] = _with_sale(before, sale)
            return tuple(sorted(found.values(), key=lambda view: -view.commission_fen))

    async def open_paper_slips(self) -> tuple[PaperSlipView, ...]:
        """The slips by hand that are out and not entered."""
        with self._store.read() as reader:
            return open_slip_views(reader, self._settings)

    async def checked_receipt(self, text: str) -> CheckedReceipt | None:
        """What a receipt's QR code says, None where this chain never printed it."""
        said = checked_receipt(self._settings.chain_key, text)
        if said is None:
            return None
        with self._store.read() as reader:
            sale = _sale_of(reader, said.number)
            return CheckedReceipt(said.slip, said.number, said.entry, sale)

    def _here(self, reader: Reader) -> Here:
        return facts.here(reader, self._settings, self._wall_ms())

    def _category_names(self, reader: Reader) -> dict[str, Name]:
        return {
            row["code"]: (row["name"] or row["code"], row["name_en"] or row["name"] or row["code"])
            for row in self._catalogue.rules(reader, "categories")
            if row["of"] == "product"
        }

    def _audiences(self, reader: Reader) -> dict[str, Name]:
        tiers = {
            row["code"]: (row["name"], row["name_en"] or row["name"])
            for row in self._catalogue.rules(reader, "tiers")
        }
        return {MEMBERS_ONLY: ("会员", "members"), **tiers}

    def _by_category(
        self, reader: Reader, sales: Iterable[Document]
    ) -> Iterator[tuple[Name, int, int]]:
        names = self._category_names(reader)
        known = {product.sku: product for product in _products(reader)}
        sums: dict[str, tuple[int, int]] = {}
        for sale in sales:
            for sku, quantity, total_fen in _lines(sale):
                code = known[sku].category if sku in known else ""
                pieces, fen = sums.get(code, (0, 0))
                sums[code] = (pieces + quantity, fen + total_fen)
        other: Name = ("其他", "other")
        for code, (pieces, fen) in sorted(sums.items(), key=lambda item: -item[1][1]):
            yield names.get(code, (code, code)) if code else other, pieces, fen


def _products(reader: Reader) -> Iterator[Product]:
    for document in reader.registers(PRODUCT, limit=PRODUCTS_MAX):
        yield facts.product_of_row(str(document.key), document.shown)


def _rows_of(reader: Reader, shift: Shift) -> list[Row]:
    """A shift's totals: folded while it is open, as it kept them when it ended."""
    if shift.status == OPEN:
        return shift_totals(reader, shift).rows()
    ended = shift_of(reader, shift.id)
    kept = read_list(SHIFT, ended.row if ended is not None else None, "totals")
    return [
        (str(row[0]), str(row[1]), int(row[2]), int(row[3]))
        for row in kept
        if isinstance(row, list) and len(row) == 4
    ]


def _joined(shifts: Iterable[Iterable[Row]]) -> Iterator[Row]:
    """Rows of several shifts as one; what only a single drawer has is left out."""
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for rows in shifts:
        for section, code, count, amount in rows:
            if section not in (NUMBER, CASH):
                before = sums.get((section, code), (0, 0))
                sums[section, code] = (before[0] + count, before[1] + amount)
    for (section, code), (count, amount) in sums.items():
        yield section, code, count, amount


def _sum(sales: Iterable[Document], field: str) -> int:
    return sum(read_int(SALE, sale.shown, field) for sale in sales)


def _lines(sale: Document) -> Iterator[tuple[str, int, int]]:
    for line in read_list(SALE, sale.shown, "lines"):
        if isinstance(line, list) and len(line) == 3:
            yield str(line[0]), int(line[1]), int(line[2])


def _refunded_fen(sale: Document) -> int:
    refunded = read_list(SALE, sale.shown, "refunded")
    return sum(int(line[1]) for line in refunded if isinstance(line, list))


def _with_sale(view: CommissionView, sale: Document) -> CommissionView:
    """A sale more; its commission by what of its money did not go back, rounded down."""
    total_fen = read_int(SALE, sale.shown, "total_fen")
    left_fen = total_fen - _refunded_fen(sale)
    earned_fen = read_int(SALE, sale.shown, "commission_fen")
    if left_fen < total_fen:
        earned_fen = earned_fen * left_fen // total_fen
    return replace(
        view,
        sales=view.sales + (left_fen > 0 or not total_fen),
        sold_fen=view.sold_fen + left_fen,
        commission_fen=view.commission_fen + earned_fen,
    )


def _days(from_day: int, to_day: int) -> Iterator[int]:
    day, last = date_of(from_day), date_of(to_day)
    if day is None or last is None:
        return
    for _ in range(min((last - day).days + 1, DAYS_MAX)):
        yield day_number(day)
        day += timedelta(days=1)


def _sale_of(reader: Reader, number: str) -> Document | None:
    """The sale of a number as papers say it."""
    day = number.split("-")[-2:][0]
    if not (day.isascii() and day.isdecimal() and len(day) == 8):
        return None
    for sale in reader.registers_where(SALE, "business_day", int(day), limit=SALES_OF_A_DAY):
        counter = read_int(SALE, sale.shown, "number")
        if paper_number(reader, int(day), counter) == number:
            return sale
    return None
