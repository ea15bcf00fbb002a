"""Make an erased person's bytes vanish from the database files, not only from the tables.

Within the erase op's transaction bodies are set to null and rows replaced. What can still hold the
bytes afterwards: report rows, quarantined messages, free pages and the write-ahead log. SQLite's
`secure_delete` zeroes what is freed, a truncating checkpoint empties the WAL, and VACUUM leaves
nothing behind that an earlier release wrote without it. PostgreSQL's tables are rewritten; its WAL
segments and backups keep what they hold until they are recycled (docs/OPERATIONS.md).
"""

from cloud.store import quarantine, statements
from cloud.store.database import Database
from cloud.store.models import ErasedSubject, LogHead, ReportMember


def is_needed(database: Database) -> bool:
    """Return whether an erasure was committed whose bytes may still be in the files."""
    head = database.first(LogHead.select())
    newest = database.first(ErasedSubject.select().order_by(ErasedSubject.position.desc()))
    return newest is not None and newest.position > head.scrubbed_position


def scrub(database: Database) -> None:
    """Remove what is left of erased subjects. Runs to the end or is repeated at the next start."""
    newest = database.first(ErasedSubject.select().order_by(ErasedSubject.position.desc()))
    with database.transaction():
        erased = ErasedSubject.select(ErasedSubject.subject)
        database.run(ReportMember.delete().where(ReportMember.member.in_(erased)))
        quarantine.drop_raw(database)
    if database.is_sqlite:
        database.execute(statements.CHECKPOINT_SQLITE).fetchall()
        database.execute(statements.VACUUM)
        database.execute(statements.CHECKPOINT_SQLITE).fetchall()
    else:
        database.execute(statements.VACUUM_FULL_POSTGRESQL)
    database.run(LogHead.update(scrubbed_position=newest.position))
