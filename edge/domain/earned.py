"""What top-ups paid in and earned, as far as no cash-out took it back: known in every cafe.

The account `earned` of a member says it, in the units `paid` (money that came in by top-ups), fen
(bonus credit), points and lucky points, each in the month in which it expires. It is not what is
left of them: bonus credit that was spent in one cafe stands here until the money that had earned it
goes back, in whichever cafe that is. A cash-out takes back its share of what has not expired, so
that all cash-outs together take back exactly what was earned, also where one of them could not
know of everything: the next one that does takes the rest.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.domain.clawback import Due
from edge.domain.decision import Here, Posting, plain
from edge.domain.parts import Part, take, total
from edge.domain.top_up_rule import Reward
from sync_protocol.accounts import EARNED, EARNED_BOOK, FEN, LUCKY, PAID, POINTS


@dataclass(frozen=True, slots=True)
class Earned:
    """A person's parts of the account `earned`; of each unit those that have not expired."""

    parts: tuple[Part, ...] = ()

    def of(self, unit: str) -> tuple[Part, ...]:
        """The parts of a unit."""
        return tuple(part for part in self.parts if part.unit == unit)

    def share(self, amount_fen: int) -> tuple[Part, ...]:
        """What goes with so much of the money paid in, that money included; floored."""
        paid_fen = total(self.of(PAID))
        gone_fen = min(amount_fen, paid_fen)
        if not gone_fen:
            return ()
        earned = [
            Part(part.code, part.subject, part.month, unit, part.amount * gone_fen // paid_fen)
            for unit in (FEN, POINTS, LUCKY)
            for part in self.of(unit)
        ]
        return (*take(self.of(PAID), gone_fen), *earned)

    def of_top_up(self, amount_fen: int, due: Due) -> tuple[Part, ...]:
        """What goes with a top-up that is taken back, as far as it is still there."""
        bonus = self.of(FEN)
        own = take([part for part in bonus if part.month == due.bonus_month], due.bonus_fen)
        return (
            *take(self.of(PAID), amount_fen),
            *own,
            *take(self.of(POINTS), due.points),
            *take(self.of(LUCKY), due.lucky),
        )


def due_of(share: Iterable[Part]) -> Due:
    """What a share says is to come back."""
    sums = {FEN: 0, POINTS: 0, LUCKY: 0, PAID: 0}
    for part in share:
        sums[part.unit] += part.amount
    return Due(sums[FEN], sums[POINTS], sums[LUCKY])


def earned_postings(
    here: Here, member: int, amount_fen: int, reward: Reward, points_month: int
) -> list[Posting]:
    """Postings of a top-up's money and of what it earned."""
    month = reward.month(here.business_day)
    return _moved(
        here,
        (
            Part(EARNED, member, 0, PAID, amount_fen),
            Part(EARNED, member, month, FEN, reward.bonus_fen),
            Part(EARNED, member, points_month, POINTS, reward.points),
            Part(EARNED, member, 0, LUCKY, reward.lucky),
        ),
        1,
    )


def settled_postings(here: Here, parts: Iterable[Part]) -> list[Posting]:
    """Postings of what went back, or was paid for, or forgiven."""
    return _moved(here, parts, -1)


def _moved(here: Here, parts: Iterable[Part], sign: int) -> list[Posting]:
    postings: list[Posting] = []
    for part in parts:
        amount = sign * part.amount
        postings.append((EARNED, part.subject, 0, 0, part.month, part.unit, -amount))
        postings.append(plain(EARNED_BOOK, here.cafe, part.unit, amount))
    return postings
