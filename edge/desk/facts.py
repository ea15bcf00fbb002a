"""Facts for decisions: what a command reads, turned into the values that the domain takes."""

from collections.abc import Callable, Iterable

from edge.desk.rules import rule_in_force, rules_in_force
from edge.desk.settings import DeskSettings
from edge.domain.advances import Advance
from edge.domain.business_day import business_day
from edge.domain.decision import Here, read_int, read_list, read_text
from edge.domain.members import number_text
from edge.domain.parts import Part
from edge.domain.points import RATE_PERCENT_DEFAULT, EarnRule, earn_rule
from edge.domain.products import Product
from edge.domain.stored_value import HEAD_OFFICE, Holding, Purse, purse
from edge.store.reader import Reader
from sync_protocol.accounts import (
    ADVANCE_RIGHT,
    BONUS,
    CLASSES,
    FEN,
    HUB_HOLDER,
    ITEM,
    POINTS,
    POINTS_HELD,
    RECEIVABLE,
    STOCK,
    WALLET,
)
from sync_protocol.kinds import (
    ALIAS,
    MEMBER,
    NODE,
    PASS,
    PRODUCT,
    RULE,
    SITE,
    STAFF,
    VISIT,
    field_index,
)
from sync_protocol.ops import OpRef
from sync_protocol.registers import RegisterRow
from sync_protocol.rights_rule import RIGHTS_RULE_KEY, RightsRule, is_expired, rights_rule

Name = tuple[str, str]
"""A name in (Chinese, English)."""

MERGES_MAX = 16
"""Members that are followed from one to the next; head office merges into one that is none."""

STAFF_MAX = 1000

CODE_BYTES = 4
"""Bytes of hash in a chain code: enough to see that two papers name one entry."""


def here(
    reader: Reader,
    settings: DeskSettings,
    now_ms: int,
    *,
    cut_off: bool = False,
    spends: bool = True,
) -> Here:
    """Where and when a decision is made; `cut_off`: without a line.

    Not `spends`: it lowers no right, and need not look whether this box may.
    """
    identity = reader.identity
    return Here(
        identity.cafe,
        identity.node,
        identity.epoch,
        now_ms,
        business_day(now_ms, settings.utc_offset_min, settings.cut_over_hour),
        settings.utc_offset_min,
        spending_stopped=spends and reader.stop_spending() is not None,
        cut_off=cut_off,
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


def is_cafe_open(site: RegisterRow | None) -> bool:
    """Whether there is such a cafe, by its document, and head office has not closed it."""
    return site is not None and site.value(field_index(SITE, "open")) is not False


def place_of(reader: Reader, node: int, epoch: int) -> Name:
    """Where a holder of rights stands: a cafe, or head office."""
    if (node, epoch) == HUB_HOLDER:
        return HEAD_OFFICE
    return cafe_name(reader, read_int(NODE, row(reader, NODE, node), "cafe"))


def staff_of_card(reader: Reader, key: bytes) -> int:
    """Whose staff card has this keyed hash of its number, 0 for nobody's."""
    index = field_index(STAFF, "card_hash")
    for document in reader.registers(STAFF, limit=STAFF_MAX):
        if document.shown.value(index) == key:
            return int(document.key)
    return 0


def person_of(reader: Reader, member: int) -> int:
    """The member that a member was merged into, or itself."""
    for _ in range(MERGES_MAX):
        into = read_int(ALIAS, row(reader, ALIAS, member), "into") if member else 0
        if not into:
            break
        member = into
    return member


def members_of(reader: Reader, person: int) -> tuple[int, ...]:
    """A member and those that were merged into it: one person's numbers."""
    found = [person]
    for member in found:
        merged = reader.registers_where(ALIAS, "into", member, limit=MERGES_MAX)
        found += [int(one.key) for one in merged if int(one.key) not in found]
    return tuple(found[:MERGES_MAX])


def is_given(reader: Reader, person: int, key: Callable[[int, str], str], code: str) -> bool:
    """Whether a person had what is given once: they, or a member who was merged into them.

    `key` makes the key of the PASS document that says so of a member and a code.
    """
    members = members_of(reader, person)
    return any(row(reader, PASS, key(one, code)) is not None for one in members)


def purse_of(reader: Reader, at: Here, member: int) -> Purse:
    """A person's stored value by holder; bonus credit whose month is over is none any more."""
    members = members_of(reader, member)
    bonus = parts_here(reader, at, members, (BONUS,))
    return purse(
        at,
        _holdings(reader, at, members, WALLET),
        parts_here(reader, at, members, (WALLET,)),
        _advance_of(reader, at, members),
        subject=member,
        bonus=tuple(part for part in bonus if not is_expired(part.month, at.business_day)),
        bonus_holdings=_holdings(reader, at, members, BONUS),
    )


def _holdings(reader: Reader, at: Here, members: Iterable[int], code: int) -> tuple[Holding, ...]:
    return tuple(
        Holding(account[2], account[3], place_of(reader, *account[2:4]), -balance.shown)
        for one in members
        for account, balance in reader.balances_of(code, one, FEN)
        if balance.shown and not is_expired(account[4], at.business_day)
    )


def _advance_of(reader: Reader, at: Here, members: tuple[int, ...]) -> Advance:
    debts = parts_here(reader, at, members, (RECEIVABLE,))
    owed_fen = sum(
        balance.shown
        for member in members
        for _account, balance in reader.balances_of(RECEIVABLE, member, FEN)
    )
    return Advance(
        parts_here(reader, at, members, (ADVANCE_RIGHT,)),
        debts,
        owed_fen - sum(part.amount for part in debts),
    )


def parts_here(
    reader: Reader, at: Here, subjects: Iterable[int | str], classes: Iterable[int]
) -> tuple[Part, ...]:
    """What this node holds of subjects' limited accounts, by class, unit and expiry month."""
    found = []
    for subject in subjects:
        for code in classes:
            for account, balance in reader.balances_of(code, subject):
                amount = balance.shown * CLASSES[code].side
                if account[2:4] == (at.node, at.epoch) and amount > 0:
                    found.append(Part(code, subject, account[4], account[5], amount))
    return tuple(found)


def amount_of(reader: Reader, members: Iterable[int], code: int, unit: str) -> int:
    """What a person has of a class and unit, all holders together, on its normal side."""
    side = CLASSES[code].side
    return sum(
        balance.shown * side
        for member in members
        for _account, balance in reader.balances_of(code, member, unit)
    )


def points_of(reader: Reader, member: int) -> int:
    """A person's points, all holders together."""
    return amount_of(reader, members_of(reader, member), POINTS_HELD, POINTS)


def held_here(reader: Reader, at: Here, code: int, subject: int | str, unit: str) -> int:
    """The raw amount (debit positive) of this node's part of a limited account."""
    return reader.balance((code, subject, at.node, at.epoch, 0, unit)).shown


def rule(reader: Reader) -> EarnRule:
    """The earn rule that is in force; `Catalogue.rule` remembers it."""
    points = rule_in_force(reader, "points")
    categories = rules_in_force(reader, "category_points")
    return earn_rule(points.version, points.rows[0], categories, rights(reader).points_months)


def rights(reader: Reader) -> RightsRule:
    """The rule of rights that is in force."""
    found = row(reader, RULE, RIGHTS_RULE_KEY)
    return rights_rule(read_int(RULE, found, "version"), read_list(RULE, found, "values"))


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
        read_text(PRODUCT, product, "category"),
        product.value(field_index(PRODUCT, "free")) is True,
        read_text(PRODUCT, product, "barcode"),
        read_text(PRODUCT, product, "unit"),
        read_text(PRODUCT, product, "brand"),
        read_int(PRODUCT, product, "commission_percent"),
        read_text(PRODUCT, product, "audience"),
        tuple(cafe for cafe in read_list(PRODUCT, product, "cafes") if isinstance(cafe, int)),
        product.value(field_index(PRODUCT, "service")) is True,
        read_int(PRODUCT, product, "low_stock"),
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
