"""The PIN of a member's card: checked off the writer's thread, wrong ones counted on the disk."""

from edge.desk import facts
from edge.desk.pins import NO_TERMINAL, Pins
from edge.domain.decision import read_text
from edge.domain.refusals import Refusal, refuse
from edge.store.reader import Reader
from edge.store.store import Store
from sync_protocol.kinds import CARD

ACTIVE = "active"


class CardPins:
    """Checks a member's PIN.

    Wrong PINs count for the member, as a log-in's do for a person of the staff, and lock the PIN
    for as long; a second person may vouch meanwhile.
    """

    def __init__(self, store: Store, pins: Pins) -> None:
        self._store = store
        self._pins = pins

    async def check(self, member: int, pin: str) -> bool | Refusal:
        """Whether this is the PIN of one of the member's cards in use; False where none came."""
        if not pin:
            return False
        with self._store.read() as reader:
            person = facts.person_of(reader, member)
            hashes = pin_hashes(reader, person)
        refusal = await self._pins.check(person, NO_TERMINAL, hashes, pin)
        if refusal is None:
            return True
        wrong = refusal.code == "log_in_failed"
        return refuse("card_pin_wrong" if wrong else "card_pin_locked")


def pin_hashes(reader: Reader, member: int) -> list[str]:
    """The PIN hashes of a person's cards in use."""
    cards = [
        card.shown
        for one in facts.members_of(reader, member)
        for card in reader.registers_where(CARD, "member", one)
    ]
    found = [
        read_text(CARD, card, "pin_hash")
        for card in cards
        if read_text(CARD, card, "status") == ACTIVE
    ]
    return [pin_hash for pin_hash in found if pin_hash]
