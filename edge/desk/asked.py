"""What was asked of the hub: one request id for each wish, and whose wishes were in vain."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from edge.desk import facts
from edge.desk.line import Line
from edge.domain.decision import Here
from edge.store.reader import Reader
from sync_protocol.accounts import FEN, HUB_HOLDER, WALLET

ASK_AGAIN_NS = 5_000_000_000
"""A grant that has not come after this long was lost or cannot be made; the next tap asks again."""
AWAITED_NS = 60_000_000_000
"""So long after a tap its member is taken to stand at this counter still."""
IN_VAIN_NS = 600_000_000_000
"""So long a wish that was not met says that the hub cannot meet it."""
ASKED_MAX = 1000


@dataclass(frozen=True, slots=True)
class _Wish:
    request: int
    asked_ns: int
    amount: int


class Asked:
    """Changed on the loop; looked up from the writer's thread too, one subject at a time."""

    def __init__(
        self, line: Line, monotonic_ns: Callable[[], int], new_id: Callable[[], int]
    ) -> None:
        self.line = line
        self._monotonic_ns = monotonic_ns
        self._new_id = new_id
        self._wishes: dict[tuple[int, int, str], _Wish] = {}

    def request_id(self, code: int, subject: int, amount: int, unit: str = FEN) -> int:
        """The id under which to ask now: a repeat within a few seconds carries the same."""
        now_ns = self._monotonic_ns()
        wish = self._wishes.get((code, subject, unit))
        repeated = wish is not None and now_ns - wish.asked_ns <= ASK_AGAIN_NS
        if wish is None or not repeated or wish.amount != amount:
            if len(self._wishes) >= ASKED_MAX:
                self._wishes.clear()
            wish = self._wishes[code, subject, unit] = _Wish(self._new_id(), now_ns, amount)
        return wish.request

    def met(self, code: int, subject: int) -> None:
        """There is nothing to ask for any more."""
        self._wishes.pop((code, subject, FEN), None)

    def awaited(self) -> list[int]:
        """Who was asked for just now, and stands at this counter still."""
        now_ns = self._monotonic_ns()
        wishes = self._wishes.items()
        awaited = (one for (_, one, _), wish in wishes if now_ns - wish.asked_ns <= AWAITED_NS)
        return list(dict.fromkeys(awaited))

    def in_vain(self, subject: int) -> bool:
        """Whether a wish for money of a while ago was not met."""
        wish = self._wishes.get((WALLET, subject, FEN))
        waited_ns = self._monotonic_ns() - wish.asked_ns if wish is not None else 0
        return ASK_AGAIN_NS < waited_ns <= IN_VAIN_NS

    def here_for(self, reader: Reader, at: Here, member: int) -> Here:
        """`at`; as without a line where the hub was asked in vain and holds nothing itself.

        Then what the member has is at a cafe that does not answer, and an advance may bridge it.
        """
        if at.cut_off:
            return at
        for one in facts.members_of(reader, member):
            at_hub = reader.balance((WALLET, one, *HUB_HOLDER, 0, FEN))
            if at_hub.shown == 0 and self.in_vain(one):
                return replace(at, cut_off=True)
        return at
