"""The effects of one box, handed to its desk together."""

from dataclasses import dataclass, field

from edge.domain.refusals import CHINESE
from edge.effects.cash_drawer import CashDrawer
from edge.effects.customer_display import CustomerDisplay
from edge.effects.door import Door
from edge.effects.page_events import PageEvents
from edge.effects.printing import PrinterQueue
from edge.effects.tap_feedback import TapFeedback


@dataclass(frozen=True, slots=True)
class Effects:
    """What happens once a commit is on the disk, and never before."""

    door: Door
    printer_queue: PrinterQueue
    page_events: PageEvents
    customer_display: CustomerDisplay = field(default_factory=lambda: CustomerDisplay((), CHINESE))
    tap_feedback: TapFeedback = field(default_factory=lambda: TapFeedback(()))
    drawer: CashDrawer = field(default_factory=lambda: CashDrawer(None, lambda: 0))
