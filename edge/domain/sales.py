"""Sales: paying a ticket or a fee, its document and receipt; `refunds` gives money back."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

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
from edge.domain.points import (
    EARNED_NOTHING,
    Bought,
    EarnedToday,
    EarnRule,
    points_earned,
    points_spent,
)
from edge.domain.pricing import MEMBER, Name, Terms
from edge.domain.products import commission_fen
from edge.domain.redemptions import gift_given
from edge.domain.refusals import Refusal, refuse
from edge.domain.spending import SPENDING_DEFAULT, WALLET_TENDER, Spending
from edge.domain.stored_value import Purse
from edge.domain.tenders import OFFERED_DEFAULT, Laid, Offered, Taken, joined, taken
from edge.domain.tickets import Ticket
from sync_protocol.accounts import (
    BONUS,
    FEN,
    ITEM,
    PROMOTION,
    REFUNDABLE,
    REFUNDABLE_BOOK,
    REVENUE,
    SPENT,
    SPENT_BOOK,
    SPENT_UNIT,
    STOCK,
    STOCK_SOLD,
)
from sync_protocol.kinds import SALE
from sync_protocol.ledger import REASON_SALE, REASON_SPEND

SPEND: Name = ("消费", "Spend")
POINTS_LINE = "points"
"""The line of a sale's document that takes off what points paid."""


@dataclass(frozen=True, slots=True)
class Prepaid:
    """What of a sale was paid before: its payment lines, and the postings that use it up."""

    lines: tuple[tuple[str, int, str], ...] = ()
    postings: tuple[Posting, ...] = ()

    @property
    def amount_fen(self) -> int:
        """What the lines come to."""
        return sum(line[1] for line in self.lines)


NOT_PREPAID = Prepaid()


@dataclass(frozen=True, slots=True)
class Payment:
    """How a ticket is paid, and the ids that its documents get.

    `purse` and `spending` are the member's, for what is laid down as `wallet`. What is `prepaid`
    is at most the total; the rest is laid down now. `paper` is the number as papers say it;
    `print_at_once`: the receipt comes out without being asked for.
    """

    sale: int
    number: int
    laid: tuple[Laid, ...]
    expected_total_fen: int
    purse: Purse
    spending: Spending = SPENDING_DEFAULT
    offered: Offered = field(default_factory=lambda: OFFERED_DEFAULT)
    prepaid: Prepaid = NOT_PREPAID
    paper: str = ""
    cashier: int = 0
    print_at_once: bool = True


def pay(
    here: Here,
    ticket: Ticket,
    payment: Payment,
    rule: EarnRule,
    today: EarnedToday = EARNED_NOTHING,
    points_here: Sequence[Part] = (),
) -> Judgement:
    """Pay the whole ticket; counted products leave the stock.

    `today` is what the member earned before, `points_here` what this node holds of their points.
    """
    total_fen = ticket.total_fen
    if not ticket.lines:
        return refuse("ticket_empty")
    if payment.expected_total_fen != total_fen:
        return refuse("ticket_changed", total_fen=total_fen)
    if not ticket.member and any(one.code == WALLET_TENDER for one in payment.laid):
        return refuse("ticket_needs_member")
    money = sold_for(here, payment, total_fen, ticket.member)
    if isinstance(money, Refusal):
        return money
    offset = _points_paid(here, ticket, points_here)
    if isinstance(offset, Refusal):
        return offset
    points = ticket.points(rule, money.stored_value_fen, today)
    postings = [*money.postings, *offset, *_stock_sold(here, ticket)]
    if points:
        postings.extend(points_earned(here, ticket.member, points, rule))
    postings += bought(here, ticket.member, ticket.terms, total_fen)
    op = None
    if postings:
        version = rule.version
        op = transaction(here, REASON_SALE, postings, document=payment.sale, rule_version=version)
    return _sale_decision(here, ticket, payment, _sold_lines(ticket, points), money, op)


def spend(here: Here, member: int, name: str, payment: Payment, rule: EarnRule) -> Judgement:
    """A debit of stored value by a member without card and tier, for something unnamed."""
    fee = Fee("", SPEND, payment.expected_total_fen, REASON_SPEND)
    return sell_fee(here, Ticket((), member, name, terms=MEMBER), payment, rule, fee)


@dataclass(frozen=True, slots=True)
class Fee:
    """What is sold that is no product: its code on the sale's line, its name, why money comes.

    `session` is the one that it bills, `discount_fen` what of its list price was let off.
    """

    code: str
    name: Name
    amount_fen: int
    reason: int
    session: int = 0
    discount_fen: int = 0


def sell_fee(
    here: Here,
    customer: Ticket,
    payment: Payment,
    rule: EarnRule,
    fee: Fee,
    today: EarnedToday = EARNED_NOTHING,
    more: Sequence[Posting] = (),
) -> Judgement:
    """Sell a fee to whoever a ticket without lines names; `more` goes into its transaction.

    It is a sale like any other: it earns points, and it can be refunded.
    """
    member, amount_fen = customer.member, fee.amount_fen
    if payment.expected_total_fen != amount_fen:
        return refuse("ticket_changed", total_fen=amount_fen)
    if not member and any(one.code == WALLET_TENDER for one in payment.laid):
        return refuse("ticket_needs_member")
    money = sold_for(here, payment, amount_fen, member)
    if isinstance(money, Refusal):
        return money
    points = customer.points_of(rule, (Bought(amount_fen),), money.stored_value_fen, today)
    postings = [
        *money.postings,
        *points_earned(here, member, points, rule),
        *bought(here, member, customer.terms, amount_fen),
        *more,
    ]
    version = rule.version
    op = transaction(here, fee.reason, postings, document=payment.sale, rule_version=version)
    lines: list[list[object]] = [[fee.code, 1, amount_fen]]
    sold = _Sold(lines, [[*fee.name, 1, amount_fen]], points, fee.session, fee.discount_fen)
    return _sale_decision(
        here,
        customer,
        payment,
        sold,
        money,
        op if any(posting[6] for posting in postings) else None,
    )


def bought(here: Here, member: int, terms: Terms, amount_fen: int) -> list[Posting]:
    """Postings that keep what a member bought, by card type, and pay the card's rebate."""
    if not member or not amount_fen:
        return []
    unit = SPENT_UNIT + terms.card_type
    rebate_fen = rebate_of(terms, amount_fen)
    return [
        plain(SPENT, member, unit, -amount_fen),
        plain(SPENT_BOOK, here.cafe, unit, amount_fen),
        own(here, BONUS, member, FEN, -rebate_fen),
        plain(PROMOTION, here.cafe, FEN, rebate_fen),
    ]


def rebate_of(terms: Terms, amount_fen: int) -> int:
    """What of a payment comes back as bonus credit, rounded down."""
    return amount_fen * terms.rebate_percent // 100 if terms.member else 0


def _points_paid(
    here: Here, ticket: Ticket, points_here: Sequence[Part]
) -> tuple[Posting, ...] | Refusal:
    """Postings of the points that pay part of a ticket."""
    if ticket.offset is None or not ticket.offset.points_taken:
        return ()
    return points_spent(here, ticket.member, ticket.offset.points_taken, points_here)


def _stock_sold(here: Here, ticket: Ticket) -> list[Posting]:
    postings = []
    for line, _ in ticket.sold:
        if line.product.counted:
            unit = ITEM + line.product.sku
            postings.append(plain(STOCK, here.cafe, unit, -line.quantity))
            postings.append(plain(STOCK_SOLD, here.cafe, unit, line.quantity))
    return postings


def _sold_lines(ticket: Ticket, points: int) -> "_Sold":
    lines: list[list[object]] = []
    printed: list[list[object]] = []
    for line, priced_line in ticket.sold:
        product, total_fen = line.product, priced_line.total_fen
        lines.append([product.sku, line.quantity, total_fen])
        cost = [line.quantity, total_fen, priced_line.list_fen, *priced_line.reason]
        printed.append([*product.names, *cost])
    if ticket.offset is not None:
        lines.append([POINTS_LINE, 1, -ticket.offset_fen])
        printed.append([*ticket.offset.name, 1, -ticket.offset_fen])
    commission = commission_fen((line.product, cost.total_fen) for line, cost in ticket.sold)
    return _Sold(lines, printed, points, commission_fen=commission)


def sold_for(here: Here, payment: Payment, total_fen: int, member: int) -> Taken | Refusal:
    """The money side of a sale, which `payment.sale` makes refundable; a free one has none."""
    if total_fen == 0:
        return Taken((), [], 0, 0)
    of_member = (payment.purse, payment.spending) if member else (None, None)
    before = payment.prepaid
    paid = taken(here, total_fen - before.amount_fen, payment.laid, payment.offered, *of_member)
    if isinstance(paid, Refusal):
        return paid
    postings = (
        *before.postings,
        *paid.postings,
        plain(REVENUE, here.cafe, FEN, -total_fen),
        own(here, REFUNDABLE, payment.sale, FEN, -total_fen),
        plain(REFUNDABLE_BOOK, here.cafe, FEN, total_fen),
    )
    return replace(paid, postings=postings, lines=joined(before.lines, paid.lines))


@dataclass(frozen=True, slots=True)
class _Sold:
    """What a sale's document and slip say.

    Lines are [sku, quantity, fen], printed [zh, en, quantity, fen] and, where there is a list
    price, [..., list fen, reason zh, reason en].
    """

    lines: list[list[object]]
    printed: list[list[object]]
    points: int
    session: int = 0
    discount_fen: int = 0
    commission_fen: int = 0


def _sale_decision(
    here: Here, ticket: Ticket, payment: Payment, sold: _Sold, money: Taken, op: NewOp | None
) -> Decision:
    total_fen = sum(int(str(line[2])) for line in sold.lines)
    discount_fen = ticket.priced.discount_fen + ticket.offset_fen + sold.discount_fen
    document = {
        "number": payment.number,
        "member": ticket.member,
        "lines": sold.lines,
        "total_fen": total_fen,
        "tenders": money.lines,
        "business_day": here.business_day,
        "points": sold.points,
        "discount_fen": discount_fen,
        "card_type": ticket.terms.card_type,
        "tier": ticket.terms.tier,
        "points_used": ticket.offset.points_taken if ticket.offset else 0,
        "rebate_fen": rebate_of(ticket.terms, total_fen),
        "session": sold.session,
        "shift": here.shift,
        "cashier": payment.cashier,
        "served_by": ticket.served_by or payment.cashier,
        "commission_fen": sold.commission_fen,
    }
    slip = {
        "number": payment.paper or str(payment.number),
        "name": ticket.name,
        "walk_in": not ticket.member,
        "lines": sold.printed,
        "total_fen": total_fen,
        "points": sold.points,
        "discount_fen": discount_fen,
        "rebate_fen": rebate_of(ticket.terms, total_fen),
        **money.slip_facts,
    }
    values = {
        "sale": payment.sale,
        "number": payment.number,
        "member": ticket.member,
        "total_fen": total_fen,
        "amount_fen": total_fen,
        "points": sold.points,
        "change_fen": money.change_fen,
        "received_fen": money.received_fen,
        "discount_fen": discount_fen,
    }
    register = document_change(here, SALE, payment.sale, None, document)
    ops: tuple[NewOp, ...] = (op, register) if op is not None else (register,)
    if ticket.offset is not None and not ticket.offset.takes_points:
        ops = (*ops, gift_given(here, ticket.member, ticket.offset.code))
    receipt = PrintSlip("sale", slip, at_once=payment.print_at_once)
    return Decision(ops, (receipt,), values)
