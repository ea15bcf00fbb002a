"""Issuing a card: which one was tapped or typed, by which type, and the money that goes with it."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge.desk import facts, purses
from edge.desk.commit import Committer, Request
from edge.desk.payments import Payments, Tendered
from edge.desk.settings import DeskSettings
from edge.domain.card_fees import Due, fee_op
from edge.domain.card_types import PLAIN, CardType, card_types
from edge.domain.cards import NewCard, claimed_card, is_blank, issue_card, normal_uid, uid_of_text
from edge.domain.decision import Decision, Here, Judgement, PrintSlip, read_int, read_text
from edge.domain.members import Conditions, card_conditions_refusal, keyed_hash
from edge.domain.refusals import Refusal, refuse
from edge.domain.tenders import Taken, taken
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import CARD, CARD_CLAIM

NOTHING_LAID = Tendered(())


@dataclass(frozen=True, slots=True)
class Wanted:
    """The card that is to be issued: tapped (`uid`, hex) or a blank one by its printed number."""

    uid: str
    number: str
    label: str = ""
    type: str = ""

    @property
    def given(self) -> bool:
        """Whether there is a card at all."""
        return bool(self.uid or self.number)


class CardIssue:
    """What registering, issuing and reissuing share."""

    def __init__(self, settings: DeskSettings, committer: Committer, payments: Payments) -> None:
        self._chain_key = settings.chain_key
        self._committer = committer
        self._payments = payments

    async def tendered(self, tender: str, tender_reference: str) -> Tendered | Refusal:
        """What was laid down for fee and deposit; nothing where no tender was chosen."""
        if not tender:
            return NOTHING_LAID
        return await self._payments.tendered(0, tender=tender, tender_reference=tender_reference)

    def decide(
        self,
        transaction: WriteTransaction,
        at: Here,
        request: Request,
        member: int,
        person: Mapping[str, object],
        wanted: Wanted,
        tendered: Tendered,
    ) -> Judgement:
        """Issue a card to a member; `person` are fields of the member's document."""
        phone, identity = (str(person.get(name) or "") for name in ("phone", "identity"))
        refusal = card_conditions_refusal(self._needs(transaction), phone, identity)
        if refusal is not None:
            return refusal
        new = self.new_card(transaction, wanted)
        if isinstance(new, Refusal):
            return new
        card_type = self.type_of(transaction, wanted.type or read_text(CARD, new.row, "type"))
        if isinstance(card_type, Refusal):
            return card_type
        issued = issue_card(at, member, new, wanted.label, card_type)
        if isinstance(issued, Refusal):
            return issued
        due = Due(card_type.fee_fen, card_type.deposit_fen)
        payment = self.pay(transaction, at, request, due, tendered, new.card)
        if isinstance(payment, Refusal):
            return payment
        if payment is None:
            return issued
        slip = {
            "name": str(person.get("name") or ""),
            "label": wanted.label or wanted.number or read_text(CARD, new.row, "label"),
            "type": (card_type.name, card_type.name_en),
            "valid_to_day": issued.values["valid_to_day"],
            "fee_fen": due.fee_fen,
            "deposit_fen": due.deposit_fen,
            **payment.slip_facts,
        }
        ops = (*issued.ops, fee_op(at, new.card, due, payment))
        values = {**issued.values, "fee_fen": due.fee_fen, "deposit_fen": due.deposit_fen}
        return Decision(ops, (PrintSlip("card_issued", slip),), values)

    def new_card(self, transaction: WriteTransaction, wanted: Wanted) -> NewCard | Refusal:
        """The card as it is known here: a fresh one, a blank one, or somebody's."""
        if wanted.number:
            return self._by_number(transaction, wanted.number)
        uid = uid_of_text(wanted.uid)
        if isinstance(uid, Refusal):
            return uid
        key = self.key(uid)
        claim = transaction.claim(CARD_CLAIM, key)
        card = claimed_card(claim.row if claim is not None else None)
        if not card:
            return NewCard(transaction.new_id(), key, 0)
        row = facts.row(transaction, CARD, card)
        return NewCard(card, b"", read_int(CARD, row, "member") or (0 if row else card), row)

    def key(self, uid: bytes) -> bytes:
        """The claim key of a card's UID."""
        return keyed_hash(self._chain_key, normal_uid(uid))

    def type_of(self, reader: Reader, code: str) -> CardType | Refusal:
        """A card type of the rule in force; without a code the first one."""
        types = card_types(self._committer.catalogue.rules(reader, "card_types"))
        if not code:
            return next(iter(types.values()), PLAIN)
        return types.get(code) or refuse("card_type_unknown", type=code)

    def pay(
        self,
        transaction: WriteTransaction,
        at: Here,
        request: Request,
        due: Due,
        tendered: Tendered,
        document: int,
    ) -> Taken | Refusal | None:
        """Take what is due for a card, None where nothing is."""
        if not due.total_fen:
            return None
        if not at.shift:
            return refuse("shift_not_open")
        if not tendered.laid:
            return refuse("card_payment_needed", amount_fen=due.total_fen)
        refusal = self._payments.note(transaction, request, tendered, document)
        if refusal is not None:
            return refusal
        offered = purses.offered(transaction, self._committer.catalogue)
        return taken(at, due.total_fen, tendered.laid, offered)

    def refund_refusal(self, reader: Reader, tender: str) -> Refusal | None:
        """Why money cannot go back by a tender, None where it can."""
        offered = purses.offered(reader, self._committer.catalogue)
        return None if tender in offered else refuse("tender_unknown", tender=tender)

    def _by_number(self, reader: Reader, number: str) -> NewCard | Refusal:
        for document in reader.registers_where(CARD, "label", number.strip().upper()):
            if is_blank(document.shown):
                return NewCard(int(document.key), b"", 0, document.shown)
        return refuse("card_number_not_blank", number=number)

    def _needs(self, reader: Reader) -> Conditions:
        (counter,) = self._committer.catalogue.rules(reader, "counter")
        return Conditions(
            needs_identity=counter["needs_identity"], needs_phone=counter["needs_phone"]
        )
