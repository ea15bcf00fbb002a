"""The tables of what boxes hand in: ops of earlier epochs, and blocks that a backup lacked."""

from peewee import (
    AutoField,
    BigIntegerField,
    CompositeKey,
    IntegerField,
    Model,
    SmallIntegerField,
)

from cloud.store.fields import BytesField


class LeftOver(Model):
    """Ops that a box handed in of an earlier epoch, which two people may admit as a branch.

    They follow op `parent_seq` of the epoch; `seq`, `hash` is the last that is here, `last_seq`,
    `last_hash` the last that the box has. `branch_epoch` is set once they are admitted.
    """

    id = AutoField()
    node = IntegerField()
    epoch = IntegerField()
    parent_seq = BigIntegerField()
    parent_hash = BytesField()
    seq = BigIntegerField()
    hash = BytesField()
    last_seq = BigIntegerField()
    last_hash = BytesField()
    signature = BytesField()
    received_ms = BigIntegerField()
    branch_epoch = IntegerField(null=True)

    class Meta:
        table_name = "left_over"
        indexes = ((("node", "epoch", "last_hash"), True),)


class LeftOverOp(Model):
    """One op of a `LeftOver`; the body is null where it was erased."""

    left_over = IntegerField()
    seq = BigIntegerField()
    header = BytesField()
    body = BytesField(null=True)
    body_hash = BytesField()
    hash = BytesField()
    subject = BigIntegerField(null=True)

    class Meta:
        table_name = "left_over_op"
        primary_key = CompositeKey("left_over", "seq")


class RecoveryState(Model):
    """One row while the hub takes back what its backup has not: all beyond `from_block`."""

    id = SmallIntegerField(primary_key=True)
    from_block = BigIntegerField()

    class Meta:
        table_name = "recovery_state"


class RecoveryNode(Model):
    """A node that has handed in all it has, or that two people excused (then by whom)."""

    node = IntegerField(primary_key=True)
    block_number = BigIntegerField()
    excused_by = BytesField()

    class Meta:
        table_name = "recovery_node"


class ReturnedBlock(Model):
    """A block that boxes handed back."""

    number = BigIntegerField(primary_key=True)
    generation = IntegerField()
    first_position = BigIntegerField()
    count = IntegerField()
    hash = BytesField()

    class Meta:
        table_name = "returned_block"


class ReturnedOp(Model):
    """An entry of a handed-back block; without a header nobody has brought its content yet."""

    position = BigIntegerField(primary_key=True)
    node = IntegerField()
    epoch = IntegerField()
    seq = BigIntegerField()
    kind = IntegerField(index=True)
    header = BytesField(null=True)
    body = BytesField(null=True)
    body_hash = BytesField(null=True)
    hash = BytesField()
    annotation = BytesField()

    class Meta:
        table_name = "returned_op"
