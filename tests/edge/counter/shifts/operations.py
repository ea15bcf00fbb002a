"""Operations of shifts for the machine: drops, petty cash, counts right and wrong, handovers."""

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from edge.desk.tills import shift_at, shift_of, shift_totals
from sync_protocol.accounts import FEN, TILL
from sync_protocol.kinds import SHIFT
from tests.edge.counter.money_machine import APPROVED, CounterMachine
from tests.edge.desk.counter import CAFE, CASHIER, MANAGER, PIN

TERMINAL = 1


class Shifts(CounterMachine):
    """Drawers are counted, emptied and passed on between two people."""

    @rule(amount_fen=st.integers(1, 30_000))
    def drop_cash(self, amount_fen: int) -> None:
        self.ask("drop_cash", amount_fen=amount_fen)

    @rule(amount_fen=st.integers(1, 5_000))
    def petty_cash(self, amount_fen: int) -> None:
        paid = {"amount_fen": amount_fen, "reason": "水", "receipt_number": "1"}
        self.ask("petty_cash", **paid, **APPROVED)

    @rule(off_fen=st.sampled_from([0, 0, 1, -150, 900]), float_fen=st.integers(0, 20_000))
    def close_and_open(self, off_fen: int, float_fen: int) -> None:
        self._count(off_fen)
        self.do("close_shift", note="差")
        self.do("open_shift", float_fen=float_fen)

    @rule(off_fen=st.sampled_from([0, 0, -10, 250]))
    def hand_over_and_back(self, off_fen: int) -> None:
        for to in (MANAGER, CASHIER):
            self._count(off_fen)
            pins = {"giver_pin": PIN, "receiver_pin": PIN}
            self.do("hand_over", to=to, blank_cards=3, note="差", **pins)
            self.run(self.counter.log_in(to))

    def _count(self, off_fen: int) -> None:
        """Count what should lie there, or nearly."""
        with self.counter.store.read() as reader:
            shift = shift_at(reader, TERMINAL)
            assert shift is not None
            fen = max(shift_totals(reader, shift).cash_fen + off_fen, 0)
        self.do("count_cash", lines=[["100", fen // 100], ["1", fen % 100]])

    @invariant()
    def each_shifts_fold_is_its_till(self) -> None:
        """An ended shift's drawer is empty; the open ones' sum to the account."""
        if not hasattr(self, "counter"):
            return
        with self.counter.store.read() as reader:
            open_fen = 0
            for document in reader.registers(SHIFT):
                shift = shift_of(reader, int(document.key))
                assert shift is not None
                cash_fen = shift_totals(reader, shift).cash_fen
                assert shift.status == "open" or cash_fen == 0, shift
                open_fen += cash_fen
            till_fen = reader.balance((TILL, CAFE, 0, 0, 0, FEN)).shown
        assert open_fen == till_fen
