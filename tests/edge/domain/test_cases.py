"""Word from head office: every case says what happened and what to do, in both languages."""

import re

import pytest

from edge.domain.cases import (
    CONCURRENT,
    EXCESS,
    FENCED_EPOCH,
    KEEP_A,
    KEEP_B,
    LOST_CLAIM,
    MERGE,
    CaseFacts,
    word,
)
from edge.domain.refusals import CHINESE, ENGLISH
from sync_protocol.kinds import (
    ASSET_CLAIM,
    CARD_CLAIM,
    IDENTITY_CLAIM,
    KINDS,
    MEMBER,
    PHONE_CLAIM,
    TRANSACTION,
)

ANNE, EAST = ("安妮", "Anne"), ("东门店", "East Gate")


def facts(type="lost_claim", kind=PHONE_CLAIM, is_later=True, settlement=""):
    return CaseFacts(type, kind, is_later, ANNE, EAST, settlement)


@pytest.mark.parametrize("type", [LOST_CLAIM, CONCURRENT, "void", EXCESS, FENCED_EPOCH])
@pytest.mark.parametrize("settlement", ["", KEEP_A, KEEP_B, MERGE, "dismiss"])
@pytest.mark.parametrize("is_later", [True, False])
def test_every_case_is_said_in_both_languages(type, settlement, is_later):
    for kind in KINDS:
        said = word(facts(type, kind, is_later, settlement))
        for sentence in (said.what, said.todo):
            assert "{" not in sentence.words(CHINESE) + sentence.words(ENGLISH)
            assert not re.search(r"[一-龥]", sentence.words(ENGLISH))


@pytest.mark.parametrize(
    ("kind", "todo"),
    [
        (PHONE_CLAIM, "换一个手机号"),
        (IDENTITY_CLAIM, "核对证件"),
        (CARD_CLAIM, "换一张新卡"),
        (ASSET_CLAIM, "不要领用"),
    ],
)
def test_the_loser_of_a_claim_is_told_what_to_do_and_the_holder_to_wait(kind, todo):
    lost, held = word(facts(kind=kind)), word(facts(kind=kind, is_later=False))
    assert re.search(todo, lost.todo.words(CHINESE))
    assert "东门店" in lost.what.words(CHINESE)
    assert held.todo.code == "case_wait"


@pytest.mark.parametrize(
    ("settlement", "is_later", "ours"),
    [
        (KEEP_A, True, False),
        (KEEP_B, True, True),
        (KEEP_A, False, True),
        (KEEP_B, False, False),
    ],
)
def test_each_side_is_told_whose_was_kept(settlement, is_later, ours):
    said = word(facts(CONCURRENT, MEMBER, is_later, settlement))
    assert said.what.code == ("case_kept_ours" if ours else "case_kept_other")
    assert said.todo.code == "case_nothing_to_do"
    lost = word(facts(LOST_CLAIM, ASSET_CLAIM, is_later, settlement))
    assert lost.todo.code == ("case_nothing_to_do" if ours else "case_cancel_receipt")


def test_a_void_sends_the_manager_to_head_office_until_it_is_noted():
    assert word(facts("void", TRANSACTION)).todo.code == "case_call_head_office"
    assert word(facts("void", TRANSACTION, settlement="dismiss")).what.code == "case_noted"
