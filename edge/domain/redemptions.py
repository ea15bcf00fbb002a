"""Redemption: points for goods, gifts, stored value or money off, and given back.

A redemption is a sale that points paid: its document is a SALE of nothing with the tender `points`,
its right to be returned is the sale's refundable part in points. A return turns its postings round.
What the chain gives for it stands in `promotion`. How much stored value one member may get for
points on a day, redeemed or converted (`conversions`), the rule `points` bounds: points that
somebody gained by a mistake or a trick are noticed before all of them are money.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    NewOp,
    Posting,
    PrintSlip,
    document_change,
    own,
    plain,
    transaction,
)
from edge.domain.parts import Part
from edge.domain.points import points_spent
from edge.domain.products import Product
from edge.domain.refusals import Refusal, refuse
from sync_protocol.accounts import (
    BONUS,
    FEN,
    ITEM,
    POINTS,
    PROMOTION,
    REFUNDABLE,
    REFUNDABLE_BOOK,
    STOCK,
    STOCK_USED,
    WALLET,
    class_of,
)
from sync_protocol.kinds import PASS, SALE
from sync_protocol.ledger import REASON_REDEMPTION, REASON_REFUND

GOODS, GIFT, STORED_VALUE, DISCOUNT = "goods", "gift", "stored_value", "discount"
POINTS_TENDER = "points"
"""The tender of a redemption's document; its reference is the redemption's code."""
GIFT_FORM = "gift"
"""Form of the PASS document that says a one-time gift was given; its key is `gift_key`."""


@dataclass(frozen=True, slots=True)
class Redemption:
    """A row of the rule `redemptions`.

    `takes_points` False: the points are a threshold, and it is given once to a member. `tier`: the
    step from which on it may be had, empty for all.
    """

    code: str
    name: tuple[str, str]
    points: int
    gives: str
    sku: str
    amount_fen: int
    tier: str
    takes_points: bool
    into: str


def redemption_of(row: Mapping[str, Any]) -> Redemption:
    """The redemption of its row."""
    return Redemption(
        row["code"],
        (row["name"] or row["code"], row["name_en"] or row["name"] or row["code"]),
        row["points"],
        row["gives"],
        row["sku"],
        row["amount_fen"],
        row["tier"],
        row["takes_points"],
        row["into"],
    )


def gift_key(member: int, code: str) -> str:
    """The key of the document that says who got a one-time gift."""
    return f"gift.{member}.{code}"


@dataclass(frozen=True, slots=True)
class DailyCap:
    """The most stored value that a member gets for points on a day, and what they got; 0: no cap.

    What was got is known as far as other cafes' entries have come here.
    """

    limit_fen: int = 0
    got_fen: int = 0

    def refusal(self, amount_fen: int) -> Refusal | None:
        """Why so much more is too much for today, None where it is not."""
        if not self.limit_fen or self.got_fen + amount_fen <= self.limit_fen:
            return None
        left_fen = max(self.limit_fen - self.got_fen, 0)
        return refuse("conversion_day_limit", limit_fen=self.limit_fen, left_fen=left_fen)


NO_CAP = DailyCap()


@dataclass(frozen=True, slots=True)
class RedeemFacts:
    """What is known of a redemption that is wanted.

    `recipient` is who gets it, `may_for_others` whether the member's tier lets another one have it;
    `steps` are the tiers of the ladder, `tier` the member's own (empty: none). `has` is all of
    their points, `points_here` what this node holds. `given`: a one-time gift was given before.
    `cap` is the recipient's.
    """

    sale: int
    number: int
    member: int
    name: str
    recipient: int
    may_for_others: bool
    wanted: Redemption
    product: Product | None
    in_stock: int
    has: int
    points_here: tuple[Part, ...]
    steps: tuple[str, ...] = ()
    tier: str = ""
    given: bool = False
    cap: DailyCap = NO_CAP


def redeem_points(here: Here, facts: RedeemFacts) -> Judgement:
    """Give something for points; they are taken where they are held, or are a threshold."""
    refusal = _redeem_refusal(facts)
    if refusal is not None:
        return refusal
    wanted = facts.wanted
    points = wanted.points if wanted.takes_points else 0
    taken = points_spent(here, facts.member, points, facts.points_here, facts.has) if points else ()
    if isinstance(taken, Refusal):
        return taken
    postings = [
        *taken,
        *_given(here, facts),
        own(here, REFUNDABLE, facts.sale, POINTS, -points),
        plain(REFUNDABLE_BOOK, here.cafe, POINTS, points),
    ]
    ops = [_document(here, facts, points)]
    if not wanted.takes_points:
        ops.append(gift_given(here, facts.member, wanted.code))
    if any(posting[6] for posting in postings):
        ops.insert(0, transaction(here, REASON_REDEMPTION, postings, document=facts.sale))
    slip = {
        "name": facts.name,
        "what": wanted.name,
        "points": points,
        "left": facts.has - points,
        "number": facts.number,
    }
    values = {
        "member": facts.member,
        "sale": facts.sale,
        "number": facts.number,
        "points": points,
        "gives": wanted.gives,
        "amount_fen": wanted.amount_fen,
        "points_left": facts.has - points,
    }
    return Decision(tuple(ops), (PrintSlip("redemption", slip),), values)


def _redeem_refusal(facts: RedeemFacts) -> Refusal | None:
    wanted = facts.wanted
    if wanted.gives == DISCOUNT:
        return refuse("redemption_on_ticket")
    if facts.recipient != facts.member and not facts.may_for_others:
        return refuse("redemption_not_for_others")
    refusal = tier_refusal(wanted.tier, facts.tier, facts.steps)
    if refusal is not None:
        return refusal
    if wanted.points > facts.has:
        return refuse("points_too_few", points=wanted.points, held=facts.has)
    if facts.given and not wanted.takes_points:
        return refuse("gift_given_before")
    if wanted.gives == GOODS and facts.product is None:
        return refuse("product_unknown", sku=wanted.sku)
    if facts.product is not None and facts.product.counted and facts.in_stock < 1:
        return refuse("redemption_out_of_stock", name=wanted.name)
    return facts.cap.refusal(wanted.amount_fen) if wanted.gives == STORED_VALUE else None


def tier_refusal(wanted: str, held: str, steps: Sequence[str]) -> Refusal | None:
    """Why something that takes a step is not for who stands on another; "" takes or is none.

    `steps` are the codes of the ladder, the lowest first; one that is gone is out of reach.
    """
    if not wanted:
        return None
    reached = steps[: steps.index(held) + 1] if held in steps else ()
    return None if wanted in reached else refuse("redemption_needs_tier", tier=wanted)


def _given(here: Here, facts: RedeemFacts) -> list[Posting]:
    wanted, product = facts.wanted, facts.product
    if wanted.gives == STORED_VALUE:
        account = WALLET if wanted.into == "wallet" else BONUS
        return [
            own(here, account, facts.recipient, FEN, -wanted.amount_fen),
            plain(PROMOTION, here.cafe, FEN, wanted.amount_fen),
        ]
    return goods_given(here, product)


def goods_given(here: Here, product: Product | None) -> list[Posting]:
    """Postings of one piece that leaves the stock without money; none where it is not counted."""
    if product is None or not product.counted:
        return []
    unit = ITEM + product.sku
    return [
        plain(STOCK, here.cafe, unit, -1),
        plain(STOCK_USED, here.cafe, unit, 1),
    ]


def gift_given(here: Here, member: int, code: str) -> NewOp:
    """The document that says a one-time gift was given."""
    values = {
        "member": member,
        "code": code,
        "form": GIFT_FORM,
        "sold_cafe": here.cafe,
        "from_day": here.business_day,
        "status": "used",
    }
    return document_change(here, PASS, gift_key(member, code), None, values)


def _document(here: Here, facts: RedeemFacts, points: int) -> NewOp:
    values = {
        "number": facts.number,
        "member": facts.member,
        "lines": [[facts.wanted.sku or facts.wanted.code, 1, 0]],
        "total_fen": 0,
        "tenders": [[POINTS_TENDER, 0, facts.wanted.code]],
        "business_day": here.business_day,
        "points_used": points,
    }
    return document_change(here, SALE, facts.sale, None, values)


Account = tuple[int, int | str, int, str]
"""(class, subject, month, unit) of a limited account, whoever holds it"""


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A redemption that is to be returned: its postings, and what there is now to take back.

    `held` maps an account to what this node holds of it, `whole` to what all do. The box that
    redeemed may be another one, which died: what it held comes here by way of head office.
    """

    sale: int
    number: int
    member: int
    name: str
    points: int
    postings: tuple[Posting, ...]
    held: Mapping[Account, int]
    whole: Mapping[Account, int]
    reference: list[object] | None


def account_of(posting: Posting) -> Account:
    """The account of a posting without its holder."""
    return (posting[0], posting[1], posting[4], posting[5])


def return_redemption(here: Here, redeemed: Redeemed, reason: str) -> Judgement:
    """Take what was given back, and give the points back; once, and only as a whole."""
    if here.spending_stopped:
        return refuse("spending_stopped")
    if not redeemed.postings:
        return refuse("redemption_not_kept")
    back = [_turned_round(here, posting) for posting in redeemed.postings]
    for posting in sorted(back, key=lambda one: one[0] != REFUNDABLE):
        row, account = class_of(posting[0]), account_of(posting)
        amount = abs(posting[6])
        lowers = row.limited and posting[6] * row.side < 0
        if not lowers or redeemed.held.get(account, 0) >= amount:
            continue
        refundable, elsewhere = posting[0] == REFUNDABLE, redeemed.whole.get(account, 0) >= amount
        if not elsewhere:
            return refuse("redemption_returned" if refundable else "redemption_spent")
        if refundable:
            return refuse("redemption_elsewhere", sale=redeemed.sale)
        return refuse("redemption_value_elsewhere")
    op = transaction(here, REASON_REFUND, back, document=redeemed.sale, corrects=redeemed.reference)
    facts = {
        "name": redeemed.name,
        "number": redeemed.number,
        "points": redeemed.points,
        "reason": reason,
    }
    values = {"member": redeemed.member, "sale": redeemed.sale, "points": redeemed.points}
    return Decision((op,), (PrintSlip("redemption_return", facts),), values)


def _turned_round(here: Here, posting: Posting) -> Posting:
    """A posting the other way, in this node's part where the account is split by holder."""
    code, subject, _node, _epoch, month, unit, amount = posting
    node, epoch = (here.node, here.epoch) if class_of(code).limited else (0, 0)
    return (code, subject, node, epoch, month, unit, -amount)
