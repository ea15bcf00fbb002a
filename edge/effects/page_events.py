"""Page events: tells open pages which region of theirs is stale, bounded by the number of regions.

A subscriber that reads slowly loses nothing and holds nothing back: a region that is stale twice
is stale once.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from enum import StrEnum

SUBSCRIBERS_MAX = 64
"""Pages of one box at once; a counter has two or three."""


class Region(StrEnum):
    """A part of the counter page that is read anew as a whole."""

    TAP = "tap"
    """The last tap and the member on the screen."""
    TICKET = "ticket"
    PRESENT = "present"
    TRANSFERS = "transfers"
    EVENTS = "events"
    TRUTH = "truth"
    PRODUCTS = "products"
    SEATS = "seats"
    """The seat map, and what it warns of."""
    SCAN = "scan"
    """What a scanner read; nothing on the page is stale by it."""


class TooManySubscribersError(Exception):
    """SUBSCRIBERS_MAX pages listen already."""


class Subscription:
    """The stale regions of one page; iterate over it."""

    def __init__(self) -> None:
        self._stale: dict[Region, None] = {}
        self._arrived = asyncio.Event()

    def mark(self, region: Region) -> None:
        """Note that a region is stale."""
        self._stale[region] = None
        self._arrived.set()

    async def __aiter__(self) -> AsyncIterator[tuple[Region, ...]]:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            stale = tuple(self._stale)
            self._stale.clear()
            if stale:
                yield stale


class PageEvents:
    """Where effects tell and pages listen; on the loop only."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._published = dict.fromkeys(Region, 0)

    def times_stale(self, region: Region) -> int:
        """How often a region was published: what was read before the last time is old."""
        return self._published[region]

    @property
    def published(self) -> int:
        """How often anything was published: what was read at a lower count may be older."""
        return sum(self._published.values())

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """A subscription for as long as the context lasts. Raises TooManySubscribersError."""
        if len(self._subscriptions) >= SUBSCRIBERS_MAX:
            raise TooManySubscribersError
        subscription = Subscription()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def publish(self, *regions: Region) -> None:
        """Mark regions as stale on every open page."""
        for region in regions:
            self._published[region] += 1
        for subscription in self._subscriptions:
            for region in regions:
                subscription.mark(region)
