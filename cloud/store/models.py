"""The hub's tables: the log, the state folded from it, people and settings; others in `schema`.

Models name no database: queries are bound where they run (`Database.bound`, `.execute(database)`),
so that one process can hold several stores.
"""

from peewee import (
    AutoField,
    BigIntegerField,
    CompositeKey,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)

from cloud.store.fields import BytesField, KeyField


class LogHead(Model):
    """One row: where the log ends, and which hub process may append to it.

    `fence` grows with each hub that starts; a block's transaction fails unless it still holds the
    number it took. `published_number` is the last block known to have left for the broker,
    `scrubbed_position` the last erasure whose bytes are gone from the files.
    """

    id = SmallIntegerField(primary_key=True)
    chain = TextField()
    generation = IntegerField()
    stream = IntegerField()
    position = BigIntegerField()
    block_number = BigIntegerField()
    block_hash = BytesField()
    fence = BigIntegerField()
    published_number = BigIntegerField()
    scrubbed_position = BigIntegerField()
    backup_number = BigIntegerField()

    class Meta:
        table_name = "log_head"


class LogOp(Model):
    """One place in the log: an op and the hub's annotation.

    `cafe` is whose op it is (narrow kinds reach that cafe only). `body` is null once erased;
    `subject` is then all that is left of whose it was. `header`, `body` and `detail` are canonical
    bytes.
    """

    position = BigIntegerField(primary_key=True)
    node = IntegerField()
    epoch = IntegerField()
    seq = BigIntegerField()
    kind = IntegerField()
    cafe = IntegerField()
    header = BytesField()
    body = BytesField(null=True)
    body_hash = BytesField()
    hash = BytesField()
    effective = BigIntegerField()
    verdict = SmallIntegerField()
    detail = BytesField(null=True)
    subject = BigIntegerField(null=True)

    class Meta:
        table_name = "log_op"
        indexes = ((("node", "epoch", "seq"), True),)


LogOp.add_index(LogOp.subject, name="log_op_subject", where=LogOp.subject.is_null(False))


class LogBlock(Model):
    """One block: `count` ops from `first_position`, its hash, and the hub's signature.

    `effective_max` is the greatest effective stamp of the log up to its end.
    """

    number = BigIntegerField(primary_key=True)
    generation = IntegerField()
    stream = IntegerField()
    first_position = BigIntegerField(unique=True)
    count = IntegerField()
    previous_hash = BytesField()
    hash = BytesField()
    signature = BytesField()
    effective_max = BigIntegerField()
    committed_ms = BigIntegerField()

    class Meta:
        table_name = "log_block"


class AuthorHead(Model):
    """One (node, epoch): the last op the hub has of it, its key and its standing.

    `proof` is evidence: canonical [seq, hash, signature], what the node signed last of what is in
    the log. `offset_ms` is the hub's clock minus the node's, measured in clock segment `segment`.
    """

    node = IntegerField()
    epoch = IntegerField()
    cafe = IntegerField()
    standing = TextField()
    public_key = BytesField()
    seq = BigIntegerField()
    hash = BytesField()
    effective = BigIntegerField()
    proof = BytesField()
    segment = BigIntegerField()
    offset_ms = BigIntegerField()
    complete_ms = BigIntegerField()

    class Meta:
        table_name = "author_head"
        primary_key = CompositeKey("node", "epoch")


class DeferredOp(Model):
    """An op that waits for a LATE_VERDICT."""

    position = BigIntegerField(primary_key=True)
    kind = IntegerField()

    class Meta:
        table_name = "deferred_op"


class RegisterDocument(Model):
    """The current row of a document, as canonical bytes of [cafe, entries]."""

    kind = IntegerField()
    key = KeyField()
    row = BytesField()

    class Meta:
        table_name = "register_document"
        primary_key = CompositeKey("kind", "key")


class ClaimHolder(Model):
    """Who holds a claimed key, as canonical bytes of [subject, cafe, reference]."""

    kind = IntegerField()
    key = BytesField()
    subject = KeyField(index=True)
    row = BytesField()

    class Meta:
        table_name = "claim_holder"
        primary_key = CompositeKey("kind", "key")


class Balance(Model):
    """The balance (debit positive) of an account; `cafe` is its section's, 0 for chain-wide.

    The key begins with the subject: an op touches several accounts of one subject.
    """

    subject = KeyField()
    code = IntegerField()
    unit = TextField()
    cafe = IntegerField()
    node = IntegerField()
    epoch = IntegerField()
    month = IntegerField()
    amount = BigIntegerField()

    class Meta:
        table_name = "balance"
        primary_key = CompositeKey("subject", "code", "unit", "cafe", "node", "epoch", "month")


class SectionSum(Model):
    """The state hash of one section: (kind, cafe) -> 32 bytes."""

    kind = IntegerField()
    cafe = IntegerField()
    sum = BytesField()

    class Meta:
        table_name = "section_sum"
        primary_key = CompositeKey("kind", "cafe")


class ErasedSubject(Model):
    """A standing rule: bodies on this subject are never stored again."""

    subject = BigIntegerField(primary_key=True)
    position = BigIntegerField()

    class Meta:
        table_name = "erased_subject"


class GrantMade(Model):
    """The op that answered a grant request: a repeat is answered with the same."""

    node = IntegerField()
    request = BigIntegerField()
    epoch = IntegerField()
    seq = BigIntegerField()
    hash8 = BytesField()

    class Meta:
        table_name = "grant_made"
        primary_key = CompositeKey("node", "request")


class QuarantinedBatch(Model):
    """What a peer sent that was not taken, and why. `raw` is dropped by the next erasure."""

    id = AutoField()
    node = IntegerField()
    received_ms = BigIntegerField()
    reason = TextField()
    detail = TextField()
    size = IntegerField()
    digest = BytesField()
    raw = BytesField(null=True)

    class Meta:
        table_name = "quarantined_batch"


class EnrolmentCode(Model):
    """A one-time code, kept as its hash. `node` 0: it makes a new node. `used_key`: by whom."""

    code_hash = BytesField(primary_key=True)
    cafe = IntegerField()
    node = IntegerField()
    name = TextField()
    created_ms = BigIntegerField()
    used_key = BytesField(null=True)
    used_node = IntegerField(null=True)
    used_epoch = IntegerField(null=True)

    class Meta:
        table_name = "enrolment_code"


class StaffSession(Model):
    """A logged-in person at head office; the token is kept as its hash."""

    token_hash = BytesField(primary_key=True)
    staff = BigIntegerField()
    expires_ms = BigIntegerField()

    class Meta:
        table_name = "staff_session"


class LogInAttempt(Model):
    """A try at head office's log-in that was not forgiven by the right one: `cloud.hub.log_ins`.

    `account` is a hash of the name that was typed; `at_ms` counts from the boot.
    """

    id = AutoField()
    account = BytesField(index=True)
    boot = BytesField()
    at_ms = BigIntegerField()

    class Meta:
        table_name = "log_in_attempt"


class SecondFactorUse(Model):
    """The last step of time whose code a person used: each code is taken once."""

    staff = BigIntegerField(primary_key=True)
    step = BigIntegerField()

    class Meta:
        table_name = "second_factor_use"


class Approval(Model):
    """What the first of two people approved; the second one's word does it and drops this row.

    `act` and `target` say what: `write_off` of `node.epoch`, `admit` of a left-over's id.
    """

    act = TextField()
    target = TextField()
    staff = BigIntegerField()
    note = TextField()
    given_ms = BigIntegerField()

    class Meta:
        table_name = "approval"
        primary_key = CompositeKey("act", "target")


class Setting(Model):
    """A named value of the installation, such as the schema's version."""

    name = TextField(primary_key=True)
    value = TextField()

    class Meta:
        table_name = "setting"
