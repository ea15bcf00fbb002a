"""Which tables there are, and how they are kept."""

from peewee import Model

from cloud.store.models import (
    Approval,
    AuthorHead,
    Balance,
    ClaimHolder,
    DeferredOp,
    EnrolmentCode,
    ErasedSubject,
    GrantMade,
    LogBlock,
    LogHead,
    LogInAttempt,
    LogOp,
    QuarantinedBatch,
    RegisterDocument,
    SecondFactorUse,
    SectionSum,
    Setting,
    StaffSession,
)
from cloud.store.report_models import (
    ReportCursor,
    ReportEntry,
    ReportMember,
    ReportVisit,
)
from cloud.store.returned_models import (
    LeftOver,
    LeftOverOp,
    RecoveryNode,
    RecoveryState,
    ReturnedBlock,
    ReturnedOp,
)

LOG_TABLES: tuple[type[Model], ...] = (
    LogHead,
    LogOp,
    LogBlock,
    DeferredOp,
    LeftOver,
    LeftOverOp,
    RecoveryState,
    RecoveryNode,
    ReturnedBlock,
    ReturnedOp,
    AuthorHead,
    RegisterDocument,
    ClaimHolder,
    Balance,
    SectionSum,
    ErasedSubject,
    GrantMade,
    QuarantinedBatch,
    EnrolmentCode,
    StaffSession,
    LogInAttempt,
    SecondFactorUse,
    Approval,
    Setting,
)
REPORT_TABLES: tuple[type[Model], ...] = (
    ReportCursor,
    ReportEntry,
    ReportMember,
    ReportVisit,
)
KEYED_TABLES: tuple[type[Model], ...] = (
    AuthorHead,
    Balance,
    SectionSum,
    GrantMade,
    ReportEntry,
    ReportVisit,
)
"""Small rows found by their whole key: without a rowid SQLite keeps one B-tree instead of two."""
