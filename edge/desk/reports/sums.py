"""Reports over days: each makes its rows of the days' sums; see `day_sums.Sums` for what they are.

To add a report, add a row to `SUM_REPORTS`: columns, and a function from the days to rows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge.desk import facts
from edge.desk.reports.day_sums import Sums
from edge.desk.rules import rules_in_force
from edge.domain.decision import read_text
from edge.domain.report_table import Cell, Column, Name, Row, added, columns
from edge.domain.top_up import FORM_CANCEL, FORM_CASH_OUT, FORM_TOP_UP
from edge.store.reader import Reader
from sync_protocol.kinds import PRODUCT

Days = Sequence[tuple[int, Sums]]

DAY: Name = ("日期", "Day")
TENDERS: Mapping[str, Name] = {
    "cash": ("现金", "Cash"),
    "card": ("银行卡", "Bank card"),
    "wechat": ("微信", "WeChat Pay"),
    "alipay": ("支付宝", "Alipay"),
    "wallet": ("储值", "Stored value"),
    "bonus": ("赠送金额", "Bonus credit"),
    "prepaid": ("预付", "Prepaid"),
}
NOT_INCOME = ("wallet", "bonus", "prepaid")
"""Paid with money that had come in before."""
SPENT_FOR: Mapping[str, Name] = {
    "session": ("上机", "Sessions"),
    "goods": ("商品", "Goods"),
    "other": ("其他消费", "Other"),
}
SESSION_PAYMENTS: Mapping[str, Name] = {
    "prepaid": ("预付", "Prepaid"),
    "postpaid": ("后付", "Postpaid"),
    "pass": ("次卡包时", "Pass"),
}
UNNAMED: Name = ("未命名消费", "Unnamed")


@dataclass(frozen=True, slots=True)
class SumReport:
    """A report over days."""

    code: str
    name: Name
    columns: tuple[Column, ...]
    rows: Callable[[Reader, Days], Iterable[Row]]
    charted: str = ""


def _of(sums: Sums, section: str, code: str, length: int) -> list[int]:
    return sums.get((section, code), [0] * length)


def _total(sums: Sums, section: str, length: int) -> list[int]:
    total = [0] * length
    for (name, _code), values in sums.items():
        if name == section:
            total = added(total, values)
    return total


def _joined(days: Days, section: str) -> dict[str, list[int]]:
    """A section's sums by code over all days."""
    found: dict[str, list[int]] = {}
    for _day, sums in days:
        for (name, code), values in sums.items():
            if name == section:
                found[code] = added(found[code], values) if code in found else list(values)
    return found


def _day(_reader: Reader, days: Days) -> Iterable[Row]:
    for day, sums in days:
        count, list_fen, discount_fen, total_fen, refunded, _voided, voided_fen, _points = _of(
            sums, "sales", "", 8
        )
        topped_up, given_back = _top_ups(sums)
        members = _of(sums, "swipes", "", 3)[0]
        sessions = _total(sums, "session", 3)[0]
        net = total_fen - refunded - voided_fen
        sold = (count, list_fen, discount_fen, refunded + voided_fen, net)
        yield (day, *sold, topped_up, given_back, members, sessions)


def _top_ups(sums: Sums) -> tuple[int, int]:
    """(topped up, given back by cash-outs and cancellations), fen without bonus."""
    back = sum(_of(sums, "top_up", form, 4)[1] for form in (FORM_CASH_OUT, FORM_CANCEL))
    return _of(sums, "top_up", FORM_TOP_UP, 4)[1], back


INCOME_TENDERS = ("cash", "card", "wechat", "alipay")


def _income(_reader: Reader, days: Days) -> Iterable[Row]:
    for day, sums in days:
        by_tender: dict[str, int] = {}
        for (section, code), (_count, sold, topped_up, back) in (
            (key, values) for key, values in sums.items() if key[0] == "money"
        ):
            if section and code not in NOT_INCOME:
                by_tender[code] = sold + topped_up - back
        total = sum(by_tender.values())
        known = [by_tender.pop(code, 0) for code in INCOME_TENDERS]
        yield (day, *known, sum(by_tender.values()), total)


def _income_by_tender(_reader: Reader, days: Days) -> Iterable[Row]:
    for code, (count, sold, topped_up, back) in _joined(days, "money").items():
        if code not in NOT_INCOME:
            name: Cell = TENDERS.get(code, code)
            yield name, count, sold, topped_up, back, sold + topped_up - back


def _stored_value(_reader: Reader, days: Days) -> Iterable[Row]:
    for day, sums in days:
        count, topped_up, bonus, _points = _of(sums, "top_up", FORM_TOP_UP, 4)
        _back_count, back, back_bonus, _back_points = added(
            _of(sums, "top_up", FORM_CASH_OUT, 4), _of(sums, "top_up", FORM_CANCEL, 4)
        )
        _spends, wallet, spent_bonus, _money, _discount = _total(sums, "spent", 5)
        net = topped_up + bonus - back - back_bonus - wallet - spent_bonus
        yield day, count, topped_up, bonus, back, back_bonus, wallet, spent_bonus, net


def _spending(_reader: Reader, days: Days) -> Iterable[Row]:
    for code, values in sorted(_joined(days, "spent").items()):
        count, wallet, bonus, money, discount = values
        paid = wallet + bonus + money
        average = paid // count if count else 0
        name: Cell = SPENT_FOR.get(code, code)
        yield name, count, wallet, bonus, money, discount, paid, average


def _products(reader: Reader, days: Days) -> Iterable[Row]:
    found = _joined(days, "product").items()
    for sku, (pieces, fen) in sorted(found, key=lambda one: -one[1][1]):
        row = facts.row(reader, PRODUCT, sku) if sku else None
        chinese = read_text(PRODUCT, row, "name") or sku
        english = read_text(PRODUCT, row, "name_en") or chinese
        name: Cell = (chinese, english) if sku else UNNAMED
        yield name, sku, read_text(PRODUCT, row, "category"), pieces, fen


def _redemptions(reader: Reader, days: Days) -> Iterable[Row]:
    rows = rules_in_force(reader, "redemptions")
    names = {row["code"]: (row["name"], row["name_en"] or row["name"]) for row in rows}
    for code, (count, points) in sorted(_joined(days, "redeemed").items()):
        yield names.get(code, code), code, count, points


def _points(_reader: Reader, days: Days) -> Iterable[Row]:
    for day, sums in days:
        by_sales = _of(sums, "sales", "", 8)[7]
        by_top_ups = _of(sums, "top_up", FORM_TOP_UP, 4)[3]
        taken_back = _of(sums, "top_up", FORM_CANCEL, 4)[3]
        count, redeemed = _total(sums, "redeemed", 2)
        net = by_sales + by_top_ups - taken_back - redeemed
        yield day, by_sales, by_top_ups, taken_back, count, redeemed, net


def _sessions(_reader: Reader, days: Days) -> Iterable[Row]:
    for day, sums in days:
        by_pass = _of(sums, "session", "pass", 3)[0]
        count, minutes, fen = _total(sums, "session", 3)
        yield day, count, by_pass, minutes, minutes // count if count else 0, fen


def _swipes(_reader: Reader, days: Days) -> Iterable[Row]:
    for day, sums in days:
        members, taps, check_ins = _of(sums, "swipes", "", 3)
        payments, wallet, bonus = _of(sums, "swiped", "", 3)
        average = (wallet + bonus) // payments if payments else 0
        yield day, members, taps, check_ins, payments, wallet, bonus, wallet + bonus, average


SUM_REPORTS: Mapping[str, SumReport] = {
    report.code: report
    for report in (
        SumReport(
            "day",
            ("日报", "Days"),
            columns(
                "day:day sales:count+ list:money+ discount:money+ back:money+ net:money+"
                " topped_up:money+ cashed_out:money+ members:count+ sessions:count+",
                (
                    DAY,
                    ("单数", "Sales"),
                    ("原价", "List price"),
                    ("优惠", "Discount"),
                    ("退款作废", "Refunded, voided"),
                    ("实收", "Net"),
                    ("充值", "Topped up"),
                    ("提现撤销", "Cashed out, cancelled"),
                    ("到店会员", "Members in"),
                    ("上机", "Sessions"),
                ),
            ),
            _day,
            "net",
        ),
        SumReport(
            "income",
            ("收入日报", "Income by day"),
            columns(
                "day:day cash:money+ card:money+ wechat:money+ alipay:money+ others:money+"
                " total:money+",
                (
                    DAY,
                    *(TENDERS[code] for code in INCOME_TENDERS),
                    ("其他", "Others"),
                    ("收入合计", "Income"),
                ),
            ),
            _income,
            "total",
        ),
        SumReport(
            "income-tenders",
            ("收入按支付方式", "Income by way of paying"),
            columns(
                "tender:text count:count+ sold:money+ topped_up:money+ back:money+ total:money+",
                (
                    ("支付方式", "Paid by"),
                    ("笔数", "Payments"),
                    ("销售", "Sold"),
                    ("充值", "Topped up"),
                    ("退出", "Given back"),
                    ("收入合计", "Income"),
                ),
            ),
            _income_by_tender,
            "total",
        ),
        SumReport(
            "stored-value",
            ("充值消费统计", "Top-ups and spends by day"),
            columns(
                "day:day count:count+ topped_up:money+ bonus:money+ back:money+ back_bonus:money+"
                " wallet:money+ spent_bonus:money+ net:money+",
                (
                    DAY,
                    ("充值笔数", "Top-ups"),
                    ("充值金额", "Topped up"),
                    ("赠送金额", "Bonus given"),
                    ("提现撤销", "Cashed out, cancelled"),
                    ("收回赠送", "Bonus taken back"),
                    ("储值消费", "Spent of stored value"),
                    ("赠送消费", "Spent of bonus"),
                    ("余额净增", "Added to balances"),
                ),
            ),
            _stored_value,
            "topped_up",
        ),
        SumReport(
            "spending",
            ("消费情况统计", "What was spent on"),
            columns(
                "what:text count:count+ wallet:money+ bonus:money+ money:money+ discount:money+"
                " paid:money+ average:money",
                (
                    ("消费项目", "Spent on"),
                    ("单数", "Sales"),
                    ("储值", "Stored value"),
                    ("赠送金额", "Bonus credit"),
                    ("现付", "Paid at once"),
                    ("优惠", "Discount"),
                    ("消费合计", "Spent"),
                    ("客单价", "Average"),
                ),
            ),
            _spending,
            "paid",
        ),
        SumReport(
            "products",
            ("商品销售", "Products"),
            columns(
                "name:text sku:text category:text pieces:count+ fen:money+",
                (
                    ("商品", "Product"),
                    ("编号", "Code"),
                    ("分类", "Category"),
                    ("件数", "Pieces"),
                    ("金额", "Amount"),
                ),
            ),
            _products,
            "fen",
        ),
        SumReport(
            "redemptions",
            ("积分兑换", "Redemptions"),
            columns(
                "name:text code:text count:count+ points:count+",
                (
                    ("兑换项目", "Redeemed for"),
                    ("编号", "Code"),
                    ("次数", "Times"),
                    ("积分", "Points"),
                ),
            ),
            _redemptions,
            "points",
        ),
        SumReport(
            "points",
            ("积分日报", "Points by day"),
            columns(
                "day:day sales:count+ top_ups:count+ back:count+ times:count+ redeemed:count+"
                " net:count+",
                (
                    DAY,
                    ("消费获得", "By sales"),
                    ("充值获得", "By top-ups"),
                    ("撤销扣回", "Taken back"),
                    ("兑换次数", "Redemptions"),
                    ("兑换积分", "Redeemed"),
                    ("净增", "Net"),
                ),
            ),
            _points,
            "net",
        ),
        SumReport(
            "sessions",
            ("上机日报", "Sessions by day"),
            columns(
                "day:day count:count+ passes:count+ minutes:minutes+ average:minutes fen:money+",
                (
                    DAY,
                    ("上机次数", "Sessions"),
                    ("次卡包时", "By pass"),
                    ("总时长（分）", "Minutes"),
                    ("平均（分）", "Average minutes"),
                    ("计费", "Charged"),
                ),
            ),
            _sessions,
            "count",
        ),
        SumReport(
            "swipes",
            ("刷卡消费统计", "Card swipes"),
            columns(
                "day:day members:count+ taps:count+ check_ins:count+ payments:count+ wallet:money+"
                " bonus:money+ spent:money+ average:money",
                (
                    DAY,
                    ("到店会员", "Members in"),
                    ("刷卡次数", "Card taps"),
                    ("签到", "Check-ins"),
                    ("刷卡消费笔数", "Payments by card"),
                    ("储值", "Stored value"),
                    ("赠送金额", "Bonus credit"),
                    ("刷卡消费", "Spent by card"),
                    ("每笔平均", "Average"),
                ),
            ),
            _swipes,
            "spent",
        ),
    )
}
"""Code -> report."""
