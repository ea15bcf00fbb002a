"""A member is erased: the bytes are searched for in every file of the hub."""

import os
from pathlib import Path

import pytest

from cloud.hub.background import Background
from cloud.hub.builder import Batch, Proposal
from cloud.hub.metrics import HubMetrics
from cloud.hub.snapshots import Snapshots
from cloud.store import log, quarantine, reports, scrub
from cloud.store.database import open_reader
from cloud.store.models import ErasedSubject, LogHead
from sync_protocol.annotations import VOID
from sync_protocol.blocks import BODYLESS, ChainHeads, blocks_from_rows
from sync_protocol.codec import pack
from sync_protocol.frames import unpack_frame
from sync_protocol.http_api import SNAPSHOT_PATH, blocks_target, snapshot_answer_from_bytes
from sync_protocol.kinds import ERASE, MEMBER, PHONE_CLAIM, TRANSACTION
from sync_protocol.messages import unpack_message
from tests.cloud import bodies
from tests.cloud.remote_box import eventually

MEMBER_ID = 4001
SECRETS = ("欧阳不留痕", "13912345678", "110101199003078515")


def _files_with(folder: Path, *secrets: str) -> list[str]:
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "hub.log":
            data = path.read_bytes()
            found += [f"{secret} in {path.name}" for secret in secrets if secret.encode() in data]
    return found


def _profile(cafe=1):
    name, phone, identity = SECRETS
    return bodies.register(
        MEMBER, MEMBER_ID, cafe, {"name": name, "phone": phone, "identity": identity}
    )


async def test_nothing_of_a_member_is_left_in_any_file_and_all_still_verifies(hub, configuration):
    a, b = await hub.enrol(1), await hub.enrol(2)
    async with a.connected(), b.connected():
        await a.commit(
            a.op(MEMBER, _profile()),
            a.op(PHONE_CLAIM, bodies.claim(PHONE_CLAIM, b"k" * 16, 1, MEMBER_ID)),
            a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, a.node, 1, 700)),
        )
        # Evidence of a bad batch that holds the name too.
        await b.send(b"\x00" + SECRETS[0].encode())
        reader = hub.hub.reader
        await eventually(lambda: quarantine.recent(reader, 1), "the quarantined message")
        await eventually(lambda: reports.find_members(reader, SECRETS[0]), "the report")
        before = snapshot_answer_from_bytes((await a.get(SNAPSHOT_PATH))[1])
        assert _files_with(configuration.data_dir, *SECRETS)

        await hub.office.erase(MEMBER_ID, 0)
        await eventually(lambda: not scrub.is_needed(reader), "the files to be scrubbed")
        assert _files_with(configuration.data_dir, *SECRETS) == []

        # Old snapshots are gone, a fresh one holds nothing; the log verifies without the bodies.
        assert (await a.get(before.content_target()))[0] == 404
        fresh = snapshot_answer_from_bytes((await a.get(SNAPSHOT_PATH))[1])
        status, _ = await a.get(fresh.content_target())
        assert status == 200
        assert _files_with(configuration.data_dir, *SECRETS) == []
        head = hub.hub.head()
        _, data = await a.get(blocks_target(1, 1, head.block_number))
        message = unpack_message(data)
        rows = unpack_frame(message.frame)
        assert sum(row[0] == BODYLESS for row in rows) == 2
        blocks = blocks_from_rows(
            1, 0, 1, 1, message.previous_hash, message.counts, rows, ChainHeads(a.chain)
        )
        assert blocks[-1].hash == head.block_hash

        # A standing rule: what comes later on that member loses its body, its money stays.
        await b.commit(b.op(MEMBER, _profile(2)))
        late = log.read_op(reader, b.node, 1, 1)
        assert late.entry.op.body is None
        assert late.entry.annotation.detail == "erased"
        assert late.entry.annotation.verdict == VOID
        assert reports.find_members(reader, SECRETS[0]) == []
        [balance] = reports.balances_of_subject(reader, MEMBER_ID)
        assert balance.amount == -700
    assert _files_with(configuration.data_dir, *SECRETS) == []
    refolded = hub.refolded()
    assert refolded.equal, refolded.differences
    assert (await hub.office.erase(MEMBER_ID, 0)).code == "already_erased"
    assert (await hub.office.erase(99, 0)).code == "member_unknown"


def test_an_op_and_its_erasure_in_one_block_leave_no_body(sqlite_chain):
    chain = sqlite_chain
    a = chain.node(1, 1)
    op = a.op(MEMBER, _profile())
    chain.builder.build(
        [Batch(1, 1, [op], [pack(op.body)], b"s" * 64)],
        [Proposal(lambda _draft: [(ERASE, [MEMBER_ID])])],
    )
    assert log.read_op(chain.database, 1, 1, 1).entry.op.body is None
    assert chain.refolded().equal


def scrubbed(database):
    position = scrub.due(database)
    scrub.rewrite(database)
    return scrub.finish(database, position)


def test_a_scrub_beside_a_reader_of_an_old_state_is_finished_when_that_is_gone(sqlite_chain):
    """Until then it is not called done, and the next step of the writer tries again."""
    chain = sqlite_chain
    a = chain.node(1, 1)
    chain.commit(a.op(MEMBER, _profile()))
    dropped = []
    seconds = iter(range(0, 1000, 3))
    background = Background(chain.database, HubMetrics(), lambda: next(seconds), dropped.append)
    reader = open_reader(chain.database.url)
    chain.database.peewee.execute_sql("PRAGMA busy_timeout = 10")
    with reader.consistent_read():
        assert reader.first(LogHead.select()) is not None
        chain.own(ERASE, [MEMBER_ID])
        while background.step(chain.builder.head.position, False):
            pass
        background.step(chain.builder.head.position, False)
        assert scrub.is_needed(chain.database)
        assert background.scrub_due
        assert _files_with(chain.database.path.parent, *SECRETS)
    reader.close()
    background.step(chain.builder.head.position, False)
    assert not scrub.is_needed(chain.database)
    assert not background.scrub_due
    assert len(dropped) == 1
    assert _files_with(chain.database.path.parent, *SECRETS) == []


def test_a_scrub_that_a_crash_cut_short_is_done_at_the_next_start(sqlite_chain):
    chain = sqlite_chain
    a = chain.node(1, 1)
    chain.commit(a.op(MEMBER, _profile()))
    chain.own(ERASE, [MEMBER_ID])
    assert scrub.is_needed(chain.database)
    scrubbed(chain.database)
    assert not scrub.is_needed(chain.database)
    assert _files_with(chain.database.path.parent, *SECRETS) == []


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_postgresql_tables_are_rewritten_without_the_bytes(chain, cluster):
    a = chain.node(1, 1)
    chain.commit(a.op(MEMBER, _profile()))
    chain.database.peewee.execute_sql("CHECKPOINT")
    base = cluster.data_folder / "base"
    assert os.geteuid() == 0 or os.access(base, os.R_OK)
    assert _files_with(base, *SECRETS)
    chain.own(ERASE, [MEMBER_ID])
    scrubbed(chain.database)
    chain.database.peewee.execute_sql("CHECKPOINT")
    assert _files_with(base, *SECRETS) == []
    head = chain.database.first(LogHead.select())
    newest = chain.database.first(ErasedSubject.select())
    assert head.scrubbed_position == newest.position
    assert chain.refolded().equal


def test_a_snapshot_that_an_erasure_overtakes_while_it_is_built_is_built_again(
    sqlite_chain, tmp_path, monkeypatch
):
    chain = sqlite_chain
    a = chain.node(1, 1)
    chain.commit(a.op(MEMBER, _profile()))
    snapshots = Snapshots(tmp_path / "snapshots", chain.key.sign)
    build = snapshots._build
    built = []

    def overtaken(database, cafe):
        built.append(build(database, cafe))
        if len(built) == 1:
            chain.own(ERASE, [MEMBER_ID])
            snapshots.drop_below(chain.builder.head.position)
        return built[-1]

    monkeypatch.setattr(snapshots, "_build", overtaken)
    newest = snapshots.newest(chain.database, 1)
    assert newest is built[1]
    assert not built[0].path.exists()
    assert _files_with(tmp_path / "snapshots", *SECRETS) == []
