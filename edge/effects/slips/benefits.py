"""Slips: redemptions, points by hand, gifts, tiers, passes and vouchers with their codes."""

from collections.abc import Mapping

from edge.domain.refusals import yuan
from edge.effects.slips.job import Facts, Name
from edge.effects.slips.parts import Slip, Words, balance, cut, member
from edge.receipt import Line, Pair, QrCode, Rule, Text

WORDS: Mapping[str, Name] = {
    "redemption": ("积分兑换", "POINTS REDEEMED"),
    "redemption_return": ("积分兑换退回", "REDEMPTION RETURNED"),
    "conversion": ("积分转换", "CONVERSION"),
    "points_adjustment": ("积分调整", "POINTS ADJUSTED"),
    "event_entry": ("活动报名", "EVENT ENTRY"),
    "gift": ("礼品领取", "GIFT"),
    "tier_change": ("会员等级变动", "MEMBERSHIP TIER"),
    "pass": ("次卡/包时", "PASS"),
    "pass_use": ("次卡使用", "PASS USED"),
    "hours": ("时段", "Hours"),
    "voucher": ("优惠券", "VOUCHER"),
    "voucher_used": ("优惠券核销", "VOUCHER REDEEMED"),
    "booking": ("预约单", "BOOKING"),
    "what": ("内容", "For"),
    "points_moved": ("积分", "Points"),
    "points_left": ("剩余积分", "Points left"),
    "points_returned": ("退回积分", "Points given back"),
    "why": ("原因", "Reason"),
    "form_points": ("积分", "Points"),
    "form_money": ("余额", "Balance"),
    "form_spend_points": ("赠送金额", "Spend points"),
    "event": ("活动", "Event"),
    "tier": ("等级", "Tier"),
    "no_tier": ("普通会员", "member"),
    "tier_discount": ("折扣", "Pays"),
    "valid_until": ("有效至", "Until"),
    "from_day": ("日期", "Day"),
    "pass_name": ("卡种", "Pass"),
    "visits_left": ("剩余次数", "Visits left"),
    "worth": ("面值", "Worth"),
}


def _redemption(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = [Pair(words("number"), str(facts["number"])), *member(facts, words)]
    lines.append(Pair(words("what"), cut(words.pick(facts["what"])), bold=True))
    lines.append(Pair(words("points_moved"), f"-{facts['points']}"))
    lines.append(Pair(words("points_left"), str(facts["left"])))
    return lines + balance(facts, words)


def _redemption_return(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = [Pair(words("number"), str(facts["number"])), *member(facts, words)]
    lines.append(Pair(words("points_returned"), f"+{facts['points']}", bold=True))
    lines.append(Pair(words("why"), cut(facts["reason"])))
    lines.append(Pair(words("signed"), "__________"))
    return lines


def _conversion(facts: Facts, words: Words) -> list[Line]:
    lines = member(facts, words)
    for sign, form, amount in (
        ("-", facts["give"], facts["amount"]),
        ("+", facts["get"], facts["got"]),
    ):
        shown = str(amount) if form == "points" else yuan(amount)
        lines.append(Pair(words(f"form_{form}"), sign + shown, bold=True))
    return lines + balance(facts, words)


def _points_adjustment(facts: Facts, words: Words) -> list[Line]:
    lines = member(facts, words)
    lines.append(Pair(words("points_moved"), f"{facts['points']:+d}", bold=True))
    lines.append(Pair(words("why"), cut(facts["reason"])))
    lines.append(Pair(words("signed"), "__________"))
    return lines


def _event_entry(facts: Facts, words: Words) -> list[Line]:
    lines = member(facts, words)
    lines.append(Pair(words("event"), cut(words.pick(facts["event"])), bold=True))
    if facts["points"]:
        lines.append(Pair(words("points_moved"), f"{facts['points']:+d}"))
    return lines


def _gift(facts: Facts, words: Words) -> list[Line]:
    lines = member(facts, words)
    lines.append(Pair(words("what"), cut(words.pick(facts["what"])), bold=True))
    lines.append(Pair(words("why"), cut(words.pick(facts["reason"]))))
    lines.append(Pair(words("signed"), "__________"))
    return lines


def _tier_change(facts: Facts, words: Words) -> list[Line]:
    lines = member(facts, words)
    lines.append(Pair(words("tier"), words.pick(facts["tier"]) or words("no_tier"), bold=True))
    if facts["discount_percent"] < 100:
        lines.append(Pair(words("tier_discount"), f"{facts['discount_percent']}%"))
    if facts["until_day"]:
        lines.append(Pair(words("valid_until"), _day(facts["until_day"])))
    return lines


def _pass_use(facts: Facts, words: Words) -> list[Line]:
    lines = member(facts, words)
    lines.append(Pair(words("pass_name"), cut(words.pick(facts["pass_name"])), bold=True))
    if facts["form"] == "visits":
        lines.append(Pair(words("visits_left"), str(facts["left"])))
    if facts["to_day"]:
        lines.append(Pair(words("valid_until"), _day(facts["to_day"])))
    return lines


def _pass(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = [Pair(words("number"), facts["number"]), *_pass_use(facts, words)]
    lines.append(Pair(words("from_day"), _day(facts["from_day"])))
    if facts["hours"]:
        lines.append(Pair(words("hours"), facts["hours"]))
    lines.append(QrCode(facts["number"]))
    return lines


def _voucher(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = []
    for number, code in facts["codes"]:
        if lines:
            lines.append(Rule())
        lines.append(Pair(words("number"), number))
        if facts["amount_fen"]:
            lines.append(Pair(words("worth"), yuan(facts["amount_fen"]), bold=True))
        else:
            lines.append(Pair(words("what"), cut(words.pick(facts["what"])), bold=True))
        until = facts["until_day"]
        month = facts["month"]
        lines.append(
            Pair(
                words("valid_until"), _day(until) if until else f"{month // 100}-{month % 100:02d}"
            )
        )
        lines.append(Text(code, bold=True, big=True))
        lines.append(QrCode(code))
    return lines


def _voucher_used(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = []
    if facts["number"]:
        lines.append(Pair(words("number"), facts["number"]))
    if facts["amount_fen"]:
        lines.append(Pair(words("worth"), yuan(facts["amount_fen"]), bold=True))
    elif facts["what"]:
        lines.append(Pair(words("what"), cut(facts["what"]), bold=True))
    return lines + balance(facts, words)


def _day(day: int) -> str:
    return f"{day // 10000}-{day // 100 % 100:02d}-{day % 100:02d}"


SLIPS: Mapping[str, Slip] = {
    "redemption": Slip(_redemption),
    "redemption_return": Slip(_redemption_return),
    "conversion": Slip(_conversion),
    "points_adjustment": Slip(_points_adjustment),
    "event_entry": Slip(_event_entry),
    "gift": Slip(_gift),
    "tier_change": Slip(_tier_change),
    "pass": Slip(_pass),
    "pass_use": Slip(_pass_use),
    "voucher": Slip(_voucher),
    "booking": Slip(_voucher),
    "voucher_used": Slip(_voucher_used),
}
