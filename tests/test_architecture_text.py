"""docs/ARCHITECTURE.md names files that exist and functions that they define."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
FILE = re.compile(r"`((?:edge|cloud|sync_protocol|docs)[\w/]*(?:\.\w+|/\w+|/))`")
FUNCTION = re.compile(r"`((?:edge|cloud|sync_protocol)/[\w/]+\.py)`\s+`(\w+)`")


@pytest.mark.parametrize("path", sorted(set(FILE.findall(TEXT))))
def test_a_named_path_exists(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("path", "function"), sorted(set(FUNCTION.findall(TEXT))))
def test_a_named_function_is_defined_in_its_file(path, function):
    source = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"def {function}\(", source)


def test_the_walk_has_a_file_for_each_step():
    steps = re.findall(r"^\d+\. (.*(?:\n   .*)*)", TEXT, re.MULTILINE)
    assert len(steps) == 15
    assert all(".py" in step for step in steps)
