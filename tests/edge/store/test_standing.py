"""What stops a box from spending outlives a restart: fences of its epoch, another machine."""

import secrets

from edge.store.identity import Identity
from edge.store.store import Store
from tests.edge.store.log_hub import CHAIN


def opened(tmp_path, hands, epoch=1, hardware=b"machine one"):
    path, identity = tmp_path / "box.db", Identity(CHAIN, 3, epoch, 3)
    return Store.open(path, identity, hands.clock(), secrets.token_bytes, hardware)


def stopped(store):
    with store.read() as reader:
        return reader.stop_spending()


async def test_a_fence_stands_over_restarts_until_the_hub_lifts_it(tmp_path, hands):
    with opened(tmp_path, hands) as store:
        assert stopped(store) is None
        await store.note_fence("revoked", 0)
    with opened(tmp_path, hands) as store:
        assert stopped(store) == "fenced_revoked"
        await store.lift_fence()
        assert stopped(store) is None


async def test_a_fence_that_was_found_in_the_chains_ends_with_the_epoch_only(tmp_path, hands):
    with opened(tmp_path, hands) as store:
        await store.note_fence("fork", 7)
        await store.note_fence("revoked", 0)
        await store.lift_fence()
        assert stopped(store) == "fenced_fork"
    with opened(tmp_path, hands, epoch=2) as store:
        assert stopped(store) is None


def test_another_machine_spends_nothing_until_the_hub_gives_an_epoch(tmp_path, hands):
    with opened(tmp_path, hands) as store:
        assert stopped(store) is None
    with opened(tmp_path, hands, hardware=b"machine two") as store:
        assert stopped(store) == "other_hardware"
    with opened(tmp_path, hands) as store:
        assert stopped(store) is None, "the card is back in its machine"
    with opened(tmp_path, hands, epoch=2, hardware=b"machine two") as store:
        assert stopped(store) is None
    with opened(tmp_path, hands, epoch=2) as store:
        assert stopped(store) == "other_hardware"
