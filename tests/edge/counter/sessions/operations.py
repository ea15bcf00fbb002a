"""Operations on sessions for the machine of the counter's money."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from edge.desk.answers import Answer
from edge.desk.session_facts import sessions_under_way
from sync_protocol.accounts import PREPAID
from tests.edge.counter.money_machine import MEMBERS, CounterMachine
from tests.edge.counter.sessions.floor import identity_number, papers
from tests.edge.desk.counter import MANAGER

SEATS = 3
seat_at = st.integers(0, SEATS - 1)
guest = st.integers(-1, MEMBERS - 1)
"""A member, or a walk-in (-1)."""
fen = st.one_of(st.integers(1, 300), st.sampled_from([500, 1_000, 5_000]))
paid_by = st.sampled_from(["cash", "card", "wechat", "wallet"])


class Sessions(CounterMachine):
    """Guests sit, pay before or after, pause and leave; the clock is set now and then."""

    def seats(self) -> list[int]:
        """The seats, set up when somebody first asks for one."""
        if not hasattr(self, "seats_set_up"):
            self.run(self.counter.log_in(MANAGER))
            grid = {"row": 1, "column": 1, "per_row": SEATS}
            made = self.do("set_up_seats", prefix="A", first=1, last=SEATS, zone="hall", **grid)
            self.seats_set_up = [int(str(seat)) for seat in made["seats"]]
            self.run(self.counter.log_in())
        return self.seats_set_up

    def paying(self, tender: str) -> dict[str, Any]:
        """A tender, with a reference of its own."""
        self.requests += 1
        return {"tender": tender, "tender_reference": f"REF-S{self.requests}"}

    def seated(self, seat: int) -> Any:
        """The session at a seat, as the page shows it; None where the seat is free."""
        view = self.counter.desk.session_views.seat(self.seats()[seat])
        return view.session if view is not None else None

    @rule(seat=seat_at, who=guest, amount_fen=fen, tender=paid_by)
    def seat_a_guest(self, seat: int, who: int, amount_fen: int, tender: str) -> None:
        document = papers(identity_number(19900101, seat + 1 if who < 0 else 90 + who))
        plan: dict[str, Any] = {"member": self.members[who]} if who >= 0 else {}
        if amount_fen % 3:
            plan |= {"payment": "prepaid", "amount_fen": amount_fen, **self.paying(tender)}
        self.ask("start_session", seat=self.seats()[seat], **document, **plan)

    @rule(seat=seat_at, amount_fen=fen, tender=paid_by)
    def pay_for_more_time(self, seat: int, amount_fen: int, tender: str) -> None:
        view = self.seated(seat)
        if view is not None:
            paid = self.paying(tender)
            self.ask("prepay_session", session=view.session.id, amount_fen=amount_fen, **paid)

    @rule(minutes=st.integers(0, 90), set_hours=st.sampled_from([0, 0, 3, -3]))
    def time_passes(self, minutes: int, set_hours: int) -> None:
        self.counter.clock.forward(minutes * 60)
        self.counter.clock.step(set_hours * 3600)
        self.run(self.counter.desk.session_watch.look())

    @rule(seat=seat_at)
    def pause_or_go_on(self, seat: int) -> None:
        view = self.seated(seat)
        if view is not None:
            running = view.session.status == "running"
            self.ask("pause_session" if running else "resume_session", session=view.session.id)

    @rule(seat=seat_at, tender=st.sampled_from(["cash", "wallet", "card"]))
    def end_and_settle(self, seat: int, tender: str) -> None:
        view = self.seated(seat)
        if view is None:
            return
        due = {"session": view.session.id, "expected_total_fen": view.bill.due_fen}
        ended = self.ask("end_session", **due, **self.paying(tender))
        if isinstance(ended, Answer):
            assert self.seated(seat) is None

    @rule(seat=seat_at, who=guest, amount_fen=fen, minutes=st.integers(0, 200), tender=paid_by)
    def a_whole_stay(self, seat: int, who: int, amount_fen: int, minutes: int, tender: str) -> None:
        self.seat_a_guest(seat, who, amount_fen, tender)
        self.time_passes(minutes, 0)
        self.end_and_settle(seat, tender)

    @invariant()
    def what_was_paid_before_is_in_hand_to_the_end_and_gone_after_it(self) -> None:
        """Each session's prepayment stands in the ledger, and nothing of one that has ended."""
        if not hasattr(self, "members"):
            return
        held = {
            account[1]: -amount for account, amount in self.books().items() if account[0] == PREPAID
        }
        with self.counter.store.read() as reader:
            under_way = {
                session.id: session.prepaid_fen
                for session, _row in sessions_under_way(reader)
                if session.prepaid_fen
            }
        assert held == under_way
