"""Light beams on pins: one that counts in a fixed direction, or two that tell the direction.

A pin's interrupt only wakes the loop; what counts is the level once it has stood for
`debounce_ms`. With two beams a crossing begins when one breaks and ends when both are free:
the beam that broke first and the one that was broken last say which way. Whoever turns back
counts nothing.
"""

import asyncio

OUTER = 1
INNER = 2
BOTH = OUTER | INNER

ENTERED = (1, 0, 0)
LEFT = (0, 1, 0)
UNKNOWN = (0, 0, 1)
DIRECTIONS = {"in": ENTERED, "out": LEFT, "unknown": UNKNOWN}


class Passage:
    """Levels in, crossings out: the rule of two beams. A level is a sum of OUTER and INNER."""

    def __init__(self):
        self._first = 0
        self._last = 0

    def see(self, broken):
        """Return a crossing (entered, left, unknown) if one has just ended, else None."""
        if broken:
            self._first = self._first or broken
            self._last = broken
            return None
        first, last = self._first, self._last
        self._first = self._last = 0
        if first == last != BOTH:
            return None
        if BOTH in (first, last):
            return UNKNOWN
        return ENTERED if first == OUTER else LEFT


class OneBeam:
    """A beam whose every break is a crossing in `direction`."""

    def __init__(self, pin, direction, debounce_ms):
        self._crossing = DIRECTIONS[direction]
        self._pins = _Pins([pin], debounce_ms)
        self._was = 0

    async def crossed(self):
        while True:
            broken = await self._pins.changed()
            before, self._was = self._was, broken
            if broken and not before:
                return self._crossing


class TwoBeams:
    """Two beams, one behind the other."""

    def __init__(self, outer_pin, inner_pin, debounce_ms):
        self._passage = Passage()
        self._pins = _Pins([outer_pin, inner_pin], debounce_ms)

    async def crossed(self):
        while True:
            crossing = self._passage.see(await self._pins.changed())
            if crossing is not None:
                return crossing


class _Pins:
    """Levels of pins that are low while their beam is broken."""

    def __init__(self, pins, debounce_ms):
        self._pins = pins
        self._debounce_s = debounce_ms / 1000
        self._woken = asyncio.ThreadSafeFlag()
        self._level = 0
        for pin in pins:
            pin.irq(handler=self._wake)

    def _wake(self, _pin):
        self._woken.set()

    async def changed(self):
        """Wait for another set of broken beams that stands; bit n is pin n."""
        while True:
            level = self._read()
            while True:
                await asyncio.sleep(self._debounce_s)
                again = self._read()
                if again == level:
                    break
                level = again
            if level != self._level:
                self._level = level
                return level
            await self._woken.wait()

    def _read(self):
        level = 0
        for index, pin in enumerate(self._pins):
            if not pin.value():
                level |= 1 << index
        return level
