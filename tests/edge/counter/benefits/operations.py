"""Operations of points, passes and vouchers for the money machine: undoing them is exact too."""

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import rule

from edge.desk.answers import Answer
from tests.edge.counter.money_machine import APPROVED, MEMBERS, CounterMachine

which = st.integers(0, MEMBERS - 1)
forms = st.sampled_from(["points", "money", "spend_points"])
REDEMPTIONS = [
    {"code": "credit", "points": 9, "gives": "stored_value", "amount_fen": 333},
    {"code": "noodle", "points": 5, "gives": "goods", "sku": "NOODLE"},
    {"code": "off", "points": 4, "gives": "discount", "amount_fen": 250},
]
CARD_TYPES = [{"code": "stored_value", "points_percent": 150, "rebate_percent": 7}]
TIERS = [
    {"code": "gold", "threshold_points": 60, "discount_percent": 93, "points_percent": 130},
    {"code": "paid", "fee_fen": 500, "discount_percent": 90, "valid_days": 20},
]


class Benefits(CounterMachine):
    """Points come and go, passes and memberships are sold and given back."""

    BENEFIT_RULES: ClassVar = {
        "redemptions": REDEMPTIONS,
        "card_types": CARD_TYPES,
        "tiers": TIERS,
    }

    @rule(member=which, points=st.integers(1, 80), form=st.sampled_from(["award", "deduct"]))
    def adjust(self, member: int, points: int, form: str) -> None:
        asked = {"member": self.members[member], "form": form, "points": points}
        self.ask("adjust_points", **asked, reason="更正", **APPROVED)

    @rule(member=which, give=forms, get=forms, amount=st.integers(1, 500))
    def convert(self, member: int, give: str, get: str, amount: int) -> None:
        self.ask("convert", member=self.members[member], give=give, get=get, amount=amount)

    @rule(member=which, code=st.sampled_from(["credit", "noodle"]))
    def what_is_redeemed_and_returned_leaves_nothing(self, member: int, code: str) -> None:
        self.do("goods_receipt", lines=[["NOODLE", 1]])
        before = self.books()
        redeemed = self.ask("redeem_points", member=self.members[member], code=code)
        if isinstance(redeemed, Answer):
            self.run(self.counter.log_in(502))
            self.do("return_redemption", sale=redeemed.values["sale"], reason="不要了")
            self.run(self.counter.log_in())
        self.assert_books(before)

    @rule(member=which, used=st.integers(0, 4), wallet=st.booleans())
    def a_pass_is_sold_used_and_its_rest_given_back(
        self, member: int, used: int, wallet: bool
    ) -> None:
        tender = "wallet" if wallet else "cash"
        asked = {"member": self.members[member], "code": "ten", "tender": tender}
        sold = self.ask("sell_pass", **asked)
        if not isinstance(sold, Answer):
            return
        for _ in range(used):
            self.do("use_pass", pass_id=sold.values["pass"])
        self.run(self.counter.log_in(502))
        self.do("refund_pass", pass_id=sold.values["pass"], reason="搬家")
        self.run(self.counter.log_in())

    @rule(member=which, quantity=st.integers(1, 4))
    def points_pay_part_and_a_refund_gives_all_of_it_back(self, member: int, quantity: int) -> None:
        self.do("abandon")
        self.do("add_line", sku="HOUR", quantity=quantity)
        due = self.do("set_ticket_member", member=self.members[member])["total_fen"]
        offset = self.ask("use_points", code="off")
        due = offset.values["total_fen"] if isinstance(offset, Answer) else due
        before = self.books()
        sold = self.ask("pay", tender="cash", expected_total_fen=due)
        if isinstance(sold, Answer):
            self.run(self.counter.log_in(502))
            self.do("refund", sale=sold.values["sale"], amount_fen=due, reason="停电")
            self.run(self.counter.log_in())
            self.assert_books(before)

    @rule(member=which)
    def join_tier(self, member: int) -> None:
        self.ask("join_tier", member=self.members[member], tier="paid", tender="cash")

    @rule(member=which, amount_fen=st.integers(1, 900))
    def a_voucher_becomes_bonus_credit(self, member: int, amount_fen: int) -> None:
        self.run(self.counter.log_in(502))
        issued = self.do("issue_voucher", amount_fen=amount_fen, only_here=True)
        self.run(self.counter.log_in())
        self.do("redeem_voucher", member=self.members[member], code=issued["code"])
