"""The schema's versions: each step brings a store from one version to the next, once.

To change the schema, append a step; never edit one that was released.
"""

from collections.abc import Callable

from cloud.store.database import Database, StoreError
from cloud.store.models import (
    Approval,
    DeferredOp,
    LogInAttempt,
    LogOp,
    SecondFactorUse,
    Setting,
)
from cloud.store.report_models import ReportVisit
from cloud.store.returned_models import (
    LeftOver,
    LeftOverOp,
    RecoveryNode,
    RecoveryState,
    ReturnedBlock,
    ReturnedOp,
)
from cloud.store.schema import LOG_TABLES, REPORT_TABLES
from sync_protocol.annotations import DEFERRED

SCHEMA_VERSION = "schema_version"


def _create(database: Database) -> None:
    database.create_tables((*LOG_TABLES, *REPORT_TABLES))


def _visits(database: Database) -> None:
    database.create_tables((ReportVisit,))


def _left_overs(database: Database) -> None:
    database.create_tables((DeferredOp, LeftOver, LeftOverOp))
    deferred = LogOp.select(LogOp.position, LogOp.kind).where(LogOp.verdict == DEFERRED)
    for row in database.rows(deferred):
        known = DeferredOp.insert(position=row.position, kind=row.kind)
        database.run(known.on_conflict_ignore())


def _recovery(database: Database) -> None:
    database.create_tables((RecoveryState, RecoveryNode, ReturnedBlock, ReturnedOp))


def _approvals(database: Database) -> None:
    database.create_tables((Approval,))


def _log_ins(database: Database) -> None:
    database.create_tables((LogInAttempt, SecondFactorUse))


STEPS: tuple[Callable[[Database], None], ...] = (
    _create,
    _visits,
    _left_overs,
    _recovery,
    _approvals,
    _log_ins,
)


def migrate(database: Database) -> int:
    """Bring the store to the newest version; returns it. Each step is one transaction.

    Raises `StoreError` for a store that a later release wrote.
    """
    database.create_tables((Setting,))
    version = schema_version(database)
    if version > len(STEPS):
        raise StoreError(
            f"the store has schema {version}, this release knows {len(STEPS)}: update cafebox"
        )
    for number in range(version, len(STEPS)):
        with database.transaction():
            STEPS[number](database)
            database.run(
                Setting.insert(name=SCHEMA_VERSION, value=str(number + 1)).on_conflict(
                    conflict_target=[Setting.name], update={Setting.value: str(number + 1)}
                )
            )
    return len(STEPS)


def schema_version(database: Database) -> int:
    """Return the version of the store, 0 for an empty one."""
    row = database.first(Setting.select().where(Setting.name == SCHEMA_VERSION))
    return int(row.value) if row is not None else 0
