"""The golden vectors are what the code writes, and a change of them is deliberate."""

import json

import pytest

from tests.vectors.cases import FILES, check, from_json, to_json, values
from tests.vectors.generate import FOLDER, text_of


@pytest.mark.parametrize("name", FILES)
def test_vectors_hold_under_cpython(name):
    content = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert check(name, content) > 0


@pytest.mark.parametrize("name", [name for name in FILES if name != "frames"])
def test_vectors_are_what_the_generator_writes(name):
    # Of frames only the reading is fixed: another zlib may deflate to other bytes.
    written = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert text_of(name) == written, "run: python -m tests.vectors.generate, and say why"


def test_the_vectors_own_json_loses_nothing():
    again = from_json(json.loads(json.dumps(to_json(values()))))
    assert [type(value) for value in again] == [type(value) for value in values()]
    assert again == values()
