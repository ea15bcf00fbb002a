"""On what terms a customer buys here today: the facts that `edge.domain.pricing` prices by."""

from collections.abc import Iterable

from edge.desk import facts
from edge.desk.catalogue import Catalogue
from edge.desk.rules import Row
from edge.domain.business_day import date_of
from edge.domain.decision import Here, read_int, read_text
from edge.domain.points import (
    EARNED_NOTHING,
    EARNING_REASONS,
    PURCHASE_REASONS,
    EarnedToday,
    Weight,
)
from edge.domain.pricing import (
    NEW_GUEST_DAYS,
    Discount,
    GiveAway,
    Name,
    Offset,
    Terms,
)
from edge.domain.products import Product
from edge.domain.tickets import TicketLine
from edge.domain.tiers import ladder_of, tier_in_force
from edge.store.reader import Reader
from sync_protocol.accounts import POINTS, POINTS_HELD
from sync_protocol.kinds import CARD, MEMBER, SALE
from sync_protocol.registers import RegisterRow

ENTRIES_OF_A_DAY = 200
"""Of one member; more than this many in a day count as this many."""
ACTIVE_CARD = "active"


def terms_of(reader: Reader, catalogue: Catalogue, at: Here, member: int) -> Terms:
    """The terms of a member today; 0 is a walk-in."""
    events = events_of_day(reader, catalogue, at.business_day)
    if not member:
        open_to_all = [event for event in events if event["audience"] == "all"]
        return Terms(discounts=_event_discounts(open_to_all), gives=_gives(open_to_all))
    row = facts.row(reader, MEMBER, member)
    new_guest = is_new_guest(reader, at, member, row)
    events = [event for event in events if event["audience"] != "new_guests" or new_guest]
    tier = tier_in_force(ladder_of(catalogue.rules(reader, "tiers")), row, at.business_day)
    card = _card_type(reader, catalogue, member)
    price = card["price"] if card is not None else "member"
    discounts = list(_event_discounts(events))
    weights = [Weight(event["points_percent"], event["category"]) for event in events]
    if tier is not None:
        weights.append(Weight(tier.points_percent))
        if price != "normal":
            discounts.append(Discount(tier.name, tier.discount_percent))
    if card is not None:
        weights.append(Weight(card["points_percent"]))
        if price == "discount":
            discounts.append(Discount(name_of(card), card["discount_percent"]))
    if at.business_day // 100 % 100 == read_int(MEMBER, row, "birth_date") // 100 % 100:
        weights.append(Weight(catalogue.rule(reader).birthday_percent))
    return Terms(
        member=True,
        tier=tier.code if tier is not None else "",
        tier_name=tier.name if tier is not None else ("", ""),
        card_type=card["code"] if card is not None else "",
        member_price=price == "member",
        discounts=tuple(one for one in discounts if one.percent < 100),
        gives=_gives(events),
        weights=tuple(one for one in weights if one.percent != 100),
        rebate_percent=card["rebate_percent"] if card is not None else 0,
        booking=tier is not None and tier.booking,
        for_others=tier is not None and tier.for_others,
        new_guest=new_guest,
    )


def events_of_day(reader: Reader, catalogue: Catalogue, day: int) -> list[Row]:
    """The rows of the rule `events` that hold on a business day; no day is no bound."""
    return [
        event
        for event in catalogue.rules(reader, "events")
        if (event["from_day"] or 0) <= day <= (event["to_day"] or 99991231)
    ]


def is_new_guest(reader: Reader, at: Here, member: int, row: RegisterRow | None) -> bool:
    """Whether a member joined not long ago and has bought nothing at this cafe yet."""
    joined, today = date_of(read_int(MEMBER, row, "joined_day")), date_of(at.business_day)
    if joined is None or today is None or (today - joined).days > NEW_GUEST_DAYS:
        return False
    members = facts.members_of(reader, member)
    return not any(reader.registers_where(SALE, "member", one, limit=1) for one in members)


def earned_today(reader: Reader, catalogue: Catalogue, at: Here, member: int) -> EarnedToday:
    """What a member earned on this business day, as far as other cafes' entries have come here.

    Where the rule bounds no day, nobody asks, and nothing is read.
    """
    rule = catalogue.rule(reader)
    if not member or not (rule.daily_cap or rule.times_per_day):
        return EARNED_NOTHING
    points = purchases = 0
    for one in facts.members_of(reader, member):
        for entry in reader.entries(one, (POINTS_HELD,), POINTS, limit=ENTRIES_OF_A_DAY):
            if entry.business_day == at.business_day and entry.reason in EARNING_REASONS:
                points -= min(entry.amount, 0)
                purchases += entry.reason in PURCHASE_REASONS and entry.amount < 0
    return EarnedToday(points, purchases)


def offset_named(reader: Reader, catalogue: Catalogue, code: str) -> Offset | None:
    """What points pay by a row of the rule `redemptions`, None where it gives no discount."""
    for row in catalogue.rules(reader, "redemptions") if code else ():
        if row["code"] == code and row["gives"] == "discount":
            amounts = (row["points"], row["amount_fen"])
            return Offset(code, name_of(row), *amounts, row["tier"], row["takes_points"])
    return None


def gifts_of(
    reader: Reader, terms: Terms, products: Iterable[Product]
) -> tuple[tuple[TicketLine, Name], ...]:
    """What the events of the day give with these products, one of each."""
    categories = {product.category for product in products}
    gifts = []
    for give in terms.gives:
        wanted = give.category in categories or (categories and not give.category)
        product = facts.product(reader, give.sku) if wanted else None
        if product is not None and product.on_sale:
            gifts.append((TicketLine(product, 1), give.name))
    return tuple(gifts)


def name_of(row: Row) -> Name:
    """A rule row's name in both languages."""
    return row["name"] or row["code"], row["name_en"] or row["name"] or row["code"]


def card_type_of(reader: Reader, member: int) -> str:
    """The type of the card that a member uses, empty where it has none or there is none."""
    for one in facts.members_of(reader, member):
        for card in reader.registers_where(CARD, "member", one):
            code = read_text(CARD, card.shown, "type")
            if code and read_text(CARD, card.shown, "status") == ACTIVE_CARD:
                return code
    return ""


def _card_type(reader: Reader, catalogue: Catalogue, member: int) -> Row | None:
    code = card_type_of(reader, member)
    rows = catalogue.rules(reader, "card_types")
    return next((row for row in rows if row["code"] == code), None) if code else None


def _event_discounts(events: Iterable[Row]) -> tuple[Discount, ...]:
    return tuple(
        Discount(name_of(event), event["discount_percent"], event["category"])
        for event in events
        if event["discount_percent"] < 100
    )


def _gives(events: Iterable[Row]) -> tuple[GiveAway, ...]:
    return tuple(
        GiveAway(name_of(event), event["give_away"], event["category"])
        for event in events
        if event["give_away"]
    )
