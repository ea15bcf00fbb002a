"""The gate before the set-up: few guesses, few slips."""

import itertools

from edge.domain.refusals import Refusal
from edge.setup.gate import BROWSERS_MAX, LOCK_S, SLIP_EVERY_S, TRIES, WRONG_IN_ALL, Gate

PIN = "482913"
OURS = "192.168.1.20"


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def gate(watch: Watch) -> Gate:
    numbers = itertools.count()
    return Gate(PIN, watch, lambda: f"token {next(numbers)}")


def code(answer: str | Refusal | None) -> str:
    return answer.code if isinstance(answer, Refusal) else ""


def test_the_right_pin_makes_the_browser_known() -> None:
    opened = gate(Watch())
    assert not opened.knows("")
    token = opened.give_pin(OURS, f" {PIN} ")
    assert isinstance(token, str)
    assert opened.knows(token)


def test_after_some_wrong_pins_no_pin_is_looked_at_for_a_while() -> None:
    watch = Watch()
    opened = gate(watch)
    for _ in range(TRIES):
        assert code(opened.give_pin(OURS, "000000")) == "setup_pin_wrong"
    assert code(opened.give_pin(OURS, PIN)) == "setup_pin_locked"
    watch.now_s += LOCK_S - 0.5
    assert code(opened.give_pin(OURS, PIN)) == "setup_pin_locked"
    watch.now_s += 1
    assert code(opened.give_pin(OURS, "000000")) == "setup_pin_wrong"
    assert code(opened.give_pin(OURS, PIN)) == "setup_pin_locked"
    watch.now_s += LOCK_S
    assert isinstance(opened.give_pin(OURS, PIN), str)
    assert code(opened.give_pin(OURS, "000000")) == "setup_pin_wrong"


def test_a_strangers_wrong_pins_do_not_lock_the_technician_out() -> None:
    opened = gate(Watch())
    for _ in range(TRIES):
        assert code(opened.give_pin("192.168.1.66", "000000")) == "setup_pin_wrong"
    assert code(opened.give_pin("192.168.1.66", PIN)) == "setup_pin_locked"
    assert isinstance(opened.give_pin(OURS, PIN), str)


def test_who_guesses_from_many_addresses_is_held_to_so_many_a_minute_in_all() -> None:
    watch = Watch()
    opened = gate(watch)
    for _ in range(3):
        for number in range(WRONG_IN_ALL):
            address = f"192.168.1.{number + 100}"
            assert code(opened.give_pin(address, "000000")) == "setup_pin_wrong"
        assert code(opened.give_pin(OURS, PIN)) == "setup_pin_locked"
        watch.now_s += LOCK_S
    assert isinstance(opened.give_pin(OURS, PIN), str)


def test_a_stranger_cannot_empty_the_roll() -> None:
    watch = Watch()
    opened = gate(watch)
    assert opened.may_print_pin() is None
    assert code(opened.may_print_pin()) == "setup_slip_later"
    watch.now_s += SLIP_EVERY_S
    assert opened.may_print_pin() is None


def test_the_browser_that_is_longest_known_is_forgotten_first() -> None:
    opened = gate(Watch())
    tokens = [str(opened.give_pin(OURS, PIN)) for _ in range(BROWSERS_MAX + 1)]
    assert [opened.knows(token) for token in tokens] == [False] + [True] * BROWSERS_MAX
