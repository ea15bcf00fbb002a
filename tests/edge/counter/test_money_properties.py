"""Any sequence of the counter's money operations leaves true books, and undoing is exact."""

from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from edge.desk.answers import Answer
from tests.edge.counter.benefits.operations import Benefits
from tests.edge.counter.money_machine import APPROVED, MEMBERS, CounterMachine
from tests.edge.counter.sessions.operations import Sessions
from tests.edge.counter.shifts.operations import Shifts
from tests.edge.counter.tickets.operations import Orders

which = st.integers(0, MEMBERS - 1)
fen = st.one_of(st.integers(1, 300), st.sampled_from([500, 1_000, 5_000, 10_000, 20_000]))
paid_by = st.sampled_from(["cash", "card", "wechat", "voucher"])
parts = st.lists(st.integers(1, 99), max_size=3)


class TopUps(CounterMachine):
    """Money goes in and comes out again."""

    def top_up_of(self, member: int, amount_fen: int, tender: str) -> dict[str, Any]:
        """The inputs of a top-up, with a reference of its own."""
        self.requests += 1
        paid = {"tender": tender, "tender_reference": f"REF-{self.requests}"}
        return {"member": self.members[member], "amount_fen": amount_fen, **paid}

    @rule(member=which, amount_fen=fen, tender=paid_by)
    def top_up(self, member: int, amount_fen: int, tender: str) -> None:
        self.ask("top_up", **self.top_up_of(member, amount_fen, tender))

    @rule(member=which, amount_fen=st.integers(100, 50_000), tender=paid_by)
    def a_top_up_that_is_cancelled_leaves_nothing(
        self, member: int, amount_fen: int, tender: str
    ) -> None:
        before = self.books()
        made = self.do("top_up", **self.top_up_of(member, amount_fen, tender))
        self.do("cancel_top_up", top_up=made["top_up"], reason="错", **APPROVED)
        self.assert_books(before)

    @rule(member=which, spent_fen=fen, amount_fen=st.sampled_from([10_000, 20_000]))
    def cancel_after_a_spend(self, member: int, spent_fen: int, amount_fen: int) -> None:
        made = self.do("top_up", **self.top_up_of(member, amount_fen, "cash"))
        self.ask("spend", member=self.members[member], amount_fen=spent_fen)
        self.ask("cancel_top_up", top_up=made["top_up"], reason="错", **APPROVED)

    @rule(member=which, amount_fen=fen, tender=paid_by)
    def cash_out(self, member: int, amount_fen: int, tender: str) -> None:
        self.requests += 1
        paid = {"tender": tender, "tender_reference": f"REF-{self.requests}"}
        asked = {"member": self.members[member], "amount_fen": amount_fen, "reason": "退"}
        self.ask("cash_out", **asked, **paid, **APPROVED)


class Spends(CounterMachine):
    """Stored value and other tenders pay, and go back."""

    @rule(member=which, amount_fen=fen)
    def spend(self, member: int, amount_fen: int) -> None:
        self.ask("spend", member=self.members[member], amount_fen=amount_fen)

    @rule(member=which, amount_fen=fen, shares=parts)
    def what_is_refunded_in_parts_comes_back_whole(
        self, member: int, amount_fen: int, shares: list[int]
    ) -> None:
        before = self.books()
        asked = {"member": self.members[member], "fee": "other", "amount_fen": amount_fen}
        sold = self.ask("pay_fee", **asked, tender="wallet")
        if isinstance(sold, Answer):
            self._refund(sold.values["sale"], amount_fen, shares)
        self.assert_books(before)

    @rule(member=which, card_fen=st.integers(0, 1_000), cash_fen=st.integers(0, 1_000))
    def pay_by_several_tenders(self, member: int, card_fen: int, cash_fen: int) -> None:
        self.requests += 1
        laid = [["wallet", 0], ["card", card_fen, f"POS-{self.requests}"], ["cash", cash_fen]]
        tenders = [line for line in laid if line[1] or line[0] == "wallet"]
        self.do("abandon")
        self.do("set_ticket_member", member=self.members[member])
        due = self.do("add_line", sku="HOUR", quantity=3)["total_fen"]
        before = self.books()
        sold = self.ask("pay", expected_total_fen=due, tenders=tenders)
        if isinstance(sold, Answer):
            self._refund(sold.values["sale"], due, [33, 50])
            self.assert_books(before)

    def _refund(self, sale: object, total_fen: int, shares: list[int]) -> None:
        """Give all of a sale back, first some percents of what is left, then the rest."""
        left_fen = total_fen
        self.run(self.counter.log_in(502))
        for share in [*shares, 100]:
            part_fen = left_fen * share // 100
            if part_fen:
                self.do("refund", sale=sale, amount_fen=part_fen, reason="停电")
                left_fen -= part_fen
        self.run(self.counter.log_in())


class Rights(CounterMachine):
    """Time passes, and what may be spent moves between cafe and head office."""

    @rule(member=which)
    def release(self, member: int) -> None:
        self.do("release", member=self.members[member])

    @rule()
    def head_office_confirms(self) -> None:
        self.run(self.counter.hub.confirm_all())

    @rule(days=st.integers(1, 40))
    def days_pass_and_what_is_past_its_month_lapses(self, days: int) -> None:
        self.counter.clock.forward(days * 24 * 3600)
        self.run(self.counter.desk.rights.expire_due())


class MoneyMachine(TopUps, Spends, Benefits, Rights, Sessions, Shifts, Orders):
    """All of it, by rules that give bonus credit, points and lucky points."""

    rules_published: ClassVar = {
        **Benefits.BENEFIT_RULES,
        "top_up_tiers": [
            {"from_fen": 1_000, "bonus_fen": 77, "bonus_months": 1},
            {"from_fen": 10_000, "bonus_fen": 1_111, "points": 50, "lucky": 3},
        ],
        "spending": [{"order": "in_proportion", "pin_above_fen": 0}],
        "points": [{"per_yuan": 3, "yuan_points": 7, "money_points": 5}],
        "counter": [{"checkout": "ticket"}],
        "tenders": [
            {"code": "cash", "name": "现金"},
            {"code": "card", "name": "银行卡", "needs_reference": True},
            {"code": "wechat", "name": "微信", "needs_reference": True},
            {"code": "voucher", "name": "餐券"},
        ],
    }


MoneyMachine.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestMoney = MoneyMachine.TestCase
