"""What the customer's display shows now: a welcome, what is due, the change."""

from collections.abc import Callable, Iterable

from edge.desk import facts
from edge.desk.answers import Answer
from edge.desk.catalogue import Catalogue
from edge.desk.commit import Committer
from edge.desk.numbers import paper_number
from edge.desk.open_tickets import read_ticket
from edge.desk.people import member_view
from edge.desk.screens import Screens
from edge.desk.settings import Clocks, DeskSettings
from edge.desk.view_types import DeviceView
from edge.domain import customer_display
from edge.domain.customer_display import DisplayLines
from edge.domain.decision import Here
from edge.domain.paper_codes import ReceiptCode, qr_text
from edge.domain.refusals import CHINESE
from edge.domain.tickets import Ticket
from edge.effects.after_commit import Effects
from edge.effects.page_events import Region
from edge.events import DeviceState
from edge.store.reader import Reader
from edge.store.store import Store

TERMINAL = 1
"""The display stands at the counter's one screen."""
PAPER_LOW = "paper_low"
"""Why a printer is not quite well that prints all the same."""
SHOWN_REGIONS = frozenset({Region.TICKET, Region.TAP})


class CustomerScreen:
    """Follows ticket and tap, and tells the display; started by the composition root."""

    def __init__(
        self,
        store: Store,
        settings: DeskSettings,
        committer: Committer,
        screens: Screens,
        effects: Effects,
        clocks: Clocks,
        devices: Callable[[], Iterable[DeviceView]],
    ) -> None:
        self._store = store
        self._settings = settings
        self._catalogue: Catalogue = committer.catalogue
        self._screens = screens
        self._effects = effects
        self._clocks = clocks
        self._devices = devices

    async def run(self) -> None:
        """Show what changes, until cancelled; ends at once where there is no display."""
        display = self._effects.customer_display
        if not display.present:
            return
        with self._effects.page_events.subscribe() as changes:
            await display.show(self.lines())
            async for regions in changes:
                if SHOWN_REGIONS.intersection(regions):
                    await display.show(self.lines())

    def lines(self) -> DisplayLines:
        """What the customer reads now."""
        language = self.language
        screen, last = self._screens.at(TERMINAL), self._screens.last_sale(TERMINAL)
        with self._store.read() as reader:
            at = facts.here(reader, self._settings, self._clocks.wall_ms())
            ticket = read_ticket(reader, self._catalogue, at, TERMINAL)
            if ticket.lines:
                return _due(ticket, last.added, language)
            if last.paid is not None:
                return self._paid(reader, at, last.paid, language)
            member = member_view(reader, at, screen.member) if screen.member else None
            if member is not None:
                return customer_display.greeting(language, member.name, member.balance_fen)
            return self._idle(reader, at)

    def welcome(self) -> DisplayLines:
        """What stands there while nobody is served."""
        with self._store.read() as reader:
            at = facts.here(reader, self._settings, self._clocks.wall_ms())
            return self._idle(reader, at)

    @property
    def language(self) -> str:
        """Which language the customer reads."""
        return self._effects.customer_display.language

    def _idle(self, reader: Reader, at: Here) -> DisplayLines:
        name = facts.cafe_name(reader, at.cafe)
        return customer_display.idle(self.language, name[0 if self.language == CHINESE else 1])

    def _paid(self, reader: Reader, at: Here, paid: Answer, language: str) -> DisplayLines:
        values = paid.values
        total_fen, change_fen = int(str(values["total_fen"])), int(str(values["change_fen"]))
        number = paper_number(reader, at.business_day, int(str(values["number"])))
        code = ReceiptCode("sale", number, paid.chain_code)
        qr = "" if self._prints() else qr_text(self._settings.chain_key, code)
        return customer_display.paid(language, total_fen, change_fen, qr)

    def _prints(self) -> bool:
        """Whether a receipt comes out on paper now."""
        return any(
            device.kind == "receipt_printer"
            and (device.state == DeviceState.OK or device.reason == PAPER_LOW)
            for device in self._devices()
        )


def _due(ticket: Ticket, added: str, language: str) -> DisplayLines:
    items = sum(line.quantity for line in ticket.lines)
    names = {line.product.sku: line.product.names for line in ticket.lines}
    last = names.get(added) or ticket.lines[-1].product.names
    return customer_display.due(
        language, last[0 if language == CHINESE else 1], items, ticket.total_fen
    )
