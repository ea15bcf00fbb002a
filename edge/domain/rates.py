"""Rate plans: on what terms a session runs, read of the rules once and kept in its document.

What is in force when a session begins holds to its end: rates by zone, tier, walk-in and band, the
rest of the rule `sessions`, and the one discount that is best for this guest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.domain.bands import Band, band_of
from edge.domain.charges import (
    Guest,
    Rate,
    Stretch,
    Terms,
    charge,
    minutes_for,
)
from edge.domain.pricing import Discount, Name, PricedLine, Service, priced_line
from edge.domain.pricing import Terms as CustomerTerms

TIME_CATEGORY = "session"
"""What discounts of events name to hold for time at a seat alone."""
END_AT_ZERO = "end"
TERMS_DEFAULT = Terms()


@dataclass(frozen=True, slots=True)
class Package:
    """A row of the rule `packages`: so many minutes at one price, within a band."""

    code: str
    name: Name
    zone: str
    minutes: int
    price_fen: int
    band: Band
    audience: str

    def is_for(self, customer: CustomerTerms) -> bool:
        """Whether this guest may have it: a trial price is for new guests alone."""
        if self.audience == "members":
            return customer.member
        return self.audience != "new_guests" or customer.new_guest


def package_of(row: Mapping[str, Any]) -> Package:
    """The package of its row."""
    name = row["name"] or row["code"]
    return Package(
        row["code"],
        (name, row["name_en"] or name),
        row["zone"],
        row["minutes"],
        row["price_fen"],
        band_of(row),
        row["audience"],
    )


@dataclass(frozen=True, slots=True)
class RatePlan:
    """What a session's time costs. `version` is that of the rule `rates`."""

    guest: Guest
    rates: tuple[Rate, ...]
    terms: Terms = TERMS_DEFAULT
    warn_minutes: int = 10
    ends_at_zero: bool = True
    discount: Discount | None = None
    version: int = 0

    def price(
        self, stretches: Sequence[Stretch], utc_offset_min: int, covered_minutes: int = 0
    ) -> PricedLine:
        """What stretches cost by the list and for this guest."""
        charged = charge(
            stretches, self.rates, self.guest, self.terms, utc_offset_min, covered_minutes
        )
        discounts = (self.discount,) if self.discount is not None else ()
        return priced_line(Service(charged.amount_fen), 1, CustomerTerms(discounts=discounts))

    def minutes(
        self,
        amount_fen: int,
        stretches: Sequence[Stretch],
        utc_offset_min: int,
        most_minutes: int,
        covered_minutes: int = 0,
    ) -> int:
        """How many minutes a session may last in all before an amount is used up."""
        percent = self.discount.percent if self.discount is not None else 100
        if percent == 0:
            return most_minutes
        # The greatest price by the list which, less the discount and rounded down, is paid by it.
        list_fen = ((amount_fen + 1) * 100 - 1) // percent
        return minutes_for(
            list_fen,
            stretches,
            self.rates,
            self.guest,
            self.terms,
            utc_offset_min,
            most_minutes,
            covered_minutes,
        )


def rate_plan(
    rates: Iterable[Mapping[str, Any]],
    version: int,
    sessions: Mapping[str, Any],
    customer: CustomerTerms,
) -> RatePlan:
    """The plan of a guest on a day, of rows of the rules `rates` and `sessions`."""
    guest = Guest(customer.tier, not customer.member)
    kept = tuple(rate for rate in map(_rate_of, rates) if _may_hold(rate, guest))
    return RatePlan(
        guest,
        kept,
        Terms(sessions["step_minutes"], sessions["minimum_fen"], sessions["free_minutes"]),
        sessions["warn_minutes"],
        sessions["at_zero"] == END_AT_ZERO,
        _best_discount(customer, kept),
        version,
    )


def _rate_of(row: Mapping[str, Any]) -> Rate:
    return Rate(row["fen_per_hour"], row["zone"], row["tier"], row["walk_in"], band_of(row))


def _may_hold(rate: Rate, guest: Guest) -> bool:
    return rate.suits(rate.zone, guest.tier, guest.walk_in)


def _best_discount(customer: CustomerTerms, rates: Iterable[Rate]) -> Discount | None:
    """The best discount on time: a tier that has rates of its own has had its discount in them."""
    has_own_rates = any(rate.tier for rate in rates)
    usable = [
        discount
        for discount in customer.discounts
        if discount.category in ("", TIME_CATEGORY)
        and not (has_own_rates and discount.name == customer.tier_name)
    ]
    return min(usable, key=lambda discount: discount.percent, default=None)


def plan_fields(plan: RatePlan) -> dict[str, object]:
    """The fields of a session's document that keep its plan."""
    discount, terms = plan.discount, plan.terms
    return {
        "tier": plan.guest.tier,
        "rule_version": plan.version,
        "rates": [_rate_row(rate) for rate in plan.rates],
        "terms": [
            terms.step_minutes,
            terms.minimum_fen,
            terms.free_minutes,
            plan.warn_minutes,
            plan.ends_at_zero,
            plan.guest.walk_in,
        ],
        "discount": [*discount.name, discount.percent] if discount is not None else [],
    }


def plan_of_fields(
    tier: str, version: int, rates: Sequence[Any], terms: Sequence[Any], discount: Sequence[Any]
) -> RatePlan:
    """The plan that `plan_fields` kept."""
    step, minimum_fen, free, warn_minutes, ends_at_zero, walk_in = terms
    return RatePlan(
        Guest(tier, walk_in),
        tuple(
            Rate(fen, zone, of_tier, for_walk_in, Band(begin, end, frozenset(weekdays)))
            for fen, zone, of_tier, for_walk_in, begin, end, weekdays in rates
        ),
        Terms(step, minimum_fen, free),
        warn_minutes,
        ends_at_zero,
        Discount((discount[0], discount[1]), discount[2]) if discount else None,
        version,
    )


def _rate_row(rate: Rate) -> list[object]:
    band = rate.band
    return [
        rate.fen_per_hour,
        rate.zone,
        rate.tier,
        rate.walk_in,
        band.from_minute,
        band.to_minute,
        sorted(band.weekdays),
    ]
