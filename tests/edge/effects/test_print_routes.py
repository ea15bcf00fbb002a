"""Which printer prints which slips: all in one lane, by what each printer names."""

from edge.effects.print_routes import lanes_of, printers_of
from edge.effects.slips import SLIPS
from edge.receipt import SlipGroup
from tests.edge.desk.counter import RecordedPrinter


def named(name: str, slips: str = "", stands_in_for: str = "") -> RecordedPrinter:
    """A printer and the groups that it names."""
    printer = RecordedPrinter()
    printer.name = name
    printer.slips = frozenset(slips.split())
    printer.stands_in_for = frozenset(stands_in_for.split())
    return printer


def test_every_slip_is_in_exactly_one_lane() -> None:
    counter = named("counter")
    office = named("office", "report shift", "receipt")
    door = named("door", "welcome")
    lanes = lanes_of([counter, office, door])
    slips = [slip for lane in lanes for slip in lane.slips]
    assert sorted(slips) == sorted(SLIPS)
    by_slip = {slip: [one.name for one in lane.printers] for lane in lanes for slip in lane.slips}
    assert by_slip["sale"] == ["counter", "office"]
    assert by_slip["z_report"] == by_slip["report"] == ["office"]
    assert by_slip["check_in"] == ["door"]
    assert by_slip["dispatch"] == ["counter"]


def test_what_no_printer_names_goes_to_the_first_and_nobody_stands_in_unasked() -> None:
    office, door = named("office", "report"), named("door", "welcome")
    assert printers_of(SlipGroup.RECEIPT, [office, door]) == (office,)
    assert printers_of(SlipGroup.RECEIPT, [named("a"), door])[0].name == "a"


def test_a_printer_does_not_stand_in_for_itself() -> None:
    only = named("only", "receipt", "receipt")
    assert printers_of(SlipGroup.RECEIPT, [only]) == (only,)


def test_without_a_printer_there_is_no_lane() -> None:
    assert lanes_of([]) == ()


def test_no_slip_of_money_is_ever_stale() -> None:
    assert [name for name, slip in SLIPS.items() if slip.moves_cash and slip.stale_after_min] == []
    assert SLIPS["check_in"].stale_after_min == 10
