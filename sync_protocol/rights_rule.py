"""The rule of rights: how much follows a member to the usual cafe, advances, expiry of points.

Head office publishes it as the `rule` document of key `rights`, whose `values` are

    [slice percent, slice max fen, advance limit fen, points months]

- slice percent (0 to 100): of what a member has, so much is moved each night to the usual cafe,
  and stays there when other rights go back to the hub; slice max fen bounds it for money, 0: no
  bound
- advance limit fen: what a member may spend beyond the rights held there while they are elsewhere
  and the line is down; the whole of it at the usual cafe
- points months: points expire so many months after that of their business day, 0: never

The hub acts on it at night, a box at the counter: so both must read it the same way.
"""

RIGHTS_RULE_KEY = "rights"
LIMIT_FEN_MAX = 5_000_000
MONTHS_MAX = 240


class RightsRule:
    """The rule in force; `version` 0 is the default, before head office has published one."""

    __slots__ = (
        "version",
        "slice_percent",
        "slice_max_fen",
        "advance_limit_fen",
        "points_months",
    )

    def __init__(
        self,
        version: int,
        slice_percent: int,
        slice_max_fen: int,
        advance_limit_fen: int,
        points_months: int,
    ) -> None:
        self.version = version
        self.slice_percent = slice_percent
        self.slice_max_fen = slice_max_fen
        self.advance_limit_fen = advance_limit_fen
        self.points_months = points_months

    def values(self) -> "list[object]":
        """Return what the document's `values` hold."""
        return [
            self.slice_percent,
            self.slice_max_fen,
            self.advance_limit_fen,
            self.points_months,
        ]

    def slice_of(self, amount: int, is_money: bool) -> int:
        """Return how much of `amount`, all that a member has, belongs at the usual cafe."""
        part = max(amount, 0) * self.slice_percent // 100
        return min(part, self.slice_max_fen) if is_money and self.slice_max_fen else part


RIGHTS_RULE_DEFAULT = RightsRule(0, 100, 0, 2_000, 0)
"""All that a member has stands at the usual cafe at night; ¥20 of advance; points stay."""

_BOUNDS = ((0, 100), (0, LIMIT_FEN_MAX), (0, LIMIT_FEN_MAX), (0, MONTHS_MAX))


def rights_rule(version: object, values: object) -> RightsRule:
    """Return the rule of a document's fields, the default where they are not of its shape."""
    if not isinstance(values, list) or len(values) != len(_BOUNDS):
        return RIGHTS_RULE_DEFAULT
    checked = []
    for i in range(len(_BOUNDS)):
        low, high = _BOUNDS[i]
        value = values[i]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            return RIGHTS_RULE_DEFAULT
        checked.append(value)
    number = version if isinstance(version, int) else 0
    return RightsRule(number, checked[0], checked[1], checked[2], checked[3])


def month_after(month: int, months: int) -> int:
    """Return the month (yyyymm) so many months after another."""
    count = month // 100 * 12 + month % 100 - 1 + months
    return count // 12 * 100 + count % 12 + 1


def is_expired(month: int, business_day: int) -> bool:
    """Return whether what expires at the end of `month` (yyyymm, 0: never) has expired."""
    return 0 < month < business_day // 100
