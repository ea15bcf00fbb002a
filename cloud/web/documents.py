"""Documents as head office shows them: cafes, staff, products."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cloud.hub.enrolment import is_expired
from cloud.store.database import Database
from cloud.store.models import EnrolmentCode
from cloud.store.reports import read_document, read_documents
from sync_protocol.kinds import KINDS, PRODUCT, RULE, SITE, STAFF, field_index
from sync_protocol.registers import RegisterRow
from sync_protocol.rules import RULES, Rule, rows_in_force

Fields = dict[str, object]


@dataclass(frozen=True, slots=True)
class Name:
    """What something is called in both languages; pages choose by their filter `named`."""

    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Cafe:
    """A cafe of the chain; one that is closed stays in what was written of it."""

    cafe: int
    code: str
    name: str
    name_en: str
    is_open: bool = True

    def named(self, language: str) -> str:
        return self.name_en if language == "en" and self.name_en else self.name


@dataclass(frozen=True, slots=True)
class Staff:
    """One who works in the chain; `has_pin` for counters, `has_password` for head office."""

    staff: int
    name: str
    role: str
    cafes: tuple[int, ...]
    has_pin: bool
    has_password: bool
    active: bool
    granted: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    has_second_factor: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """What is sold; a member price of 0 is none."""

    sku: str
    name: str
    name_en: str
    category: str
    barcode: str
    price_fen: int
    member_price_fen: int
    counted: bool
    on_sale: bool


@dataclass(frozen=True, slots=True)
class Code:
    """An enrolment code that was given out; the code itself is kept as its hash only."""

    cafe: int
    name: str
    created_ms: int
    used_node: int
    is_expired: bool


def fields_of(kind: int, row: RegisterRow | None) -> Fields:
    """A document's values by field name; nothing for one that is erased or not there."""
    if row is None or row.entries is None:
        return {}
    return {field.name: row.value(index) for index, field in enumerate(KINDS[kind].fields)}


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _int(fields: Fields, name: str) -> int:
    value = fields.get(name)
    return value if isinstance(value, int) else 0


def _list(fields: Fields, name: str) -> list[object]:
    value = fields.get(name)
    return value if isinstance(value, list) else []


def cafes(database: Database) -> list[Cafe]:
    """Every cafe, by its number."""
    return [
        Cafe(
            int(key),
            _text(fields, "code"),
            _text(fields, "name"),
            _text(fields, "name_en"),
            fields.get("open") is not False,
        )
        for key, row in read_documents(database, SITE)
        if (fields := fields_of(SITE, row))
    ]


def closed_cafes(database: Database) -> set[int]:
    """The numbers of the cafes that are closed for good."""
    return {cafe.cafe for cafe in cafes(database) if not cafe.is_open}


def staff(database: Database) -> list[Staff]:
    """Everyone who is not erased."""
    return [
        Staff(
            int(key),
            _text(fields, "name"),
            _text(fields, "role"),
            tuple(cafe for cafe in _list(fields, "cafes") if isinstance(cafe, int)),
            bool(fields.get("pin_hash")),
            bool(fields.get("password_hash")),
            fields.get("active") is not False,
            tuple(str(word) for word in _list(fields, "granted")),
            tuple(str(word) for word in _list(fields, "taken")),
            bool(fields.get("second_factor")),
        )
        for key, row in read_documents(database, STAFF)
        if (fields := fields_of(STAFF, row))
    ]


def products(database: Database) -> list[Product]:
    """The catalogue."""
    return [
        Product(
            str(key),
            _text(fields, "name"),
            _text(fields, "name_en"),
            _text(fields, "category"),
            _text(fields, "barcode"),
            _int(fields, "price_fen"),
            _int(fields, "member_price_fen"),
            bool(fields.get("counted")),
            fields.get("on_sale") is not False,
        )
        for key, row in read_documents(database, PRODUCT)
        if (fields := fields_of(PRODUCT, row))
    ]


def category_names(database: Database) -> dict[str, Name]:
    """Code of a category of products -> what the chain's rule calls it, in both languages."""
    rows = _rule_rows(database, RULES["categories"])
    return _names_of(row for row in rows if row["of"] == "product")


def tier_names(database: Database) -> dict[str, Name]:
    """Code of a tier -> what the chain's rule calls it, in both languages."""
    return _names_of(_rule_rows(database, RULES["tiers"]))


def _names_of(rows: Iterable[Mapping[str, object]]) -> dict[str, Name]:
    found = {}
    for row in rows:
        name = str(row["name"] or row["code"])
        found[str(row["code"])] = Name(name, str(row["name_en"] or name))
    return found


def _rule_rows(database: Database, rule: Rule) -> list[dict[str, object]]:
    """The rows of a rule that hold for the whole chain, by column."""
    document = read_document(database, RULE, rule.name)
    values = None if document is None else document.value(field_index(RULE, "values"))
    names = [column.name for column in rule.columns]
    return [
        dict(zip(names, row, strict=True))
        for row in rows_in_force(rule, rule.default if values is None else values)
    ]


def codes(database: Database, now_ms: int) -> list[Code]:
    """The enrolment codes given out, newest first."""
    query = EnrolmentCode.select().order_by(EnrolmentCode.created_ms.desc()).limit(50)
    return [
        Code(
            row.cafe,
            row.name,
            row.created_ms,
            row.used_node or 0,
            not row.used_node and is_expired(row.created_ms, now_ms),
        )
        for row in database.rows(query)
    ]
