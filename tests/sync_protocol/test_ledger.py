"""What makes a transaction void by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.accounts import (
    ASSET_IN_STOCK,
    CLASSES,
    CREDIT,
    FEN,
    POINTS,
    POINTS_HELD,
    POINTS_ISSUED,
    REVENUE,
    STOCK,
    TILL,
    TRANSIT,
    WALLET,
    account_text,
    class_of,
    is_of_cafe,
    may_hold_assets,
)
from sync_protocol.errors import DecodeError
from sync_protocol.expect import AMOUNT_MAX
from sync_protocol.kinds import CAFE as CAFE_REACH
from sync_protocol.kinds import CAFE_TRANSACTION, TRANSACTION
from sync_protocol.ledger import (
    REASON_EPOCH_CLOSE,
    REASON_SPEND,
    REASON_TOP_UP,
    Transaction,
    divert,
    fault_of,
    transaction_from_body,
)
from sync_protocol.ops import HUB, Header

MEMBER = 812
NODE, EPOCH, CAFE = 2, 3, 9
TOP_UP = [(TILL, CAFE, 0, 0, 0, FEN, 100), (WALLET, MEMBER, NODE, EPOCH, 0, FEN, -100)]


def header(kind=TRANSACTION, node=NODE, epoch=EPOCH):
    return Header(1, kind, node, epoch, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def transaction(postings, reason=REASON_TOP_UP, cafe=CAFE):
    return Transaction(cafe, reason, 20261122, 480, 1, 0, None, list(postings))


def test_a_sound_transaction_has_no_fault_and_survives_the_wire():
    sound = transaction(TOP_UP)
    assert fault_of(header(), sound, CAFE) is None
    assert transaction_from_body(sound.body()).body() == sound.body()


@pytest.mark.parametrize(
    ("fault", "postings"),
    [
        ("unbalanced", [(TILL, CAFE, 0, 0, 0, FEN, 100), (WALLET, 1, NODE, EPOCH, 0, FEN, -99)]),
        (
            "unbalanced",  # fen against points
            [(TILL, CAFE, 0, 0, 0, FEN, 100), (POINTS_HELD, 1, NODE, EPOCH, 0, POINTS, -100)],
        ),
        ("amount_zero", [(TILL, CAFE, 0, 0, 0, FEN, 0), (REVENUE, CAFE, 0, 0, 0, FEN, 0)]),
        ("account_class", [(63, CAFE, 0, 0, 0, FEN, 1), (REVENUE, CAFE, 0, 0, 0, FEN, -1)]),
        ("holder", [(TILL, CAFE, NODE, EPOCH, 0, FEN, 1), (REVENUE, CAFE, 0, 0, 0, FEN, -1)]),
        ("not_holder", [(WALLET, 1, 5, 1, 0, FEN, 1), (REVENUE, CAFE, 0, 0, 0, FEN, -1)]),
        ("not_holder", [(WALLET, 1, NODE, 2, 0, FEN, 1), (REVENUE, CAFE, 0, 0, 0, FEN, -1)]),
        ("not_holder", [(WALLET, 1, 0, 0, 0, FEN, 1), (REVENUE, CAFE, 0, 0, 0, FEN, -1)]),
        ("other_cafe", [(TILL, 4, 0, 0, 0, FEN, 1), (REVENUE, CAFE, 0, 0, 0, FEN, -1)]),
        ("unit", [(STOCK, CAFE, 0, 0, 0, "asset:T1", 1), (STOCK, CAFE, 0, 0, 0, "asset:T1", -1)]),
        (
            "unit",  # two of one tag
            [
                (ASSET_IN_STOCK, CAFE, NODE, EPOCH, 0, "asset:T1", 2),
                (TRANSIT, 5, NODE, EPOCH, 0, "asset:T1", -2),
            ],
        ),
        (
            "unit",
            [
                (ASSET_IN_STOCK, CAFE, NODE, EPOCH, 0, FEN, 1),
                (TRANSIT, 5, NODE, EPOCH, 0, FEN, -1),
            ],
        ),
    ],
)
def test_each_fault_has_its_code(fault, postings):
    assert fault_of(header(), transaction(postings), CAFE) == fault


def test_writing_for_another_cafe_is_a_fault():
    assert fault_of(header(), transaction(TOP_UP, cafe=4), CAFE) == "other_cafe"


def test_a_narrow_transaction_touches_no_chain_wide_account():
    assert fault_of(header(CAFE_TRANSACTION), transaction(TOP_UP), CAFE) == "reach"


def test_the_hub_lowers_its_own_part_and_anothers_only_to_close_an_epoch():
    own = [(WALLET, MEMBER, 0, 0, 0, FEN, 50), (WALLET, MEMBER, NODE, EPOCH, 0, FEN, -50)]
    other = [(WALLET, MEMBER, NODE, EPOCH, 0, FEN, 50), (WALLET, MEMBER, 0, 0, 0, FEN, -50)]
    hub = header(node=HUB, epoch=1)
    assert fault_of(hub, transaction(own, cafe=0), 0) is None
    assert fault_of(hub, transaction(other, REASON_SPEND, cafe=0), 0) == "not_holder"
    assert fault_of(hub, transaction(other, REASON_EPOCH_CLOSE, cafe=0), 0) is None


@pytest.mark.parametrize("amount", [AMOUNT_MAX + 1, -AMOUNT_MAX - 1, None, "1", True, 1 << 63])
def test_an_amount_out_of_bounds_is_refused(amount):
    body = transaction(TOP_UP).body()
    body[7][0][6] = amount
    with pytest.raises(DecodeError) as caught:
        transaction_from_body(body)
    assert caught.value.detail == "posting.amount"


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_a_diversion_keeps_the_sum_and_spares_the_member(spent, held):
    postings = [(WALLET, 1, NODE, EPOCH, 0, FEN, spent), (REVENUE, CAFE, 0, 0, 0, FEN, -spent)]
    excess = max(spent - held, 0)
    result = divert(postings, CAFE, [[0, excess]])
    assert sum(posting[6] for posting in result) == 0
    assert result[0][6] == spent - excess


def test_a_diversion_of_a_posting_that_is_not_there_is_refused():
    postings = [(WALLET, 1, NODE, EPOCH, 0, FEN, 5), (REVENUE, CAFE, 0, 0, 0, FEN, -5)]
    with pytest.raises(DecodeError):
        divert(postings, CAFE, [[0, 1], [2, 1]])


def test_account_names_read_well():
    assert account_text(WALLET, MEMBER, 3, 2, 0) == "wallet:812@3.2"
    assert account_text(POINTS_HELD, MEMBER, 0, 0, 202703) == "points:812@hub/202703"
    assert account_text(TILL, 9, 0, 0, 0) == "till:9"
    assert account_text(POINTS_ISSUED, 0, 0, 0, 0) == "points_issued:0"


def test_class_names_are_unique():
    names = [row.name for row in CLASSES.values()]
    assert len(names) == len(set(names))


FAR = 64 + 16 * 500
"""Codes that no version of ours has given out."""


@pytest.mark.parametrize(
    ("fault", "posting"),
    [
        (None, (FAR, 1, 0, 0, 0, FEN, 1)),
        ("holder", (FAR, 1, NODE, EPOCH, 0, FEN, 1)),
        (None, (FAR + 2, 1, NODE, EPOCH, 0, FEN, -1)),
        (None, (FAR + 2, 1, 5, 1, 0, FEN, 1)),  # a debit account: raised
        ("not_holder", (FAR + 2, 1, 5, 1, 0, FEN, -1)),
        ("not_holder", (FAR + 6, 1, 5, 1, 0, FEN, 1)),  # a credit account: lowered
        (None, (FAR + 8, CAFE, 0, 0, 0, FEN, 1)),
        ("other_cafe", (FAR + 8, 4, 0, 0, 0, FEN, 1)),
        ("unit", (FAR + 8, CAFE, 0, 0, 0, "asset:T1", 1)),
    ],
)
def test_a_class_of_a_later_version_is_judged_by_what_its_code_says(fault, posting):
    other = (REVENUE, CAFE, 0, 0, 0, posting[5], -posting[6])
    assert fault_of(header(), transaction([posting, other]), CAFE) == fault


def test_a_narrow_class_of_a_later_version_stands_in_a_narrow_transaction():
    rest = (REVENUE, CAFE, 0, 0, 0, FEN, -1)
    assert (
        fault_of(header(CAFE_TRANSACTION), transaction([(FAR + 1, 1, 0, 0, 0, FEN, 1), rest]), CAFE)
        is None
    )
    assert (
        fault_of(header(CAFE_TRANSACTION), transaction([(FAR, 1, 0, 0, 0, FEN, 1), rest]), CAFE)
        == "reach"
    )


def test_a_code_says_of_a_known_class_what_an_older_node_takes_it_for():
    for code, known in CLASSES.items():
        if code >= 64:
            assert bool(code & 1) == (known.reach == CAFE_REACH), known.name
            assert bool(code & 2) == known.limited, known.name
            assert bool(code & 4) == (known.side == CREDIT), known.name
    assert may_hold_assets(FAR + 2)
    assert not may_hold_assets(FAR)
    assert is_of_cafe(FAR + 8)
    assert not is_of_cafe(FAR)
    assert class_of(FAR).name == f"class{FAR}"
    with pytest.raises(DecodeError):
        class_of(63)
