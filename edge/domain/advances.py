"""Advances: bounded credit at the counter while a member's own rights are elsewhere.

The limit is a right like any other: `advance_right`, granted by the hub to one holder, by default
all of it to the usual cafe. Drawing lowers the right and raises what the member owes in the spend's
own transaction; repaying does the reverse, within the next top-up here, or by the hub once this
node has released the debt. So (rights + debts) of a member stay at the limit, whatever is cut off.
"""

from dataclasses import dataclass

from edge.domain.decision import Here, Posting, own, plain
from edge.domain.parts import Part, lowered, take, total
from sync_protocol.accounts import ADVANCE_BOOK, ADVANCE_RIGHT, FEN, RECEIVABLE


@dataclass(frozen=True, slots=True)
class Advance:
    """What is known here of a member's advance.

    `rights`: the limit's parts that this node holds. `debts`: what was drawn here and is not
    repaid. `owed_elsewhere_fen`: debts at other holders.
    """

    rights: tuple[Part, ...] = ()
    debts: tuple[Part, ...] = ()
    owed_elsewhere_fen: int = 0

    @property
    def owed_fen(self) -> int:
        """All that the member owes."""
        return total(self.debts) + self.owed_elsewhere_fen


NO_ADVANCE = Advance()


def drawable_fen(here: Here, advance: Advance, elsewhere_fen: int) -> int:
    """What may be drawn now: without a line, within the right held here, against money elsewhere.

    With a line there is nothing to bridge: the hub is asked for a grant.
    """
    if not here.cut_off or here.spending_stopped:
        return 0
    return max(min(total(advance.rights), elsewhere_fen - advance.owed_fen), 0)


def drawn(here: Here, advance: Advance, amount_fen: int) -> tuple[Posting, ...]:
    """Postings of a drawn advance; they come to `amount_fen` of debit, as money taken does."""
    used = take(advance.rights, amount_fen)
    postings = list(lowered(here, used))
    for part in used:
        postings.append(plain(ADVANCE_BOOK, part.subject, FEN, -part.amount))
        postings.append(own(here, RECEIVABLE, part.subject, FEN, part.amount))
    return tuple(postings)


def repaid(here: Here, advance: Advance, amount_fen: int) -> tuple[int, tuple[Posting, ...]]:
    """(fen, postings) of what `amount_fen` of new money repays here: they come to -fen."""
    settled = take(advance.debts, amount_fen)
    postings = list(lowered(here, settled))
    for part in settled:
        postings.append(own(here, ADVANCE_RIGHT, part.subject, FEN, -part.amount))
        postings.append(plain(ADVANCE_BOOK, part.subject, FEN, part.amount))
    return total(settled), tuple(postings)
