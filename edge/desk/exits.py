"""Leaving and coming back: exits asked for, approved, taken back."""

from edge.desk import facts, session_facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.deposits import deposits_fen
from edge.desk.passes import refundable_passes_fen
from edge.domain.decision import Here, Judgement
from edge.domain.exits import LeftOver, approve_exit, request_exit, restore_member
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import FEN, RECEIVABLE
from sync_protocol.kinds import CARD, MEMBER


class ExitsDesk:
    """The commands about the end of a membership."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "request_exit": self.request_exit,
            "approve_exit": self.approve_exit,
            "restore_member": self.restore_member,
        }

    async def request_exit(self, request: Request, member: int, reason: str) -> Outcome:
        """The member wants to leave; the answer says what is to be paid out first."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            row, salt = facts.row(transaction, MEMBER, member), transaction.new_salt(MEMBER)
            left = left_over(transaction, at, member)
            return request_exit(at, member, row, left, reason, salt)

        return await self._committer.commit(request, decide, Region.TAP)

    async def approve_exit(self, request: Request, member: int) -> Outcome:
        """End a membership on which nothing is left."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            row, salt = facts.row(transaction, MEMBER, member), transaction.new_salt(MEMBER)
            left = left_over(transaction, at, member)
            cards = {
                int(document.key): document.shown
                for one in facts.members_of(transaction, member)
                for document in transaction.registers_where(CARD, "member", one)
            }
            return approve_exit(at, member, row, left, cards, salt)

        return await self._committer.commit(request, decide, Region.TAP)

    async def restore_member(self, request: Request, member: int) -> Outcome:
        """Take an exit back."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            row, salt = facts.row(transaction, MEMBER, member), transaction.new_salt(MEMBER)
            return restore_member(at, member, row, salt)

        return await self._committer.commit(request, decide, Region.TAP)


def left_over(reader: Reader, at: Here, member: int) -> LeftOver:
    """What a member still has or owes; bonus credit and points end with the membership."""
    members = facts.members_of(reader, facts.person_of(reader, member))
    owed_fen = sum(
        balance.shown
        for one in members
        for _account, balance in reader.balances_of(RECEIVABLE, one, FEN)
    )
    purse = facts.purse_of(reader, at, members[0])
    sessions = (session for session, _row in session_facts.sessions_under_way(reader))
    session = next((one for one in sessions if one.member in members), None)
    seat = session_facts.seat(reader, session.seat) if session is not None else None
    return LeftOver(
        purse.wallet_fen,
        deposits_fen(reader, members[0]),
        owed_fen,
        seat.name if seat is not None else "",
        refundable_passes_fen(reader, at, members[0]),
    )
