"""What an annotation says of a business day that was taken from a wrong clock."""

from datetime import UTC, datetime

import pytest

from cloud.domain.business_day import Calendar
from cloud.store.database import open_writer
from cloud.store.migrations import migrate
from cloud.store.reports import fold_chunk, takings
from sync_protocol.accounts import FEN, REVENUE, TILL
from sync_protocol.annotations import APPLIED
from sync_protocol.clock import stamp_of
from sync_protocol.kinds import TRANSACTION
from sync_protocol.ledger import REASON_SALE, Transaction
from tests.cloud.chain import NOW_MS, Chain

CALENDAR = Calendar(480, 6)
DAY_MS = 86_400_000


def ms(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


NOON = ms("2026-05-28T04:00")
BOOT_1970 = ms("1970-01-01T00:00:10")


@pytest.mark.parametrize(
    ("written", "stamp_ms", "effective_ms", "offset_ms", "corrected"),
    [
        (20260528, NOON, NOON + 5, 0, 0),  # a sound clock
        (20260527, NOON, NOON, 0, 0),  # entered later, from paper
        (19700101, BOOT_1970, NOON, NOON - BOOT_1970, 20260528),
        (20560521, NOON + 10_950 * DAY_MS, NOON, -10_950 * DAY_MS, 20260528),
        (19700103, NOON + 1, NOON + 2, NOON, 20260528),  # a stamp that merged what it had seen
        (20260529, NOON + DAY_MS, NOON, -DAY_MS, 20260528),
        (20260528, NOON + 3_600_000, NOON, -3_600_000, 0),  # an hour off, on the same day
        (20260521, NOON + DAY_MS, NOON, -DAY_MS, 0),  # from paper, at a box with a wrong clock
        (19700101, NOON, NOON + 1, -(1 << 62), 20260528),  # a clock that lies
        (0, NOON + DAY_MS, NOON, -DAY_MS, 20260528),  # no day at all
    ],
)
def test_a_day_taken_from_a_wrong_clock_is_that_of_the_effect(
    written, stamp_ms, effective_ms, offset_ms, corrected
):
    assert CALENDAR.corrected(written, (stamp_ms, effective_ms), offset_ms) == corrected


@pytest.fixture
def log_of_hub(tmp_path):
    database = open_writer(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    migrate(database)
    yield Chain(database)
    database.close()


def test_takings_stand_on_the_day_that_the_annotation_gives(log_of_hub):
    chain = log_of_hub
    box = chain.node(1, 1)
    chain.builder.authors[1, 1].segment = 1
    chain.builder.authors[1, 1].offset_ms = NOW_MS
    postings = [(TILL, 1, 0, 0, 0, FEN, 500), (REVENUE, 1, 0, 0, 0, FEN, -500)]
    sold = Transaction(1, REASON_SALE, 19700101, 480, 0, 0, None, postings)
    today = CALENDAR.day(chain.now_ms)
    (annotation,) = chain.commit(box.op(TRANSACTION, sold.body(), stamp=stamp_of(1_000_000)))
    assert (annotation.verdict, annotation.detail) == (APPLIED, today)
    while fold_chunk(chain.database, chain.builder.head.position):
        pass
    assert [(row.cafe, row.amount) for row in takings(chain.database, today)] == [(1, 500)]
    assert takings(chain.database, 19700101) == []
    assert chain.refolded().differences == []
