"""Initials of names: Chinese characters, surnames read otherwise, Latin words."""

import pytest

from edge.domain.initials import INITIALS_LENGTH_MAX, initials_of, initials_of_words


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("王小明", "wxm"),
        ("欧阳不留痕", "oyblh"),
        ("单雄信", "sxx"),
        ("简单", "jd"),
        ("长孙无忌", "zswj"),
        ("曾国藩", "zgf"),
        ("John Smith", "js"),
        ("张 Anna", "za"),
        ("阿依古丽·买买提", "aygl" + "mmt"),
        ("…", ""),
        ("", ""),
    ],
)
def test_initials_are_what_a_cashier_types(name: str, initials: str) -> None:
    assert initials_of(name) == initials


def test_initials_of_a_long_name_are_cut() -> None:
    assert len(initials_of("王" * 100)) == INITIALS_LENGTH_MAX


@pytest.mark.parametrize(("name", "initials"), [("乐事薯片", "lssp"), ("可口可乐 330ml", "kkkl3")])
def test_goods_have_no_surname(name: str, initials: str) -> None:
    assert initials_of_words(name) == initials
