"""Passes at the counter: sell, use, give back in part; and the pass that a session may use."""

from typing import Any

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.catalogue import Catalogue
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.money import sold_facts
from edge.desk.numbers import next_voucher_number, paper_number
from edge.desk.payments import Payments
from edge.desk.pricing import earned_today, name_of, terms_of
from edge.desk.rights import Rights
from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    PrintSlip,
    read_int,
    read_text,
)
from edge.domain.decision import transaction as transaction_of
from edge.domain.members import member_refusal
from edge.domain.passes import (
    ACTIVE,
    BY_PERIOD,
    BY_VISITS,
    LINE_PREFIX,
    Pass,
    is_over,
    new_pass,
    pass_of_row,
    pass_offer,
    refundable_fen,
    taken_back,
    use_pass,
    valid_days,
)
from edge.domain.refunds import refund
from edge.domain.refusals import Refusal, refuse
from edge.domain.sales import Fee, sell_fee
from edge.domain.tickets import Ticket
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import VISITS, VISITS_HELD
from sync_protocol.kinds import MEMBER, PASS
from sync_protocol.ledger import REASON_PASS_SALE, REASON_PASS_USE

PASSES_SHOWN = 50


class PassesDesk:
    """The commands about passes."""

    def __init__(self, committer: Committer, payments: Payments, rights: Rights) -> None:
        self._committer = committer
        self._payments = payments
        self._rights = rights

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "sell_pass": self.sell,
            "use_pass": self.use,
            "refund_pass": self.refund,
        }

    async def sell(self, request: Request, code: str, member: int, **paying: Any) -> Outcome:
        """Sell a pass of the rule `passes`, to a member or to whoever pays."""
        tendered = await self._payments.tendered(member, **paying)
        if isinstance(tendered, Refusal):
            return tendered

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            catalogue = self._committer.catalogue
            rows = catalogue.rules(transaction, "passes")
            row = next((row for row in rows if row["code"] == code), None)
            if row is None:
                return refuse("pass_unknown")
            person = facts.person_of(transaction, member) if member else 0
            member_row = facts.row(transaction, MEMBER, person) if person else None
            sale = transaction.new_id()
            refusal = member_refusal(member_row) if person else None
            refusal = refusal or self._payments.note(transaction, request, tendered, sale)
            if refusal is not None:
                return refusal
            offer = pass_offer(row)
            one = transaction.new_id()
            counter = next_voucher_number(transaction)
            number = f"P{paper_number(transaction, at.business_day, counter)}"
            document, visits = new_pass(at, one, sale, person, offer, number)
            at = self._committer.asked.here_for(transaction, at, person)
            terms = terms_of(transaction, catalogue, at, person)
            name = read_text(MEMBER, member_row, "name")
            payment = self._payments.payment(
                transaction, at, request, person, tendered, sale, offer.price_fen
            )
            sold = sell_fee(
                at,
                Ticket((), person, name, terms=terms),
                payment,
                catalogue.rule(transaction),
                Fee(LINE_PREFIX + offer.code, offer.name, offer.price_fen, REASON_PASS_SALE),
                earned_today(transaction, catalogue, at, person),
                visits,
            )
            if isinstance(sold, Refusal):
                return sold
            from_day, to_day = valid_days(offer, at.now_ms, at.utc_offset_min)
            slip = {
                "name": name,
                "pass_name": offer.name,
                "number": number,
                "form": offer.form,
                "left": offer.visits,
                "from_day": from_day,
                "to_day": to_day,
                "hours": offer.band.hours,
            }
            values = {**sold.values, "pass": one, "pass_number": number, "visits": offer.visits}
            return Decision((*sold.ops, document), (PrintSlip("pass", slip), *sold.effects), values)

        return await self._committer.commit(request, decide, Region.TAP)

    async def use(self, request: Request, pass_id: int, number: str, zone: str) -> Outcome:
        """Use a pass once, by its id or the number on its slip; what is elsewhere is asked for."""
        wanted: list[Pass] = []

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            wanted_id = pass_id or pass_numbered(transaction, number)
            row = facts.row(transaction, PASS, wanted_id)
            one = read_pass(transaction, at, wanted_id)
            if one is None:
                return refuse("pass_unknown")
            wanted.append(one)
            member_row = facts.row(transaction, MEMBER, one.member) if one.member else None
            refusal = member_refusal(member_row) if one.member else None
            if refusal is not None:
                return refusal
            name = pass_name(transaction, self._committer.catalogue, read_text(PASS, row, "code"))
            return use_pass(at, one, zone, read_text(MEMBER, member_row, "name"), name)

        outcome = await self._committer.commit(request, decide, Region.TAP)
        if isinstance(outcome, Refusal) and outcome.code == "pass_elsewhere":
            self._rights.ask_for(VISITS_HELD, wanted[-1].id, wanted[-1].visits, VISITS)
        return outcome

    async def refund(self, request: Request, pass_id: int, reason: str) -> Outcome:
        """Give back what of a pass is not used up; the pass ends."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            row = facts.row(transaction, PASS, pass_id)
            one = read_pass(transaction, at, pass_id)
            if one is None or row is None:
                return refuse("pass_unknown")
            ended = taken_back(at, one, row)
            if isinstance(ended, Refusal):
                return ended
            sold = sold_facts(transaction, self._committer, at, one.sale)
            if sold is None:
                return refuse("sale_unknown")
            document, visits = ended
            amount_fen = refundable_fen(one, read_int(PASS, row, "visits"), at.business_day)
            if is_over(one, at.business_day):
                return refuse("pass_over", day=one.to_day)
            if not amount_fen:
                return refuse("pass_nothing_left")
            given = refund(at, sold, amount_fen, reason)
            if isinstance(given, Refusal):
                return given
            gone = (
                (transaction_of(at, REASON_PASS_USE, visits, document=pass_id),)
                if one.visits
                else ()
            )
            values = {**given.values, "pass": pass_id}
            return Decision((*given.ops, *gone, document), given.effects, values)

        return await self._committer.commit(request, decide, Region.TAP)


def read_pass(reader: Reader, at: Here, pass_id: int) -> Pass | None:
    """A pass as it stands now; None where there is none."""
    row = facts.row(reader, PASS, pass_id)
    if row is None or read_text(PASS, row, "form") not in (BY_VISITS, BY_PERIOD):
        return None
    visits = facts.amount_of(reader, (pass_id,), VISITS_HELD, VISITS)
    held = facts.parts_here(reader, at, (pass_id,), (VISITS_HELD,))
    return pass_of_row(pass_id, row, held, visits)


def pass_numbered(reader: Reader, number: str) -> int:
    """The pass of the number on a slip, 0 for none."""
    found = reader.registers_where(PASS, "number", number.upper(), limit=1) if number else []
    return int(found[0].key) if found and _is_id(found[0].key) else 0


def passes_of(reader: Reader, at: Here, member: int) -> list[Pass]:
    """A person's passes, the latest first."""
    found = []
    for one in facts.members_of(reader, member):
        for document in reader.registers_where(PASS, "member", one, limit=1000):
            known = read_pass(reader, at, int(document.key)) if _is_id(document.key) else None
            if known is not None:
                found.append(known)
    found.sort(key=lambda one: -one.from_day)
    return found[:PASSES_SHOWN]


def refundable_passes_fen(reader: Reader, at: Here, member: int) -> int:
    """What the passes of a person that this cafe sold would bring back today."""
    return sum(
        refundable_fen(
            one, read_int(PASS, facts.row(reader, PASS, one.id), "visits"), at.business_day
        )
        for one in passes_of(reader, at, member)
        if one.status == ACTIVE and one.sold_cafe == at.cafe
    )


def pass_name(reader: Reader, catalogue: Catalogue, code: str) -> facts.Name:
    """What a pass is called; its code where head office sells it no more."""
    rows = catalogue.rules(reader, "passes")
    return next((name_of(row) for row in rows if row["code"] == code), (code, code))


def _is_id(key: int | str) -> bool:
    return isinstance(key, int)
