"""Payments of commands: the inputs of PAYING, the card's PIN, references that were taken before.

A reference is kept with the tender it came by, on this box: a copy that is put back from head
office has forgotten those from before.
"""

from dataclasses import dataclass

from edge.desk import facts, purses
from edge.desk.card_pins import CardPins
from edge.desk.commit import Committer, Request
from edge.desk.laid_cards import LaidCards
from edge.desk.numbers import next_sale_number, paper_number
from edge.desk.payment_providers import PaymentProviders
from edge.domain.decision import Here
from edge.domain.payment_provider import Charge
from edge.domain.refusals import Refusal, refuse
from edge.domain.sales import Payment
from edge.domain.spending import SPENDING_DEFAULT, WALLET_TENDER
from edge.domain.stored_value import Purse
from edge.domain.tenders import CASH, Laid, laid_by_one
from edge.store.transaction import WriteTransaction

REFERENCE_SETTING = "reference.{}.{}"


@dataclass(frozen=True, slots=True)
class Tendered:
    """What the customer laid down, as far as it could be checked before the commit."""

    laid: tuple[Laid, ...]
    pin_correct: bool = False
    swapped: bool = False
    """Another card lies on the reader than the one that was tapped; nobody has been charged."""


class Payments:
    """What all commands share that take money."""

    def __init__(
        self,
        committer: Committer,
        card_pins: CardPins,
        providers: PaymentProviders,
        laid_cards: LaidCards,
    ) -> None:
        self._committer = committer
        self._card_pins = card_pins
        self._providers = providers
        self._laid_cards = laid_cards

    async def tendered(
        self,
        member: int,
        *,
        tender: str = "",
        tender_reference: str = "",
        received_fen: int = 0,
        tenders: tuple[Laid, ...] = (),
        card_pin: str = "",
        tapped_card: int = 0,
    ) -> Tendered | Refusal:
        """Read how a command is paid, check the card and its PIN, and ask the providers."""
        if not tenders and not tender:
            return refuse("field_missing", field="tender")
        laid = tenders or laid_by_one(
            tender, tender_reference, received_fen if tender == CASH else 0
        )
        if tapped_card and await self._laid_cards.is_swapped(tapped_card):
            return Tendered(laid, swapped=True)  # a repeat of what is done still gets its answer
        pin = await self._card_pins.check(member, card_pin) if member else False
        if isinstance(pin, Refusal):
            return pin
        refusal = await self._providers.confirm(
            Charge(one.code, one.amount_fen, one.reference)
            for one in laid
            if one.code not in (CASH, WALLET_TENDER)
        )
        return refusal or Tendered(laid, pin)

    def note(
        self, transaction: WriteTransaction, request: Request, tendered: Tendered, document: int
    ) -> Refusal | None:
        """Keep a payment's references; one that paid for something before needs a second person.

        Refuses a payment whose card was swapped.
        """
        if tendered.swapped:
            return refuse("card_swapped")
        references = {(one.code, one.reference): one for one in tendered.laid if one.reference}
        for one in references.values():
            name = REFERENCE_SETTING.format(one.code, one.reference)
            if transaction.setting(name) is not None and not request.approver:
                return refuse("tender_reference_used", reference=one.reference)
            transaction.set_setting(name, document)
        return None

    def payment(
        self,
        transaction: WriteTransaction,
        at: Here,
        request: Request,
        member: int,
        tendered: Tendered,
        sale: int,
        total_fen: int,
        number: int = 0,
    ) -> Payment:
        """The payment of a sale, with the member's purse and limits.

        `number` is that of the paper; 0: the next of a sale.
        """
        catalogue = self._committer.catalogue
        number = number or next_sale_number(transaction)
        (counter,) = catalogue.rules(transaction, "counter")
        purse, spending = Purse(0, ()), SPENDING_DEFAULT
        if member:
            purse = facts.purse_of(transaction, at, member)
            spending = purses.spending_of(
                transaction,
                catalogue,
                at,
                member,
                pin_correct=tendered.pin_correct,
                approved=request.approver > 0,
            )
            proved = tendered.pin_correct or request.approver > 0
            if proved and any(one.code == WALLET_TENDER for one in tendered.laid):
                purses.note_proof(transaction, at, member)
        return Payment(
            sale,
            number,
            tendered.laid,
            total_fen,
            purse,
            spending,
            purses.offered(transaction, catalogue),
            paper=paper_number(transaction, at.business_day, number),
            cashier=request.staff,
            print_at_once=counter["print_at_once"],
        )
