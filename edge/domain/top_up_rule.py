"""The rules of top-ups: amounts to choose from, packages, the tiers of bonuses, and limits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sync_protocol.rights_rule import month_after


@dataclass(frozen=True, slots=True)
class Reward:
    """What a top-up earns; `bonus_months`: so long after its month the bonus expires, 0: never."""

    bonus_fen: int = 0
    points: int = 0
    lucky: int = 0
    bonus_months: int = 0

    def month(self, business_day: int) -> int:
        """The month in which the bonus of a day expires."""
        return month_after(business_day // 100, self.bonus_months) if self.bonus_months else 0


NO_REWARD = Reward()


@dataclass(frozen=True, slots=True)
class Package:
    """A top-up of a fixed price with a reward of its own."""

    code: str
    name: str
    name_en: str
    price_fen: int
    reward: Reward


@dataclass(frozen=True, slots=True)
class TopUpRule:
    """The rules `top_up`, `top_up_tiers`, `top_up_packages` and `top_up_amounts`.

    `tiers` are (from fen, reward), the lowest first. `rewarded` is the master switch of all
    rewards. An approval limit of 0 asks for a second person each time. `claws_back`: a cash-out
    takes the share of the bonus back.
    """

    version: int = 0
    rewarded: bool = True
    minimum_fen: int = 100
    maximum_fen: int = 500_000
    approval_above_fen: int = 100_000
    cash_out_approval_above_fen: int = 0
    claws_back: bool = True
    tiers: tuple[tuple[int, Reward], ...] = ()
    packages: tuple[Package, ...] = ()
    amounts: tuple[int, ...] = ()

    def reward_of(self, amount_fen: int, package: Package | None = None) -> Reward:
        """The package's reward, else that of the highest tier that the amount reaches."""
        if not self.rewarded:
            return NO_REWARD
        if package is not None:
            return package.reward
        reached = [reward for from_fen, reward in self.tiers if amount_fen >= from_fen]
        return reached[-1] if reached else NO_REWARD

    def package(self, code: str) -> Package | None:
        """The package of a code, None where there is none."""
        return next((package for package in self.packages if package.code == code), None)


TOP_UP_RULE_DEFAULT = TopUpRule()


def top_up_rule(
    version: int,
    row: Mapping[str, Any],
    tiers: Iterable[Mapping[str, Any]] = (),
    packages: Iterable[Mapping[str, Any]] = (),
    amounts: Iterable[Mapping[str, Any]] = (),
) -> TopUpRule:
    """The rule of its rows."""
    return TopUpRule(
        version,
        row["rewarded"],
        row["minimum_fen"],
        row["maximum_fen"],
        row["approval_above_fen"],
        row["cash_out_approval_above_fen"],
        row["refund_bonus"],
        tuple(sorted(((tier["from_fen"], _reward(tier)) for tier in tiers), key=lambda t: t[0])),
        tuple(
            Package(
                one["code"],
                one["name"],
                one["name_en"] or one["name"],
                one["price_fen"],
                _reward(one),
            )
            for one in packages
        ),
        tuple(one["amount_fen"] for one in amounts),
    )


def _reward(row: Mapping[str, Any]) -> Reward:
    return Reward(row["bonus_fen"], row["points"], row["lucky"], row["bonus_months"])
