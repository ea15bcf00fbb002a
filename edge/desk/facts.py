"""Facts for decisions: what a command reads, turned into the values that the domain takes."""

from collections.abc import Iterable

from edge.desk.settings import DeskSettings
from edge.domain.business_day import business_day
from edge.domain.decision import Here, read_int, read_text
from edge.domain.members import number_text
from edge.domain.points import EARN_RULE_KEY, RATE_PERCENT_DEFAULT, EarnRule, earn_rule
from edge.domain.sales import Product
from edge.domain.stored_value import HEAD_OFFICE, Holding, Purse, purse
from edge.store.reader import Reader
from sync_protocol.accounts import FEN, HUB_HOLDER, ITEM, POINTS, POINTS_HELD, STOCK, WALLET
from sync_protocol.kinds import (
    MEMBER,
    NODE,
    PRODUCT,
    RULE,
    SITE,
    STAFF,
    VISIT,
    field_index,
)
from sync_protocol.ops import OpRef
from sync_protocol.registers import RegisterRow

Name = tuple[str, str]
"""A name in (Chinese, English)."""

CODE_BYTES = 4
"""Bytes of hash in a chain code: enough to see that two papers name one entry."""


def here(reader: Reader, settings: DeskSettings, now_ms: int) -> Here:
    """Where and when a decision is made."""
    identity = reader.identity
    return Here(
        identity.cafe,
        identity.node,
        identity.epoch,
        now_ms,
        business_day(now_ms, settings.utc_offset_min, settings.cut_over_hour),
        settings.utc_offset_min,
        spending_stopped=reader.stop_spending() is not None,
    )


def row(reader: Reader, kind: int, key: int | str) -> RegisterRow | None:
    """A document's shown row, None where there is none."""
    document = reader.register(kind, key)
    return document.shown if document is not None else None


def member_name(reader: Reader, member: int) -> str:
    """A member's name, empty for a walk-in or an erased one."""
    return read_text(MEMBER, row(reader, MEMBER, member), "name") if member else ""


def staff_name(reader: Reader, staff: int) -> str:
    """A staff member's name, empty for the box itself."""
    return read_text(STAFF, row(reader, STAFF, staff), "name") if staff else ""


def cafe_name(reader: Reader, cafe: int) -> Name:
    """A cafe's name, its number where it has none."""
    if cafe == 0:
        return HEAD_OFFICE
    site = row(reader, SITE, cafe)
    chinese = read_text(SITE, site, "name") or f"#{cafe}"
    return chinese, read_text(SITE, site, "name_en") or chinese


def place_of(reader: Reader, node: int, epoch: int) -> Name:
    """Where a holder of rights stands: a cafe, or head office."""
    if (node, epoch) == HUB_HOLDER:
        return HEAD_OFFICE
    return cafe_name(reader, read_int(NODE, row(reader, NODE, node), "cafe"))


def purse_of(reader: Reader, at: Here, member: int) -> Purse:
    """A member's stored value by holder."""
    holdings = []
    for account, balance in reader.balances_of(WALLET, member, FEN):
        node, epoch = account[2], account[3]
        if balance.shown:
            holdings.append(Holding(node, epoch, place_of(reader, node, epoch), -balance.shown))
    return purse(at, tuple(holdings))


def points_of(reader: Reader, member: int) -> int:
    """A member's points, all holders together."""
    accounts = reader.balances_of(POINTS_HELD, member, POINTS)
    return -sum(balance.shown for _, balance in accounts)


def held_here(reader: Reader, at: Here, code: int, subject: int | str, unit: str) -> int:
    """The raw amount (debit positive) of this node's part of a limited account."""
    return reader.balance((code, subject, at.node, at.epoch, 0, unit)).shown


def rule(reader: Reader) -> EarnRule:
    """The earn rule that is in force."""
    return earn_rule(row(reader, RULE, EARN_RULE_KEY))


def product_of_row(sku: str, product: RegisterRow) -> Product:
    """A product of its document."""
    rate = product.value(field_index(PRODUCT, "points_rate"))
    return Product(
        sku,
        read_text(PRODUCT, product, "name") or sku,
        read_text(PRODUCT, product, "name_en"),
        read_int(PRODUCT, product, "price_fen"),
        read_int(PRODUCT, product, "member_price_fen"),
        product.value(field_index(PRODUCT, "counted")) is True,
        rate if isinstance(rate, int) else RATE_PERCENT_DEFAULT,
        product.value(field_index(PRODUCT, "on_sale")) is not False,
    )


def product(reader: Reader, sku: str) -> Product | None:
    """A product of the catalogue, None where there is none."""
    found = row(reader, PRODUCT, sku)
    return product_of_row(sku, found) if found is not None else None


def products(reader: Reader, skus: Iterable[str]) -> dict[str, Product]:
    """The products that exist of some skus."""
    found = ((sku, product(reader, sku)) for sku in skus)
    return {sku: one for sku, one in found if one is not None}


def in_stock(reader: Reader, cafe: int, sku: str) -> int:
    """The booked stock of a product at a cafe."""
    return reader.balance((STOCK, cafe, 0, 0, 0, ITEM + sku)).shown


def visit_prefix(cafe: int, day: int) -> str:
    """What the keys of a cafe's visits of a business day begin with; see `visits.visit_key`."""
    return f"{cafe}.{day}."


def visits_of_day(reader: Reader, cafe: int, day: int) -> list[tuple[str, RegisterRow]]:
    """(key, row) of a day's visits, in order of their keys."""
    prefix = visit_prefix(cafe, day)
    found = []
    for document in reader.registers(VISIT, after=prefix, limit=10_000):
        key = str(document.key)
        if not key.startswith(prefix):
            break
        found.append((key, document.shown))
    return found


def chain_code(reference: OpRef) -> str:
    """An op as papers and pages name it: node.epoch.seq and some of its hash."""
    short = int.from_bytes(reference.hash8[:CODE_BYTES], "big")
    digits = number_text(short).replace("-", "").rjust(7, "0")
    return f"{reference.node}.{reference.epoch}.{reference.seq}-{digits}"
