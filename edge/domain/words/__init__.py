"""What a cashier reads of refusals and reasons: a module for each topic, merged into WORDS.

To add a sentence, add a row to its topic; each row has both languages and names its parameters.
Codes are stable and never reused. A new topic is a module here and its name in TOPICS.
"""

from collections.abc import Mapping

from edge.domain.words import (
    benefits,
    cards,
    cases,
    counter,
    goods,
    members,
    money,
    papers,
    reports,
    sessions,
    setup,
    shifts,
    tickets,
)

TOPICS = (
    counter,
    members,
    cards,
    money,
    benefits,
    sessions,
    tickets,
    goods,
    shifts,
    papers,
    reports,
    cases,
    setup,
)

WORDS: Mapping[str, tuple[str, str]] = {
    code: words for topic in TOPICS for code, words in topic.WORDS.items()
}
"""Code -> (Chinese, English)."""
