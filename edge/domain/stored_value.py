"""Stored value: top-up, what may be spent here and why not more, and giving rights back.

Each fen that a cafe takes for the chain or spends for it is posted twice: in the cafe's book
(`due_to_chain`) and, mirrored, in the chain's (`due_from_cafe`); each book balances by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.domain.advances import NO_ADVANCE, Advance, drawable_fen, drawn, repaid
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
from edge.domain.parts import Part, given_to_hub, lowered, take
from edge.domain.refusals import Refusal, Sentence, refuse
from sync_protocol.accounts import (
    ALIPAY_CLEARING,
    CARD_CLEARING,
    DUE_FROM_CAFE,
    DUE_TO_CHAIN,
    FEN,
    HUB_HOLDER,
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
    """A member's stored value, split into what this node holds and what others do.

    `parts` are this node's, where there are several; none: the member has the one.
    """

    here_fen: int
    elsewhere: tuple[Holding, ...]
    parts: tuple[Part, ...] = ()
    advance: Advance = NO_ADVANCE

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


def purse(
    here: Here,
    holdings: tuple[Holding, ...],
    parts: tuple[Part, ...] = (),
    advance: Advance = NO_ADVANCE,
) -> Purse:
    """Split holdings by whether this node holds them."""
    mine = sum(h.amount for h in holdings if (h.node, h.epoch) == (here.node, here.epoch))
    others = tuple(h for h in holdings if (h.node, h.epoch) != (here.node, here.epoch) and h.amount)
    return Purse(mine, others, parts, advance)


def advance_fen(here: Here, purse: Purse) -> int:
    """What may be drawn here now beyond what this node holds."""
    return drawable_fen(here, purse.advance, purse.elsewhere_fen)


def spendable_fen(here: Here, purse: Purse) -> int:
    """What may be debited here now, an advance included."""
    if here.spending_stopped:
        return 0
    return max(purse.here_fen, 0) + advance_fen(here, purse)


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
    if all((holding.node, holding.epoch) == HUB_HOLDER for holding in purse.elsewhere):
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


def debit(here: Here, member: int, purse: Purse, amount_fen: int) -> tuple[Posting, ...]:
    """Postings that take an amount which `spend_refusal` allowed: own parts, then an advance."""
    parts = purse.parts or (Part(WALLET, member, 0, FEN, purse.here_fen),)
    held_fen = min(amount_fen, max(purse.here_fen, 0))
    postings = lowered(here, take(parts, held_fen))
    if amount_fen > held_fen:
        postings += drawn(here, purse.advance, amount_fen - held_fen)
    return postings


def taken_for_chain(here: Here, amount_fen: int) -> tuple[Posting, ...]:
    """The cafe took money that the chain owes to a member (negative: it gave it back)."""
    return (
        plain(DUE_TO_CHAIN, here.cafe, FEN, -amount_fen),
        plain(DUE_FROM_CAFE, here.cafe, FEN, amount_fen),
    )


def top_up(
    here: Here,
    member: int,
    name: str,
    amount_fen: int,
    tender: str,
    advance: Advance = NO_ADVANCE,
) -> Judgement:
    """Money for stored value; it may be spent at this cafe at once.

    What was drawn here in advance is repaid first.
    """
    account = TENDERS.get(tender)
    if account is None:
        return refuse("tender_unknown", tender=tender)
    repaid_fen, repayment = repaid(here, advance, amount_fen)
    op = transaction(
        here,
        REASON_TOP_UP,
        (
            plain(account, here.cafe, FEN, amount_fen),
            own(here, WALLET, member, FEN, -(amount_fen - repaid_fen)),
            *repayment,
            *taken_for_chain(here, amount_fen),
        ),
    )
    facts = {"name": name, "amount_fen": amount_fen, "tender": tender, "repaid_fen": repaid_fen}
    values = {"member": member, "amount_fen": amount_fen, "repaid_fen": repaid_fen}
    return Decision((op,), (PrintSlip("top_up", facts),), values)


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
