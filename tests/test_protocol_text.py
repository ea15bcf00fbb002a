"""docs/PROTOCOL.md says what the code does: every kind, account class and reason stands in it."""

from pathlib import Path

from sync_protocol.accounts import CLASSES, DEBIT
from sync_protocol.annotations import VERDICTS
from sync_protocol.kinds import CHAIN, KINDS, SYSTEM
from sync_protocol.ledger import REASONS
from sync_protocol.messages import MESSAGES
from sync_protocol.rules import RULES

TEXT = (Path(__file__).parent.parent / "docs" / "PROTOCOL.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("| ")
]


def test_every_kind_stands_in_the_table_with_its_fields():
    rows = {row[1]: row for row in ROWS if len(row) == 8}
    for kind in KINDS.values():
        row = rows.pop(kind.name)
        assert row[0] == str(kind.code)
        assert row[4] == ("chain" if kind.reach == CHAIN else "cafe")
        assert row[5] == ("yes" if kind.personal else "")
        assert row[6] == str(kind.keep_days or "always")
        if kind.policy != SYSTEM:
            for index, field in enumerate(kind.fields):
                assert f"{index} {field.name}:" in row[7]
    assert set(rows) == {"kind", "---"}, "a kind that the code does not have"


def test_every_account_class_stands_in_the_table():
    rows = {row[1]: row for row in ROWS if len(row) == 5}
    for account in CLASSES.values():
        row = rows[account.name]
        assert row[0] == str(account.code)
        assert row[2] == ("debit" if account.side == DEBIT else "credit")
        assert row[3] == ("yes" if account.limited else "")


def test_every_reason_and_verdict_stands_in_a_table():
    assert {(row[0], row[1]) for row in ROWS if len(row) == 2} >= {
        (str(code), name) for code, name in REASONS.items()
    }
    assert {(row[1], row[0]) for row in ROWS if len(row) == 4} >= {
        (str(code), name) for code, name in VERDICTS.items()
    }


def test_every_message_stands_in_the_table_with_as_many_fields():
    rows = {row[0]: row for row in ROWS if len(row) == 4 and row[1].isupper()}
    for number, message in MESSAGES.items():
        row = rows[str(number)]
        assert row[1].replace("_", "") == message.__name__.upper()
        assert len(row[2].split(", ")) == len(message.FIELDS), row


def test_every_rule_stands_in_the_table_with_its_columns():
    rows = {row[0]: row for row in ROWS if len(row) == 3}
    for rule in RULES.values():
        row = rows[rule.name]
        assert row[1] == ("one row" if rule.single else "rows")
        assert [word.split(":")[0] for word in row[2].split() if ":" in word] == [
            column.name for column in rule.columns
        ]
