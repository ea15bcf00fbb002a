"""The log through the block builder, on SQLite and PostgreSQL."""

import pytest

from cloud.domain.refusals import Refusal, refusal
from cloud.hub.builder import Batch, Proposal
from cloud.hub.draft import HubOpVoidError
from cloud.hub.publishing import block_message, range_message
from cloud.hub.registers import write_fields
from cloud.store import log
from cloud.store.backup import back_up, check_integrity
from cloud.store.database import StoreError, open_reader, open_writer
from cloud.store.models import Balance, LogBlock, LogOp, RegisterDocument
from sync_protocol.accounts import POINTS_HELD, WALLET
from sync_protocol.annotations import APPLIED, DEFERRED, LOST, OVERWROTE, VOID
from sync_protocol.blocks import ChainHeads, blocks_from_rows
from sync_protocol.claims import CLAIM_KEY_BYTES
from sync_protocol.codec import pack, unpack
from sync_protocol.frames import unpack_frame
from sync_protocol.kinds import (
    CAFE_TRANSACTION,
    CARD,
    CASE,
    KINDS,
    MEMBER,
    PHONE_CLAIM,
    PRODUCT,
    SALE,
    SITE,
    TRANSACTION,
    VISIT,
    field_index,
)
from sync_protocol.registers import row_from_stored, write_from_body
from tests.cloud import bodies

MEMBER_ID = 4001


def test_a_top_up_and_a_spend_fold_into_balances_that_refold_equal(chain):
    a = chain.node(1, 1)
    verdicts = chain.commit(
        a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, 1, 1, 5000)),
        a.op(TRANSACTION, bodies.spend(1, MEMBER_ID, 1, 1, 1200)),
        a.op(TRANSACTION, bodies.points(1, MEMBER_ID, 1, 1, 12)),
    )
    assert [verdict.verdict for verdict in verdicts] == [APPLIED] * 3
    assert chain.balance(MEMBER_ID, WALLET, 1, 1) == -3800
    assert chain.balance(MEMBER_ID, POINTS_HELD, 1, 1) == -12
    refolded = chain.refolded()
    assert refolded.equal, refolded.differences
    assert refolded.ops == 4


def test_a_block_of_many_members_finds_what_earlier_blocks_left_them(chain):
    a = chain.node(1, 1)
    members = range(MEMBER_ID, MEMBER_ID + 150)
    chain.commit(*(a.op(TRANSACTION, bodies.top_up(1, one, 1, 1, 1000 + one)) for one in members))
    chain.builder = chain.new_builder()  # which has read nothing yet
    shapeless = ([], [[]], [[[]]], [[[1, None]]], [[[1, "text"], [1, b"bytes"]]])
    verdicts = chain.commit(
        *(a.op(TRANSACTION, body) for body in shapeless),
        *(a.op(TRANSACTION, bodies.spend(1, one, 1, 1, 1000)) for one in members),
        a.op(TRANSACTION, bodies.spend(1, MEMBER_ID, 1, 1, 1 + MEMBER_ID)),
    )
    found = [verdict.verdict for verdict in verdicts]
    assert found == [VOID] * len(shapeless) + [APPLIED] * len(members) + [VOID]
    assert [chain.balance(one, WALLET, 1, 1) for one in members] == [-one for one in members]
    assert chain.refolded().equal


def test_what_breaks_a_rule_is_logged_void_with_its_reason_and_the_next_applies(chain):
    a = chain.node(1, 1)
    chain.node(2, 2)
    unbalanced = bodies.top_up(1, MEMBER_ID, 1, 1, 100)
    unbalanced[7][0][6] = 99
    verdicts = chain.commit(
        a.op(TRANSACTION, bodies.top_up(2, MEMBER_ID, 1, 1, 100)),
        a.op(TRANSACTION, bodies.spend(1, MEMBER_ID, 2, 1, 100)),
        a.op(TRANSACTION, bodies.spend(1, MEMBER_ID, 1, 1, 100)),
        a.op(TRANSACTION, unbalanced),
        a.op(TRANSACTION, ["nonsense"]),
        a.op(PRODUCT, bodies.register(PRODUCT, "cola", 1, {"price_fen": 1})),
        a.op(MEMBER, bodies.register(MEMBER, MEMBER_ID, 2, {"name": "x"})),
        a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, 1, 1, 100)),
    )
    assert [(verdict.verdict, verdict.detail) for verdict in verdicts] == [
        (VOID, "other_cafe"),
        (VOID, "not_holder"),
        (VOID, "below_zero"),
        (VOID, "unbalanced"),
        (VOID, "malformed"),
        (VOID, "hub_only"),
        (VOID, "other_cafe"),
        (APPLIED, None),
    ]
    assert chain.balance(MEMBER_ID, WALLET, 1, 1) == -100
    assert chain.refolded().equal


def test_amounts_that_would_leave_the_range_are_void(chain):
    a = chain.node(1, 1)
    huge = 1 << 53
    verdicts = chain.commit(
        a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, 1, 1, huge)),
        a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, 1, 1, 1)),
        a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, 1, 1, huge + 1)),
    )
    assert [verdict.detail for verdict in verdicts] == [None, "balance_range", "malformed"]


def test_a_void_ledger_op_opens_a_case_and_a_flood_of_other_voids_opens_one(chain):
    a = chain.node(1, 1)
    chain.commit(
        a.op(TRANSACTION, bodies.spend(1, MEMBER_ID, 1, 1, 1)),
        a.op(TRANSACTION, bodies.spend(1, MEMBER_ID, 1, 1, 2)),
        *[
            a.op(PRODUCT, bodies.register(PRODUCT, "cola", 1, {"price_fen": number}))
            for number in range(20)
        ],
    )
    cases = chain.database.rows(RegisterDocument.select().where(RegisterDocument.kind == CASE))
    assert len(cases) == 3
    assert chain.refolded().equal


def test_unknown_kinds_and_versions_are_deferred_and_forwarded(chain):
    a = chain.node(1, 1)
    verdicts = chain.commit(
        a.op(999, ["who", "knows"]),
        a.op(CARD, bodies.register(CARD, 9, 1, {"label": "x"}), version=2),
        a.op(CARD, bodies.register(CARD, 9, 1, {"label": "y"})),
    )
    assert [(verdict.verdict, verdict.detail) for verdict in verdicts] == [
        (DEFERRED, "kind_unknown"),
        (DEFERRED, "version_unknown"),
        (APPLIED, None),
    ]
    stored = log.read_op(chain.database, 1, 1, 1)
    assert stored is not None
    assert stored.entry.op.body == ["who", "knows"]
    assert chain.refolded().equal


def test_concurrent_edits_are_known_and_open_a_case_without_values(chain):
    a, b = chain.node(1, 1), chain.node(2, 2)
    first = a.op(MEMBER, bodies.register(MEMBER, MEMBER_ID, 1, {"name": "first-name"}))
    chain.commit(first)
    shown = {"name": first.ref().row()}
    one = a.op(MEMBER, bodies.register(MEMBER, MEMBER_ID, 1, {"name": "one-name"}, shown))
    other = b.op(MEMBER, bodies.register(MEMBER, MEMBER_ID, 2, {"name": "other-name"}, shown))
    verdicts = chain.commit(one, other)
    assert [verdict.verdict for verdict in verdicts] == [APPLIED, OVERWROTE]
    [case] = chain.database.rows(RegisterDocument.select().where(RegisterDocument.kind == CASE))
    assert b"-name" not in case.row
    assert chain.refolded().equal


def test_a_status_takes_the_safer_of_two_concurrent_values(chain):
    a, b = chain.node(1, 1), chain.node(2, 2)
    first = a.op(CARD, bodies.register(CARD, 9, 1, {"status": "active"}))
    chain.commit(first)
    shown = {"status": first.ref().row()}
    chain.commit(
        a.op(CARD, bodies.register(CARD, 9, 1, {"status": "lost"}, shown)),
        b.op(CARD, bodies.register(CARD, 9, 2, {"status": "suspended"}, shown)),
    )
    row = chain.builder.state.register(CARD, 9)
    assert row.value(field_index(CARD, "status")) == "lost"


def test_the_first_claim_in_the_log_wins_and_the_loser_is_told_by_whom(chain):
    a, b = chain.node(1, 1), chain.node(2, 2)
    key = b"k" * CLAIM_KEY_BYTES
    mine = a.op(PHONE_CLAIM, bodies.claim(PHONE_CLAIM, key, 1, MEMBER_ID))
    yours = b.op(PHONE_CLAIM, bodies.claim(PHONE_CLAIM, key, 2, MEMBER_ID + 1))
    verdicts = chain.commit(mine, yours)
    assert verdicts[0].verdict == APPLIED
    assert (verdicts[1].verdict, verdicts[1].detail) == (LOST, mine.ref().row())
    assert chain.builder.state.claim(PHONE_CLAIM, key).subject == MEMBER_ID
    assert chain.refolded().equal


def test_only_the_own_cafe_changes_a_record_with_one_owner(chain):
    a, b = chain.node(1, 1), chain.node(2, 2)
    verdicts = chain.commit(
        a.op(VISIT, bodies.register(VISIT, 55, 1, {"taps": 1})),
        b.op(VISIT, bodies.register(VISIT, 55, 2, {"taps": 2})),
    )
    assert [verdict.detail for verdict in verdicts] == [None, "owner"]


def test_effective_stamps_follow_causality_and_hub_time_whatever_the_clocks_say(chain):
    fast, slow = chain.node(1, 1), chain.node(2, 2)
    fast.wall_ms += 30 * 365 * 86400 * 1000
    slow.wall_ms = 1000
    chain.commit(fast.op(CARD, bodies.register(CARD, 9, 1, {"label": "fast"})))
    slow.seen = chain.builder.head.position
    chain.commit(slow.op(CARD, bodies.register(CARD, 9, 2, {"label": "slow"})))
    rows = log.read_entries(chain.database, 3, 4)
    effective = [row.entry.annotation.effective for row in rows]
    assert effective[0] < effective[1]
    assert effective[0] >> 16 <= chain.now_ms


def test_blocks_chain_and_a_receiver_verifies_them_from_the_messages_alone(chain):
    a = chain.node(1, 1)
    for amount in (100, 200, 300):
        chain.commit(a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, 1, 1, amount)))
    chain.commit(a.op(CAFE_TRANSACTION, _cafe_body()))
    for cafe, stubs in ((0, 1), (1, 0), (2, 1)):
        message = range_message(chain.database, 1, 1, 99, cafe)
        rows = unpack_frame(message.frame)
        assert sum(row[0] == 3 for row in rows) == stubs
        received = blocks_from_rows(
            1, 0, 1, 1, message.previous_hash, message.counts, rows, ChainHeads(chain.name)
        )
        assert received[-1].hash == chain.builder.head.block_hash
        assert [block.number for block in received] == [1, 2, 3, 4, 5]


def test_a_fresh_block_is_the_same_on_the_wire_as_read_back(chain):
    a = chain.node(1, 1)
    op = a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, 1, 1, 100))
    committed = chain.builder.build([Batch(1, 1, [op], [pack(op.body)], b"s" * 64)], [])
    fresh = block_message(committed.block, committed.signature)
    again = range_message(chain.database, 1, committed.block.number, committed.block.number, 0)
    assert fresh.pack() == again.pack()


def _cafe_body():
    return [
        1,
        3,
        bodies.DAY,
        480,
        0,
        0,
        None,
        [
            [1, 1, 0, 0, 0, "fen", 500],
            [5, 1, 0, 0, 0, "fen", -500],
        ],
    ]


def test_own_cafe_records_stand_in_their_cafes_section(chain):
    a, b = chain.node(1, 1), chain.node(2, 2)
    chain.commit(
        a.op(SALE, bodies.register(SALE, 7, 1, {"total_fen": 100})),
        b.op(SALE, bodies.register(SALE, 8, 2, {"total_fen": 100})),
        a.op(CAFE_TRANSACTION, _cafe_body()),
    )
    sections = set(chain.builder.state.sums.sums)
    assert {(SALE, 1), (SALE, 2), (CAFE_TRANSACTION, 1)} <= sections
    assert chain.refolded().equal


def test_a_failed_commit_leaves_nothing_behind(chain):
    a = chain.node(1, 1)
    before = chain.builder.head.position

    def fail(_draft):
        raise RuntimeError("as if the disk were full")

    op = a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, 1, 1, 100))
    batch = Batch(1, 1, [op], [pack(op.body)], b"s" * 64)
    with pytest.raises(RuntimeError):
        chain.builder.build([batch], [Proposal(fail)])
    assert log.read_head(chain.database).position == before
    chain.builder.build([batch], [])
    assert chain.balance(MEMBER_ID, WALLET, 1, 1) == -100
    assert chain.refolded().equal


def test_a_second_hub_takes_the_log_over_and_the_first_can_append_no_more(chain):
    a = chain.node(1, 1)
    second = chain.new_builder()
    with pytest.raises(log.FencedError):
        chain.commit(a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, 1, 1, 100)))
    assert second.head.position == 1
    assert chain.refolded().equal


def test_an_op_of_the_hub_that_would_be_void_is_refused_alone(chain):
    chain.node(1, 1)
    good = Proposal(lambda _draft: [(SITE, bodies.register(SITE, 1, 1, {"name": "A"}))])
    bad = Proposal(lambda _draft: [(SITE, ["nonsense"])])
    chain.builder.build([], [bad, good])
    assert isinstance(bad.outcome, HubOpVoidError)
    assert not isinstance(good.outcome, (HubOpVoidError, Refusal))
    assert chain.refolded().equal


def test_of_a_proposal_whose_later_op_would_be_void_nothing_is_taken(chain):
    a = chain.node(1, 1)
    before = Proposal(lambda _draft: [(SITE, bodies.register(SITE, 1, 1, {"name": "A"}))])
    ops = [(SITE, bodies.register(SITE, 2, 1, {"name": "B"})), (SITE, ["nonsense"])]
    recorded: list[object] = []
    half = Proposal(lambda _draft: ops, 0, lambda _database, refs: recorded.append(refs))
    behind = Proposal(lambda _draft: [(SITE, bodies.register(SITE, 3, 1, {"name": "C"}))])
    top_up = a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, 1, 1, 100))
    end = chain.builder.head.position
    chain.commit(top_up, proposals=[before, half, behind])
    assert isinstance(half.outcome, HubOpVoidError)
    assert not recorded
    assert [len(one.outcome) for one in (before, behind)] == [1, 1]
    rows = [chain.builder.state.register(SITE, cafe) for cafe in (1, 2, 3)]
    assert [row is not None for row in rows] == [True, False, True]
    assert chain.builder.head.position == end + 3
    assert chain.refolded().equal


def test_a_value_that_no_document_holds_is_refused_to_its_caller_alone(chain):
    typed = write_fields(SITE, 1, {"name": "a\x00b"}, 0, bytes)
    raised = Proposal(lambda _draft: write_from_body(KINDS[SITE], ["nonsense"]).body())
    good = write_fields(SITE, 2, {"name": "B"}, 0, bytes)
    chain.builder.build([], [typed, raised, good])
    assert typed.outcome == refusal("value_invalid")
    assert isinstance(raised.outcome, HubOpVoidError)
    assert len(good.outcome) == 1
    assert chain.refolded().equal


def test_an_op_whose_body_is_too_long_is_void_and_loses_it(chain):
    a = chain.node(1, 1)
    long_body = bodies.register(CARD, 9, 1, {"label": "x"})
    long_body[3][0][1] = ["y" * 4000] * 80
    verdicts = chain.commit(
        a.op(CARD, long_body), a.op(CARD, bodies.register(CARD, 9, 1, {"label": "z"}))
    )
    assert [verdict.detail for verdict in verdicts] == ["body_size", None]
    assert log.read_op(chain.database, 1, 1, 1).entry.op.body is None
    assert chain.refolded().equal


def test_refolding_finds_what_was_changed_behind_its_back(chain):
    a = chain.node(1, 1)
    chain.commit(
        a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, 1, 1, 100)),
        a.op(CARD, bodies.register(CARD, 9, 1, {"label": "x"})),
    )
    database = chain.database
    for tamper, mend in (
        (
            Balance.update(amount=Balance.amount + 1).where(Balance.subject == MEMBER_ID),
            Balance.update(amount=Balance.amount - 1).where(Balance.subject == MEMBER_ID),
        ),
        (LogOp.update(effective=LogOp.effective + 1), LogOp.update(effective=LogOp.effective - 1)),
        (
            LogBlock.update(committed_ms=0, signature=b"0" * 64).where(LogBlock.number == 1),
            None,
        ),
    ):
        assert chain.refolded().equal
        database.run(tamper)
        assert not chain.refolded().equal
        if mend is not None:
            database.run(mend)


def test_damage_in_the_last_block_is_found_at_start(chain):
    a = chain.node(1, 1)
    chain.commit(a.op(CARD, bodies.register(CARD, 9, 1, {"label": "x"})))
    check_integrity(chain.database)
    chain.database.run(LogOp.update(effective=1).where(LogOp.position == 2))
    with pytest.raises(StoreError, match="restore the backup"):
        check_integrity(chain.database)


def test_a_backup_taken_in_use_is_a_whole_store(sqlite_chain, tmp_path):
    a = sqlite_chain.node(1, 1)
    sqlite_chain.commit(a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, 1, 1, 100)))
    target = tmp_path / "copy.sqlite"
    reader = open_reader(sqlite_chain.database.url)
    assert back_up(reader, target) == 2
    sqlite_chain.commit(a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, 1, 1, 100)))
    copy = open_writer(f"sqlite:///{target}")
    check_integrity(copy)
    assert log.read_head(copy).position == 2
    copy.close()
    reader.close()


def test_a_reader_cannot_write(sqlite_chain):
    reader = open_reader(sqlite_chain.database.url)
    with pytest.raises(Exception, match="readonly"):
        reader.run(LogOp.update(effective=0))
    reader.close()


def test_documents_survive_as_rows(chain):
    a = chain.node(1, 1)
    chain.commit(a.op(MEMBER, bodies.register(MEMBER, MEMBER_ID, 1, {"name": "张三"})))
    [stored] = chain.database.rows(RegisterDocument.select().where(RegisterDocument.kind == MEMBER))
    assert stored.key == MEMBER_ID
    assert row_from_stored(unpack(stored.row)).value(field_index(MEMBER, "name")) == "张三"
