"""The judge by itself: whatever authors write, no limited account goes below zero."""

from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.judge import ADMITTED, CURRENT, Author, judge, section_of
from sync_protocol.accounts import CHAIN_LOSS, CLASSES, DUE_FROM_CAFE, POINTS_HELD, WALLET
from sync_protocol.annotations import APPLIED, DIVERTED, VOID, annotation_from_row
from sync_protocol.fold import fold_transaction
from sync_protocol.kinds import CARD, MEMBER, PHONE_CLAIM, PRODUCT, TRANSACTION
from sync_protocol.ledger import Transaction
from sync_protocol.ops import OP_VERSION, Header, make_op
from tests.cloud import bodies
from tests.sync_protocol.memory_state import MemoryState

MEMBERS = (4001, 4002)


class Facts(MemoryState):
    def balance(self, section, account):
        return self.balances.get((section, account), 0)

    def is_erased(self, subject):
        return subject in self.erased


def op(kind, body, node=1, epoch=1, version=OP_VERSION):
    header = Header(version, kind, node, epoch, 1, 0, 1, 2, 1, 0, 0, 7, 1, 0)
    return make_op(header, body, bytes(32))


holders = st.sampled_from([(1, 1), (2, 1), (0, 0)])
amounts = st.integers(-300, 300).filter(bool)


@st.composite
def transactions(draw):
    """Two to six postings on wallets, points and an unlimited account; mostly balanced."""
    postings = []
    total = 0
    for _ in range(draw(st.integers(1, 5))):
        node, epoch = draw(holders)
        amount = draw(amounts)
        postings.append((WALLET, draw(st.sampled_from(MEMBERS)), node, epoch, 0, "fen", amount))
        total += amount
    rest = -total if draw(st.integers(0, 9)) else 1 - total
    if rest:
        postings.append((DUE_FROM_CAFE, 1, 0, 0, 0, "fen", rest))
    return Transaction(1, 1, bodies.DAY, 480, 1, 0, None, postings)


def _apply(state, transaction, judged):
    if judged.annotation.verdict in (APPLIED, DIVERTED):
        fold_transaction(state, transaction, judged.annotation.diversions(), 0)


@given(st.lists(st.tuples(transactions(), st.sampled_from([CURRENT, ADMITTED])), max_size=12))
def test_no_limited_account_is_ever_below_zero_and_every_unit_sums_to_zero(writes):
    state = Facts()
    for transaction, standing in writes:
        written = op(TRANSACTION, transaction.body())
        judged = judge(written, Author(1, standing), 1000, state)
        annotation_from_row(judged.annotation.row())
        assert judged.annotation.verdict != DIVERTED or standing == ADMITTED
        _apply(state, transaction, judged)
        for (_section, account), amount in state.balances.items():
            row = CLASSES[account[0]]
            assert not row.limited or amount * row.side >= 0
        assert sum(state.balances.values()) == 0


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_what_an_admitted_branch_overspent_falls_on_the_chain_and_never_on_the_member(held, spent):
    state = Facts()
    account = (WALLET, MEMBERS[0], 1, 1, 0, "fen")
    state.add(section_of(WALLET, 1), account, -held)
    body = bodies.spend(1, MEMBERS[0], 1, 1, spent)
    judged = judge(op(TRANSACTION, body), Author(1, ADMITTED), 1000, state)
    transaction = judged.decoded
    _apply(state, transaction, judged)
    loss = (CHAIN_LOSS, 1, 0, 0, 0, "fen")
    assert -state.balance(section_of(WALLET, 1), account) == max(held - spent, 0)
    assert state.balance(section_of(CHAIN_LOSS, 1), loss) == max(spent - held, 0)
    assert (judged.annotation.verdict == DIVERTED) == (spent > held)


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_a_current_epoch_that_overspends_is_void(held, spent):
    state = Facts()
    state.add(section_of(WALLET, 1), (WALLET, MEMBERS[0], 1, 1, 0, "fen"), -held)
    body = bodies.spend(1, MEMBERS[0], 1, 1, spent)
    judged = judge(op(TRANSACTION, body), Author(1), 1000, state)
    if spent > held:
        assert (judged.annotation.verdict, judged.annotation.detail) == (VOID, "below_zero")
        assert judged.conflict is not None
    else:
        assert judged.annotation.verdict == APPLIED


scalars = st.none() | st.booleans() | st.integers(-5, 1 << 60) | st.binary(max_size=40) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=8), max_leaves=30)


@given(
    st.sampled_from([TRANSACTION, CARD, MEMBER, PRODUCT, PHONE_CLAIM, 70, 71, 72, 73]),
    st.lists(values, max_size=8),
)
def test_no_body_whatever_makes_the_judge_fail(kind, body):
    judged = judge(op(kind, body), Author(1), 1000, Facts())
    annotation_from_row(judged.annotation.row())
    assert judged.annotation.verdict != APPLIED or judged.decoded is not None or kind == 70


def test_a_fault_in_the_middle_of_several_postings_of_one_account_is_their_sum():
    state = Facts()
    state.add(section_of(POINTS_HELD, 1), (POINTS_HELD, 1, 1, 1, 0, "points"), -10)
    transaction = Transaction(
        1,
        5,
        bodies.DAY,
        480,
        1,
        0,
        None,
        [
            (POINTS_HELD, 1, 1, 1, 0, "points", 15),
            (POINTS_HELD, 1, 1, 1, 0, "points", -5),
            (21, 1, 0, 0, 0, "points", -10),
        ],
    )
    judged = judge(op(TRANSACTION, transaction.body()), Author(1), 1000, state)
    assert judged.annotation.verdict == APPLIED


def test_a_body_on_an_erased_person_is_void_and_opens_no_case():
    state = Facts()
    state.erase(MEMBERS[0])
    write = op(MEMBER, bodies.register(MEMBER, MEMBERS[0], 1, {"name": "x"}))
    judged = judge(write, Author(1), 1000, state)
    assert (judged.annotation.detail, judged.conflict) == ("erased", None)
    claim = op(PHONE_CLAIM, bodies.claim(PHONE_CLAIM, b"k" * 16, 1, MEMBERS[0]))
    assert judge(claim, Author(1), 1000, state).annotation.detail == "erased"
