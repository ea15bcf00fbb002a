"""Slips: what stands on each printed paper, a module for each topic, merged into SLIPS.

To add a slip, add a body, a row of SLIPS and a title in WORDS to its topic. A new topic is a
module here and its name in TOPICS. `job` is what is stored, `paper` lays it out when it is printed.
"""

from collections.abc import Mapping

from edge.effects.slips import (
    benefits,
    cards,
    counter,
    goods,
    money,
    papers,
    parts,
    reports,
    sessions,
    shifts,
    tickets,
)
from edge.effects.slips.job import Name
from edge.effects.slips.parts import Slip

TOPICS = (counter, shifts, cards, money, benefits, sessions, tickets, goods, papers, reports)

SLIPS: Mapping[str, Slip] = {name: slip for topic in TOPICS for name, slip in topic.SLIPS.items()}
"""Name of a slip, which is also the code of its title -> the slip."""

WORDS: Mapping[str, Name] = {
    code: words for part in (parts, *TOPICS) for code, words in part.WORDS.items()
}
"""Code -> (Chinese, English)."""
