"""Cards: issuing, batches of blank ones, and the life of an issued one until it is returned."""

from functools import partial

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.card_issue import CardIssue, Wanted
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.deposits import deposit_of, with_deposit_before
from edge.desk.numbers import next_card_number
from edge.desk.people import identified
from edge.desk.settings import DeskSettings
from edge.domain.amounts import check_quantity
from edge.domain.card_fees import Due, fee_op, return_card
from edge.domain.card_life import (
    CHANGES,
    change_status,
    extend_card,
    reissue_card,
    renew_card,
    renewed_to,
    transfer_card,
)
from edge.domain.cards import (
    BATCH_MAX,
    add_blank_card,
    card_label,
    generate_cards,
    uid_of_text,
)
from edge.domain.decision import Decision, Here, Judgement, PrintSlip, read_int, read_text
from edge.domain.members import member_refusal
from edge.domain.refusals import Refusal, refuse
from edge.effects.page_events import Region
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import CARD, MEMBER, SITE


class CardsDesk:
    """The commands about cards."""

    def __init__(self, settings: DeskSettings, committer: Committer, card_issue: CardIssue) -> None:
        self._chain_key = settings.chain_key
        self._committer = committer
        self._issue = card_issue

    def handlers(self) -> Handlers:
        """The commands done here."""
        changes = {name: partial(self._change, name) for name in CHANGES}
        return {
            **changes,
            "issue_card": self.issue_card,
            "add_blank_card": self.add_blank_card,
            "generate_cards": self.generate_cards,
            "extend_card": self.extend_card,
            "renew_card": self.renew_card,
            "reissue_card": self.reissue_card,
            "transfer_card": self.transfer_card,
            "return_card": self.return_card,
        }

    async def issue_card(
        self,
        request: Request,
        member: int,
        card_uid: str,
        card_number: str,
        label: str,
        card_type: str,
        tender: str,
        tender_reference: str,
    ) -> Outcome:
        """Give a member a card. The claim is provisional until the hub confirms it."""
        wanted = Wanted(card_uid, card_number, label, card_type)
        tendered = await self._issue.tendered(tender, tender_reference)
        if isinstance(tendered, Refusal):
            return tendered

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            row = facts.row(transaction, MEMBER, member)
            refusal = member_refusal(row)
            if refusal is not None:
                return refusal
            fields = ("name", "phone", "identity")
            person = {name: read_text(MEMBER, row, name) for name in fields}
            return self._issue.decide(transaction, at, request, member, person, wanted, tendered)

        return await self._committer.commit(request, decide, Region.TAP)

    async def add_blank_card(
        self, request: Request, card_uid: str, label: str, card_type: str
    ) -> Outcome:
        """Take a tapped card into the stock of blank ones; for a batch, one after the other."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            new = self._issue.new_card(transaction, Wanted(card_uid, ""))
            type_of = self._issue.type_of(transaction, card_type)
            if isinstance(new, Refusal):
                return new
            if isinstance(type_of, Refusal):
                return type_of
            taken_by = 0 if new.row is None and not new.holder else new.card
            return add_blank_card(at, new.card, new.key, taken_by, label.upper(), type_of.code)

        return await self._committer.commit(request, decide, Region.TAP)

    async def generate_cards(self, request: Request, count: object, card_type: str) -> Outcome:
        """Make a batch of blank printed cards, with the numbers that are printed on them."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            size = check_quantity(count)
            if isinstance(size, Refusal) or size > BATCH_MAX:
                return refuse("batch_size_invalid", limit=BATCH_MAX)
            type_of = self._issue.type_of(transaction, card_type)
            if isinstance(type_of, Refusal):
                return type_of
            code = read_text(SITE, facts.row(transaction, SITE, at.cafe), "code") or str(at.cafe)
            prefix = f"{code}.{at.node}".upper()
            labels = [card_label(prefix, next_card_number(transaction)) for _ in range(size)]
            cards = [transaction.new_id() for _ in range(size)]
            return generate_cards(at, cards, labels, type_of.code)

        return await self._committer.commit(request, decide)

    async def _change(self, command: str, request: Request, card: int) -> Outcome:
        """Do one of CHANGES."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            return change_status(at, card, facts.row(transaction, CARD, card), command)

        return await self._committer.commit(request, decide, Region.TAP)

    async def extend_card(self, request: Request, card: int, to_day: int) -> Outcome:
        """Let a card be valid longer."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            return extend_card(at, card, facts.row(transaction, CARD, card), to_day)

        return await self._committer.commit(request, decide, Region.TAP)

    async def renew_card(
        self, request: Request, card: int, tender: str, tender_reference: str
    ) -> Outcome:
        """Begin a card's next term; free where the rule says no fee."""
        tendered = await self._issue.tendered(tender, tender_reference)
        if isinstance(tendered, Refusal):
            return tendered

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            row = facts.row(transaction, CARD, card)
            card_type = self._issue.type_of(transaction, read_text(CARD, row, "type"))
            if isinstance(card_type, Refusal):
                return card_type
            to_day = renewed_to(at, row, card_type)
            if isinstance(to_day, Refusal):
                return to_day
            due = Due(fee_fen=card_type.renewal_fee_fen)
            payment = self._issue.pay(transaction, at, request, due, tendered, card)
            if isinstance(payment, Refusal):
                return payment
            renewed = renew_card(at, card, row, to_day, due.fee_fen)
            if payment is None:
                return renewed
            member = read_int(CARD, row, "member")
            slip = {
                "name": facts.member_name(transaction, member),
                "label": read_text(CARD, row, "label"),
                "type": (card_type.name, card_type.name_en),
                "valid_to_day": to_day,
                "fee_fen": due.fee_fen,
                "deposit_fen": 0,
                **payment.slip_facts,
            }
            ops = (*renewed.ops, fee_op(at, card, due, payment))
            return Decision(ops, (PrintSlip("card_renewed", slip),), renewed.values)

        return await self._committer.commit(request, decide, Region.TAP)

    async def reissue_card(
        self, request: Request, card: int, card_uid: str, card_number: str
    ) -> Outcome:
        """Give the member a new card for a lost or broken one, which becomes void."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            row = facts.row(transaction, CARD, card)
            new = self._issue.new_card(transaction, Wanted(card_uid, card_number))
            card_type = self._issue.type_of(transaction, read_text(CARD, row, "type"))
            if isinstance(new, Refusal):
                return new
            if isinstance(card_type, Refusal):
                return card_type
            return reissue_card(at, card, row, new, card_type)

        return await self._committer.commit(request, decide, Region.TAP)

    async def transfer_card(self, request: Request, card: int, to: str) -> Outcome:
        """Hand a card over to another member, named by a phone or member number."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            found = identified(transaction, self._chain_key, at.business_day, to, swipe_only=True)
            if isinstance(found, Refusal):
                return found
            person = facts.person_of(transaction, found)
            refusal = member_refusal(facts.row(transaction, MEMBER, person))
            if refusal is not None:
                return refusal
            row = facts.row(transaction, CARD, card)
            replaced = with_deposit_before(transaction, card)
            return transfer_card(at, card, row, person, replaced)

        return await self._committer.commit(request, decide, Region.TAP)

    async def return_card(self, request: Request, card: int, card_uid: str, tender: str) -> Outcome:
        """Take a card back and give its deposit out by a tender."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            row = facts.row(transaction, CARD, card)
            key = self._key_of(transaction, card, card_uid)
            if isinstance(key, Refusal):
                return key
            refusal = self._issue.refund_refusal(transaction, tender) if tender else None
            if refusal is not None:
                return refusal
            name = facts.member_name(transaction, read_int(CARD, row, "member"))
            deposit = deposit_of(transaction, at, card)
            return return_card(at, card, row, key, deposit, tender, name)

        return await self._committer.commit(request, decide, Region.TAP)

    def _key_of(self, transaction: WriteTransaction, card: int, card_uid: str) -> bytes | Refusal:
        """The claim key of the card that was laid on the reader, empty where none was."""
        if not card_uid:
            return b""
        uid = uid_of_text(card_uid)
        if isinstance(uid, Refusal):
            return uid
        laid = self._issue.new_card(transaction, Wanted(card_uid, ""))
        if isinstance(laid, Refusal):
            return laid
        return self._issue.key(uid) if laid.card == card else refuse("card_other")
