"""Every refusal has a code and words in both languages, and every code used has its row."""

import ast
import re
import string
from pathlib import Path

import pytest

from edge.domain.refusals import LANGUAGES, Refusal, refuse, yuan
from edge.domain.words import WORDS

EDGE = Path(__file__).parents[3] / "edge"


def _names(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("code", sorted(WORDS))
def test_words_in_both_languages_name_the_same_facts(code: str) -> None:
    chinese, english = WORDS[code]
    assert re.search(r"[一-龥]", chinese)
    assert not re.search(r"[一-龥]", english)
    assert _names(chinese) == _names(english)


@pytest.mark.parametrize("code", sorted(WORDS))
def test_words_can_be_said(code: str) -> None:
    names = _names(WORDS[code][0])
    parameters = {name: 1250 if name.endswith("_fen") else "x" for name in names}
    for language in LANGUAGES:
        words = Refusal(code, parameters).words(language)
        assert "{" not in words
        if any(name.endswith("_fen") for name in names):
            assert "¥12.50" in words


def _codes_used() -> dict[str, set[str]]:
    """Code -> parameter names, of each literal `refuse(...)` and `Sentence(...)` in the edge."""
    used: dict[str, set[str]] = {}
    for path in [*EDGE.glob("domain/*.py"), *EDGE.glob("desk/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id not in ("refuse", "Sentence") or not node.args:
                continue
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                names = {keyword.arg or "" for keyword in node.keywords}
                if node.func.id == "refuse":
                    used.setdefault(first.value, names)
                    assert used[first.value] == names, first.value
                else:
                    used.setdefault(first.value, _names(WORDS[first.value][0]))
    return used


def test_each_code_used_has_words_for_what_it_is_given() -> None:
    used = _codes_used()
    assert len(used) > 40
    for code, names in used.items():
        assert code in WORDS, code
        assert _names(WORDS[code][0]) <= names, code


def test_a_bilingual_parameter_is_said_in_the_language_asked_for() -> None:
    refusal = refuse("asset_not_here", tag="PC-1", place=("库存中", "in stock"))
    assert "库存中" in refusal.words("zh")
    assert "in stock" in refusal.words("en")


def test_yuan() -> None:
    assert [yuan(fen) for fen in (0, 5, 1234, -50)] == ["¥0.00", "¥0.05", "¥12.34", "-¥0.50"]
