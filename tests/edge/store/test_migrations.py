"""Older files are brought up to date: what pages find things by is there after each step."""

import pytest

from edge.store.tables import LOOKUP_FIELDS, Lookup, Migration
from sync_protocol.kinds import CASE, KINDS
from tests.edge.store import bodies

STEP_OF_CASES = 5
STEP_OF_CHECKS = 9


def made_old(box, kind, step):
    """Have the file be as it was before a step that wrote a kind's lookup rows."""

    def work(tx):
        Lookup.delete().where(Lookup.kind == kind).execute(tx.database)
        Migration.delete().where(Migration.number == step).execute(tx.database)

    box.submit(work).result()


def found(box, value):
    with box.read() as reader:
        return [int(row.key) for row in reader.registers_where(CASE, "status", value, limit=9)]


def test_cases_of_an_older_file_are_found_after_the_update(open_box, hub):
    box = open_box()
    for key, status in ((71, "open"), (72, "settled"), (73, "open")):
        document = bodies.document(CASE, key, 3, {"status": status})
        box.submit(lambda tx, body=document: tx.append(CASE, body)).result()
    made_old(box, CASE, STEP_OF_CASES)
    assert found(box, "open") == []
    box.close()
    box = open_box()
    assert sorted(found(box, "open")) == [71, 73]
    assert found(box, "settled") == [72]


def test_answers_and_print_jobs_of_an_older_file_get_their_check(open_box):
    box = open_box()
    box.submit(lambda tx: tx.remember_answer("request-1", b"done", 0)).result()
    job = box.submit(lambda tx: tx.add_print_job("receipt", b"paper", 0)).result()

    def work(tx):
        for sql in (
            "UPDATE request SET answer = x'646f6e65'",
            "UPDATE print_job SET document = x'70'",
        ):
            tx.connection.execute(sql)
        Migration.delete().where(Migration.number == STEP_OF_CHECKS).execute(tx.database)

    box.submit(work).result()
    box.close()
    with open_box().read() as reader:
        assert reader.answer("request-1") == b"done"
        assert reader.print_job(job).document == b"p"


@pytest.mark.parametrize("kind", sorted(LOOKUP_FIELDS), ids=lambda kind: KINDS[kind].name)
def test_what_is_looked_up_by_are_fields_of_the_kind(kind):
    names = {field.name for field in KINDS[kind].fields}
    assert set(LOOKUP_FIELDS[kind]) <= names
