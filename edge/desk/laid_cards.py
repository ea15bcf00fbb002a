"""Whether the card that was tapped is still the one on its reader, asked right before a debit.

Between the tap and the cashier's Enter another customer's card may have come onto the reader,
faster than anybody sees. So the reader reads its card anew, and a debit that names the tapped card
(`tapped_card`) finds in its own transaction whether that was another one. A card that was taken
away proves nothing and stops nothing; nor does a reader that cannot tell.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from edge.desk.screens import Screens
from edge.domain.cards import claimed_card, normal_uid
from edge.domain.members import keyed_hash
from edge.store.store import Store
from sync_protocol.kinds import CARD_CLAIM

CardsThere = Callable[[str], Coroutine[Any, Any, tuple[bytes, ...]]]
"""The UIDs of the cards that lie on a reader now, read anew; none where it cannot tell."""


async def cannot_tell(_reader: str) -> tuple[bytes, ...]:
    """Of a counter without readers."""
    return ()


class LaidCards:
    """See the module."""

    def __init__(
        self, store: Store, screens: Screens, chain_key: bytes, cards_there: CardsThere
    ) -> None:
        self._store = store
        self._screens = screens
        self._chain_key = chain_key
        self._cards_there = cards_there

    async def is_swapped(self, tapped_card: int) -> bool:
        """Whether another card than this one lies where this one was tapped last."""
        reader = self._screens.reader_of(tapped_card)
        if not reader:
            return False
        uids = await self._cards_there(reader)
        cards = {self._card_of(uid) for uid in uids}
        return bool(cards) and tapped_card not in cards

    def _card_of(self, uid: bytes) -> int:
        with self._store.read() as reader:
            claim = reader.claim(CARD_CLAIM, keyed_hash(self._chain_key, normal_uid(uid)))
            return claimed_card(claim.row if claim is not None else None)
