"""Cards as pages show them: a member's, the lost ones, those not renewed, the blank ones."""

from collections.abc import Callable
from dataclasses import dataclass

from edge.desk import facts
from edge.desk.catalogue import Catalogue
from edge.desk.deposits import deposit_of
from edge.desk.line import Line
from edge.desk.purses import lost_list_age_ms
from edge.desk.settings import DeskSettings
from edge.domain.card_types import PLAIN, CardType, card_types
from edge.domain.cards import ACTIVE, LOST, is_lapsed
from edge.domain.decision import Here, read_int, read_text
from edge.domain.lost_cards import lost_list_rule
from edge.store.facts import Document
from edge.store.reader import Reader
from edge.store.store import Store
from sync_protocol.kinds import CARD

CARDS_SHOWN = 200
FIRST_DAY = 1


@dataclass(frozen=True, slots=True)
class CardView:
    """One card. `lapsed`: its last day is over; `blank`: nobody has it yet."""

    card: int
    label: str
    status: str
    type: str
    type_name: str
    type_name_en: str
    discount_percent: int
    points_percent: int
    issued_day: int
    valid_to_day: int
    lapsed: bool
    has_pin: bool
    deposit_fen: int
    member: int
    member_name: str
    printed_only: bool

    @property
    def name(self) -> str:
        """What the card is called in Chinese: its type."""
        return self.type_name

    @property
    def name_en(self) -> str:
        """What the card is called in English."""
        return self.type_name_en


@dataclass(frozen=True, slots=True)
class LostList:
    """The cards reported lost in the chain, and how old this list is. `age_ms` 0: as of now.

    `stale`: older than the rule allows; then offline debits above `limit_fen` are refused.
    """

    cards: tuple[CardView, ...]
    line_up: bool
    as_of_ms: int
    age_ms: int
    stale: bool
    stale_hours: int
    limit_fen: int


class CardViews:
    """Reads for the works about cards; each call is one snapshot of the store."""

    def __init__(
        self,
        store: Store,
        settings: DeskSettings,
        catalogue: Catalogue,
        line: Line,
        wall_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._settings = settings
        self._catalogue = catalogue
        self._line = line
        self._wall_ms = wall_ms

    async def types(self) -> tuple[CardType, ...]:
        """The types of cards that can be issued here."""
        with self._store.read() as reader:
            return tuple(self._types(reader).values())

    async def of_member(self, member: int) -> tuple[CardView, ...]:
        """A person's cards, those in use first."""
        with self._store.read() as reader:
            found = [
                document
                for one in facts.members_of(reader, member)
                for document in reader.registers_where(CARD, "member", one)
            ]
            views = self._views(reader, found)
        return tuple(sorted(views, key=lambda view: (view.status != ACTIVE, -view.issued_day)))

    async def lost(self) -> LostList:
        """The list of lost cards, with its age."""
        with self._store.read() as reader:
            found = reader.registers_where(CARD, "status", LOST, CARDS_SHOWN)
            rule = lost_list_rule(self._catalogue.rules(reader, "counter")[0])
            now_ms = self._wall_ms()
            age_ms = lost_list_age_ms(reader, now_ms, cut_off=not self._line.up)
            return LostList(
                self._views(reader, found),
                self._line.up,
                now_ms - age_ms,
                age_ms,
                rule.is_stale(age_ms),
                rule.stale_hours,
                rule.offline_limit_fen,
            )

    async def lapsed(self) -> tuple[CardView, ...]:
        """Cards in use whose last day is over and that were not renewed, the longest over first."""
        with self._store.read() as reader:
            today = self._here(reader).business_day
            found = reader.registers_between(CARD, "valid_to_day", FIRST_DAY, today, CARDS_SHOWN)
            return self._views(reader, [one for one in found if one.value("status") == ACTIVE])

    async def blank(self) -> tuple[CardView, ...]:
        """This cafe's cards that wait for a member."""
        with self._store.read() as reader:
            return self._views(reader, blank_cards(reader))

    def _views(self, reader: Reader, found: list[Document]) -> tuple[CardView, ...]:
        types, at = self._types(reader), self._here(reader)
        return tuple(_card_view(reader, at, types, document) for document in found)

    def _types(self, reader: Reader) -> dict[str, CardType]:
        return card_types(self._catalogue.rules(reader, "card_types"))

    def _here(self, reader: Reader) -> Here:
        return facts.here(reader, self._settings, self._wall_ms(), cut_off=not self._line.up)


def blank_cards(reader: Reader) -> list[Document]:
    """The documents of this cafe's cards in use that nobody has."""
    cafe = reader.identity.cafe
    return [
        document
        for document in reader.registers_where(CARD, "member", 0, CARDS_SHOWN)
        if document.shown.cafe == cafe and document.value("status") == ACTIVE
    ]


def _card_view(
    reader: Reader, at: Here, types: dict[str, CardType], document: Document
) -> CardView:
    row, card = document.shown, int(document.key)
    card_type = types.get(read_text(CARD, row, "type"), PLAIN)
    deposit = deposit_of(reader, at, card)
    member = read_int(CARD, row, "member")
    return CardView(
        card,
        read_text(CARD, row, "label"),
        read_text(CARD, row, "status"),
        card_type.code,
        card_type.name,
        card_type.name_en,
        card_type.discount_percent,
        card_type.points_percent,
        read_int(CARD, row, "issued_day"),
        read_int(CARD, row, "valid_to_day"),
        is_lapsed(row, at.business_day),
        bool(read_text(CARD, row, "pin_hash")),
        deposit.here_fen + deposit.elsewhere_fen,
        member,
        facts.member_name(reader, member),
        read_text(CARD, row, "form") == "printed",
    )
