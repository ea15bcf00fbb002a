"""Who may set the box up: whoever stands before it and has read its setup PIN.

The page is on the cafe's network, where the customers' machines are too. So every browser gives
the PIN first, also one on the box itself: it stands on the box's screen, on its label, or on a slip
that anybody may ask for and only who stands at the printer can read. Enforced for every path
of the set-up by `edge/web/setup/application.py` `_only_with_pin`.
"""

import hmac
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from edge.domain.refusals import Refusal, refuse

TRIES = 5
"""Wrong PINs in a row from one address; then one more each LOCK_S. A stranger's do not lock the
technician's machine out."""
LOCK_S = 60.0
WRONG_IN_ALL = 10
"""Wrong PINs from all addresses within LOCK_S, since a machine may take many: at this pace a
guesser needs a month of an open set-up for half of all PINs."""
ADDRESSES_MAX = 256
"""Whose last wrong PIN is longest ago is forgotten for one more."""
SLIP_EVERY_S = 30.0
"""A stranger may ask for the slip too: not for a whole roll of them."""
BROWSERS_MAX = 16
"""The longest known is forgotten for one more."""


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Wrong PINs in a row from one address, and when the last one came."""

    count: int
    last_s: float


class Gate:
    """Counts wrong PINs and knows the browsers that gave the right one."""

    def __init__(
        self, pin: str, monotonic_s: Callable[[], float], new_token: Callable[[], str]
    ) -> None:
        self.pin = pin
        self._monotonic_s = monotonic_s
        self._new_token = new_token
        self._wrong: OrderedDict[str, _Wrong] = OrderedDict()
        self._wrong_at_s: deque[float] = deque(maxlen=WRONG_IN_ALL)
        self._slip_s: float | None = None
        self._tokens: OrderedDict[str, None] = OrderedDict()

    def give_pin(self, address: str, pin: str) -> str | Refusal:
        """A token for the cookie of the browser at this address, or why not."""
        now_s = self._monotonic_s()
        left_s = self._open_s(address) - now_s
        if left_s > 0:
            return refuse("setup_pin_locked", seconds=int(left_s) + 1)
        if not hmac.compare_digest(pin.strip().encode(), self.pin.encode()):
            self._note_wrong(address, now_s)
            return refuse("setup_pin_wrong")
        self._wrong.pop(address, None)
        token = self._new_token()
        self._tokens[token] = None
        if len(self._tokens) > BROWSERS_MAX:
            self._tokens.popitem(last=False)
        return token

    def _open_s(self, address: str) -> float:
        """When a PIN from this address is looked at again."""
        wrong = self._wrong.get(address)
        own_s = wrong.last_s + LOCK_S if wrong is not None and wrong.count >= TRIES else 0.0
        full = len(self._wrong_at_s) == WRONG_IN_ALL
        return max(own_s, self._wrong_at_s[0] + LOCK_S if full else 0.0)

    def _note_wrong(self, address: str, now_s: float) -> None:
        before = self._wrong.pop(address, None)
        self._wrong[address] = _Wrong(1 if before is None else before.count + 1, now_s)
        if len(self._wrong) > ADDRESSES_MAX:
            self._wrong.popitem(last=False)
        self._wrong_at_s.append(now_s)

    def knows(self, token: str) -> bool:
        """Whether the browser with this token gave the PIN."""
        return token in self._tokens

    def may_print_pin(self) -> Refusal | None:
        """Why no slip with the PIN is printed now; None counts as printed."""
        now_s = self._monotonic_s()
        if self._slip_s is not None and now_s < self._slip_s + SLIP_EVERY_S:
            return refuse("setup_slip_later", seconds=int(self._slip_s + SLIP_EVERY_S - now_s) + 1)
        self._slip_s = now_s
        return None
