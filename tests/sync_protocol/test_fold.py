"""Folding annotated ops: each verdict, each policy, reach, and the state hash that follows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.accounts import DUE_FROM_CAFE, DUE_TO_CHAIN, FEN, TILL, WALLET
from sync_protocol.annotations import (
    APPLIED,
    DEFERRED,
    DIVERTED,
    LOST,
    OVERWROTE,
    VOID,
    Annotation,
    annotation_from_row,
)
from sync_protocol.claims import RELEASE, TAKE, ClaimWrite, claim_from_body, holder_against
from sync_protocol.errors import ProtocolError
from sync_protocol.fold import fold_op, personal_subject
from sync_protocol.kinds import (
    CAFE_TRANSACTION,
    CARD_CLAIM,
    ERASE,
    KINDS,
    MEMBER,
    PHONE_CLAIM,
    PRODUCT,
    TRANSACTION,
)
from sync_protocol.ledger import REASON_TOP_UP, Transaction
from sync_protocol.ops import Header, make_op
from sync_protocol.registers import Change, RegisterWrite
from sync_protocol.state_hash import StateHash, balance_hash
from tests.sync_protocol.memory_state import MemoryState

SALT = b"0123456789abcdef"
MEMBER_ID = 812


def op_of(kind, body, seq=1, node=2):
    header = Header(1, kind, node, 1, seq, seq << 16, 0, 0, 0, 0, 0, 0, 0, 0)
    return make_op(header, body, b"\0" * 32)


def applied(seq=1):
    return Annotation(seq << 16, APPLIED)


def top_up(cafe=9, amount=100, node=2):
    return Transaction(
        cafe,
        REASON_TOP_UP,
        20261122,
        480,
        1,
        0,
        None,
        [
            (TILL, cafe, 0, 0, 0, FEN, amount),
            (WALLET, MEMBER_ID, node, 1, 0, FEN, -amount),
            (DUE_FROM_CAFE, cafe, 0, 0, 0, FEN, amount),
            (DUE_TO_CHAIN, cafe, 0, 0, 0, FEN, -amount),
        ],
    )


def member(name, base=None):
    return RegisterWrite(SALT, MEMBER_ID, 9, [Change(1, name, base)]).body()


def test_a_transaction_reaches_every_balance_at_its_cafe_and_the_wallet_elsewhere():
    op = op_of(TRANSACTION, top_up().body())
    hub, own, other = MemoryState(), MemoryState(), MemoryState()
    for state, cafe in ((hub, 0), (own, 9), (other, 4)):
        fold_op(state, op, applied(), cafe)
    wallet = (WALLET, MEMBER_ID, 2, 1, 0, FEN)
    assert hub.balance(wallet) == own.balance(wallet) == other.balance(wallet) == -100
    assert own.balance((TILL, 9, 0, 0, 0, FEN)) == 100
    assert [account for _, account in other.balances] == [wallet]
    assert hub.state_hash().sums == own.state_hash().sums
    chain_wide = (TRANSACTION, 0)
    assert other.state_hash().sums == {chain_wide: hub.state_hash().sums[chain_wide]}


def test_narrow_accounts_stand_in_their_cafes_section():
    state = MemoryState()
    fold_op(state, op_of(TRANSACTION, top_up().body()), applied(), 0)
    assert {section for section, _ in state.balances} == {(TRANSACTION, 0), (CAFE_TRANSACTION, 9)}


@pytest.mark.parametrize(
    "annotation",
    [
        Annotation(1, VOID, "not_holder"),
        Annotation(1, DEFERRED, "unknown_kind"),
        Annotation(1, LOST, [2, 1, 1, b"12345678"]),
    ],
)
def test_void_deferred_and_lost_change_nothing(annotation):
    state = MemoryState()
    fold_op(state, op_of(TRANSACTION, top_up().body()), annotation, 0)
    fold_op(state, op_of(CARD_CLAIM, [b"", b"uid", 9, 5, TAKE]), annotation, 0)
    assert state.balances == {}
    assert state.claims == {}


def test_a_diverted_amount_falls_on_the_chain_and_the_sum_holds():
    spend = top_up(amount=-100)
    state = MemoryState()
    fold_op(state, op_of(TRANSACTION, spend.body()), Annotation(1, DIVERTED, [[1, 30]]), 0)
    assert state.balance((WALLET, MEMBER_ID, 2, 1, 0, FEN)) == 70
    assert sum(state.balances.values()) == 0


def test_an_account_class_that_is_not_in_the_chart_is_refused():
    body = top_up().body()
    body[7][0][0] = 63
    with pytest.raises(ProtocolError):
        fold_op(MemoryState(), op_of(TRANSACTION, body), applied(), 0)


def test_a_register_keeps_what_the_verdict_says_was_lost():
    state = MemoryState()
    fold_op(state, op_of(MEMBER, member("Li Lei"), 1), applied(1), 0)
    fold_op(state, op_of(MEMBER, member("Han"), 2), Annotation(2, OVERWROTE, [[1], []]), 0)
    assert state.register(MEMBER, MEMBER_ID).value(1) == "Li Lei"
    fold_op(state, op_of(MEMBER, member("Han"), 3), Annotation(3, OVERWROTE, [[], [1]]), 0)
    assert state.register(MEMBER, MEMBER_ID).value(1) == "Han"


def test_a_claim_is_taken_once_and_freed_only_by_its_holder():
    state = MemoryState()
    kind = KINDS[CARD_CLAIM]
    take, other = ClaimWrite(b"", b"uid", 9, 5, TAKE), ClaimWrite(b"", b"uid", 4, 6, TAKE)
    fold_op(state, op_of(CARD_CLAIM, take.body()), applied(), 0)
    row = state.claim(CARD_CLAIM, b"uid")
    assert holder_against(take, row) is None
    assert holder_against(other, row) is row
    foreign = ClaimWrite(b"", b"uid", 4, 6, RELEASE)
    fold_op(state, op_of(CARD_CLAIM, foreign.body(), 2), applied(2), 0)
    assert state.claim(CARD_CLAIM, b"uid").subject == 5
    fold_op(
        state, op_of(CARD_CLAIM, ClaimWrite(b"", b"uid", 9, 5, RELEASE).body(), 3), applied(3), 0
    )
    assert state.claim(CARD_CLAIM, b"uid") is None
    assert claim_from_body(kind, take.body()).body() == take.body()


def test_an_erasure_leaves_a_tombstone_that_later_writes_do_not_lift():
    state = MemoryState()
    fold_op(state, op_of(MEMBER, member("Li Lei")), applied(), 0)
    claim = ClaimWrite(SALT, b"phone", 9, MEMBER_ID, TAKE)
    fold_op(state, op_of(PHONE_CLAIM, claim.body(), 2), applied(2), 0)
    fold_op(state, op_of(ERASE, [MEMBER_ID], 3, node=0), applied(3), 0)
    fold_op(state, op_of(MEMBER, member("Han"), 4), applied(4), 0)
    assert state.register(MEMBER, MEMBER_ID).entries is None
    assert state.claim(PHONE_CLAIM, b"phone") is None
    # A refold that finds the bodies gone comes to the same state.
    refolded = MemoryState()
    for seq, kind, body in ((1, MEMBER, member("Li Lei")), (2, PHONE_CLAIM, claim.body())):
        op = op_of(kind, body, seq)
        op.body = None
        fold_op(refolded, op, applied(seq), 0)
    assert refolded.registers == {}


def test_whose_personal_data_a_body_holds():
    assert personal_subject(MEMBER, member("x")) == MEMBER_ID
    assert personal_subject(PHONE_CLAIM, [SALT, b"phone", 9, MEMBER_ID, TAKE]) == MEMBER_ID
    assert personal_subject(PRODUCT, [b"", "cola", 0, []]) is None
    assert personal_subject(9999, ["anything"]) is None


@pytest.mark.parametrize(
    "row",
    [
        [1, APPLIED, "x"],
        [1, OVERWROTE, [[1]]],
        [1, LOST, None],
        [1, DIVERTED, [[0, "x"]]],
        [1, VOID, None],
        [1, 7, None],
        [-1, APPLIED, None],
        [1, APPLIED],
    ],
)
def test_a_malformed_annotation_is_refused(row):
    with pytest.raises(ProtocolError):
        annotation_from_row(row)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 5)), max_size=30), st.randoms())
def test_the_hash_kept_by_changes_is_the_hash_of_the_rows(changes, random):
    section = (TRANSACTION, 0)
    kept, amounts = StateHash(), {}
    for subject, amount in changes:
        account = (WALLET, subject, 2, 1, 0, FEN)
        old = amounts.get(account, 0)
        amounts[account] = old + amount
        kept.replace(section, balance_hash(account, old), balance_hash(account, old + amount))
    fresh = StateHash()
    rows = list(amounts.items())
    random.shuffle(rows)
    for account, amount in rows:
        fresh.replace(section, 0, balance_hash(account, amount))
    assert kept.sums == fresh.sums
