"""The tables of the reports, which can be folded anew from the log."""

from peewee import (
    BigIntegerField,
    CompositeKey,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)

from cloud.store.fields import KeyField


class ReportCursor(Model):
    """One row: up to which position the report tables are folded."""

    id = SmallIntegerField(primary_key=True)
    position = BigIntegerField()

    class Meta:
        table_name = "report_cursor"


class ReportEntry(Model):
    """One posting of an applied transaction, readable: account, amount, and its op's place."""

    position = BigIntegerField()
    posting = SmallIntegerField()
    cafe = IntegerField()
    reason = IntegerField()
    business_day = IntegerField()
    effective_ms = BigIntegerField()
    document = BigIntegerField()
    actor = BigIntegerField()
    code = IntegerField()
    subject = KeyField()
    node = IntegerField()
    epoch = IntegerField()
    month = IntegerField()
    unit = TextField()
    amount = BigIntegerField()

    class Meta:
        table_name = "report_entry"
        primary_key = CompositeKey("position", "posting")
        indexes = (
            (("subject", "position"), False),
            (("business_day", "cafe"), False),
        )


class ReportMember(Model):
    """A member as found by a search; erased with the member."""

    member = BigIntegerField(primary_key=True)
    number = TextField(index=True)
    name = TextField(index=True)
    phone = TextField(index=True)
    tier = TextField()
    status = TextField()
    home_cafe = BigIntegerField()  # what a member's record says, which may be no cafe

    class Meta:
        table_name = "report_member"


class ReportVisit(Model):
    """A member was at a cafe on a business day."""

    member = BigIntegerField()
    business_day = BigIntegerField()  # what a visit's record says, which may be no day
    cafe = IntegerField()

    class Meta:
        table_name = "report_visit"
        primary_key = CompositeKey("business_day", "member", "cafe")
