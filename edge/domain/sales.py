"""Sales: the open ticket, its price, paying it, and giving money back."""

from dataclasses import dataclass

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
from edge.domain.parts import Part, lowered, take, total
from edge.domain.points import (
    RATE_PERCENT_DEFAULT,
    EarnRule,
    points_earned,
    points_of_part,
    points_of_sale,
)
from edge.domain.refusals import Refusal, refuse
from edge.domain.stored_value import (
    TENDERS,
    WALLET_TENDER,
    Purse,
    debit,
    spend_refusal,
    taken_for_chain,
)
from sync_protocol.accounts import (
    FEN,
    ITEM,
    POINTS,
    POINTS_ISSUED,
    REFUNDABLE,
    REFUNDABLE_BOOK,
    REVENUE,
    STOCK,
    STOCK_SOLD,
    WALLET,
)
from sync_protocol.kinds import SALE
from sync_protocol.ledger import REASON_REFUND, REASON_SALE, REASON_SPEND

LINES_MAX = 40
"""Lines of one ticket: two postings each stay below the ledger's 200."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product as the chain's catalogue has it; `rate_percent` weighs its points."""

    sku: str
    name: str
    name_en: str
    price_fen: int
    member_price_fen: int
    counted: bool
    rate_percent: int
    on_sale: bool


@dataclass(frozen=True, slots=True)
class TicketLine:
    """So many of a product."""

    product: Product
    quantity: int

    def unit_price_fen(self, is_member: bool) -> int:
        """What one piece costs; 0 as the member price means: none of its own."""
        member_price = self.product.member_price_fen
        return member_price if is_member and member_price > 0 else self.product.price_fen

    def total_fen(self, is_member: bool) -> int:
        """What the line costs."""
        return self.unit_price_fen(is_member) * self.quantity


@dataclass(frozen=True, slots=True)
class Ticket:
    """The open ticket of a terminal. `member` 0 is a walk-in; `name` the member's.

    `id` is drawn with its first line, so that a payment names the ticket that it was meant for.
    """

    lines: tuple[TicketLine, ...]
    member: int
    name: str = ""
    id: int = 0

    @property
    def total_fen(self) -> int:
        """What is due."""
        return sum(line.total_fen(self.member > 0) for line in self.lines)

    def points(self, rule: EarnRule) -> int:
        """What the member will earn."""
        if not self.member:
            return 0
        return points_of_sale(
            rule, ((line.total_fen(True), line.product.rate_percent) for line in self.lines)
        )


def line_refusal(product: Product | None, sku: str, lines: int) -> Refusal | None:
    """Why a product cannot be added to a ticket of so many lines, or None."""
    if product is None:
        return refuse("product_unknown", sku=sku)
    if not product.on_sale:
        return refuse("product_not_on_sale", name=(product.name, product.name_en or product.name))
    if lines >= LINES_MAX:
        return refuse("ticket_full", limit=LINES_MAX)
    return None


@dataclass(frozen=True, slots=True)
class Payment:
    """How a ticket is paid, and the ids that its documents get.

    `reference` is the paying terminal's or provider's own number, empty where there is none.
    """

    sale: int
    number: int
    tender: str
    reference: str
    expected_total_fen: int
    purse: Purse


def pay(here: Here, ticket: Ticket, payment: Payment, rule: EarnRule) -> Judgement:
    """Pay the whole ticket by one tender; counted products leave the stock."""
    total_fen = ticket.total_fen
    if not ticket.lines:
        return refuse("ticket_empty")
    if payment.expected_total_fen != total_fen:
        return refuse("ticket_changed", total_fen=total_fen)
    if payment.tender == WALLET_TENDER and not ticket.member:
        return refuse("ticket_needs_member")
    money = _money_taken(here, ticket.member, payment, total_fen)
    if isinstance(money, Refusal):
        return money
    points = ticket.points(rule)
    postings = [*money, *_stock_sold(here, ticket)]
    if points:
        postings.extend(points_earned(here, ticket.member, points, rule))
    op = None
    if postings:
        version = rule.version
        op = transaction(here, REASON_SALE, postings, document=payment.sale, rule_version=version)
    return _sale_decision(here, ticket, payment, _sold_lines(ticket, points), op)


def spend(
    here: Here, member: int, name: str, payment: Payment, rule: EarnRule, note: str = ""
) -> Judgement:
    """A debit of stored value without products, such as time at a seat; it can be refunded."""
    amount_fen = payment.expected_total_fen
    money = _money_taken(here, member, payment, amount_fen)
    if isinstance(money, Refusal):
        return money
    points = points_of_sale(rule, ((amount_fen, RATE_PERCENT_DEFAULT),))
    op = transaction(
        here,
        REASON_SPEND,
        (*money, *points_earned(here, member, points, rule)),
        document=payment.sale,
        rule_version=rule.version,
    )
    sold = _Sold([["", 1, amount_fen]], [[note or "消费", note or "Spend", 1, amount_fen]], points)
    return _sale_decision(here, Ticket((), member, name), payment, sold, op)


def _stock_sold(here: Here, ticket: Ticket) -> list[Posting]:
    postings = []
    for line in ticket.lines:
        if line.product.counted:
            unit = ITEM + line.product.sku
            postings.append(plain(STOCK, here.cafe, unit, -line.quantity))
            postings.append(plain(STOCK_SOLD, here.cafe, unit, line.quantity))
    return postings


def _sold_lines(ticket: Ticket, points: int) -> "_Sold":
    is_member = ticket.member > 0
    lines: list[list[object]] = []
    printed: list[list[object]] = []
    for line in ticket.lines:
        product, total_fen = line.product, line.total_fen(is_member)
        lines.append([product.sku, line.quantity, total_fen])
        printed.append([product.name, product.name_en or product.name, line.quantity, total_fen])
    return _Sold(lines, printed, points)


def _money_taken(
    here: Here, member: int, payment: Payment, total_fen: int
) -> tuple[Posting, ...] | Refusal:
    """Postings of the money side of a sale; a free ticket has none."""
    if total_fen == 0:
        return ()
    taken: tuple[Posting, ...]
    if payment.tender == WALLET_TENDER:
        refusal = spend_refusal(here, payment.purse, total_fen)
        if refusal is not None:
            return refusal
        paid = debit(here, member, payment.purse, total_fen)
        taken = (*paid, *taken_for_chain(here, -total_fen))
    elif payment.tender in TENDERS:
        taken = (plain(TENDERS[payment.tender], here.cafe, FEN, total_fen),)
    else:
        return refuse("tender_unknown", tender=payment.tender)
    return (
        *taken,
        plain(REVENUE, here.cafe, FEN, -total_fen),
        own(here, REFUNDABLE, payment.sale, FEN, -total_fen),
        plain(REFUNDABLE_BOOK, here.cafe, FEN, total_fen),
    )


@dataclass(frozen=True, slots=True)
class _Sold:
    """What a sale's document and slip say: lines [sku, quantity, fen], printed [zh, en, q, fen]."""

    lines: list[list[object]]
    printed: list[list[object]]
    points: int


def _sale_decision(
    here: Here, ticket: Ticket, payment: Payment, sold: _Sold, op: NewOp | None
) -> Decision:
    total_fen = sum(int(str(line[2])) for line in sold.lines)
    document = {
        "number": payment.number,
        "member": ticket.member,
        "lines": sold.lines,
        "total_fen": total_fen,
        "tenders": [[payment.tender, total_fen, payment.reference]],
        "business_day": here.business_day,
    }
    slip = {
        "number": payment.number,
        "name": ticket.name,
        "lines": sold.printed,
        "total_fen": total_fen,
        "tender": payment.tender,
        "points": sold.points,
    }
    values = {
        "sale": payment.sale,
        "number": payment.number,
        "member": ticket.member,
        "total_fen": total_fen,
        "amount_fen": total_fen,
        "points": sold.points,
    }
    register = document_change(here, SALE, payment.sale, None, document)
    ops = (op, register) if op is not None else (register,)
    return Decision(ops, (PrintSlip("sale", slip),), values)


@dataclass(frozen=True, slots=True)
class SoldFacts:
    """A sale that money goes back on.

    `refundable_fen` is what this node may still give back; `points` what the sale earned,
    `points_here` the parts of the member's points that this node holds; `reference` names the
    sale's transaction, None where it is no longer kept here.
    """

    sale: int
    number: int
    member: int
    name: str
    total_fen: int
    tender: str
    refundable_fen: int
    points: int
    points_here: tuple[Part, ...]
    reference: list[object] | None


def refund(here: Here, sold: SoldFacts, amount_fen: int, reason: str) -> Judgement:
    """Give money of a sale back by the tender that paid, and take its share of points back.

    Points that are spent or elsewhere are not taken: a balance is never lowered below what is
    held. Goods that come back are booked by a goods receipt.
    """
    if here.spending_stopped:
        return refuse("spending_stopped")
    if amount_fen > sold.refundable_fen:
        return refuse("refund_too_large", refundable_fen=max(sold.refundable_fen, 0))
    given: tuple[Posting, ...]
    if sold.tender == WALLET_TENDER:
        back = own(here, WALLET, sold.member, FEN, -amount_fen)
        given = (back, *taken_for_chain(here, amount_fen))
    else:
        given = (plain(TENDERS[sold.tender], here.cafe, FEN, -amount_fen),)
    clawed_back = take(sold.points_here, points_of_part(sold.points, amount_fen, sold.total_fen))
    points = total(clawed_back)
    op = transaction(
        here,
        REASON_REFUND,
        (
            *given,
            plain(REVENUE, here.cafe, FEN, amount_fen),
            own(here, REFUNDABLE, sold.sale, FEN, amount_fen),
            plain(REFUNDABLE_BOOK, here.cafe, FEN, -amount_fen),
            *lowered(here, clawed_back),
            plain(POINTS_ISSUED, sold.member, POINTS, -points),
        ),
        document=sold.sale,
        corrects=sold.reference,
    )
    slip = {
        "number": sold.number,
        "name": sold.name,
        "amount_fen": amount_fen,
        "tender": sold.tender,
        "reason": reason,
        "points": points,
    }
    values = {
        "sale": sold.sale,
        "amount_fen": amount_fen,
        "refundable_fen": sold.refundable_fen - amount_fen,
        "points": points,
        "tender": sold.tender,
    }
    return Decision((op,), (PrintSlip("refund", slip),), values)
