"""Stored value: what a member has, what may be spent here and why not more, giving rights back.

Each fen that a cafe takes for the chain or spends for it is posted twice: in the cafe's book
(`due_to_chain`) and, mirrored, in the chain's (`due_from_cafe`); each book balances by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.domain.advances import NO_ADVANCE, Advance, drawable_fen
from edge.domain.decision import Decision, Here, Posting, plain, transaction
from edge.domain.parts import Part, given_to_hub
from edge.domain.refusals import Refusal, Sentence, refuse
from sync_protocol.accounts import (
    DUE_FROM_CAFE,
    DUE_TO_CHAIN,
    FEN,
    HUB_HOLDER,
    POINTS_HELD,
    WALLET,
)
from sync_protocol.ledger import REASON_RELEASE

HEAD_OFFICE = ("总部", "head office")


@dataclass(frozen=True, slots=True)
class Holding:
    """A part of a member's balance: who holds it, in (Chinese, English), and how much."""

    node: int
    epoch: int
    place: tuple[str, str]
    amount: int


@dataclass(frozen=True, slots=True)
class Purse:
    """A member's stored value, split into what this node holds and what others do.

    `here_fen` and `elsewhere` are money paid in. `parts` are this node's, where there are several;
    none: the member, `subject`, has the one. `bonus` are this node's parts of bonus credit,
    `bonus_elsewhere` is the rest of it.
    """

    here_fen: int
    elsewhere: tuple[Holding, ...]
    parts: tuple[Part, ...] = ()
    advance: Advance = NO_ADVANCE
    subject: int = 0
    bonus: tuple[Part, ...] = ()
    bonus_elsewhere: tuple[Holding, ...] = ()

    @property
    def wallet_parts(self) -> tuple[Part, ...]:
        """This node's parts of the money."""
        return self.parts or (Part(WALLET, self.subject, 0, FEN, self.here_fen),)

    @property
    def bonus_here_fen(self) -> int:
        """Bonus credit that this node holds."""
        return sum(part.amount for part in self.bonus)

    @property
    def wallet_elsewhere_fen(self) -> int:
        """Money that other nodes and the hub hold."""
        return sum(holding.amount for holding in self.elsewhere)

    @property
    def elsewhere_fen(self) -> int:
        """What other nodes and the hub hold, money and bonus credit."""
        bonus_fen = sum(holding.amount for holding in self.bonus_elsewhere)
        return self.wallet_elsewhere_fen + bonus_fen

    @property
    def wallet_fen(self) -> int:
        """All of the money."""
        return self.here_fen + self.wallet_elsewhere_fen

    @property
    def balance_fen(self) -> int:
        """All of it, bonus credit too."""
        return self.here_fen + self.bonus_here_fen + self.elsewhere_fen

    @property
    def bonus_fen(self) -> int:
        """All of the bonus credit."""
        return self.balance_fen - self.wallet_fen

    @property
    def places(self) -> tuple[str, str]:
        """Where the rest is, in (Chinese, English)."""
        rest = (*self.elsewhere, *self.bonus_elsewhere)
        chinese = dict.fromkeys(holding.place[0] for holding in rest)
        english = dict.fromkeys(holding.place[1] for holding in rest)
        return "、".join(chinese), ", ".join(english)


def purse(
    here: Here,
    holdings: tuple[Holding, ...],
    parts: tuple[Part, ...] = (),
    advance: Advance = NO_ADVANCE,
    *,
    subject: int = 0,
    bonus: tuple[Part, ...] = (),
    bonus_holdings: tuple[Holding, ...] = (),
) -> Purse:
    """Split holdings by whether this node holds them."""
    own = (here.node, here.epoch)
    mine = sum(h.amount for h in holdings if (h.node, h.epoch) == own)
    others = tuple(h for h in holdings if (h.node, h.epoch) != own and h.amount)
    bonus_others = tuple(h for h in bonus_holdings if (h.node, h.epoch) != own and h.amount)
    return Purse(mine, others, parts, advance, subject, bonus, bonus_others)


def advance_fen(here: Here, purse: Purse) -> int:
    """What may be drawn here now beyond what this node holds."""
    return drawable_fen(here, purse.advance, purse.wallet_elsewhere_fen)


def spendable_fen(here: Here, purse: Purse) -> int:
    """What may be debited here now, an advance included."""
    if here.spending_stopped:
        return 0
    return max(purse.here_fen, 0) + purse.bonus_here_fen + advance_fen(here, purse)


def spendable_reason(here: Here, purse: Purse) -> Sentence | None:
    """Why less than the balance may be spent here, in one sentence; None where all of it may."""
    if here.spending_stopped and purse.balance_fen > 0:
        return Sentence("spending_stopped")
    if purse.elsewhere_fen <= 0:
        return None
    advance = advance_fen(here, purse)
    if advance:
        return Sentence(
            "advance_usable",
            {
                "elsewhere_fen": purse.elsewhere_fen,
                "places": purse.places,
                "advance_fen": advance,
            },
        )
    rest = (*purse.elsewhere, *purse.bonus_elsewhere)
    if all((holding.node, holding.epoch) == HUB_HOLDER for holding in rest):
        return Sentence("rest_at_hub", {"elsewhere_fen": purse.elsewhere_fen})
    return Sentence(
        "rest_elsewhere", {"elsewhere_fen": purse.elsewhere_fen, "places": purse.places}
    )


def spend_refusal(here: Here, purse: Purse, amount_fen: int) -> Refusal | None:
    """Why an amount may not be debited here: how much may, where the rest is, and what to do."""
    if here.spending_stopped:
        return refuse("spending_stopped")
    if amount_fen <= spendable_fen(here, purse):
        return None
    if amount_fen > purse.balance_fen:
        return refuse("spendable_too_little", balance_fen=purse.balance_fen, amount_fen=amount_fen)
    return refuse(
        "spendable_elsewhere",
        balance_fen=purse.balance_fen,
        elsewhere_fen=purse.elsewhere_fen,
        places=purse.places,
        spendable_fen=spendable_fen(here, purse),
    )


def taken_for_chain(here: Here, amount_fen: int) -> tuple[Posting, ...]:
    """The cafe took money that the chain owes to a member (negative: it gave it back)."""
    return (
        plain(DUE_TO_CHAIN, here.cafe, FEN, -amount_fen),
        plain(DUE_FROM_CAFE, here.cafe, FEN, amount_fen),
    )


def release(here: Here, member: int, parts: Iterable[Part]) -> Decision:
    """Give parts that this node holds back to the hub; none given, nothing written."""
    given = [part for part in parts if part.amount > 0]
    values = {
        "member": member,
        "amount_fen": sum(part.amount for part in given if part.code == WALLET),
        "points": sum(part.amount for part in given if part.code == POINTS_HELD),
    }
    if not given:
        return Decision(values=values)
    op = transaction(here, REASON_RELEASE, given_to_hub(here, given))
    return Decision((op,), values=values)
