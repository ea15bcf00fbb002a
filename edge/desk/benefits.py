"""Benefits at the counter: redemption, conversion, awards, gifts, tiers that are paid for."""

from typing import Any

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.growth import grown_of
from edge.desk.numbers import next_sale_number
from edge.desk.payments import Payments
from edge.desk.pricing import earned_today, events_of_day, terms_of
from edge.desk.purses import entries_of_day
from edge.desk.redeemed import redeemed_facts, with_points_of
from edge.desk.rights import Rights
from edge.domain.amounts import check_quantity
from edge.domain.approvals import approval_needed
from edge.domain.awards import (
    DueGift,
    adjust_points,
    check_in,
    due_gifts,
    entry_key,
    event_of,
    give_gift,
    join_event,
)
from edge.domain.conversions import Ratios, convert
from edge.domain.decision import Decision, Here, Judgement, read_int, read_text
from edge.domain.members import member_refusal
from edge.domain.points import PointsFacts
from edge.domain.redemptions import (
    DailyCap,
    RedeemFacts,
    gift_key,
    redeem_points,
    redemption_of,
    return_redemption,
)
from edge.domain.refusals import Refusal, refuse
from edge.domain.sales import Fee, sell_fee
from edge.domain.tickets import Ticket
from edge.domain.tiers import ladder_of, tier_change, tier_due, tier_in_force, tier_named
from edge.domain.visits import visit_key
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import BONUS, POINTS, POINTS_HELD, WALLET
from sync_protocol.kinds import MEMBER, VISIT
from sync_protocol.ledger import REASON_MEMBERSHIP_FEE, REASON_REDEMPTION
from sync_protocol.ops import OpRef

CONVERTED_CLASSES = (POINTS_HELD, WALLET, BONUS)


class BenefitsDesk:
    """The commands about points, gifts and tiers."""

    def __init__(self, committer: Committer, payments: Payments, rights: Rights) -> None:
        self._committer = committer
        self._catalogue = committer.catalogue
        self._payments = payments
        self._rights = rights

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "redeem_points": self.redeem,
            "return_redemption": self.return_redemption,
            "convert": self.convert,
            "adjust_points": self.adjust,
            "check_in": self.check_in,
            "join_event": self.join_event,
            "give_gift": self.give_gift,
            "join_tier": self.join_tier,
            "renew_tier": self.renew_tier,
        }

    async def redeem(self, request: Request, member: int, code: str, for_member: int) -> Outcome:
        """Give goods, a gift or stored value for points, to the member or to another one."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            wanted = self._redeemed(transaction, at, member, code, for_member)
            return wanted if isinstance(wanted, Refusal) else redeem_points(at, wanted)

        outcome = await self._committer.commit(request, decide, Region.TAP, Region.PRODUCTS)
        return self._asking(outcome, member)

    def _redeemed(
        self, transaction: WriteTransaction, at: Here, member: int, code: str, for_member: int
    ) -> RedeemFacts | Refusal:
        rows = self._catalogue.rules(transaction, "redemptions")
        row = next((row for row in rows if row["code"] == code), None)
        if row is None:
            return refuse("redemption_unknown")
        known = self._points_facts(transaction, at, member)
        if isinstance(known, Refusal):
            return known
        recipient = facts.person_of(transaction, for_member) if for_member else known.member
        refusal = member_refusal(facts.row(transaction, MEMBER, recipient))
        if refusal is not None:
            return refusal
        wanted = redemption_of(row)
        terms = terms_of(transaction, self._catalogue, at, known.member)
        ladder = ladder_of(self._catalogue.rules(transaction, "tiers"))
        steps = tuple(tier.code for tier in ladder)
        return RedeemFacts(
            transaction.new_id(),
            next_sale_number(transaction),
            known.member,
            known.name,
            recipient,
            terms.for_others,
            wanted,
            facts.product(transaction, wanted.sku) if wanted.sku else None,
            facts.in_stock(transaction, at.cafe, wanted.sku),
            known.has,
            tuple(known.parts),
            steps,
            terms.tier,
            facts.is_given(transaction, known.member, gift_key, wanted.code),
            self._cap(transaction, at, recipient),
        )

    async def return_redemption(
        self, request: Request, sale: int, reason: str, instead: str
    ) -> Outcome:
        """Take back what points were redeemed for; `instead` is redeemed at once in exchange."""
        members: list[int] = []

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            redeemed = redeemed_facts(transaction, at, sale)
            if redeemed is None:
                return refuse("sale_unknown")
            members.append(redeemed.member)
            returned = return_redemption(at, redeemed, reason)
            if isinstance(returned, Refusal) or not instead:
                return returned
            wanted = self._redeemed(transaction, at, redeemed.member, instead, 0)
            if isinstance(wanted, Refusal):
                return wanted
            given = redeem_points(at, with_points_of(wanted, redeemed))
            if isinstance(given, Refusal):
                return given
            return Decision(
                (*returned.ops, *given.ops), (*returned.effects, *given.effects), given.values
            )

        outcome = await self._committer.commit(request, decide, Region.TAP, Region.PRODUCTS)
        if isinstance(outcome, Refusal) and outcome.code == "redemption_value_elsewhere":
            self._rights.ask(members[-1])
        return outcome

    async def convert(
        self, request: Request, member: int, give: str, get: str, amount: object
    ) -> Outcome:
        """Turn points, money and spend points into one another at the ratios of the rule."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            many = check_quantity(amount)
            if isinstance(many, Refusal):
                return many
            known = self._points_facts(transaction, at, member, CONVERTED_CLASSES)
            if isinstance(known, Refusal):
                return known
            row = self._catalogue.rules(transaction, "points")[0]
            cap = self._cap(transaction, at, known.member)
            ratios = Ratios(row["yuan_points"], row["money_points"], cap)
            return convert(at, known, give, get, many, ratios)

        outcome = await self._committer.commit(request, decide, Region.TAP)
        return self._asking(outcome, member)

    async def adjust(
        self, request: Request, member: int, form: str, points: object, reason: str
    ) -> Outcome:
        """Give points by hand, or take them, with a reason and a second person."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            many = check_quantity(points)
            if isinstance(many, Refusal):
                return many
            known = self._points_facts(transaction, at, member)
            if isinstance(known, Refusal):
                return known
            if not request.approver:
                return approval_needed("adjust_points")
            return adjust_points(at, known, form, many, reason, request.approver)

        outcome = await self._committer.commit(request, decide, Region.TAP)
        return self._asking(outcome, member)

    async def check_in(self, request: Request, member: int) -> Outcome:
        """The day's check-in of a member, once for each cafe."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            person = facts.person_of(transaction, member)
            refusal = member_refusal(facts.row(transaction, MEMBER, person))
            if refusal is not None:
                return refusal
            visit = facts.row(transaction, VISIT, visit_key(at.cafe, at.business_day, person))
            rule = self._catalogue.rule(transaction)
            today = earned_today(transaction, self._catalogue, at, person)
            return check_in(at, person, visit, rule, today)

        return await self._committer.commit(request, decide, Region.TAP, Region.PRESENT)

    async def join_event(self, request: Request, member: int, event: str) -> Outcome:
        """Enter a member for an event of today."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            rows = events_of_day(transaction, self._catalogue, at.business_day)
            row = next((row for row in rows if row["code"] and row["code"] == event), None)
            if row is None:
                return refuse("event_unknown")
            known = self._points_facts(transaction, at, member)
            if isinstance(known, Refusal):
                return known
            joined = facts.is_given(transaction, known.member, entry_key, event)
            return join_event(at, known, event_of(row), joined)

        outcome = await self._committer.commit(request, decide, Region.TAP)
        return self._asking(outcome, member)

    async def give_gift(self, request: Request, member: int, gift: str) -> Outcome:
        """Hand over a gift that is due: the birthday's, or that of the step reached."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            person = facts.person_of(transaction, member)
            row = facts.row(transaction, MEMBER, person)
            refusal = member_refusal(row)
            if refusal is not None:
                return refusal
            due = gifts_due(transaction, self._committer, at, person)
            wanted = next((one for one in due if one.code == gift), None)
            if wanted is None:
                return refuse("gift_not_due")
            given = facts.is_given(transaction, person, gift_key, gift)
            product = facts.product(transaction, wanted.what)
            return give_gift(at, person, read_text(MEMBER, row, "name"), wanted, given, product)

        return await self._committer.commit(request, decide, Region.TAP, Region.PRODUCTS)

    async def join_tier(self, request: Request, member: int, tier: str, **paying: Any) -> Outcome:
        """Sell a membership: a step of the ladder that has a fee, from today on."""
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
            ladder = ladder_of(self._catalogue.rules(transaction, "tiers"))
            step = tier_named(ladder, tier)
            if refusal is not None:
                return refusal
            if step is None or not step.fee_fen:
                return refuse("tier_not_for_sale")
            held = tier_in_force(ladder, row, at.business_day)
            if held is not None and ladder.index(held) > ladder.index(step):
                return refuse("tier_higher_already", tier=held.name)
            terms = terms_of(transaction, self._catalogue, at, person)
            at = self._committer.asked.here_for(transaction, at, person)
            sold = sell_fee(
                at,
                Ticket((), person, read_text(MEMBER, row, "name"), terms=terms),
                self._payments.payment(
                    transaction, at, request, person, tendered, sale, step.fee_fen
                ),
                self._catalogue.rule(transaction),
                Fee(step.code, step.name, step.fee_fen, REASON_MEMBERSHIP_FEE),
                earned_today(transaction, self._catalogue, at, person),
            )
            if isinstance(sold, Refusal):
                return sold
            change = tier_change(at, person, row, step, transaction.new_salt(MEMBER))
            values = {**sold.values, "tier": step.code}
            return Decision((*sold.ops, change), sold.effects, values)

        return await self._committer.commit(request, decide, Region.TAP)

    async def renew_tier(self, request: Request, member: int) -> Outcome:
        """Renew a step that ends, free of charge, for who reaches it still."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            person = facts.person_of(transaction, member)
            row = facts.row(transaction, MEMBER, person)
            refusal = member_refusal(row)
            if refusal is not None:
                return refusal
            ladder = ladder_of(self._catalogue.rules(transaction, "tiers"))
            due = tier_due(ladder, row, grown_of(transaction, person), at.business_day)
            if due is None or not due.reached(grown_of(transaction, person)):
                return refuse("tier_not_reached")
            if read_int(MEMBER, row, "tier_since_day") == at.business_day:
                return refuse("tier_renewed_today")
            change = tier_change(at, person, row, due, transaction.new_salt(MEMBER))
            return Decision((change,), values={"member": person, "tier": due.code})

        return await self._committer.commit(request, decide, Region.TAP)

    def _cap(self, reader: Reader, at: Here, member: int) -> DailyCap:
        """How much stored value a person may get for points today, and got."""
        limit_fen = self._catalogue.rules(reader, "points")[0]["convert_day_fen"]
        got: dict[OpRef, int] = {}
        for one in facts.members_of(reader, member) if limit_fen else ():
            for entry in entries_of_day(reader, one, (WALLET, BONUS), at.business_day):
                if entry.reason == REASON_REDEMPTION:
                    got[entry.reference] = got.get(entry.reference, 0) - entry.amount
        # Money that became bonus credit comes to nothing, and money that became points to less.
        return DailyCap(limit_fen, sum(max(fen, 0) for fen in got.values()))

    def _points_facts(
        self,
        reader: Reader,
        at: Here,
        member: int,
        classes: tuple[int, ...] = (POINTS_HELD,),
    ) -> PointsFacts | Refusal:
        person = facts.person_of(reader, member)
        row = facts.row(reader, MEMBER, person)
        refusal = member_refusal(row)
        if refusal is not None:
            return refusal
        return PointsFacts(
            person,
            read_text(MEMBER, row, "name"),
            facts.parts_here(reader, at, facts.members_of(reader, person), classes),
            self._catalogue.rule(reader),
            facts.points_of(reader, person),
        )

    def _asking(self, outcome: Outcome, member: int) -> Outcome:
        """The outcome; points that are held elsewhere are asked for, so that a repeat succeeds."""
        if isinstance(outcome, Refusal) and outcome.code == "points_elsewhere":
            wanted, held = outcome.parameters["points"], outcome.parameters["held"]
            missing = int(str(wanted)) - int(str(held))
            self._rights.ask_for(POINTS_HELD, member, missing, POINTS)
        return outcome


def gifts_due(reader: Reader, committer: Committer, at: Here, member: int) -> tuple[DueGift, ...]:
    """The gifts that a member may have today, those included that were given already."""
    row = facts.row(reader, MEMBER, member)
    ladder = ladder_of(committer.catalogue.rules(reader, "tiers"))
    birthday_gift = committer.catalogue.rules(reader, "points")[0]["birthday_gift"]
    return due_gifts(at, row, tier_in_force(ladder, row, at.business_day), birthday_gift)
