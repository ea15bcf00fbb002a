"""Brings a file's tables up to date. A step and its record share one transaction.

A new file gets the tables as `tables` has them and all steps as done. To change a table: change it
in `tables`, and add a step that changes older files the same way (`playhouse.migrate`). A step is
never edited once it was released.
"""

from collections.abc import Callable, Sequence

from peewee import SqliteDatabase

from edge.store import upkeep_statements
from edge.store.checked_bytes import with_check
from edge.store.documents import index_kind
from edge.store.errors import StoreMismatchError
from edge.store.tables import AuditRow, Migration, PinAttempt, create_all
from sync_protocol.kinds import (
    CARD,
    CASE,
    IDENTITY_CHECK,
    MEMBER,
    PASS,
    SESSION,
    SHIFT,
    TOP_UP,
)

Step = tuple[int, str, Callable[[SqliteDatabase], None]]


def _index_members_and_cards(database: SqliteDatabase) -> None:
    for kind in (MEMBER, CARD):
        index_kind(database.connection(), kind)  # type: ignore[no-untyped-call]  # peewee's


def _index_top_ups(database: SqliteDatabase) -> None:
    index_kind(database.connection(), TOP_UP)  # type: ignore[no-untyped-call]  # peewee's


def _index_passes(database: SqliteDatabase) -> None:
    index_kind(database.connection(), PASS)  # type: ignore[no-untyped-call]  # peewee's


def _index_cases(database: SqliteDatabase) -> None:
    index_kind(database.connection(), CASE)  # type: ignore[no-untyped-call]  # peewee's


def _add_audit_and_attempts(database: SqliteDatabase) -> None:
    connection = database.connection()  # type: ignore[no-untyped-call]  # peewee's
    index_kind(connection, SHIFT)
    with database.bind_ctx((AuditRow, PinAttempt)):
        database.create_tables((AuditRow, PinAttempt))
    connection.execute("DROP TABLE IF EXISTS staff_lockout")


def _index_sessions_and_checks(database: SqliteDatabase) -> None:
    for kind in (SESSION, IDENTITY_CHECK):
        index_kind(database.connection(), kind)  # type: ignore[no-untyped-call]  # peewee's


def _check_answers_and_print_jobs(database: SqliteDatabase) -> None:
    connection = database.connection()  # type: ignore[no-untyped-call]  # peewee's
    for select, update in (
        upkeep_statements.BYTES_OF_ANSWERS,
        upkeep_statements.BYTES_OF_PRINT_JOBS,
    ):
        rows = connection.execute(select).fetchall()
        connection.executemany(update, [(with_check(data), place) for place, data in rows])


STEPS: tuple[Step, ...] = (
    (1, "initial tables", create_all),
    (
        2,
        "members by initials, category and status, cards by status and day",
        _index_members_and_cards,
    ),
    (3, "top-ups by member and day", _index_top_ups),
    (4, "passes and vouchers by member and number", _index_passes),
    (5, "cases by status and the day of their settlement", _index_cases),
    (6, "members by parts of their names and phones", _index_members_and_cards),
    (7, "audit log, attempts at a PIN, shifts by day", _add_audit_and_attempts),
    (
        8,
        "sessions by status and day, identity checks by person and day",
        _index_sessions_and_checks,
    ),
    (9, "answers and print jobs carry a check", _check_answers_and_print_jobs),
)


def bring_up_to_date(database: SqliteDatabase, steps: Sequence[Step] = STEPS) -> int:
    """Run the steps that the file has not been through; return how many.

    Raises `StoreMismatchError` for a file that a later program has changed.
    """
    connection = database.connection()  # type: ignore[no-untyped-call]  # peewee's
    if connection.execute(upkeep_statements.SELECT_TABLE, ("migration",)).fetchone() is None:
        with database.atomic("IMMEDIATE"):
            create_all(database)
            _record(database, steps)
        return len(steps)
    done = {row[0] for row in connection.execute(upkeep_statements.SELECT_MIGRATIONS)}
    known = {number for number, _, _ in steps}
    if done - known:
        words = "a later version has used this store; install that version, or restore a backup"
        raise StoreMismatchError("later_version", words)
    waiting = [step for step in steps if step[0] not in done]
    for step in waiting:
        with database.atomic("IMMEDIATE"):
            step[2](database)
            _record(database, [step])
    return len(waiting)


def _record(database: SqliteDatabase, steps: Sequence[Step]) -> None:
    rows = [{"number": number, "name": name} for number, name, _ in steps]
    Migration.insert_many(rows).execute(database)
