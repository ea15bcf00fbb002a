"""Refusals and reasons as data, with the words that a cashier reads in Chinese and English.

A refusal is never an exception: a decision returns it, nothing has changed, and the page shows its
words. A parameter whose name ends in `_fen` is shown as yuan. The words stand in
`edge.domain.words`, a module for each topic.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.domain.words import WORDS

_PERSONAL = re.compile(r"(?<!\d)(?:\d{17}[\dXx]|1[3-9]\d{9})(?!\d)")
"""A resident identity number (GB 11643-1999) or a mobile phone number."""

Parameter = int | str | tuple[str, str]
"""A number, a text, or a name in (Chinese, English)."""

CHINESE = "zh"
ENGLISH = "en"
LANGUAGES = (CHINESE, ENGLISH)


@dataclass(frozen=True, slots=True)
class Sentence:
    """Something to tell a person: a code, what it is about, and words on demand."""

    code: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def words(self, language: str) -> str:
        """The sentence in `language` (one of LANGUAGES)."""
        chinese, english = WORDS[self.code]
        template = chinese if language == CHINESE else english
        return template.format_map(
            {name: _shown(name, value, language) for name, value in self.parameters.items()}
        )


@dataclass(frozen=True, slots=True)
class Refusal(Sentence):
    """Why a command was not done: what happened, why, and what to do. Nothing was changed."""


def refuse(code: str, **parameters: Parameter) -> Refusal:
    """A refusal with its parameters by name.

    One may say what was typed; an identity or phone number in it is not said in full, as refusals
    are read aloud and photographed.
    """
    return Refusal(code, {name: _masked(value) for name, value in parameters.items()})


def _masked(value: Parameter) -> Parameter:
    if not isinstance(value, str):
        return value
    return _PERSONAL.sub(lambda found: f"{found[0][:3]}…{found[0][-2:]}", value)


def yuan(amount_fen: int) -> str:
    """`¥12.34` of 1234 fen."""
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}¥{abs(amount_fen) // 100}.{abs(amount_fen) % 100:02d}"


def _shown(name: str, value: Parameter, language: str) -> str:
    if name.endswith("_fen") and isinstance(value, int):
        return yuan(value)
    if isinstance(value, tuple):
        return value[0] if language == CHINESE else value[1]
    return str(value)
