"""Who may set the box up: whoever stands before it and has read its setup PIN.

The page is on the cafe's network, where the customers' machines are too. So every browser gives
the PIN first, also one on the box itself: it stands on the box's screen, on its label, or on a slip
that anybody may ask for and only who stands at the printer can read. Enforced for every path
of the set-up by `edge/web/setup/application.py` `_only_with_pin`.
"""

import hmac
from collections import OrderedDict
from collections.abc import Callable

from edge.domain.refusals import Refusal, refuse

TRIES = 5
"""Wrong PINs in a row; then one more each LOCK_S."""
LOCK_S = 60.0
"""At this pace a guesser needs a year for half of all PINs."""
SLIP_EVERY_S = 30.0
"""A stranger may ask for the slip too: not for a whole roll of them."""
BROWSERS_MAX = 16
"""The longest known is forgotten for one more."""


class Gate:
    """Counts wrong PINs and knows the browsers that gave the right one."""

    def __init__(
        self, pin: str, monotonic_s: Callable[[], float], new_token: Callable[[], str]
    ) -> None:
        self.pin = pin
        self._monotonic_s = monotonic_s
        self._new_token = new_token
        self._wrong = 0
        self._wrong_s = 0.0
        self._slip_s: float | None = None
        self._tokens: OrderedDict[str, None] = OrderedDict()

    def give_pin(self, pin: str) -> str | Refusal:
        """A token for the browser's cookie, or why not."""
        now_s = self._monotonic_s()
        left_s = self._wrong_s + LOCK_S - now_s
        if self._wrong >= TRIES and left_s > 0:
            return refuse("setup_pin_locked", seconds=int(left_s) + 1)
        if not hmac.compare_digest(pin.strip().encode(), self.pin.encode()):
            self._wrong += 1
            self._wrong_s = now_s
            return refuse("setup_pin_wrong")
        self._wrong = 0
        token = self._new_token()
        self._tokens[token] = None
        if len(self._tokens) > BROWSERS_MAX:
            self._tokens.popitem(last=False)
        return token

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
