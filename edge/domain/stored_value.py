"""Stored value: top-up, what may be spent here and why not more, and giving rights back.

Each fen that a cafe takes for the chain or spends for it is posted twice: in the cafe's book
(`due_to_chain`) and, mirrored, in the chain's (`due_from_cafe`); each book balances by itself.
"""

from dataclasses import dataclass

from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    Posting,
    PrintSlip,
    own,
    plain,
    transaction,
)
from edge.domain.refusals import Refusal, Sentence, refuse
from sync_protocol.accounts import (
    ALIPAY_CLEARING,
    CARD_CLEARING,
    DUE_FROM_CAFE,
    DUE_TO_CHAIN,
    FEN,
    HUB_HOLDER,
    POINTS,
    POINTS_HELD,
    TILL,
    WALLET,
    WECHAT_CLEARING,
)
from sync_protocol.ledger import REASON_RELEASE, REASON_TOP_UP

CASH = "cash"
WALLET_TENDER = "wallet"
TENDERS = {
    CASH: TILL,
    "card": CARD_CLEARING,
    "wechat": WECHAT_CLEARING,
    "alipay": ALIPAY_CLEARING,
}
"""Tender -> the account that takes the money."""

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
    """A member's stored value, split into what this node holds and what others do."""

    here_fen: int
    elsewhere: tuple[Holding, ...]

    @property
    def elsewhere_fen(self) -> int:
        """What other nodes and the hub hold."""
        return sum(holding.amount for holding in self.elsewhere)

    @property
    def balance_fen(self) -> int:
        """All of it."""
        return self.here_fen + self.elsewhere_fen

    @property
    def places(self) -> tuple[str, str]:
        """Where the rest is, in (Chinese, English)."""
        chinese = dict.fromkeys(holding.place[0] for holding in self.elsewhere)
        english = dict.fromkeys(holding.place[1] for holding in self.elsewhere)
        return "、".join(chinese), ", ".join(english)


def purse(here: Here, holdings: tuple[Holding, ...]) -> Purse:
    """Split holdings by whether this node holds them."""
    mine = sum(h.amount for h in holdings if (h.node, h.epoch) == (here.node, here.epoch))
    others = tuple(h for h in holdings if (h.node, h.epoch) != (here.node, here.epoch) and h.amount)
    return Purse(mine, others)


def spendable_fen(here: Here, purse: Purse) -> int:
    """What may be debited here now."""
    return 0 if here.spending_stopped else max(purse.here_fen, 0)


def spendable_reason(here: Here, purse: Purse) -> Sentence | None:
    """Why less than the balance may be spent here, in one sentence; None where all of it may."""
    if here.spending_stopped and purse.balance_fen > 0:
        return Sentence("spending_stopped")
    if purse.elsewhere_fen <= 0:
        return None
    if all((holding.node, holding.epoch) == HUB_HOLDER for holding in purse.elsewhere):
        return Sentence("rest_at_hub", {"elsewhere_fen": purse.elsewhere_fen})
    return Sentence(
        "rest_elsewhere", {"elsewhere_fen": purse.elsewhere_fen, "places": purse.places}
    )


def spend_refusal(here: Here, purse: Purse, amount_fen: int) -> Refusal | None:
    """Why an amount may not be debited here: how much may, where the rest is, and what to do."""
    if here.spending_stopped:
        return refuse("spending_stopped")
    if amount_fen <= purse.here_fen:
        return None
    if amount_fen > purse.balance_fen:
        return refuse("spendable_too_little", balance_fen=purse.balance_fen, amount_fen=amount_fen)
    return refuse(
        "spendable_elsewhere",
        balance_fen=purse.balance_fen,
        elsewhere_fen=purse.elsewhere_fen,
        places=purse.places,
        spendable_fen=purse.here_fen,
    )


def taken_for_chain(here: Here, amount_fen: int) -> tuple[Posting, ...]:
    """The cafe took money that the chain owes to a member (negative: it gave it back)."""
    return (
        plain(DUE_TO_CHAIN, here.cafe, FEN, -amount_fen),
        plain(DUE_FROM_CAFE, here.cafe, FEN, amount_fen),
    )


def top_up(here: Here, member: int, name: str, amount_fen: int, tender: str) -> Judgement:
    """Money for stored value; it may be spent at this cafe at once."""
    account = TENDERS.get(tender)
    if account is None:
        return refuse("tender_unknown", tender=tender)
    op = transaction(
        here,
        REASON_TOP_UP,
        (
            plain(account, here.cafe, FEN, amount_fen),
            own(here, WALLET, member, FEN, -amount_fen),
            *taken_for_chain(here, amount_fen),
        ),
    )
    slip = PrintSlip("top_up", {"name": name, "amount_fen": amount_fen, "tender": tender})
    return Decision((op,), (slip,), {"member": member, "amount_fen": amount_fen})


def release(here: Here, member: int, wallet_fen: int, points: int) -> Decision:
    """Give what this node holds of a member back to the hub; nothing held, nothing written."""
    postings: list[Posting] = []
    for code, unit, amount in ((WALLET, FEN, wallet_fen), (POINTS_HELD, POINTS, points)):
        if amount > 0:
            postings.append(own(here, code, member, unit, amount))
            postings.append((code, member, *HUB_HOLDER, 0, unit, -amount))
    values = {"member": member, "amount_fen": max(wallet_fen, 0), "points": max(points, 0)}
    if not postings:
        return Decision(values=values)
    return Decision((transaction(here, REASON_RELEASE, postings),), values=values)
