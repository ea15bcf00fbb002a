"""Conflict cases by their rules: each conflict opens one; a settlement does what it showed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.cases import CONCURRENT, EXCESS, LOST_CLAIM, SETTLED, VOIDED
from cloud.domain.disputes import DISMISS, KEEP_A, KEEP_B, MERGE
from cloud.domain.judge import ADMITTED, section_of
from cloud.domain.refusals import Refusal
from sync_protocol.accounts import WALLET
from sync_protocol.annotations import LOST, OVERWROTE, VOID
from sync_protocol.claims import RELEASE
from sync_protocol.codec import pack
from sync_protocol.kinds import (
    ALIAS,
    ASSET,
    ASSET_CLAIM,
    CARD,
    CARD_CLAIM,
    CASE,
    ERASE,
    IDENTITY_CLAIM,
    MEMBER,
    PHONE_CLAIM,
    PRODUCT,
    TRANSACTION,
)
from sync_protocol.ops import HUB
from tests.cloud import bodies
from tests.cloud.memory_hub import DAY, PERSON, MemoryHub

ANNE, BEN = 4001, 4002
PHONE_KEY, IDENTITY_KEY = b"p" * 16, b"i" * 16
PHONE = "+8613800138001"


def member(hub, node, key, values, bases=None):
    return hub.write(node, MEMBER, bodies.register(MEMBER, key, node, values, bases))


def two_edits(hub):
    """Both cafes change Anne's name and note on the same base; returns the case's key."""
    member(hub, 1, ANNE, {"name": "安", "note": "-"})
    bases = {name: hub.reference(MEMBER, ANNE, name) for name in ("name", "note")}
    member(hub, 1, ANNE, {"name": "安妮", "note": "靠窗"}, bases)
    member(hub, 2, ANNE, {"name": "安娜", "note": "靠门"}, bases)
    return hub.cases[-1]


def two_phones(hub):
    for node, key, name in ((1, ANNE, "安妮"), (2, BEN, "本")):
        member(hub, node, key, {"name": name, "phone": PHONE, "identity": "X1"})
        hub.write(node, PHONE_CLAIM, bodies.claim(PHONE_CLAIM, PHONE_KEY, node, key))
    return hub.cases[-1]


def two_receipts(hub, names=("键盘", "机械键盘")):
    for node, receipt, name in ((1, 71, names[0]), (2, 72, names[1])):
        hub.write(node, ASSET, bodies.register(ASSET, "KB-1", node, {"name": name}))
        hub.write(node, ASSET_CLAIM, bodies.claim(ASSET_CLAIM, b"KB-1", node, receipt))
    return hub.cases[-1]


# What opens a case


edits = st.tuples(
    st.integers(1, 3),
    st.sampled_from([ANNE, BEN]),
    st.dictionaries(
        st.sampled_from(["name", "note", "tier"]), st.sampled_from("甲乙丙"), min_size=1
    ),
    st.booleans(),
)
takes = st.tuples(st.integers(1, 3), st.sampled_from([b"1", b"2"]), st.integers(1, 4))
amounts = st.tuples(st.integers(1, 3), st.integers(1, 300))


@given(st.lists(st.one_of(edits, takes, amounts), max_size=30))
def test_every_conflict_opens_exactly_one_case_and_nothing_else_does(writes):
    hub = MemoryHub()
    conflicts = []
    for write in writes:
        if len(write) == 4:
            node, key, values, stale = write
            row = hub.register(MEMBER, key)
            known = row is not None and not stale
            bases = {name: _base(hub, key, name) for name in values} if known else {}
            op, annotation = member(hub, node, key, values, bases)
        elif len(write) == 3:
            node, key, card = write
            op, annotation = hub.write(node, CARD_CLAIM, bodies.claim(CARD_CLAIM, key, node, card))
        else:
            node, amount = write
            body = bodies.spend(node, ANNE, node, 1, amount)
            op, annotation = hub.write(node, TRANSACTION, body)
        if annotation.verdict in (OVERWROTE, LOST, VOID):
            conflicts.append(op.ref())
    assert [hub.dispute(key).case.op for key in hub.cases] == conflicts
    assert len(set(hub.cases)) == len(hub.cases)


def _base(hub, key, name):
    try:
        return hub.reference(MEMBER, key, name)
    except (IndexError, TypeError):
        return None


def test_an_excess_of_an_admitted_branch_has_a_case_of_its_type():
    hub = MemoryHub()
    hub.add(section_of(WALLET, 1), (WALLET, ANNE, 1, 1, 0, "fen"), -100)
    hub.write(1, TRANSACTION, bodies.spend(1, ANNE, 1, 1, 250), ADMITTED)
    case = hub.dispute(hub.cases[0])
    assert (case.case.type, case.case.reason) == (EXCESS, "diverted")
    assert [option.choice for option in case.options] == [DISMISS]


def test_a_void_of_a_current_epoch_has_a_case():
    hub = MemoryHub()
    hub.write(1, TRANSACTION, bodies.spend(1, ANNE, 1, 1, 250))
    case = hub.dispute(hub.cases[0]).case
    assert (case.type, case.reason, case.cafe, case.kind) == (VOIDED, "below_zero", 1, TRANSACTION)


@pytest.mark.parametrize("names", [("键盘", "键盘"), ("键盘", "机械键盘")])
def test_an_asset_received_twice_opens_one_case_whatever_each_cafe_called_it(names):
    hub = MemoryHub()
    two_receipts(hub, names)
    assert len(hub.cases) == 1
    assert hub.dispute(hub.cases[0]).case.type == LOST_CLAIM


def test_a_case_names_ops_and_copies_no_value():
    hub = MemoryHub()
    two_edits(hub)
    two_phones(hub)
    hub.settle(hub.cases[0], KEEP_A)
    hub.settle(hub.cases[1], KEEP_B)
    for key in hub.cases:
        stored = pack(hub.register(CASE, key).row())
        for personal in ("安", "本", "靠", PHONE):
            assert personal.encode() not in stored


# How it is settled


@pytest.mark.parametrize(
    ("choice", "name", "note"), [(KEEP_A, "安妮", "靠窗"), (KEEP_B, "安娜", "靠门")]
)
def test_a_concurrent_edit_is_settled_for_either_side(choice, name, note):
    hub = MemoryHub()
    key = two_edits(hub)
    dispute = hub.dispute(key)
    assert dispute.case.type == CONCURRENT
    assert [(one.field, one.a, one.b) for one in dispute.differences] == [
        ("name", "安妮", "安娜"),
        ("note", "靠窗", "靠门"),
    ]
    shown = {change.field: change.then for change in dispute.option(choice).changes}
    hub.settle(key, choice)
    assert (hub.value(MEMBER, ANNE, "name"), hub.value(MEMBER, ANNE, "note")) == (name, note)
    assert shown.items() <= {"name": name, "note": note}.items()
    settled = hub.dispute(key).case
    assert (settled.status, settled.settlement, settled.note) == (SETTLED, choice, "两边都问过了")
    assert (settled.settled_by, settled.settled_day) == (PERSON, DAY)
    assert len(hub.cases) == 1


@given(
    st.lists(st.sampled_from("甲乙丙"), min_size=2, max_size=5),
    st.permutations(range(8)),
    st.sampled_from([KEEP_A, KEEP_B]),
)
def test_whichever_way_many_edits_fell_each_settlement_does_what_it_showed(names, order, choice):
    hub = MemoryHub()
    member(hub, 1, ANNE, {"name": "安"})
    bases = {"name": hub.reference(MEMBER, ANNE, "name")}
    for node, name in enumerate(names, 1):
        member(hub, node, ANNE, {"name": name}, bases)
    for place in order:
        if place >= len(hub.cases):
            continue
        key = hub.cases[place]
        dispute = hub.dispute(key)
        wanted = dispute.differences[0].a if choice == KEEP_A else dispute.differences[0].b
        assert not isinstance(hub.settle(key, choice), Refusal)
        assert hub.value(MEMBER, ANNE, "name") == wanted
        assert hub.settle(key, choice).code == "case_settled"
    assert all(hub.dispute(key).case.status == SETTLED for key in hub.cases)


def test_a_card_reported_lost_can_be_made_active_again_by_head_office_alone():
    hub = MemoryHub()
    hub.write(1, CARD, bodies.register(CARD, 61, 1, {"member": ANNE, "status": "active"}))
    bases = {"status": hub.reference(CARD, 61, "status")}
    hub.write(1, CARD, bodies.register(CARD, 61, 1, {"status": "lost"}, bases))
    hub.write(2, CARD, bodies.register(CARD, 61, 2, {"status": "suspended"}, bases))
    assert hub.value(CARD, 61, "status") == "lost"
    hub.settle(hub.cases[0], KEEP_B)
    assert hub.value(CARD, 61, "status") == "suspended"


def test_a_phone_left_with_the_first_is_struck_out_at_the_second():
    hub = MemoryHub()
    key = two_phones(hub)
    hub.settle(key, KEEP_A)
    assert hub.claim(PHONE_CLAIM, PHONE_KEY).subject == ANNE
    assert hub.value(MEMBER, ANNE, "phone") == PHONE
    assert hub.value(MEMBER, BEN, "phone") is None


def test_a_phone_given_to_the_second_is_released_by_the_holders_subject_and_taken():
    hub = MemoryHub()
    key = two_phones(hub)
    ops = hub.settle(key, KEEP_B)
    assert [(kind, body[3], body[4]) for kind, body in ops[:2]] == [
        (PHONE_CLAIM, ANNE, RELEASE),
        (PHONE_CLAIM, BEN, 1),
    ]
    holder = hub.claim(PHONE_CLAIM, PHONE_KEY)
    assert (holder.subject, holder.cafe) == (BEN, 2)
    assert hub.value(MEMBER, ANNE, "phone") is None
    assert hub.value(MEMBER, BEN, "phone") == PHONE


def test_two_members_that_are_one_person_are_merged_and_all_between_them_is_settled():
    hub = MemoryHub()
    two_phones(hub)
    for node, key in ((1, ANNE), (2, BEN)):
        hub.write(node, IDENTITY_CLAIM, bodies.claim(IDENTITY_CLAIM, IDENTITY_KEY, node, key))
    phone, identity = hub.cases
    hub.settle(phone, MERGE)
    assert hub.value(ALIAS, BEN, "into") == ANNE
    assert hub.dispute(identity).option(MERGE) is None


def test_a_card_number_taken_twice():
    hub = MemoryHub()
    for node, card, holder in ((1, 61, ANNE), (2, 62, BEN)):
        hub.write(
            node, CARD, bodies.register(CARD, card, node, {"member": holder, "status": "active"})
        )
        hub.write(node, CARD_CLAIM, bodies.claim(CARD_CLAIM, b"c" * 16, node, card))
        member(hub, node, holder, {"name": str(holder)})
    dispute = hub.dispute(hub.cases[0])
    assert [option.choice for option in dispute.options] == [KEEP_A, KEEP_B, MERGE, DISMISS]
    hub.settle(hub.cases[0], KEEP_B)
    assert hub.claim(CARD_CLAIM, b"c" * 16).subject == 62
    assert (hub.value(CARD, 61, "status"), hub.value(CARD, 62, "status")) == ("void", "active")


@pytest.mark.parametrize(
    ("choice", "receipt", "name"), [(KEEP_A, 71, "键盘"), (KEEP_B, 72, "机械键盘")]
)
def test_an_asset_received_twice_belongs_to_one_cafe_under_its_name(choice, receipt, name):
    hub = MemoryHub()
    key = two_receipts(hub)
    hub.settle(key, choice)
    assert hub.claim(ASSET_CLAIM, b"KB-1").subject == receipt
    assert hub.value(ASSET, "KB-1", "name") == name


# What is refused


def test_what_changed_meanwhile_is_shown_and_not_settled_blindly():
    hub = MemoryHub()
    key = two_edits(hub)
    shown = hub.dispute(key)
    assert not shown.has_changed
    member(hub, 1, ANNE, {"name": "安然"}, {"name": hub.reference(MEMBER, ANNE, "name")})
    assert hub.dispute(key).has_changed
    assert hub.settle(key, KEEP_A, seen=shown.seen).code == "case_changed"
    assert hub.value(MEMBER, ANNE, "name") == "安然"
    assert not isinstance(hub.settle(key, KEEP_A), Refusal)
    assert hub.value(MEMBER, ANNE, "name") == "安妮"


@pytest.mark.parametrize(
    ("note", "code"),
    [
        ("", "note_missing"),
        ("长" * 201, "note_long"),
        ("安妮说的", "note_personal"),
        ("问了 13800138001", "note_personal"),
    ],
)
def test_a_reason_is_needed_and_names_nobody(note, code):
    hub = MemoryHub()
    two_phones(hub)
    before = dict(hub.ops)
    assert hub.settle(hub.cases[0], KEEP_A, note=note).code == code
    assert hub.ops == before


def test_a_choice_that_the_case_has_not_is_refused():
    hub = MemoryHub()
    assert hub.settle(two_edits(hub), MERGE).code == "settlement_unknown"


def test_of_an_erased_member_nothing_is_left_to_keep():
    hub = MemoryHub()
    edit = two_edits(hub)
    hub.write(HUB, ERASE, [ANNE])
    assert hub.dispute(edit).is_erased
    assert [option.choice for option in hub.dispute(edit).options] == [DISMISS]
    assert not isinstance(hub.settle(edit, DISMISS), Refusal)


def test_the_phone_of_an_erased_member_can_go_to_the_other():
    hub = MemoryHub()
    key = two_phones(hub)
    hub.write(HUB, ERASE, [ANNE])
    assert hub.claim(PHONE_CLAIM, PHONE_KEY) is None
    assert hub.dispute(key).is_erased
    hub.settle(key, KEEP_B)
    assert hub.claim(PHONE_CLAIM, PHONE_KEY).subject == BEN


def test_a_hub_only_document_has_no_two_sides():
    hub = MemoryHub()
    hub.write(1, PRODUCT, bodies.register(PRODUCT, "x", 1, {"name": "x"}))
    dispute = hub.dispute(hub.cases[0])
    assert (dispute.case.type, dispute.case.reason) == (VOIDED, "hub_only")
    assert [option.choice for option in dispute.options] == [DISMISS]
