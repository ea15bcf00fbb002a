"""Registrations: normal forms, checks, claims."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.domain.decision import Decision
from edge.domain.members import (
    Application,
    CheckedApplication,
    MemberKeys,
    check_application,
    keyed_hash,
    normal_identity,
    normal_phone,
    number_of_text,
    number_text,
    register_member,
)
from sync_protocol.claims import ClaimRow
from sync_protocol.kinds import IDENTITY_CLAIM, MEMBER, PHONE_CLAIM
from sync_protocol.ops import OpRef
from tests.edge.domain.facts import CAFE, HERE, SALT, TODAY, check, code_of

IDENTITY = "11010519491231002X"
"""The example of GB 11643-1999."""


@pytest.mark.parametrize(
    "typed", ["13800138000", "138 0013 8000", "+86 13800138000", "008613800138000"]
)
def test_one_phone_has_one_form(typed: str) -> None:
    assert normal_phone(typed) == "+8613800138000"


def test_a_foreign_phone_keeps_its_country() -> None:
    assert normal_phone("+44 20 7946 0018") == "+442079460018"


@pytest.mark.parametrize("typed", ["", "12345", "23800138000", "+8612345", "+0123456789", "abc"])
def test_what_is_no_phone_is_refused(typed: str) -> None:
    assert code_of(normal_phone(typed)) == "phone_invalid"


def test_identity_number_of_the_standard() -> None:
    assert normal_identity("110105 19491231 002x") == IDENTITY


@given(st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(place: int, more: int) -> None:
    wrong = str((int(IDENTITY[place]) + more) % 10) if place < 17 else str(more)
    typed = IDENTITY[:place] + wrong + IDENTITY[place + 1 :]
    assert code_of(normal_identity(typed)) == "identity_invalid"


@given(st.integers(0, (1 << 52) - 1))
def test_a_number_is_read_back(number: int) -> None:
    assert number_of_text(number_text(number)) == number
    assert number_of_text(number_text(number).lower().replace("0", "o")) == number


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": " "}, "name_invalid"),
        ({"name": "x" * 41}, "name_invalid"),
        ({"name": "a\x1bb"}, "name_invalid"),
        ({"phone": "1"}, "phone_invalid"),
        ({"identity": "1"}, "identity_invalid"),
        ({"birth_date": 20270101}, "birth_date_invalid"),
        ({"birth_date": 20010230}, "birth_date_invalid"),
        ({"consent": False}, "consent_missing"),
    ],
)
def test_a_faulty_application_is_refused(change: dict[str, object], code: str) -> None:
    fields = {"name": "王小明", "phone": "", "identity": "", "birth_date": 0, "consent": True}
    assert code_of(check_application(Application(**{**fields, **change}), TODAY)) == code


def test_the_identity_number_tells_the_birth_date() -> None:
    checked = check_application(Application("王", "", IDENTITY, 19990101, True), TODAY)
    assert isinstance(checked, CheckedApplication)
    assert checked.birth_date == 19491231


def test_a_registration_claims_what_must_be_unique() -> None:
    application = CheckedApplication("王小明", "+8613800138000", IDENTITY, 19491231)
    keys = MemberKeys(b"p" * 16, None, b"i" * 16, None)
    decision = register_member(HERE, 99, application, keys, [SALT] * 3)
    assert isinstance(decision, Decision)
    assert [op.kind for op in decision.ops] == [MEMBER, PHONE_CLAIM, IDENTITY_CLAIM]
    for op in decision.ops:
        check(op)


@pytest.mark.parametrize(("which", "code"), [(0, "phone_taken"), (1, "identity_taken")])
def test_a_key_of_another_member_is_refused(which: int, code: str) -> None:
    holder = ClaimRow(5, CAFE, OpRef(1, 1, 1, bytes(8)))
    holders = [holder if place == which else None for place in range(2)]
    keys = MemberKeys(b"p" * 16, holders[0], b"i" * 16, holders[1])
    application = CheckedApplication("王", "+8613800138000", IDENTITY, 0)
    assert code_of(register_member(HERE, 99, application, keys, [SALT] * 3)) == code


def test_a_keyed_hash_tells_nothing_without_the_key() -> None:
    one, other = keyed_hash(b"a" * 32, "+8613800138000"), keyed_hash(b"b" * 32, "+8613800138000")
    assert len(one) == 16
    assert one != other
