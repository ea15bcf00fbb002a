"""A person is erased: the bytes are gone from every file, chains and balances still verify."""

import asyncio
import sqlite3

import pytest

from edge.store.erasure import SETTING_SCRUB_DUE
from edge.store.facts import Balance
from edge.store.refold import refold
from sync_protocol.kinds import ERASE, MEMBER, PHONE_CLAIM, TRANSACTION
from tests.edge.store import bodies
from tests.edge.store.log_hub import sums_of
from tests.edge.sync.boxes import eventually

MEMBER_ID = 812
SECRETS = ("王小明明明", "13812345678", "310101199001011234")


def append(box, kind, body):
    return box.submit(lambda tx: tx.append(kind, body)).result()


def files_with(folder, text):
    return [path.name for path in folder.iterdir() if text.encode() in path.read_bytes()]


def deliver(hub, box):
    """As the sync does it: the store scrubs its files after an erasure."""
    blocks = hub.shown_to(box)
    return asyncio.run(box.apply_blocks(blocks, hub.signature(blocks[-1])))


@pytest.mark.parametrize("known", ["confirmed", "pending"])
def test_erased_person_is_gone_from_the_files(open_box, hub, tmp_path, known):
    box = open_box()
    values = dict(zip(("name", "phone", "identity"), SECRETS, strict=True))
    with_name = bodies.document(MEMBER, MEMBER_ID, 3, values)
    append(box, MEMBER, bodies.document(MEMBER, MEMBER_ID, 3, {"joined_day": 20260101}))
    append(box, TRANSACTION, bodies.top_up(3, MEMBER_ID, 700))
    hub.take(box)
    hub.deliver(box)
    append(box, MEMBER, with_name)
    append(box, PHONE_CLAIM, bodies.claim(PHONE_CLAIM, b"hash", 3, MEMBER_ID))
    box.submit(lambda tx: tx.remember_answer("r1", SECRETS[0].encode(), MEMBER_ID)).result()
    box.submit(lambda tx: tx.add_print_job("receipt", SECRETS[0].encode(), MEMBER_ID)).result()
    # Enough rows around it that pages are split and moved.
    for other in range(60):
        append(box, MEMBER, bodies.document(MEMBER, other + 1, 3, {"name": f"other {other}"}))
    if known == "confirmed":
        hub.take(box)
        deliver(hub, box)
    assert all(files_with(tmp_path, secret) for secret in SECRETS)

    hub.write(ERASE, [MEMBER_ID])
    applied = deliver(hub, box)
    assert applied.erased == [MEMBER_ID]
    assert [files_with(tmp_path, secret) for secret in SECRETS] == [[], [], []]

    with box.read() as reader:
        assert reader.register(MEMBER, MEMBER_ID).erased
        assert reader.claim(PHONE_CLAIM, b"hash") is None
        assert reader.registers_where(MEMBER, "phone", SECRETS[1]) == []
        assert reader.balance(bodies.wallet(MEMBER_ID, 3)) == Balance(-700, 0)
        assert reader.answer("r1") == b""
        assert refold(reader).differences == []
    hub.take(box)  # what was pending goes up by its header and body hash
    if hub.shown_to(box):
        deliver(hub, box)
    assert sums_of(box) == hub.sums_for(3)
    with pytest.raises(ValueError, match="erased"):
        append(box, MEMBER, with_name)
    box.close()
    reopened = open_box()  # chains of the log are checked at the start
    with reopened.read() as reader:
        assert refold(reader).differences == []


def test_box_that_learns_of_it_late_ends_equal(open_box, hub):
    """It never sees the bodies: the hub has dropped them before."""
    a, late = open_box(3), open_box(4)
    append(a, MEMBER, bodies.document(MEMBER, MEMBER_ID, 3, {"name": SECRETS[0]}))
    append(a, PHONE_CLAIM, bodies.claim(PHONE_CLAIM, b"hash", 3, MEMBER_ID))
    hub.take(a)
    hub.deliver(a)
    hub.write(ERASE, [MEMBER_ID])
    deliver(hub, a)
    deliver(hub, late)
    assert sums_of(a) == sums_of(late) == hub.sums_for(5)
    for box in (a, late):
        with box.read() as reader:
            assert refold(reader).differences == []
            assert reader.is_erased(MEMBER_ID)


def test_later_op_on_an_erased_person_keeps_no_body(open_box, hub):
    """Cafe 3 wrote before it heard; cafe 4 hears of the erasure first."""
    a, b = open_box(3), open_box(4)
    append(a, MEMBER, bodies.document(MEMBER, MEMBER_ID, 3, {"name": "x"}))
    hub.take(a)
    hub.deliver(a)
    with a.read() as reader:
        shown = reader.register(MEMBER, MEMBER_ID)
    append(a, MEMBER, bodies.document(MEMBER, MEMBER_ID, 3, {"name": SECRETS[0]}, shown))
    hub.write(ERASE, [MEMBER_ID])
    hub.take(a)
    deliver(hub, b)
    deliver(hub, a)
    for box in (a, b):
        with box.read() as reader:
            history = reader.register_history(MEMBER, MEMBER_ID)
            assert all(logged.op.body is None for logged in history)
            assert refold(reader).differences == []
        assert sums_of(box) == hub.sums_for(5)


def erased_beside_a_reader(open_box, hub, tmp_path):
    """Return (box, reader): a person was erased while `reader` held an old state."""
    box = open_box()
    append(box, MEMBER, bodies.document(MEMBER, MEMBER_ID, 3, {"name": SECRETS[0]}))
    hub.take(box)
    hub.deliver(box)
    reader = sqlite3.connect(f"file:{tmp_path / 'box3.db'}?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM op").fetchone()
    hub.write(ERASE, [MEMBER_ID])
    return box, reader


async def test_a_page_that_reads_an_old_state_only_puts_the_scrub_off(
    open_box, hub, tmp_path, monkeypatch
):
    monkeypatch.setattr("edge.store.store.SCRUB_AGAIN_S", 0.01)
    box, reader = erased_beside_a_reader(open_box, hub, tmp_path)
    blocks = hub.shown_to(box)
    applied = await box.apply_blocks(blocks, hub.signature(blocks[-1]))
    assert applied.erased == [MEMBER_ID]
    assert files_with(tmp_path, SECRETS[0])
    assert not await box.scrub()
    reader.close()
    await eventually(lambda: not files_with(tmp_path, SECRETS[0]), "the bytes to go")
    await eventually(lambda: not _is_due(box), "the scrub to be noted as done")


def test_a_reader_at_the_start_is_no_damage_and_the_scrub_stays_due(open_box, hub, tmp_path):
    box, reader = erased_beside_a_reader(open_box, hub, tmp_path)
    deliver(hub, box)  # its loop ends with the rest of the scrub undone
    assert _is_due(box)
    box.close()
    box = open_box()
    assert _is_due(box)
    reader.close()
    asyncio.run(box.retain())
    assert not _is_due(box)
    assert files_with(tmp_path, SECRETS[0]) == []


def _is_due(box):
    with box.read() as reader:
        return reader.setting(SETTING_SCRUB_DUE) is not None
