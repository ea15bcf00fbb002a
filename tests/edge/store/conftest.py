"""A box's store, a clock that tests move, and a hub in memory."""

import secrets

import pytest

from edge.store.identity import Clock, Identity
from edge.store.store import Store
from tests.edge.store.log_hub import CHAIN, LogHub

START_MS = 1_780_000_000_000


class Hands:
    """Both clocks, moved by hand."""

    def __init__(self):
        self.ms = 0
        self.step_ms = 0

    def clock(self):
        return Clock(lambda: START_MS + self.ms + self.step_ms, lambda: self.ms, b"boot-of-test")


@pytest.fixture
def hands():
    return Hands()


@pytest.fixture
def hub(hands):
    return LogHub(lambda: START_MS + hands.ms + 1)


@pytest.fixture
def open_box(tmp_path, hands):
    """Open the store of cafe `cafe` (node and cafe have one number); closed at the end."""
    stores = []

    def open_store(cafe=3, epoch=1, name=None):
        path = tmp_path / (name or f"box{cafe}.db")
        identity = Identity(CHAIN, cafe, epoch, cafe)
        store = Store.open(path, identity, hands.clock(), secrets.token_bytes)
        stores.append(store)
        return store

    yield open_store
    for store in stores:
        store.close()


@pytest.fixture
def box(open_box):
    return open_box()
