"""Stored value at the counter: spend, fees, refund."""

from typing import Any

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.growth import without_bought_tier
from edge.desk.numbers import paper_number
from edge.desk.payments import Payments
from edge.desk.pricing import earned_today, terms_of
from edge.desk.purses import held_of, points_month
from edge.domain.decision import Here, Judgement, read_int, read_list, read_text
from edge.domain.members import member_refusal
from edge.domain.passes import is_of_pass
from edge.domain.redemptions import POINTS_TENDER
from edge.domain.refunds import Earned, SoldFacts, refund
from edge.domain.refusals import Refusal, refuse
from edge.domain.sales import Fee, sell_fee
from edge.domain.spending import WALLET_TENDER, set_limit
from edge.domain.tickets import Ticket
from edge.effects.page_events import Region
from edge.store.facts import LedgerEntry
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import FEN, REFUNDABLE
from sync_protocol.kinds import MEMBER, SALE
from sync_protocol.ledger import (
    REASON_CARD_FEE,
    REASON_EPOCH_CLOSE,
    REASON_GRANT,
    REASON_MEMBERSHIP_FEE,
    REASON_REFUND,
    REASON_RELEASE,
    REASON_SPEND,
    REASON_SWEEP,
    REASON_VOID,
)
from sync_protocol.rights_rule import is_expired

NO_ORIGINALS = (
    REASON_REFUND,
    REASON_VOID,
    REASON_GRANT,
    REASON_RELEASE,
    REASON_EPOCH_CLOSE,
    REASON_SWEEP,
)
"""Entries of a sale's refundable part that take of it, or move it from holder to holder."""
FEES = {"card_fee": REASON_CARD_FEE, "membership_fee": REASON_MEMBERSHIP_FEE, "other": REASON_SPEND}
"""What `pay_fee` may be for."""
FEE_NAMES = {
    "card_fee": ("卡费", "Card fee"),
    "membership_fee": ("会费", "Membership fee"),
    "other": ("缴费", "Fee"),
}


class MoneyDesk:
    """The commands that spend members' money, or give it back."""

    def __init__(self, committer: Committer, payments: Payments) -> None:
        self._committer = committer
        self._payments = payments

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "spend": self.spend,
            "pay_fee": self.pay_fee,
            "refund": self.refund,
            "set_daily_limit": self.set_daily_limit,
        }

    async def spend(
        self, request: Request, member: int, amount_fen: int, note: str, **card: Any
    ) -> Outcome:
        """Debit stored value for something that is no product."""
        paying = {"tender": WALLET_TENDER, **card}
        name = (note or "消费", note or "Spend")
        return await self._sell(request, member, amount_fen, REASON_SPEND, name, paying)

    async def pay_fee(
        self, request: Request, member: int, fee: str, amount_fen: int, note: str, **paying: Any
    ) -> Outcome:
        """Take a fee from the card, or by any other tender."""
        if fee not in FEES:
            return refuse("field_invalid", field="fee")
        chinese, english = FEE_NAMES[fee]
        name = (f"{chinese} {note}".strip(), f"{english} {note}".strip())
        return await self._sell(request, member, amount_fen, FEES[fee], name, paying)

    async def _sell(
        self,
        request: Request,
        member: int,
        amount_fen: int,
        reason: int,
        name: facts.Name,
        paying: dict[str, Any],
    ) -> Outcome:
        tendered = await self._payments.tendered(member, **paying)
        if isinstance(tendered, Refusal):
            return tendered

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            person = facts.person_of(transaction, member)
            row = facts.row(transaction, MEMBER, person)
            sale = transaction.new_id()
            refusal = member_refusal(row) or self._payments.note(
                transaction, request, tendered, sale
            )
            if refusal is not None:
                return refusal
            payment = self._payments.payment(
                transaction, at, request, person, tendered, sale, amount_fen
            )
            catalogue = self._committer.catalogue
            terms = terms_of(transaction, catalogue, at, person)
            return sell_fee(
                self._committer.asked.here_for(transaction, at, person),
                Ticket((), person, read_text(MEMBER, row, "name"), terms=terms),
                payment,
                catalogue.rule(transaction),
                Fee("", name, amount_fen, reason),
                earned_today(transaction, catalogue, at, person),
            )

        return await self._committer.commit(request, decide, Region.TAP)

    async def set_daily_limit(self, request: Request, member: int, limit_fen: int) -> Outcome:
        """Bound what a member may spend from stored value in a day; 0: no limit of their own."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            person = facts.person_of(transaction, member)
            row = facts.row(transaction, MEMBER, person)
            salt = transaction.new_salt(MEMBER)
            refusal = member_refusal(row)
            return refusal or set_limit(at, person, row, limit_fen, request.approver, salt)

        return await self._committer.commit(request, decide, Region.TAP)

    async def refund(self, request: Request, sale: int, amount_fen: int, reason: str) -> Outcome:
        """Give back some or all of a sale's money, by the tenders that paid."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            sold = sold_facts(transaction, self._committer, at, sale)
            if sold is None:
                return refuse("sale_unknown")
            if is_of_pass(read_list(SALE, sold.row, "lines")):
                return refuse("pass_has_its_own_refund")
            back = refund(at, sold, amount_fen, reason)
            if isinstance(back, Refusal):
                return back
            catalogue = self._committer.catalogue
            return without_bought_tier(transaction, catalogue, at, sold, back)

        return await self._committer.commit(request, decide, Region.TAP)


def sold_facts(reader: Reader, committer: Committer, at: Here, sale: int) -> SoldFacts | None:
    """What is known here of a sale, None where there is no such sale of this cafe."""
    row = facts.row(reader, SALE, sale)
    if row is None or not read_int(SALE, row, "number"):
        return None
    tenders = read_list(SALE, row, "tenders")
    if any(line[0] == POINTS_TENDER for line in lines_of(tenders)):
        return None  # a redemption: it is returned, for points
    member = facts.person_of(reader, read_int(SALE, row, "member"))
    entry = original(reader, sale, REFUNDABLE)
    number, day = read_int(SALE, row, "number"), read_int(SALE, row, "business_day")
    refundable_fen = -facts.held_here(reader, at, REFUNDABLE, sale, FEN)
    return SoldFacts(
        sale,
        number,
        member,
        facts.member_name(reader, member),
        read_int(SALE, row, "total_fen"),
        lines_of(tenders),
        lines_of(read_list(SALE, row, "refunded")),
        refundable_fen,
        Earned(
            read_int(SALE, row, "points"),
            read_int(SALE, row, "rebate_fen"),
            read_int(SALE, row, "points_used"),
            read_text(SALE, row, "card_type"),
            points_month(reader, at.business_day),
            is_expired(points_month(reader, day), at.business_day),
        ),
        held_of(reader, committer.catalogue, at, member),
        entry.reference.row() if entry is not None else None,
        row,
        paper_number(reader, day, number),
        entry.reason if entry is not None else 0,
        facts.amount_of(reader, (sale,), REFUNDABLE, FEN) - refundable_fen,
    )


def lines_of(rows: list[object]) -> list[list[object]]:
    """The rows of a document's list that are lines of a payment."""
    return [row for row in rows if isinstance(row, list) and len(row) == 3]


def original(reader: Reader, document: int, code: int) -> LedgerEntry | None:
    """The entry that made a sale; None where it is no longer kept here."""
    for entry in reader.entries(document, (code,), FEN):
        if entry.reason not in NO_ORIGINALS:
            return entry
    return None
