"""What peers sent that was not taken, with the reason: evidence, bounded."""

from hashlib import sha256

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
    database.run(
        QuarantinedBatch.insert(
            node=node,
            received_ms=received_ms,
            reason=reason[:64],
            detail=detail[:DETAIL_MAX].replace("\0", " "),  # PostgreSQL takes none
            size=len(data),
            digest=sha256(data).digest(),
            raw=data[:RAW_BYTES_MAX],
        )
    )
    newest = database.first(QuarantinedBatch.select().order_by(QuarantinedBatch.id.desc()))
    database.run(QuarantinedBatch.delete().where(QuarantinedBatch.id <= newest.id - ROWS_MAX))


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
