"""What was left for a card and for those that it replaced, read for decisions and pages."""

from edge.desk import facts
from edge.domain.card_fees import Deposit, predecessors
from edge.domain.decision import Here, read_int
from edge.store.reader import Reader
from sync_protocol.accounts import CARD_DEPOSIT, FEN
from sync_protocol.kinds import CARD
from sync_protocol.registers import RegisterRow


def deposit_of(reader: Reader, at: Here, card: int) -> Deposit:
    """The deposit of a card: what of it this node holds, and where the rest is.

    A card that was replaced has none any more: it is the next one's.
    """
    if read_int(CARD, facts.row(reader, CARD, card), "replaced_by"):
        return Deposit()
    cards = _with_replaced(reader, card)
    elsewhere_fen = elsewhere_card = 0
    places: dict[facts.Name, None] = {}
    for one in cards:
        for account, balance in reader.balances_of(CARD_DEPOSIT, one, FEN):
            if account[2:4] != (at.node, at.epoch) and balance.shown:
                elsewhere_fen -= balance.shown
                elsewhere_card = one
                places[facts.place_of(reader, account[2], account[3])] = None
    return Deposit(
        facts.parts_here(reader, at, cards, (CARD_DEPOSIT,)),
        elsewhere_fen,
        ("、".join(place[0] for place in places), ", ".join(place[1] for place in places)),
        elsewhere_card,
    )


def with_deposit_before(reader: Reader, card: int) -> dict[int, RegisterRow]:
    """The cards that a card replaced, where something was left for one of them."""
    before = _with_replaced(reader, card)[1:]
    left = any(
        balance.shown
        for one in before
        for _account, balance in reader.balances_of(CARD_DEPOSIT, one, FEN)
    )
    rows = ((one, facts.row(reader, CARD, one)) for one in before)
    return {one: row for one, row in rows if row is not None} if left else {}


def deposits_fen(reader: Reader, member: int) -> int:
    """All that a person left for cards, wherever it is held."""
    return sum(
        -balance.shown
        for one in facts.members_of(reader, member)
        for document in reader.registers_where(CARD, "member", one)
        for _account, balance in reader.balances_of(CARD_DEPOSIT, int(document.key), FEN)
    )


def _with_replaced(reader: Reader, card: int) -> tuple[int, ...]:
    """A card and all of the same member that it replaced, one after the other."""
    member = read_int(CARD, facts.row(reader, CARD, card), "member")
    replaced_by = {
        int(document.key): read_int(CARD, document.shown, "replaced_by")
        for document in reader.registers_where(CARD, "member", member)
    }
    return predecessors(card, replaced_by if member else {})
