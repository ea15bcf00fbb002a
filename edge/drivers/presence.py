"""Taps from a reader that only repeats the number of what lies on it, or says it once.

Such readers tell no removal and no start: a card is gone once its number was not repeated for
`gone_ms`, and the numbers of the first `gone_ms` are of cards that lay there before the box
looked. One thread owns a `Presence`; times are of the monotonic clock.
"""

from edge.drivers.bridge import Bridge
from edge.drivers.errors import Reason
from edge.events import CardRemoved, CardTapped, CardUnread


class Presence:
    """What lies on one reader."""

    def __init__(self, reader: str, gone_ms: int, bridge: Bridge, *, repeats: bool = True) -> None:
        """Without `repeats` the reader says a card once, when it is laid."""
        self._reader = reader
        self._gone_ns = gone_ms * 1_000_000
        self._bridge = bridge
        self._uid: bytes | None = None
        self._heard_ns = 0
        self._unread_ns: int | None = None
        self._settled_ns: int | None = None if repeats else 0

    def there(self, at_ns: int) -> bytes | None:
        """The card that lies there, as far as the reader repeats it; any thread may ask."""
        return self._uid if at_ns - self._heard_ns < self._gone_ns else None

    def start(self, at_ns: int) -> None:
        """The reader's line is open, for the first time or again: what lay there may stay."""
        if self._settled_ns is None:
            self._settled_ns = at_ns + self._gone_ns
        self._heard_ns = at_ns

    def heard(self, uid: bytes, at_ns: int) -> None:
        """The reader told a number."""
        self.look(at_ns)
        self._heard_ns = at_ns
        if uid == self._uid:
            return
        if self._uid is not None:
            self._bridge.post(CardRemoved(self._reader, at_ns))
        self._uid = uid
        if self._settled_ns is None or at_ns >= self._settled_ns:
            self._bridge.post(CardTapped(self._reader, uid, at_ns))

    def unread(self, reason: Reason, at_ns: int) -> None:
        """The reader told something that is no number: said once, and not beside a read card."""
        self.look(at_ns)
        again = self._unread_ns is not None and at_ns - self._unread_ns < self._gone_ns
        if self._uid is None and not again:
            self._bridge.post(CardUnread(self._reader, reason.value, at_ns))
        self._unread_ns = at_ns

    def look(self, at_ns: int) -> None:
        """Tell a removal that is due."""
        if self._uid is not None and at_ns - self._heard_ns >= self._gone_ns:
            self._uid = None
            self._bridge.post(CardRemoved(self._reader, at_ns))
