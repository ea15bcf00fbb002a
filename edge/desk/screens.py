"""Who stands on each terminal's screen: the last tap, or the member that staff chose."""

from dataclasses import dataclass

from edge.desk.answers import Answer
from edge.desk.view_types import TapView

TERMINALS_MAX = 16
TAPPED_CARDS_MAX = 256


@dataclass(frozen=True, slots=True)
class Screen:
    """What a terminal shows in its middle."""

    tap: TapView | None = None
    member: int = 0


@dataclass(frozen=True, slots=True)
class LastSale:
    """What happened last on a terminal's ticket, for the customer's display.

    `added` is the product that came onto it, `paid` the answer of its payment.
    """

    added: str = ""
    paid: Answer | None = None


class Screens:
    """The screens of this box; a tap wins them all, a choice only its own."""

    def __init__(self) -> None:
        self._screens: dict[int, Screen] = {}
        self._last_tap = Screen()
        self._last_sales: dict[int, LastSale] = {}
        self._readers: dict[int, str] = {}

    def at(self, terminal: int) -> Screen:
        """What a terminal shows."""
        return self._screens.get(terminal, self._last_tap)

    @property
    def last_tap(self) -> TapView | None:
        """The last tap on any reader, whoever's screen shows it."""
        return self._last_tap.tap

    def reader_of(self, card: int) -> str:
        """The reader that a card was tapped on last, empty where that is not known any more."""
        return self._readers.get(card, "")

    def show_tap(self, tap: TapView, member: int) -> None:
        """A card was tapped."""
        if tap.card:
            if len(self._readers) >= TAPPED_CARDS_MAX:
                self._readers.clear()
            self._readers[tap.card] = tap.reader
        self._last_tap = Screen(tap, member)
        self._screens.clear()
        self._last_sales.clear()

    def show_member(self, terminal: int, member: int) -> None:
        """Staff chose a member, or cleared the screen (0)."""
        if len(self._screens) >= TERMINALS_MAX and terminal not in self._screens:
            self._screens.clear()
        self._screens[terminal] = Screen(None, member)

    def last_sale(self, terminal: int) -> LastSale:
        """What happened last on a terminal's ticket, since the last tap."""
        return self._last_sales.get(terminal % TERMINALS_MAX, LastSale())

    def note_added(self, terminal: int, sku: str) -> None:
        """A product came onto a terminal's ticket, or something else on it changed (empty)."""
        self._last_sales[terminal % TERMINALS_MAX] = LastSale(sku)

    def note_paid(self, terminal: int, answer: Answer) -> None:
        """A terminal's ticket was paid."""
        self._last_sales[terminal % TERMINALS_MAX] = LastSale(paid=answer)
