"""A print job as a paper: laid out when it is printed, in the box's language, at any width."""

from edge.domain.business_day import local_time
from edge.effects.slips import SLIPS, WORDS
from edge.effects.slips.job import SlipJob
from edge.effects.slips.parts import Words, cut
from edge.receipt import Align, Feed, Line, Pair, Receipt, Rule, Text


def receipt_of(job: SlipJob, language: str) -> Receipt:
    """The paper: header, body, footer with the entry's chain code."""
    words = Words(WORDS, language)
    slip = SLIPS[job.slip]
    moment = local_time(job.at_ms, job.utc_offset_min)
    lines: list[Line] = [
        Text(cut(words.pick(job.cafe)), Align.CENTRE, bold=True, big=True),
        Text(words(job.slip), Align.CENTRE, bold=True),
        Rule(),
        *slip.body(job.facts, words),
        Rule(),
        Pair(words("time"), f"{moment:%Y-%m-%d %H:%M:%S}"),
    ]
    if job.cashier:
        lines.append(Pair(words("cashier"), cut(job.cashier)))
    if job.chain_code:
        lines.append(Pair(words("code"), job.chain_code))
    lines.append(Text(words("keep"), Align.CENTRE))
    lines.append(Feed(2))
    kick_drawer = slip.moves_cash and job.facts.get("tender") == "cash"
    return Receipt(tuple(lines), kick_drawer=kick_drawer)
