"""Make an erased person's bytes vanish from the database files, not only from the tables.

Within the erase op's transaction bodies are set to null and rows replaced. What can still hold the
bytes afterwards: report rows, quarantined messages, ops that boxes handed in and nobody admitted
yet, free pages and the write-ahead log. SQLite's
`secure_delete` zeroes what is freed, a truncating checkpoint empties the WAL, and VACUUM leaves
nothing behind that an earlier release wrote without it. PostgreSQL's tables are rewritten; its WAL
segments and backups keep what they hold until they are recycled (docs/OPERATIONS.md).
"""

from cloud.store import quarantine, statements
from cloud.store.database import Database
from cloud.store.models import ErasedSubject, LogHead
from cloud.store.report_models import ReportMember
from cloud.store.returned_models import LeftOverOp


def due(database: Database) -> int:
    """Return the place of the last erasure if its bytes may still be in the files, else 0."""
    head = database.first(LogHead.select())
    newest = database.first(ErasedSubject.select().order_by(ErasedSubject.position.desc()))
    if newest is None or newest.position <= head.scrubbed_position:
        return 0
    return int(newest.position)


def is_needed(database: Database) -> bool:
    """Return whether an erasure was committed whose bytes may still be in the files."""
    return due(database) != 0


def rewrite(database: Database) -> None:
    """Drop what is left of erased subjects, and rewrite the tables without it.

    With SQLite the rewritten file is in the write-ahead log until `finish`.
    """
    with database.transaction():
        erased = ErasedSubject.select(ErasedSubject.subject)
        database.run(ReportMember.delete().where(ReportMember.member.in_(erased)))
        database.run(LeftOverOp.update(body=None).where(LeftOverOp.subject.in_(erased)))
        quarantine.drop_raw(database)
    if database.is_sqlite:
        database.execute(statements.VACUUM)
    else:
        database.execute(statements.VACUUM_FULL_POSTGRESQL)


def finish(database: Database, position: int) -> bool:
    """Empty the write-ahead log after `rewrite`, and note that erasures up to `position` are done.

    False while somebody reads an old state: the log cannot be emptied then, and this is to be
    called again. What a crash cuts short is done anew at the next start.
    """
    if database.is_sqlite:
        busy = database.execute(statements.CHECKPOINT_SQLITE).fetchall()[0][0]
        if busy:
            return False
    database.run(LogHead.update(scrubbed_position=position))
    return True
