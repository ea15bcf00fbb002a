"""A print job as a paper: laid out when it is printed, in the box's language, at any width."""

from edge.domain.business_day import local_time
from edge.effects.slips import SLIPS, WORDS
from edge.effects.slips.job import SlipJob
from edge.effects.slips.parts import Words, cut
from edge.receipt import Align, Feed, Line, Pair, QrCode, Receipt, Rule, Text


def receipt_of(job: SlipJob, language: str) -> Receipt:
    """The paper: the chain's head, the slip's body, its foot with the entry's chain code."""
    words = Words(WORDS, language)
    slip = SLIPS[job.slip]
    moment = local_time(job.at_ms, job.utc_offset_min)
    lines: list[Line] = [
        *_head(job, words),
        Text(words(job.slip), Align.CENTRE, bold=True),
        Rule(),
        *slip.body(job.facts, words),
        Rule(),
        Pair(words("time"), f"{moment:%Y-%m-%d %H:%M:%S}"),
    ]
    if job.facts.get("paper_slip"):
        lines.append(Pair(words("by_hand"), str(job.facts["paper_slip"])))
    if job.cashier:
        lines.append(Pair(words("cashier"), cut(job.cashier)))
    if job.chain_code:
        lines.append(Pair(words("code"), job.chain_code))
    if slip.signed and job.qr:
        lines += [QrCode(job.qr), Text(words("scan_to_check"), Align.CENTRE)]
    lines += _foot(job, words)
    kick_drawer = slip.moves_cash and job.facts.get("tender") == "cash"
    return Receipt(tuple(lines), kick_drawer=kick_drawer)


def _head(job: SlipJob, words: Words) -> list[Line]:
    """The chain's name, the cafe's, and what head office wants said on top."""
    letter = job.letterhead
    chain = words.pick((letter.get("name", ""), letter.get("name_en") or letter.get("name", "")))
    lines: list[Line] = [Text(cut(chain), Align.CENTRE)] if chain else []
    lines.append(Text(cut(words.pick(job.cafe)), Align.CENTRE, bold=True, big=True))
    if letter.get("receipt_head"):
        lines.append(Text(cut(letter["receipt_head"]), Align.CENTRE))
    return lines


def _foot(job: SlipJob, words: Words) -> list[Line]:
    lines: list[Line] = []
    if job.letterhead.get("phone"):
        lines.append(Pair(words("phone"), cut(job.letterhead["phone"])))
    lines.append(Text(cut(job.letterhead.get("receipt_foot") or words("keep")), Align.CENTRE))
    return [*lines, Feed(2)]
