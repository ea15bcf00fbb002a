"""Operations on tickets, voids and slips by hand for the machine of the counter's money."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from edge.desk.answers import Answer
from edge.desk.paper_slips import open_slips
from edge.domain.decision import read_int, read_text
from sync_protocol.kinds import PAPER_SLIP
from tests.edge.counter.money_machine import APPROVED, MEMBERS, CounterMachine
from tests.edge.desk.counter import MANAGER

customer = st.integers(-1, MEMBERS - 1)
"""A member, or a walk-in (-1)."""
pieces = st.dictionaries(st.sampled_from(["COLA", "NOODLE", "HOUR"]), st.integers(1, 5), min_size=1)
paid_by = st.sampled_from(["cash", "card", "wechat", "wallet"])


class Orders(CounterMachine):
    """Tickets are paid and voided, put aside and merged; slips by hand are entered once."""

    @rule(who=customer, lines=pieces, tender=paid_by)
    def a_void_leaves_nothing(self, who: int, lines: dict[str, int], tender: str) -> None:
        before = self.books()
        sold = self.sold(who, lines, tender)
        if isinstance(sold, Answer):
            void = {"sale": sold.values["sale"], "reason": "错"}
            self.do("void_sale", **void, **APPROVED)
            assert not isinstance(self.ask("void_sale", **void, **APPROVED), Answer)
        self.assert_books(before)

    @rule(who=customer, lines=pieces, tender=paid_by, share=st.integers(1, 99))
    def a_sale_that_is_refunded_in_part_cannot_be_voided(
        self, who: int, lines: dict[str, int], tender: str, share: int
    ) -> None:
        sold = self.sold(who, lines, tender)
        if not isinstance(sold, Answer):
            return
        total_fen = int(str(sold.values["total_fen"]))
        part_fen = max(total_fen * share // 100, 1)
        self.run(self.counter.log_in(MANAGER))
        back = self.ask("refund", sale=sold.values["sale"], amount_fen=part_fen, reason="退")
        self.run(self.counter.log_in())
        if isinstance(back, Answer):
            before = self.books()
            void = {"sale": sold.values["sale"], "reason": "错", **APPROVED}
            assert not isinstance(self.ask("void_sale", **void), Answer)
            self.assert_books(before)

    @rule(lines=pieces, other=pieces)
    def tickets_that_are_put_aside_move_nothing(
        self, lines: dict[str, int], other: dict[str, int]
    ) -> None:
        before = self.books()
        self.ticket(-1, lines)
        kept = self.ask("keep_ticket")
        self.ticket(-1, other)
        if isinstance(kept, Answer):
            merged = self.do("merge_ticket", ticket=kept.values["ticket"])["lines"]
            pieces = sum(quantity for _, quantity in merged)
            assert pieces == sum(lines.values()) + sum(other.values())
        self.do("abandon")
        self.assert_books(before)

    @rule(who=customer, amount_fen=st.integers(1, 2_000), tender=paid_by, tops_up=st.booleans())
    def a_slip_by_hand_counts_once(
        self, who: int, amount_fen: int, tender: str, *, tops_up: bool
    ) -> None:
        number, code = self.slip()
        member = {"member": self.members[who]} if who >= 0 else {}
        slip = {"number": number, "code": code, "happened_at": self.local_time(), **member}
        form = "top_up" if tops_up else "spend"
        asked = {**slip, "form": form, "amount_fen": amount_fen, **self.by(tender)}
        if isinstance(self.ask("enter_paper_slip", **asked), Answer):
            before = self.books()
            again = {**asked, **self.by(tender)}
            assert not isinstance(self.ask("enter_paper_slip", **again), Answer)
            self.assert_books(before)

    def ticket(self, who: int, lines: dict[str, int]) -> int:
        """Put lines on a ticket of somebody; what is due."""
        self.do("abandon")
        self.do("set_ticket_member", **({"member": self.members[who]} if who >= 0 else {}))
        for sku, quantity in lines.items():
            due = self.do("add_line", sku=sku, quantity=quantity)["total_fen"]
        return int(str(due))

    def sold(self, who: int, lines: dict[str, int], tender: str) -> Any:
        """Sell to somebody; the answer, or why not."""
        due = self.ticket(who, lines)
        return self.ask("pay", expected_total_fen=due, **self.by(tender))

    def by(self, tender: str) -> dict[str, str]:
        """A tender, with a reference of its own."""
        self.requests += 1
        return {"tender": tender, "tender_reference": f"REF-O{self.requests}"}

    def slip(self) -> tuple[str, str]:
        """(number, code) of an open slip, printed when there is none."""
        with self.counter.store.read() as reader:
            slips = list(open_slips(reader))
        if not slips:
            self.run(self.counter.log_in(MANAGER))
            self.do("print_paper_slips", count=5)
            self.run(self.counter.log_in())
            return self.slip()
        row = slips[0].shown
        return str(read_int(PAPER_SLIP, row, "number")), read_text(PAPER_SLIP, row, "code")

    def local_time(self) -> str:
        """The counter's minute, as people write it."""
        moment = datetime.fromtimestamp(self.counter.clock.now_ms / 1000, UTC)
        return f"{moment + timedelta(hours=8):%Y-%m-%d %H:%M}"
