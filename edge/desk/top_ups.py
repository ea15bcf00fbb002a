"""Top-ups at the counter: taking them, taking wrong ones back, many at once, cash-outs."""

from collections.abc import Iterator
from typing import Any

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.money import lines_of
from edge.desk.numbers import next_top_up_number, paper_number
from edge.desk.payments import Payments, Tendered
from edge.desk.purses import (
    entries_of_day,
    held_of,
    offered,
    points_month,
    top_up_rule_of,
)
from edge.domain.cash_out import CashOut, cash_out
from edge.domain.clawback import Due
from edge.domain.decision import Here, Judgement, read_int, read_list, read_text
from edge.domain.earned import Earned
from edge.domain.members import member_refusal
from edge.domain.parts import Part
from edge.domain.refusals import Refusal, refuse
from edge.domain.tenders import Laid
from edge.domain.top_up import (
    FORM_CASH_OUT,
    Cancelling,
    MadeTopUp,
    TopUp,
    Who,
    cancel_top_up,
    top_up,
)
from edge.domain.top_up_rule import Package, TopUpRule
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import EARNED, FEN, RECEIVABLE, WALLET
from sync_protocol.annotations import LOST, VOID
from sync_protocol.kinds import MEMBER, TOP_UP
from sync_protocol.ledger import REASON_CASH_OUT, REASON_TOP_UP
from sync_protocol.ops import OpRef
from sync_protocol.registers import RegisterRow
from sync_protocol.rights_rule import is_expired

TOP_UPS_MAX = 10_000
"""Documents of one member that are looked through."""
ENTRIES_LOOKED_AT = 2_000
"""The newest entries of a member, among which a top-up's own is looked for."""


class TopUpsDesk:
    """The commands that bring members' money in, and take it out again."""

    def __init__(self, committer: Committer, payments: Payments) -> None:
        self._committer = committer
        self._payments = payments

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "top_up": self.top_up,
            "cancel_top_up": self.cancel,
            "cash_out": self.cash_out,
        }

    async def top_up(
        self,
        request: Request,
        member: int,
        amount_fen: int,
        package: str,
        note: str,
        **paying: Any,
    ) -> Outcome:
        """Take money for stored value: an amount, or a package at its price."""
        tendered = await self._payments.tendered(0, **paying)
        if isinstance(tendered, Refusal):
            return tendered

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            rule = top_up_rule_of(transaction, self._committer.catalogue)
            chosen = rule.package(package)
            if package and chosen is None:
                return refuse("top_up_package_unknown", package=package[:40])
            wished_fen = chosen.price_fen if chosen is not None else amount_fen
            if not wished_fen:
                return refuse("amount_missing")
            return self.decided(
                transaction, at, request, (member, wished_fen, chosen, note), tendered, rule
            )

        return await self._committer.commit(request, decide, Region.TAP)

    def decided(
        self,
        transaction: WriteTransaction,
        at: Here,
        request: Request,
        wished: tuple[int, int, Package | None, str],
        tendered: Tendered,
        rule: TopUpRule,
        *,
        noted: bool = True,
    ) -> Judgement:
        """A top-up of (member, fen, package, note), decided within a write.

        `noted`: the payment's references are its own.
        """
        member, amount_fen, package, note = wished
        person = facts.person_of(transaction, member)
        row = facts.row(transaction, MEMBER, person)
        document = transaction.new_id()
        refusal = member_refusal(row)
        if refusal is None and noted:
            refusal = self._payments.note(transaction, request, tendered, document)
        if refusal is not None:
            return refusal
        number = next_top_up_number(transaction)
        return top_up(
            at,
            TopUp(
                document,
                number,
                paper_number(transaction, at.business_day, number),
                self._who(request, person, read_text(MEMBER, row, "name")),
                amount_fen,
                tendered.laid,
                package,
                facts.purse_of(transaction, at, person).advance,
                points_month(transaction, at.business_day),
                note,
                offered(transaction, self._committer.catalogue),
                _unapproved_fen(transaction, at, person, REASON_TOP_UP),
            ),
            rule,
        )

    async def cancel(self, request: Request, top_up: int, reason: str) -> Outcome:
        """Take a wrong top-up back, exactly; a second person approves."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            made = made_top_up(transaction, at, top_up)
            if made is None:
                return refuse("top_up_unknown")
            number = next_top_up_number(transaction)
            wished = Cancelling(
                transaction.new_id(),
                number,
                paper_number(transaction, at.business_day, number),
                self._who(request, made.member, facts.member_name(transaction, made.member)),
                facts.purse_of(transaction, at, made.member),
                held_of(transaction, self._committer.catalogue, at, made.member),
                reason,
                earned_of(transaction, at, made.member),
            )
            return cancel_top_up(at, made, wished)

        return await self._committer.commit(request, decide, Region.TAP)

    async def cash_out(
        self,
        request: Request,
        member: int,
        amount_fen: int,
        tender: str,
        tender_reference: str,
        reason: str,
    ) -> Outcome:
        """Give stored value back in money; a second person approves."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            catalogue = self._committer.catalogue
            person = facts.person_of(transaction, member)
            row = facts.row(transaction, MEMBER, person)
            refusal = member_refusal(row)
            if refusal is not None:
                return refusal
            number = next_top_up_number(transaction)
            wished = CashOut(
                transaction.new_id(),
                number,
                paper_number(transaction, at.business_day, number),
                self._who(request, person, read_text(MEMBER, row, "name")),
                amount_fen,
                Laid(tender, amount_fen, tender_reference),
                facts.purse_of(transaction, at, person),
                earned_of(transaction, at, person),
                held_of(transaction, catalogue, at, person),
                reason,
                offered(transaction, catalogue),
                _unapproved_fen(transaction, at, person, REASON_CASH_OUT),
            )
            return cash_out(at, wished, top_up_rule_of(transaction, catalogue))

        return await self._committer.commit(request, decide, Region.TAP)

    def _who(self, request: Request, member: int, name: str) -> Who:
        return Who(member, name, request.staff, request.approver)


def made_top_up(reader: Reader, at: Here, document: int) -> MadeTopUp | None:
    """A top-up of this cafe as its document has it, None where there is none."""
    row = facts.row(reader, TOP_UP, document)
    if row is None or row.cafe != at.cafe:
        return None
    member = facts.person_of(reader, read_int(TOP_UP, row, "member"))
    reference = _reference(reader, member, document)
    return MadeTopUp(
        document,
        paper_number(
            reader, read_int(TOP_UP, row, "business_day"), read_int(TOP_UP, row, "number")
        ),
        read_text(TOP_UP, row, "form"),
        member,
        read_int(TOP_UP, row, "amount_fen"),
        lines_of(read_list(TOP_UP, row, "tenders")),
        read_int(TOP_UP, row, "repaid_fen"),
        _live(reader, at, row),
        read_int(TOP_UP, row, "voided_by") > 0,
        row,
        reference.row() if reference is not None else None,
        _cashed_out_since(reader, member, read_int(TOP_UP, row, "number"), reference),
    )


def _cashed_out_since(reader: Reader, member: int, number: int, reference: OpRef | None) -> bool:
    """Whether a later cash-out settled something that top-ups had earned, here or elsewhere."""
    return _cashed_out_elsewhere(reader, member, reference) or any(
        read_text(TOP_UP, row, "form") == FORM_CASH_OUT
        and read_int(TOP_UP, row, "number") > number
        and any(read_int(TOP_UP, row, name) for name in ("bonus_fen", "points", "lucky"))
        for row in _documents(reader, member)
    )


def _cashed_out_elsewhere(reader: Reader, member: int, reference: OpRef | None) -> bool:
    """Whether another node paid something out behind a top-up, as far as it is known here."""
    if reference is None:
        return False
    for one in facts.members_of(reader, member):
        cashed_out = False
        for entry in reader.entries(one, (EARNED,), limit=ENTRIES_LOOKED_AT):
            if entry.reference == reference:
                return cashed_out
            counts = entry.reason == REASON_CASH_OUT and entry.verdict not in (VOID, LOST)
            cashed_out |= counts and entry.reference.node != reference.node
    return False


def _documents(reader: Reader, member: int) -> Iterator[RegisterRow]:
    """A person's top-ups, cash-outs and cancellations at this cafe."""
    for one in facts.members_of(reader, member):
        for document in reader.registers_where(TOP_UP, "member", one, limit=TOP_UPS_MAX):
            yield document.shown


def _unapproved_fen(reader: Reader, at: Here, member: int, reason: int) -> int:
    """What a person's top-ups or cash-outs of today come to that nobody approved, at this cafe."""
    made = {
        entry.document
        for one in facts.members_of(reader, member)
        for entry in entries_of_day(reader, one, (WALLET, RECEIVABLE), at.business_day)
        if entry.reason == reason
    }
    rows = [facts.row(reader, TOP_UP, document) for document in sorted(made)]
    return sum(
        read_int(TOP_UP, row, "amount_fen")
        for row in rows
        if not read_int(TOP_UP, row, "approver") and not read_int(TOP_UP, row, "voided_by")
    )


def _reference(reader: Reader, member: int, document: int) -> OpRef | None:
    """A top-up's transaction; None where it is no longer kept here."""
    for one in facts.members_of(reader, member):
        for entry in reader.entries(one, (WALLET, RECEIVABLE), FEN, limit=ENTRIES_LOOKED_AT):
            if entry.document == document and entry.reason == REASON_TOP_UP:
                return entry.reference
    return None


def _live(reader: Reader, at: Here, row: RegisterRow) -> Due:
    """What a top-up had earned and has not expired: of that nothing is left to take, or to pay."""
    bonus_month = read_int(TOP_UP, row, "bonus_month")
    bonus_over = is_expired(bonus_month, at.business_day)
    earned_day = read_int(TOP_UP, row, "business_day")
    points_over = is_expired(points_month(reader, earned_day), at.business_day)
    return Due(
        0 if bonus_over else read_int(TOP_UP, row, "bonus_fen"),
        0 if points_over else read_int(TOP_UP, row, "points"),
        read_int(TOP_UP, row, "lucky"),
        bonus_month,
    )


def earned_of(reader: Reader, at: Here, member: int) -> Earned:
    """What a person's top-ups paid in and earned, in all cafes that are known here."""
    return Earned(
        tuple(
            Part(EARNED, one, account[4], account[5], -balance.shown)
            for one in facts.members_of(reader, member)
            for account, balance in reader.balances_of(EARNED, one)
            if balance.shown < 0 and not is_expired(account[4], at.business_day)
        )
    )
