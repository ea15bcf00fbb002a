"""What peers sent that was not taken, with the reason: evidence, bounded."""

from hashlib import sha256

from cloud.store import statements
from cloud.store.database import Database
from cloud.store.models import QuarantinedBatch

ROWS_MAX = 1000
"""The oldest go first."""
RAW_BYTES_MAX = 64 * 1024
"""Of a longer message the beginning is kept; its digest and size are of the whole."""
DETAIL_MAX = 200


def keep(
    database: Database, node: int, received_ms: int, reason: str, detail: str, data: bytes
) -> None:
    """Keep one message, in the caller's transaction."""
    words = detail[:DETAIL_MAX].replace("\0", " ")  # PostgreSQL takes none
    what = (len(data), sha256(data).digest(), data[:RAW_BYTES_MAX])
    values = (node, received_ms, reason[:64], words, *what)
    database.execute(statements.INSERT_QUARANTINED, values)
    database.execute(statements.TRIM_QUARANTINED, (ROWS_MAX,))


def drop_raw(database: Database) -> None:
    """Drop every message's bytes, keeping reason, size and digest: an erasure's share.

    What was quarantined could not be decoded, so that nobody can say whose data it holds.
    """
    database.run(QuarantinedBatch.update(raw=None))


def recent(database: Database, limit: int) -> list[QuarantinedBatch]:
    """Return the newest `limit` messages."""
    return database.rows(
        QuarantinedBatch.select().order_by(QuarantinedBatch.id.desc()).limit(limit)
    )
