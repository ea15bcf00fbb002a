"""Both languages of all pages are whole: every message of every template has its Chinese."""

import re

import pytest

from tools.catalogues import LANGUAGES, WEB_FOLDERS, faults, updated

PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@pytest.mark.parametrize("folder", WEB_FOLDERS, ids=lambda folder: folder.parent.name)
def test_translations_keep_their_placeholders(folder) -> None:
    for language in LANGUAGES:
        catalogues = updated(folder, language)
        messages = [message for one in catalogues.values() for message in one if message.id]
        assert messages
        for message in messages:
            assert set(PLACEHOLDER.findall(message.string)) == set(
                PLACEHOLDER.findall(message.id)
            ), message.id


def test_catalogues_are_in_step_and_whole() -> None:
    assert list(faults()) == []
