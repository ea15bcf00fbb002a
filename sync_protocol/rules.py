"""The rules that head office publishes: each a small table of typed columns with bounds.

A rule is a `rule` document of a key below; its `values` are rows, each an array in the order of the
columns, and its `version` grows by one with each change. A rule of key `<name>@<cafe>` holds for
that cafe instead of the chain's. Head office checks what it publishes and a box checks what it
reads by the same `check_rows`: what does not fit is the default, never half of it.

To add a rule, add a row to `RULES`; to add a column, append it: rows that an older head office
published are filled up with the column's default.
"""

from sync_protocol.errors import DecodeError

NUMBER = 1
FEN = 2
PERCENT = 3
MINUTE = 4
"""Minutes since the day's midnight, 0 to 1440; a band whose end is not after its start crosses
midnight."""
DAY = 5
"""yyyymmdd, 0 for none."""
TEXT = 6
FLAG = 7
CHOICE = 8
CHOICES = 9
"""Several of the choices, separated by spaces; empty: all."""

ROWS_MAX = 200
TEXT_LENGTH_MAX = 200
FEN_MAX = 100_000_000
NUMBER_MAX = 100_000_000
DAY_MAX = 99991231

WEEKDAYS = ("1", "2", "3", "4", "5", "6", "7")
"""Monday is 1 (ISO 8601)."""


class Column:
    """One column: its type, its bounds, its default and, for choices, what may be chosen."""

    __slots__ = ("name", "type", "low", "high", "default", "choices")

    def __init__(
        self,
        name: str,
        type: int,
        low: int,
        high: int,
        default: object,
        choices: "tuple[str, ...]",
    ) -> None:
        self.name = name
        self.type = type
        self.low = low
        self.high = high
        self.default = default
        self.choices = choices


class Rule:
    """One rule. `single`: exactly one row. `default`: the rows before anything is published."""

    __slots__ = ("name", "single", "columns", "default")

    def __init__(
        self,
        name: str,
        single: bool,
        columns: "tuple[Column, ...]",
        default: "tuple[tuple[object, ...], ...]",
    ) -> None:
        self.name = name
        self.single = single
        self.columns = columns
        self.default = default


_TYPES = {
    "number": (NUMBER, 0, NUMBER_MAX, 0),
    "fen": (FEN, 0, FEN_MAX, 0),
    "percent": (PERCENT, 0, 1000, 0),
    "minute": (MINUTE, 0, 1440, 0),
    "day": (DAY, 0, DAY_MAX, 0),
    "text": (TEXT, 0, TEXT_LENGTH_MAX, ""),
    "flag": (FLAG, 0, 1, False),
    "choice": (CHOICE, 0, 0, ""),
    "choices": (CHOICES, 0, 0, ""),
}


def _columns(text: str) -> "tuple[Column, ...]":
    """Columns from words: `name:type`, `name:type=default`, `name:choice(a|b)=a`."""
    columns = []
    for word in text.split():
        name, rest = word.split(":")
        default_text = None
        if "=" in rest:
            rest, default_text = rest.split("=")
        choices: "tuple[str, ...]" = ()
        if "(" in rest:
            rest, chosen = rest.rstrip(")").split("(")
            choices = tuple(chosen.split("|"))
        kind, low, high, default = _TYPES[rest]
        if default_text is not None:
            default = _default(kind, default_text)
        columns.append(Column(name, kind, low, high, default, choices))
    return tuple(columns)


def _default(kind: int, text: str) -> object:
    if kind in (TEXT, CHOICE, CHOICES):
        return text
    return text == "yes" if kind == FLAG else int(text)


def _one(name: str, text: str) -> Rule:
    """A rule of exactly one row, whose default is its columns' defaults."""
    columns = _columns(text)
    return Rule(name, True, columns, (tuple([column.default for column in columns]),))


def _many(name: str, text: str, *default: "tuple[object, ...]") -> Rule:
    return Rule(name, False, _columns(text), default)


_WEEKDAYS = "weekdays:choices(1|2|3|4|5|6|7)"

_ROWS = (
    # --- the chain and the counter ---
    _one(
        "company",
        "name:text name_en:text phone:text receipt_head:text receipt_foot:text"
        " privacy_version:text=1 terms_version:text=1",
    ),
    _one(
        "counter",
        "swipe_only:flag print_at_once:flag=yes show_change:flag=yes"
        " needs_identity:flag needs_phone:flag identity_at_session:flag=yes"
        " minimum_age:number=18 walk_in_session:flag=yes low_balance_fen:fen=1000"
        " lost_list_stale_hours:number=24 lost_list_offline_limit_fen:fen=5000"
        " checkout:choice(supermarket|ticket)=supermarket"
        " members_only:flag walk_in_number:text=00000000",
    ),
    _one(
        "security",
        "password_length:number=10 password_days:number=180 second_factor:flag=yes"
        " failures_max:number=5 lock_minutes:number=15 idle_minutes:number=480",
    ),
    _many(
        "tenders",
        "code:text name:text name_en:text enabled:flag=yes needs_reference:flag",
        ("cash", "现金", "cash", True, False),
        ("card", "银行卡", "bank card", True, True),
        ("wechat", "微信", "WeChat Pay", True, True),
        ("alipay", "支付宝", "Alipay", True, True),
    ),
    _many("custom_fields", "code:text name:text name_en:text required:flag"),
    _many(
        "categories",
        "of:choice(member|product|unit|brand|staff|department) code:text name:text name_en:text",
    ),
    _many(
        "reminders",
        "about:choice(card|pass|tier|birthday|balance|stock) lead_days:number=7",
        ("card", 14),
        ("pass", 7),
        ("tier", 30),
        ("birthday", 7),
        ("balance", 0),
        ("stock", 0),
    ),
    # --- money ---
    _one(
        "top_up",
        "rewarded:flag=yes minimum_fen:fen=100 maximum_fen:fen=500000"
        " approval_above_fen:fen=100000 cash_out_approval_above_fen:fen=0"
        " refund_bonus:flag=yes",
    ),
    _many(
        "top_up_tiers",
        "from_fen:fen bonus_fen:fen points:number lucky:number bonus_months:number",
    ),
    _many(
        "top_up_packages",
        "code:text name:text name_en:text price_fen:fen bonus_fen:fen points:number lucky:number"
        " bonus_months:number",
    ),
    _many("top_up_amounts", "amount_fen:fen", (2_000,), (5_000,), (10_000,), (20_000,), (50_000,)),
    _one(
        "spending",
        "order:choice(bonus_first|wallet_first|in_proportion)=bonus_first"
        " daily_limit_fen:fen single_limit_fen:fen pin_above_fen:fen=20000",
    ),
    # --- points, tiers, cards ---
    _one(
        "points",
        "per_yuan:number=1 per_visit:number=5 check_in:number stored_value_percent:percent=100"
        " birthday_percent:percent=200 daily_cap:number yuan_points:number=100"
        " money_points:number per_sale:number times_per_day:number watch_points:number=500"
        " birthday_gift:text convert_day_fen:fen=5000",
    ),
    _many("category_points", "category:text percent:percent=100"),
    _many(
        "events",
        "name:text name_en:text from_day:day to_day:day points_percent:percent=100"
        " points:number discount_percent:percent=100 category:text"
        " code:text audience:choice(all|members|new_guests)=all entry_points:number"
        " give_away:text",
    ),
    _many(
        "redemptions",
        "code:text name:text name_en:text points:number"
        " gives:choice(goods|gift|stored_value|discount) sku:text amount_fen:fen tier:text"
        " takes_points:flag=yes into:choice(bonus|wallet)=bonus",
        ("5off", "抵 5 元", "¥5 off", 500, "discount", "", 500, ""),
        ("credit10", "10 元赠送金额", "¥10 bonus credit", 1_000, "stored_value", "", 1_000, ""),
    ),
    _many(
        "tiers",
        "code:text name:text name_en:text threshold_points:number threshold_fen:fen"
        " discount_percent:percent=100 points_percent:percent=100 fee_fen:fen valid_days:number"
        " booking:flag gift:text for_others:flag",
        ("gold", "黄金会员", "gold", 1_000, 0, 95, 100, 0, 365, False, "", False),
        ("diamond", "钻石会员", "diamond", 5_000, 0, 90, 120, 0, 365, True, "", True),
        ("royal", "皇家会员", "royal", 20_000, 0, 85, 150, 0, 365, True, "", True),
    ),
    _many(
        "card_types",
        "code:text name:text name_en:text price:choice(member|normal|discount)=member"
        " discount_percent:percent=100 points_percent:percent=100 deposit_fen:fen fee_fen:fen"
        " valid_days:number rebate_percent:percent renewal_fee_fen:fen",
        ("stored_value", "储值卡", "stored-value card", "member", 100, 100, 0, 0, 0, 0, 0),
        ("discount", "折扣卡", "discount card", "discount", 90, 100, 0, 0, 0, 0, 0),
        ("points", "积分卡", "points card", "normal", 100, 150, 0, 0, 0, 0, 0),
        ("visits", "计次卡", "multi-visit card", "normal", 100, 100, 0, 0, 0, 0, 0),
        ("annual", "年卡", "annual card", "member", 100, 100, 1_000, 2_000, 365, 0, 0),
    ),
    _many(
        "passes",
        "code:text name:text name_en:text form:choice(visits|period) price_fen:fen visits:number"
        " days:number zones:text from_minute:minute to_minute:minute " + _WEEKDAYS,
        ("night", "包夜", "night pass", "visits", 2_500, 1, 1, "", 1380, 480, ""),
        ("noon", "午间套餐", "noon package", "visits", 1_200, 1, 1, "", 660, 840, ""),
        ("month", "电竞包月", "esports month", "period", 39_900, 0, 30, "", 0, 0, ""),
        ("ten", "十次卡", "ten visits", "visits", 18_000, 10, 180, "", 0, 0, ""),
    ),
    # --- sessions ---
    _many(
        "zones",
        "code:text name:text name_en:text",
        ("hall", "大厅", "hall"),
        ("vip", "包厢", "private room"),
    ),
    _many(
        "rates",
        "zone:text tier:text walk_in:flag fen_per_hour:fen from_minute:minute to_minute:minute "
        + _WEEKDAYS
        + " name:text",
        ("", "", False, 500, 0, 0, "", "标准"),
        ("vip", "", False, 800, 0, 0, "", "包厢"),
        ("", "", True, 600, 0, 0, "", "散客"),
    ),
    _one(
        "sessions",
        "step_minutes:number=1 minimum_fen:fen free_minutes:number warn_minutes:number=10"
        " at_zero:choice(end|warn)=end lock_hours:number",
    ),
    _many(
        "packages",
        "code:text name:text name_en:text zone:text minutes:number price_fen:fen"
        " from_minute:minute to_minute:minute "
        + _WEEKDAYS
        + " audience:choice(all|members|new_guests)=all",
        ("3h", "三小时", "three hours", "", 180, 1_300, 0, 0, ""),
        ("trial", "新客体验", "new guest trial", "", 60, 100, 0, 0, "", "new_guests"),
    ),
)


def _by_name() -> "dict[str, Rule]":
    table = {}
    for rule in _ROWS:
        table[rule.name] = rule
    return table


RULES = _by_name()
"""Rule name -> `Rule`."""


def rule_key(name: str, cafe: int) -> str:
    """Return the document's key: the chain's for cafe 0."""
    return "%s@%d" % (name, cafe) if cafe else name


def check_rows(rule: Rule, values: object) -> "list[list[object]]":
    """Return the rows, filled up with defaults; `DecodeError` names row (from 1) and column."""
    if not isinstance(values, list) or len(values) > ROWS_MAX:
        raise DecodeError("rule_rows", rule.name)
    if rule.single and len(values) != 1:
        raise DecodeError("rule_rows", rule.name)
    rows = []
    for number in range(len(values)):
        row = values[number]
        if not isinstance(row, list) or len(row) > len(rule.columns):
            raise DecodeError("rule_row", "%s %d" % (rule.name, number + 1))
        checked = []
        for index in range(len(rule.columns)):
            column = rule.columns[index]
            value = row[index] if index < len(row) else column.default
            if not _fits(column, value):
                raise DecodeError("rule_value", "%s %d %s" % (rule.name, number + 1, column.name))
            checked.append(value)
        rows.append(checked)
    return rows


def _fits(column: Column, value: object) -> bool:
    if column.type == FLAG:
        return isinstance(value, bool)
    if column.type in (TEXT, CHOICE, CHOICES):
        if not isinstance(value, str) or len(value) > TEXT_LENGTH_MAX:
            return False
        if column.type == CHOICE:
            return value in column.choices
        if column.type == CHOICES:
            return all(word in column.choices for word in value.split())
        return True
    # On MicroPython isinstance(True, int) is False; here it is not.
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    return column.low <= value <= column.high


def rows_in_force(rule: Rule, values: object) -> "list[list[object]]":
    """Return the rows of a document's `values`, the default where they do not fit."""
    try:
        return check_rows(rule, values)
    except DecodeError:
        return check_rows(rule, [list(row) for row in rule.default])
