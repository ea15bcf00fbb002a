"""The tables: one op log and the projections folded from it. Shapes and keys, no behaviour.

Keys are integers in the order of writing wherever it can be, and rows that are read together lie
together: an author's ops, a subject's balances, a document's mentions.
"""

from peewee import (
    SQL,
    BareField,
    BlobField,
    BooleanField,
    CompositeKey,
    Database,
    IntegerField,
    Model,
    TextField,
)

from sync_protocol.kinds import (
    ALIAS,
    ASSET,
    CARD,
    CASE,
    IDENTITY_CHECK,
    MEMBER,
    PASS,
    PRODUCT,
    SALE,
    SESSION,
    SHIFT,
    STAFF,
    TOP_UP,
    TRANSFER,
)

SEQ_BITS = 48
"""`op.key` is the author's local number in the bits above these, its seq in them."""

LOOKUP_FIELDS: dict[int, tuple[str, ...]] = {
    STAFF: ("name",),
    MEMBER: ("number", "phone", "initials", "category", "status", "approved_day"),
    CARD: ("member", "label", "status", "valid_to_day"),
    PRODUCT: ("barcode", "category"),
    TRANSFER: ("from_cafe", "to_cafe", "status"),
    ASSET: ("type", "serial"),
    CASE: ("status", "settled_day"),
    SALE: ("member", "business_day"),
    ALIAS: ("into",),
    SHIFT: ("status", "business_day"),
    TOP_UP: ("member", "business_day"),
    PASS: ("member", "number"),
    SESSION: ("status", "business_day"),
    IDENTITY_CHECK: ("person", "business_day", "refused_day"),
}
"""Register fields by whose shown value documents are found. To add one, add it here and a
migration that calls `documents.index_kind`. Each costs the writer a page: none for visits, whose
keys begin with the business day."""

SEARCH_FIELDS: dict[int, tuple[str, ...]] = {MEMBER: ("name", "phone")}
"""Text fields that are found by how any part of them begins; see `documents.parts_of`."""
PARTS = 1000
"""Added to a field's index, it is that of its parts in `Lookup`: a register has fewer fields."""

PRINT_WAITING = "waiting"
PRINT_SENT = "sent"
"""Bytes went to the printer, its word that they came out is missing."""
PRINT_KEPT = "kept"
"""Made and not asked for: the rule `counter` says that receipts come out on demand."""
PRINT_DONE = "done"
PRINT_FAILED = "failed"
PRINT_ASKED_AGAIN = "asked_again"
"""Not a state but why a job waits: a person asked for it, so that it is never too old."""


class Table(Model):
    """Base of all tables; bound to no database here, since a writer and readers share them."""

    class Meta:
        legacy_table_names = False


class Migration(Table):
    """A change of the tables that this file has been through."""

    number = IntegerField(primary_key=True)
    name = TextField()


class Setting(Table):
    """Plain values by name, packed: the identity, the cursor, the counter's own settings."""

    name = TextField(primary_key=True)
    value = BlobField()


class Author(Table):
    """An incarnation of a node: its local number, and its last op in the hub's log.

    Negative epochs are this box's own: what its store holds of epoch `-epoch` that has parted from
    the hub's log (the store was copied, or is an old copy). `seq`, `hash` is then the last op that
    the two have in common, and the log's part stands under a number of its own.
    """

    number = IntegerField(primary_key=True)
    node = IntegerField()
    epoch = IntegerField()
    seq = IntegerField()
    hash = BlobField()

    class Meta:
        indexes = ((("node", "epoch"), True),)


class LogOp(Table):
    """Every op that this box wrote or received, with the hub's annotation once it has one.

    A stub has no header. An erased op has no body, and its body's hash instead (in any other row
    that is computed). `position` is null while the hub has not judged an own op.
    """

    key = IntegerField(primary_key=True)
    kind = IntegerField()
    position = IntegerField(null=True)
    effective = IntegerField()
    verdict = IntegerField(null=True)
    detail = BlobField(null=True)
    money_fen = IntegerField()
    header = BlobField(null=True)
    body = BlobField(null=True)
    body_hash = BlobField(null=True)
    hash = BlobField()

    class Meta:
        table_name = "op"


# Partial: a pending op costs no second page at the tap.
LogOp.add_index(LogOp.index(LogOp.position, unique=True, where=LogOp.position.is_null(False)))


class Mention(Table):
    """Which ops name a subject, a document, a claimed key, an item or an asset."""

    subject = BareField()
    op = IntegerField()

    class Meta:
        primary_key = CompositeKey("subject", "op")
        without_rowid = True


class PendingMention(Table):
    """The mentions of own ops that are not confirmed, in order of writing.

    At a tap they go to one page, where `Mention` has one per subject; they move there when the
    range that confirms them is written. A subject's are found by a scan: 40,000 rows of an offline
    week take 2 ms.
    """

    op = IntegerField()
    subject = BareField()

    class Meta:
        primary_key = CompositeKey("op", "subject")
        without_rowid = True


class WaitingOp(Table):
    """Ops in the hub's log that have no effect here yet: parked (unknown kind) or deferred."""

    op = IntegerField(primary_key=True)
    position = IntegerField()
    kind = IntegerField()
    parked = BooleanField()


class Block(Table):
    """The hub's blocks: boundaries, hashes, and a signature where a range ended."""

    generation = IntegerField()
    number = IntegerField()
    first_position = IntegerField()
    count = IntegerField()
    hash = BlobField()
    signature = BlobField(null=True)

    class Meta:
        primary_key = CompositeKey("generation", "number")
        without_rowid = True


class DocumentRow(Table):
    """A register's row, packed: as confirmed, and as shown where that differs."""

    kind = IntegerField()
    key = BareField()
    confirmed = BlobField(null=True)
    pending = BlobField(null=True)

    class Meta:
        table_name = "document"
        primary_key = CompositeKey("kind", "key")
        without_rowid = True


class Lookup(Table):
    """Documents by the shown value of a field, see `LOOKUP_FIELDS`, or by a part of it."""

    kind = IntegerField()
    field = IntegerField()
    value = BareField()
    key = BareField()

    class Meta:
        primary_key = CompositeKey("kind", "field", "value", "key")
        without_rowid = True


class ClaimedKey(Table):
    """Who holds a unique key, packed as in `DocumentRow`; a packed nil says free."""

    kind = IntegerField()
    key = BlobField()
    confirmed = BlobField(null=True)
    pending = BlobField(null=True)

    class Meta:
        primary_key = CompositeKey("kind", "key")
        without_rowid = True


class AccountBalance(Table):
    """An account's amount, debit positive: confirmed, and what own pending ops add to it."""

    subject = BareField()
    account_class = IntegerField()
    unit = TextField()
    node = IntegerField()
    epoch = IntegerField()
    month = IntegerField()
    confirmed = IntegerField()
    pending = IntegerField()

    class Meta:
        # The subject first: all that a member has lies on one page.
        primary_key = CompositeKey("subject", "account_class", "unit", "node", "epoch", "month")
        without_rowid = True


AccountBalance.add_index(
    AccountBalance.index(
        AccountBalance.unit,
        name="balance_of_asset",
        where=SQL("unit >= 'asset:' AND unit < 'asset;'"),
    )
)


class StateSection(Table):
    """The state hash of confirmed rows per section (kind, cafe), see `sync_protocol.state_hash`."""

    kind = IntegerField()
    cafe = IntegerField()
    sum = BlobField()

    class Meta:
        primary_key = CompositeKey("kind", "cafe")
        without_rowid = True


class OpeningRow(Table):
    """What a box refolds from: every confirmed row as it stood at `Setting` opening.

    `name` and `row` are the packed halves of a row of `sync_protocol.snapshot`.
    """

    name = BlobField(primary_key=True)
    row = BlobField()

    class Meta:
        without_rowid = True


class HubManifest(Table):
    """Signed manifests that this box received, until its opening rows stand at a later one."""

    generation = IntegerField()
    position = IntegerField()
    manifest = BlobField()
    signature = BlobField()

    class Meta:
        primary_key = CompositeKey("generation", "position")
        without_rowid = True


class ErasedSubject(Table):
    """People whose data is gone for good: a standing rule for every later op."""

    subject = IntegerField(primary_key=True)


class Request(Table):
    """Answers by request id, so that a repeated request is answered and not done again."""

    id = TextField(primary_key=True)
    answer = BlobField()
    subject = IntegerField()
    at_ms = IntegerField()

    class Meta:
        without_rowid = True


class PrintJobRow(Table):
    """Documents for printers."""

    id = IntegerField(primary_key=True)
    kind = TextField()
    document = BlobField()
    subject = IntegerField()
    state = TextField()
    copies = IntegerField()
    created_ms = IntegerField()
    error = TextField()

    class Meta:
        table_name = "print_job"


PrintJobRow.add_index(
    PrintJobRow.index(PrintJobRow.state, name="print_job_open", where=SQL("state <> 'done'"))
)


class PinAttempt(Table):
    """PINs that were tried and not forgiven by the right one: see `edge.desk.pins`.

    `at_ms` counts from the boot; no wall clock dates them.
    """

    id = IntegerField(primary_key=True)
    account = IntegerField()
    terminal = IntegerField()
    boot = BlobField()
    at_ms = IntegerField()


class AuditRow(Table):
    """What people had this box do, or were denied: a chain of hashes, see `edge.store.audit`."""

    number = IntegerField(primary_key=True)
    at_ms = IntegerField()
    trust = IntegerField()
    staff = IntegerField()
    approver = IntegerField()
    terminal = IntegerField()
    command = TextField()
    outcome = TextField()
    subjects = BlobField()
    op = BlobField()
    hash = BlobField()

    class Meta:
        table_name = "audit"


ALL_TABLES: tuple[type[Table], ...] = (
    Migration,
    Setting,
    Author,
    LogOp,
    Mention,
    PendingMention,
    WaitingOp,
    Block,
    DocumentRow,
    Lookup,
    ClaimedKey,
    AccountBalance,
    StateSection,
    OpeningRow,
    HubManifest,
    ErasedSubject,
    Request,
    PrintJobRow,
    PinAttempt,
    AuditRow,
)


def create_all(database: Database) -> None:
    """Create the tables as they are today."""
    with database.bind_ctx(ALL_TABLES):
        database.create_tables(ALL_TABLES)
