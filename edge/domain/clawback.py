"""Clawback: what money had earned comes back when the money does, never below zero.

Bonus credit and points that are gone already are paid for out of the money that goes back: bonus
credit by its fen, points by what the rule `points` says they are worth. Lucky points have no worth
in money: what is left of them comes back.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.domain.decision import Here, Posting, plain
from edge.domain.parts import Part, lowered, take, total
from sync_protocol.accounts import FEN, LUCKY, LUCKY_ISSUED, POINTS, POINTS_ISSUED, PROMOTION


@dataclass(frozen=True, slots=True)
class Due:
    """What is to come back. `bonus_month`: of what expires then, as far as there is any, first."""

    bonus_fen: int = 0
    points: int = 0
    lucky: int = 0
    bonus_month: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """This node's parts of what a member has, and how many points a yuan is worth (0: none)."""

    bonus: tuple[Part, ...] = ()
    points: tuple[Part, ...] = ()
    lucky: tuple[Part, ...] = ()
    points_per_yuan: int = 0


@dataclass(frozen=True, slots=True)
class Clawback:
    """What comes back, and how much money is kept instead of what is gone."""

    bonus: tuple[Part, ...]
    points: tuple[Part, ...]
    lucky: tuple[Part, ...]
    kept_fen: int

    @property
    def bonus_fen(self) -> int:
        """Bonus credit that came back as such."""
        return total(self.bonus)

    @property
    def facts(self) -> dict[str, object]:
        """What slips and answers say of it."""
        return {
            "bonus_fen": self.bonus_fen,
            "points": total(self.points),
            "lucky": total(self.lucky),
            "kept_fen": self.kept_fen,
        }


def claw_back(due: Due, held: Held, most_fen: int) -> Clawback:
    """Take what is due of what is held; what is missing is kept, at most `most_fen` of money."""
    bonus = _of_month_first(held.bonus, due.bonus_month, due.bonus_fen)
    points = take(held.points, due.points)
    kept_fen = due.bonus_fen - total(bonus)
    if held.points_per_yuan:
        kept_fen += (due.points - total(points)) * 100 // held.points_per_yuan
    return Clawback(
        tuple(bonus),
        tuple(points),
        tuple(take(held.lucky, due.lucky)),
        min(kept_fen, most_fen),
    )


def _of_month_first(parts: Iterable[Part], month: int, amount: int) -> list[Part]:
    kept = list(parts)
    own = take([part for part in kept if part.month == month], amount)
    others = [part for part in kept if part.month != month]
    return own + take(others, amount - total(own))


def clawback_postings(here: Here, member: int, back: Clawback) -> list[Posting]:
    """Postings of a clawback; they leave `kept_fen` of credit against the money that stays."""
    return [
        *lowered(here, (*back.bonus, *back.points, *back.lucky)),
        plain(PROMOTION, here.cafe, FEN, -(back.bonus_fen + back.kept_fen)),
        plain(POINTS_ISSUED, member, POINTS, -total(back.points)),
        plain(LUCKY_ISSUED, member, LUCKY, -total(back.lucky)),
    ]
