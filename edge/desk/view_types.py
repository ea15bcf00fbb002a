"""What the pages show: plain values, read at one moment, in fen and milliseconds since 1970."""

from dataclasses import dataclass, replace
from enum import StrEnum

from edge.desk.answers import Session
from edge.desk.copy_state import CopyState
from edge.desk.facts import Name
from edge.domain.refusals import Refusal, Sentence
from edge.domain.shift_totals import Row
from edge.domain.shifts import Shift
from edge.events import DeviceState


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member as the counter sees them. A name is empty where it was erased."""

    member: int
    number: str
    name: str
    tier: str
    tier_name: str
    tier_name_en: str
    status: str
    phone_tail: str
    """Last four digits; the whole phone is on the member's own page only."""
    card_label: str
    card_status: str
    """active, suspended, lost, void; empty where the member has no card."""
    balance_fen: int
    """All holders together."""
    spendable_fen: int
    """What this box may debit now."""
    spendable_reason: Sentence | None
    """Why less than the balance may be spent here; None where all of it may."""
    points: int
    specials: tuple[Sentence, ...]
    """Birthday, under age, registration not confirmed yet."""
    in_cafe_since_ms: int
    """0 where the member is not here."""


class TapOutcome(StrEnum):
    """How a tap ended."""

    WELCOME = "welcome"
    """Door opened; the visit is open."""
    SAME_TAP = "same_tap"
    """The same card again within a few seconds: nothing was written, the door is open already."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class TapView:
    """The last tap on this box's readers, as it stands on the screen."""

    at_ms: int
    reader: str
    outcome: TapOutcome
    refusal: Refusal | None
    card_uid: str
    """Hex, only of a card that is not registered (so that it can be issued); else empty."""
    points_earned: int
    asking_for_rights: bool
    """A grant was asked for with this tap and has not arrived yet."""
    card: int = 0
    """The card, of one that was let in; a debit that follows names it (`tapped_card`)."""
    staff: int = 0
    """Whose staff card it is, 0 for nobody's."""


@dataclass(frozen=True, slots=True)
class PresentView:
    """One member who is in the cafe now."""

    member: int
    name: str
    number: str
    entered_ms: int
    taps: int


@dataclass(frozen=True, slots=True)
class TicketLineView:
    """One product of an open ticket."""

    sku: str
    name: str
    name_en: str
    quantity: int
    unit_price_fen: int
    total_fen: int
    list_fen: int = 0
    """What the line costs by the list."""
    reason: str = ""
    """Why it costs less, in Chinese; `reason_en` in English."""
    reason_en: str = ""
    gift: bool = False
    """Whether it comes free with the others, by an event."""


@dataclass(frozen=True, slots=True)
class KeptTicketView:
    """An open ticket that lies aside; `member_name` is empty for a walk-in."""

    ticket: int
    label: str
    member: int
    member_name: str
    items: int
    """Pieces on it."""
    total_fen: int


@dataclass(frozen=True, slots=True)
class TicketView:
    """The open ticket of a terminal; `member` 0 is a walk-in. `pay` names its `id`."""

    id: int
    lines: tuple[TicketLineView, ...]
    member: int
    member_name: str
    total_fen: int
    points_to_earn: int
    discount_fen: int = 0
    """What the customer saves, points included."""
    offset_fen: int = 0
    """What of it points pay."""
    list_fen: int = 0
    """What all of it costs by the list."""
    label: str = ""
    """What it was known by while it lay aside."""
    served_by: str = ""
    """The name of who serves it, where it is not whoever takes the money."""
    keeps_tickets: bool = False
    """Whether this cafe puts tickets aside."""
    walk_in_number: str = ""
    """What stands for a customer without a card."""
    kept: tuple[KeptTicketView, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductView:
    """One product that can be sold here; `in_stock` is None where it is not counted."""

    sku: str
    name: str
    name_en: str
    category: str
    barcode: str
    price_fen: int
    member_price_fen: int
    in_stock: int | None

    @property
    def names(self) -> Name:
        """Chinese first."""
        return (self.name, self.name_en)


@dataclass(frozen=True, slots=True)
class TransferView:
    """A transfer from or to this cafe; an item is (sku, name, quantity), `tags` are the assets."""

    transfer: int
    from_cafe: int
    from_name: Name
    to_cafe: int
    to_name: Name
    dispatched_ms: int
    status: str
    """dispatched, received or short."""
    items: tuple[tuple[str, Name, int], ...]
    tags: tuple[str, ...]
    incoming: bool


@dataclass(frozen=True, slots=True)
class AssetView:
    """A tagged asset of this cafe; `place` is in_stock, issued or in_repair."""

    tag: str
    name: str
    type: str
    serial: str
    place: str


@dataclass(frozen=True, slots=True)
class EventView:
    """One line of the latest events: what, about whom, how much, by which op."""

    at_ms: int
    kind: str
    """A reason of the ledger (`top_up`, `spend`, ...), `tap`, or another kind's name."""
    member: int
    member_name: str
    amount_fen: int
    points: int
    actor_name: str
    chain_code: str
    confirmed: bool
    verdict: str


@dataclass(frozen=True, slots=True)
class SaleView:
    """A sale of this cafe, for refund and reprint."""

    sale: int
    number: int
    member: int
    total_fen: int
    refundable_fen: int
    """At this box, or at the one before it that must be asked for it."""
    tenders: tuple[tuple[str, int], ...]
    items: tuple[tuple[str, int, int], ...]
    """(sku, quantity, line total in fen)."""
    business_day: int
    voided_ms: int = 0
    """When it was taken back whole; 0: it stands."""
    void_reason: str = ""
    refunded: bool = False
    """Whether some of its money went back."""


@dataclass(frozen=True, slots=True)
class PaperSlipView:
    """A slip by hand that is out and not entered; `paper` is its number as it is printed."""

    paper: str
    number: int
    printed_ms: int
    printed_by: str


@dataclass(frozen=True, slots=True)
class PrintJobView:
    """A receipt that was or will be printed; `state` is waiting, printed or failed."""

    print_job: int
    slip: str
    created_ms: int
    state: str
    tries: int
    reason: str


@dataclass(frozen=True, slots=True)
class LedgerEntryView:
    """One posting of a member's ledger with the op that it stands in.

    `amount` is on the account's normal side: positive raises what the member has. `unit` is fen
    or points. `account` is the readable account, such as `wallet:812@3.1`.
    """

    account: str
    unit: str
    amount: int
    reason: str
    cafe: int
    cafe_name: Name
    business_day: int
    at_ms: int
    clock_trust: int
    """A TRUST_ constant of `sync_protocol.ops`."""
    actor: int
    actor_name: str
    terminal: int
    shift: int
    document: int
    chain_code: str
    position: int
    """In the hub's log; 0 while not confirmed."""
    verdict: str


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One device and how it does."""

    name: str
    kind: str
    state: DeviceState
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class DoorsView:
    """The doors since the business day began, by what counters tell."""

    inside: int
    untapped: int
    """How many came in without a tap."""
    untapped_at_ms: int
    """When the last of them did; 0 where it was long ago."""


@dataclass(frozen=True, slots=True)
class TruthLine:
    """The foot of the counter page."""

    line_up: bool
    line_since_ms: int
    """Since when the line is up or down; 0: never up since the start."""
    ops_waiting: int
    oldest_waiting_ms: int
    """When the oldest op not yet acked was written; 0 for none."""
    money_waiting_fen: int
    """How much money those ops moved: it lives on this disk alone."""
    cashier: str
    shift: Shift | None
    """The open shift of the terminal."""
    devices: tuple[DeviceView, ...]
    drawer_open: bool
    """As far as its switch tells."""
    print_jobs_waiting: int
    clock_trust: int
    clock_offset_ms: int
    spending_stopped: str
    """Why this box lowers no right, a code of `edge.store.standing`; empty while all is well."""
    safe_to_unplug: bool
    """Nothing waits for the hub and nothing is being printed."""
    second_copy: CopyState
    """Whether what the hub has not is on a second medium too."""
    doors: DoorsView | None
    """None where nothing counts who goes through."""
    mains_failed_ms: int
    """Since when the mains fails; 0 while it does not."""


@dataclass(frozen=True, slots=True)
class ShiftReportView:
    """What a shift took and gave: rows of `edge.domain.shift_totals`.

    `blind`: whoever looks may not know yet what must lie in the drawer; then rows leave it out,
    and the sums are 0.
    """

    shift: Shift
    rows: tuple[Row, ...]
    blind: bool
    expected_fen: int = 0
    difference_fen: int = 0


@dataclass(frozen=True, slots=True)
class CafeView:
    """One cafe of the chain."""

    cafe: int
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class StaffView:
    """One who may log in here."""

    staff: int
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """A conflict case in a line for this counter: what happened, and what to do about it."""

    case: int
    is_open: bool
    opened_ms: int
    what: Sentence
    todo: Sentence
    note: str
    """Head office's reason; empty while open."""
    cancel_tag: str
    """The asset whose receipt here is to be undone; empty for none."""


@dataclass(frozen=True, slots=True)
class CounterView:
    """All that the counter page shows of one terminal."""

    cafe: int
    cafe_name: str
    cafe_name_en: str
    business_day: int
    session: Session | None
    tap: TapView | None
    member: MemberView | None
    """The tapped or chosen member."""
    present: tuple[PresentView, ...]
    ticket: TicketView
    transfers: tuple[TransferView, ...]
    """Those that this cafe has still to receive."""
    cases: tuple[CaseView, ...]
    events: tuple[EventView, ...]
    truth: TruthLine


def without_members(counter: CounterView) -> CounterView:
    """The page for whoever may look at no member and no money: a technician."""
    ticket = TicketView(counter.ticket.id, (), 0, "", 0, 0)
    return replace(counter, tap=None, member=None, present=(), ticket=ticket, cases=(), events=())
