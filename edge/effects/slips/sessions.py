"""Slips: time that was paid before, and the bill of a session."""

from collections.abc import Mapping

from edge.domain.business_day import local_time
from edge.domain.refusals import yuan
from edge.effects.slips.job import Facts, Name
from edge.effects.slips.parts import Slip, Words, balance, cut, member, paid
from edge.receipt import Line, Pair, Rule, Text

WORDS: Mapping[str, Name] = {
    "session_start": ("上机预付", "TIME PAID BEFORE"),
    "session_bill": ("上机结账", "SESSION"),
    "seat": ("机位", "Seat"),
    "plan": ("套餐", "Plan"),
    "paid_before": ("预付", "Paid before"),
    "until_time": ("可用至", "Until"),
    "minutes": ("时长（分钟）", "Minutes"),
    "from_time": ("上机", "From"),
    "to_time": ("下机", "To"),
    "covered": ("其中套餐（分钟）", "Minutes covered"),
    "time_fee": ("计时费", "Time"),
    "package_price": ("套餐价", "Package"),
    "total_fee": ("合计", "Total"),
    "due_now": ("本次应收", "Due now"),
    "given_back_now": ("退还预付", "Given back"),
    "clock_restarted": (
        "断电期间时钟不可信，该段时间未计费",
        "The box was off and its clock not vouched for: that time is free",
    ),
    "clock_stepped": (
        "期间调整过时钟，时长按实际经过计算",
        "The clock was set meanwhile; time was measured as it passed",
    ),
    "clock_not_trusted": (
        "打印时时钟未核准，时刻仅供参考",
        "The clock is not vouched for: times of day may be wrong",
    ),
}


def _start(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = [Pair(words("number"), facts["number"]), *member(facts, words)]
    lines.append(Pair(words("seat"), facts["seat"], bold=True))
    lines += _plan(facts, words)
    if facts["amount_fen"]:
        lines.append(Pair(words("paid_before"), yuan(facts["amount_fen"]), bold=True))
    lines.append(Pair(words("minutes"), str(facts["minutes"])))
    lines.append(Pair(words("until_time"), _clock(facts["ends_ms"], facts)))
    return lines + paid(facts, words) + balance(facts, words)


def _bill(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = [Pair(words("number"), facts["number"]), *member(facts, words)]
    lines.append(Pair(words("seat"), cut(" → ".join(facts["seats"]) or facts["seat"])))
    lines.append(Pair(words("from_time"), _clock(facts["started_ms"], facts)))
    lines.append(Pair(words("to_time"), _clock(facts["ended_ms"], facts)))
    lines.append(Pair(words("minutes"), str(facts["minutes"])))
    lines += _plan(facts, words)
    if facts["covered_minutes"]:
        lines.append(Pair(words("covered"), str(facts["covered_minutes"])))
    if facts["package_fen"]:
        lines.append(Pair(words("package_price"), yuan(facts["package_fen"])))
    lines.append(Pair(words("time_fee"), yuan(facts["list_fen"])))
    if facts["reason"]:
        time_fen = facts["total_fen"] - facts["package_fen"]
        lines.append(Pair(cut(words.pick(facts["reason"])), yuan(time_fen - facts["list_fen"])))
    lines.append(Rule())
    lines.append(Pair(words("total_fee"), yuan(facts["total_fen"]), bold=True))
    lines += paid({**facts, "change_fen": facts["change_fen"]}, words)
    lines += _settled(facts, words)
    if facts["points"]:
        lines.append(Pair(words("points"), f"+{facts['points']}"))
    return lines + _clock_notes(facts, words) + balance(facts, words)


def _settled(facts: Facts, words: Words) -> list[Line]:
    """What was due beyond the prepayment, or what of it went back."""
    lines: list[Line] = []
    if facts["prepaid_fen"]:
        lines.append(Pair(words("paid_before"), yuan(facts["prepaid_fen"])))
    if facts["due_fen"] and facts["prepaid_fen"]:
        lines.append(Pair(words("due_now"), yuan(facts["due_fen"]), bold=True))
    if facts["back_fen"]:
        lines.append(Pair(words("given_back_now"), yuan(facts["back_fen"]), bold=True))
        lines += paid({"tenders": facts["back"]}, words)
    return lines


def _plan(facts: Facts, words: Words) -> list[Line]:
    name = words.pick(facts["plan"])
    return [Pair(words("plan"), cut(name))] if name else []


def _clock_notes(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = []
    if facts["clock_note"]:
        lines.append(Text(words("clock_" + facts["clock_note"])))
    if not facts["clock_trusted"]:
        lines.append(Text(words("clock_not_trusted")))
    return lines


def _clock(at_ms: int, facts: Facts) -> str:
    return local_time(at_ms, facts["utc_offset_min"]).strftime("%m-%d %H:%M")


SLIPS: Mapping[str, Slip] = {
    "session_start": Slip(_start, moves_cash=True),
    "session_bill": Slip(_bill, moves_cash=True, signed=True),
}
