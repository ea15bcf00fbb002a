"""Vouchers at the counter: issue, book, redeem; one that is held elsewhere is asked for."""

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.numbers import next_voucher_number, paper_number
from edge.desk.pricing import terms_of
from edge.desk.rights import Rights
from edge.desk.settings import DeskSettings
from edge.domain.amounts import check_quantity
from edge.domain.decision import Here, Judgement
from edge.domain.members import keyed_hash, member_refusal
from edge.domain.parts import total
from edge.domain.refusals import Refusal, refuse
from edge.domain.vouchers import (
    BATCH_MAX,
    BOOKING_FORM,
    NewVoucher,
    VoucherFacts,
    day_refusal,
    issue_batch,
    normal_code,
    redeem_voucher,
)
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import FEN, ITEM, VISITS, VOUCHER
from sync_protocol.kinds import MEMBER, PASS, VOUCHER_CLAIM
from sync_protocol.voucher_codes import normal_form


class VouchersDesk:
    """The commands about vouchers."""

    def __init__(self, settings: DeskSettings, committer: Committer, rights: Rights) -> None:
        self._chain_key = settings.chain_key
        self._committer = committer
        self._rights = rights

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "issue_voucher": self.issue,
            "book": self.book,
            "redeem_voucher": self.redeem,
        }

    async def issue(
        self,
        request: Request,
        amount_fen: int,
        sku: str,
        count: object,
        until_day: int,
        only_here: bool,
    ) -> Outcome:
        """Make vouchers of an amount or of a product; their codes are in the answer."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            many = check_quantity(count)
            if isinstance(many, Refusal):
                return many
            if many > BATCH_MAX:
                return refuse("quantity_invalid", limit=BATCH_MAX)
            product = facts.product(transaction, sku) if sku else None
            if sku and product is None:
                return refuse("product_unknown", sku=sku)
            if bool(sku) == bool(amount_fen):
                return refuse("voucher_of_what")
            refusal = day_refusal(at, 0, until_day)
            if refusal is not None:
                return refusal
            what = (product.name, product.name_en or product.name) if product else ("", "")
            unit, amount = (ITEM + sku, 1) if sku else (FEN, amount_fen)
            batch = [
                self._new(
                    transaction, at, amount, only_here, unit=unit, until_day=until_day, what=sku
                )
                for _ in range(many)
            ]
            return issue_batch(at, batch, what)

        return await self._committer.commit(request, decide)

    async def book(self, request: Request, member: int, what: str, day: int) -> Outcome:
        """Book something for a day; the member's tier must have the right. The code is the key."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            person = facts.person_of(transaction, member)
            refusal = member_refusal(facts.row(transaction, MEMBER, person)) or day_refusal(
                at, day, day
            )
            if refusal is not None:
                return refusal
            terms = terms_of(transaction, self._committer.catalogue, at, person)
            if not terms.booking:
                return refuse("booking_not_in_tier")
            booked = self._new(
                transaction,
                at,
                1,
                only_here=True,
                unit=VISITS,
                until_day=day,
                from_day=day,
                what=what,
                member=person,
                form=BOOKING_FORM,
            )
            return issue_batch(at, [booked], (what, what))

        return await self._committer.commit(request, decide)

    def _new(
        self, transaction: WriteTransaction, at: Here, amount: int, only_here: bool, **more: object
    ) -> NewVoucher:
        code = transaction.new_id()
        key = keyed_hash(self._chain_key, normal_form(code))
        number = paper_number(transaction, at.business_day, next_voucher_number(transaction))
        voucher = transaction.new_id()
        return NewVoucher(voucher, code, key, amount, only_here, f"V{number}", **more)  # type: ignore[arg-type]  # its own fields, by name

    async def redeem(self, request: Request, member: int, code: str) -> Outcome:
        """Use a voucher, for a member where it is worth money."""
        wanted: list[VoucherFacts] = []

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            person = facts.person_of(transaction, member) if member else 0
            if person:
                refusal = member_refusal(facts.row(transaction, MEMBER, person))
                if refusal is not None:
                    return refusal
            found = self._find(transaction, at, code)
            if isinstance(found, Refusal):
                return found
            wanted.append(found)
            return redeem_voucher(at, person, found)

        outcome = await self._committer.commit(request, decide, Region.TAP)
        if isinstance(outcome, Refusal) and outcome.code == "voucher_elsewhere":
            one = wanted[-1]
            self._rights.ask_for(VOUCHER, one.voucher, one.elsewhere, one.unit)
        return outcome

    def _find(self, reader: Reader, at: Here, code: str) -> VoucherFacts | Refusal:
        normal = normal_code(code)
        if isinstance(normal, Refusal):
            return normal
        claim = reader.claim(VOUCHER_CLAIM, keyed_hash(self._chain_key, normal))
        if claim is None:
            return refuse("voucher_unknown")
        return voucher_facts(reader, at, int(claim.row.subject))


def voucher_facts(reader: Reader, at: Here, voucher: int) -> VoucherFacts:
    """What is known here of a voucher."""
    parts = facts.parts_here(reader, at, (voucher,), (VOUCHER,))
    accounts = reader.balances_of(VOUCHER, voucher)
    elsewhere = [
        account
        for account, balance in accounts
        if balance.shown < 0 and account[2:4] != (at.node, at.epoch)
    ]
    places = [facts.place_of(reader, account[2], account[3]) for account in elsewhere]
    return VoucherFacts(
        voucher,
        parts,
        -sum(balance.shown for _, balance in accounts) - total(parts),
        ("、".join(place[0] for place in places), ", ".join(place[1] for place in places)),
        tuple(account[4] for account, _ in accounts),
        facts.row(reader, PASS, voucher),
        accounts[0][0][5] if accounts else FEN,
    )
