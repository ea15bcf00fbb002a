"""Stored value at the counter: top-up, spend, refund."""

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.numbers import next_sale_number
from edge.domain.decision import Here, Judgement, read_int, read_list, read_text
from edge.domain.members import member_refusal
from edge.domain.refusals import refuse
from edge.domain.sales import Payment, SoldFacts, refund, spend
from edge.domain.stored_value import WALLET_TENDER, top_up
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import FEN, POINTS_HELD, REFUNDABLE
from sync_protocol.kinds import MEMBER, SALE
from sync_protocol.ledger import REASON_SALE, REASON_SPEND, transaction_from_body
from sync_protocol.ops import OpRef


class MoneyDesk:
    """The commands about members' money."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "top_up": self.top_up,
            "spend": self.spend,
            "refund": self.refund,
        }

    async def top_up(self, request: Request, member: int, amount_fen: int, tender: str) -> Outcome:
        """Take money for stored value."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            person = facts.person_of(transaction, member)
            row = facts.row(transaction, MEMBER, person)
            name = read_text(MEMBER, row, "name")
            advance = facts.purse_of(transaction, at, person).advance
            refusal = member_refusal(row)
            return refusal or top_up(at, person, name, amount_fen, tender, advance)

        return await self._committer.commit(request, decide, Region.TAP)

    async def spend(self, request: Request, member: int, amount_fen: int, note: str) -> Outcome:
        """Debit stored value for something that is no product."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            person = facts.person_of(transaction, member)
            row = facts.row(transaction, MEMBER, person)
            refusal = member_refusal(row)
            if refusal is not None:
                return refusal
            payment = Payment(
                transaction.new_id(),
                next_sale_number(transaction),
                WALLET_TENDER,
                "",
                amount_fen,
                facts.purse_of(transaction, at, person),
            )
            name = read_text(MEMBER, row, "name")
            at = self._committer.asked.here_for(transaction, at, person)
            return spend(at, person, name, payment, facts.rule(transaction), note)

        return await self._committer.commit(request, decide, Region.TAP)

    async def refund(self, request: Request, sale: int, amount_fen: int, reason: str) -> Outcome:
        """Give back some or all of a sale's money, by the tender that paid."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            sold = sold_facts(transaction, at, sale)
            if sold is None:
                return refuse("sale_unknown")
            return refund(at, sold, amount_fen, reason)

        return await self._committer.commit(request, decide, Region.TAP)


def sold_facts(reader: Reader, at: Here, sale: int) -> SoldFacts | None:
    """What is known here of a sale, None where there is no such sale of this cafe."""
    row = facts.row(reader, SALE, sale)
    tenders = read_list(SALE, row, "tenders")
    if row is None or not tenders or not isinstance(tenders[0], list):
        return None
    member = facts.person_of(reader, read_int(SALE, row, "member"))
    reference, points = _original(reader, sale)
    return SoldFacts(
        sale,
        read_int(SALE, row, "number"),
        member,
        facts.member_name(reader, member),
        read_int(SALE, row, "total_fen"),
        str(tenders[0][0]),
        -facts.held_here(reader, at, REFUNDABLE, sale, FEN),
        points,
        facts.parts_here(reader, at, facts.members_of(reader, member), (POINTS_HELD,)),
        reference.row() if reference is not None else None,
    )


def _original(reader: Reader, sale: int) -> tuple[OpRef | None, int]:
    """The sale's own transaction and the points that it earned; (None, 0) where it is gone."""
    for entry in reader.entries(sale, (REFUNDABLE,), FEN):
        if entry.reason not in (REASON_SALE, REASON_SPEND):
            continue
        logged = reader.op(entry.reference)
        if logged is None:
            return entry.reference, 0
        postings = transaction_from_body(logged.op.body).postings
        earned = sum(-posting[6] for posting in postings if posting[0] == POINTS_HELD)
        return entry.reference, earned
    return None, 0
