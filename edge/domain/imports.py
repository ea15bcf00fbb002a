"""Members and balances of an old system: what a row means, and all that is wrong with it.

A row is known by the member's old number for ever: the member's id is made from it, and whoever
opens an account claims its opening. So a list may be imported again after it broke off, or in two
cafes without a line, and nothing doubles: opening balances stand in the hub's part, where nobody
spends them before the hub has said which of two came first.
"""

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from edge.domain.amounts import without_thousands
from edge.domain.business_day import date_of
from edge.domain.decision import Here, NewOp, Posting, document_change, plain, transaction
from edge.domain.members import (
    CONSENT_DEFAULT,
    STATUS_ACTIVE,
    WAITS_FOR_REVIEW,
    Application,
    CheckedApplication,
    Conditions,
    MemberKeys,
    check_application,
    keys_refusal,
)
from edge.domain.refusals import Refusal, refuse
from sync_protocol.accounts import (
    BONUS,
    FEN,
    HUB_HOLDER,
    OPENING,
    POINTS,
    POINTS_HELD,
    WALLET,
)
from sync_protocol.claims import TAKE, ClaimWrite, opening_key
from sync_protocol.expect import ID_MAX
from sync_protocol.kinds import IDENTITY_CLAIM, MEMBER, OPENING_CLAIM, PHONE_CLAIM
from sync_protocol.ledger import REASON_OPENING

MEMBERS, BALANCES = "members", "balances"
NUMBER_LENGTH_MAX = 32
AMOUNT_FEN_MAX = 10_000_000
POINTS_MAX = 100_000_000
"""¥100,000 and a hundred million points: more on one account is a slipped column."""

ALIASES: Mapping[str, Mapping[str, str]] = {
    MEMBERS: {
        **dict.fromkeys(("number", "会员号", "会员编号", "编号", "卡号"), "number"),
        **dict.fromkeys(("name", "姓名", "会员姓名", "名字"), "name"),
        **dict.fromkeys(("phone", "手机", "手机号", "手机号码", "电话"), "phone"),
        **dict.fromkeys(("identity", "证件号", "证件号码", "身份证", "身份证号"), "identity"),
        **dict.fromkeys(("birth_date", "生日", "出生日期"), "birth_date"),
        **dict.fromkeys(("joined_day", "入会日期", "开卡日期", "注册日期"), "joined_day"),
        **dict.fromkeys(("tier", "等级", "会员等级"), "tier"),
        **dict.fromkeys(("category", "分类", "会员分类"), "category"),
    },
    BALANCES: {
        **dict.fromkeys(("number", "会员号", "会员编号", "编号", "卡号"), "number"),
        **dict.fromkeys(("wallet", "储值", "余额", "储值余额", "本金"), "wallet"),
        **dict.fromkeys(("bonus", "赠送", "赠送金额", "赠金"), "bonus"),
        **dict.fromkeys(("points", "积分"), "points"),
    },
}
"""What is imported -> heading of a column -> the column."""
REQUIRED: Mapping[str, tuple[str, ...]] = {MEMBERS: ("number", "name"), BALANCES: ("number",)}

Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong: the row of the file, the column ("": the whole row), and what to do."""

    row: int
    column: str
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class NewMember:
    """A member of the list, checked."""

    row: int
    number: str
    application: CheckedApplication
    joined_day: int
    tier: str


@dataclass(frozen=True, slots=True)
class NewBalance:
    """An account of the list, checked: fen and points."""

    row: int
    number: str
    wallet_fen: int
    bonus_fen: int
    points: int


def member_id(chain_key: bytes, number: str) -> int:
    """The id that the member of an old number gets, the same each time."""
    digest = hmac.new(chain_key, b"import\x00" + number.encode(), sha256).digest()
    return (int.from_bytes(digest[:7], "big") & (ID_MAX >> 1)) or 1


def read_members(
    rows: Iterable[tuple[int, Cells]], today: int, asked: Conditions, tiers: frozenset[str]
) -> tuple[list[NewMember], list[Problem]]:
    """The members of a list and every problem in it; duplicates within the list are problems."""
    members: list[NewMember] = []
    problems: list[Problem] = []
    seen: dict[tuple[str, str], int] = {}
    for row, cells in rows:
        found, application = _member_problems(row, cells, today, asked, tiers)
        keys = [("number", cells.get("number", ""))]
        if application is not None:
            keys += [("phone", application.phone), ("identity", application.identity_key)]
        for column, value in keys:
            if value and seen.setdefault((column, value), row) != row:
                first = seen[column, value]
                found.append(Problem(row, column, refuse("import_repeated", row=first)))
        problems += found
        if not found and application is not None:
            joined = _day(cells.get("joined_day", "")) or 0
            tier = cells.get("tier", "")
            members.append(NewMember(row, cells["number"], application, joined, tier))
    return members, problems


def _member_problems(
    row: int, cells: Cells, today: int, asked: Conditions, tiers: frozenset[str]
) -> tuple[list[Problem], CheckedApplication | None]:
    problems = list(_number_problems(row, cells))
    for column in ("birth_date", "joined_day"):
        day = _day(cells.get(column, ""))
        if day is None or day > today:
            problems.append(Problem(row, column, refuse("import_day")))
    if cells.get("tier", "") not in tiers | {""}:
        known = ", ".join(sorted(tiers))
        problems.append(Problem(row, "tier", refuse("import_tier", known=known)))
    checked: dict[str, CheckedApplication | Refusal] = {}
    # Field by field, so that one row tells all of its faults.
    for column in ("name", "phone", "identity", "category"):
        alone = Application("X", "", "", 0, consent=True)
        typed = {column: cells.get(column, "")}
        checked[column] = check_application(replace(alone, **typed), today, asked)  # type: ignore[arg-type]  # text fields
        found = checked[column]
        if isinstance(found, Refusal):
            problems.append(Problem(row, column, found))
    if problems:
        return problems, None
    birth = _day(cells.get("birth_date", "")) or 0
    whole = check_application(
        Application(
            cells.get("name", ""),
            cells.get("phone", ""),
            cells.get("identity", ""),
            birth,
            consent=True,
            category=cells.get("category", ""),
        ),
        today,
        replace(asked, custom=()),
    )
    if isinstance(whole, Refusal):
        return [Problem(row, "", whole)], None
    return [], whole


def _number_problems(row: int, cells: Cells) -> Iterable[Problem]:
    number = cells.get("number", "")
    if not number or len(number) > NUMBER_LENGTH_MAX or not number.isprintable():
        yield Problem(row, "number", refuse("import_number", limit=NUMBER_LENGTH_MAX))


def _day(text: str) -> int | None:
    """yyyymmdd of `2027-03-01`, `2027/3/1` or `20270301`; 0 for nothing, None for no day."""
    if not text:
        return 0
    parts = text.replace("/", "-").replace(".", "-").split(" ")[0].split("-")
    if len(parts) == 1 and len(parts[0]) == len("yyyymmdd"):
        parts = [text[:4], text[4:6], text[6:8]]
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() for part in parts):
        return None
    year, month, day = (int(part[:4]) for part in parts)
    number = year * 10_000 + month * 100 + day
    return number if month < 13 and day < 32 and date_of(number) is not None else None


def read_balances(
    rows: Iterable[tuple[int, Cells]], known: Callable[[str], bool]
) -> tuple[list[NewBalance], list[Problem]]:
    """The accounts of a list and every problem in it; `known`: whether a number is a member's."""
    balances: list[NewBalance] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for row, cells in rows:
        found = list(_number_problems(row, cells))
        number = cells.get("number", "")
        if not found and not known(number):
            found.append(Problem(row, "number", refuse("import_no_member", number=number)))
        if number and seen.setdefault(number, row) != row:
            found.append(Problem(row, "number", refuse("import_repeated", row=seen[number])))
        amounts = {}
        for column, read, limit in (
            ("wallet", _fen, AMOUNT_FEN_MAX),
            ("bonus", _fen, AMOUNT_FEN_MAX),
            ("points", _points, POINTS_MAX),
        ):
            value = read(cells.get(column, ""))
            if value is None or value > limit:
                code = "import_points" if column == "points" else "import_amount"
                found.append(Problem(row, column, refuse(code, limit_fen=limit, limit=limit)))
            else:
                amounts[column] = value
        problems += found
        if not found:
            new = (amounts["wallet"], amounts["bonus"], amounts["points"])
            balances.append(NewBalance(row, number, *new))
    return balances, problems


def _fen(text: str) -> int | None:
    """Fen of yuan with at most two decimals, thousands set apart or not; None for no amount."""
    text = text.replace("，", ",").removeprefix("¥").removeprefix("￥").strip()
    text = without_thousands(text)
    whole, _, decimals = text.partition(".")
    if not text:
        return 0
    if not (whole.isascii() and whole.isdecimal()) or len(whole) > 9 or len(decimals) > 2:
        return None
    if decimals and not (decimals.isascii() and decimals.isdecimal()):
        return None
    return int(whole) * 100 + int(decimals.ljust(2, "0") or 0)


def _points(text: str) -> int | None:
    text = without_thousands(text)
    if not text:
        return 0
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else None


def member_ops(
    here: Here, member: int, new: NewMember, keys: MemberKeys, salts: tuple[bytes, bytes, bytes]
) -> list[NewOp] | Refusal:
    """The ops of a member of the list; a phone or document that another member has is refused."""
    refusal = keys_refusal(member, keys)
    if refusal is not None:
        return refusal
    values = {
        **new.application.values(),
        "number": new.number,
        "status": STATUS_ACTIVE,
        "home_cafe": here.cafe,
        "joined_day": new.joined_day or here.business_day,
        "consent": CONSENT_DEFAULT,
        "approved_day": WAITS_FOR_REVIEW,
    }
    if new.tier:
        values |= {"tier": new.tier, "tier_since_day": here.business_day}
    known = {name: value for name, value in values.items() if value is not None}
    ops = [document_change(here, MEMBER, member, None, known, salts[0])]
    for kind, key, salt in (
        (PHONE_CLAIM, keys.phone, salts[1]),
        (IDENTITY_CLAIM, keys.identity, salts[2]),
    ):
        if key:
            ops.append(NewOp(kind, ClaimWrite(salt, key, here.cafe, member, TAKE).body()))
    return ops


def opening(
    here: Here, member: int, new: NewBalance, points_month: int, document: int
) -> tuple[NewOp, ...]:
    """The claim of an account's opening and its transaction, `document`; none for an empty one.

    The claim comes first: the hub looks for it when it judges the transaction.
    """
    held: Posting = (POINTS_HELD, member, *HUB_HOLDER, points_month, POINTS, -new.points)
    postings = [
        plain(WALLET, member, FEN, -new.wallet_fen),
        plain(BONUS, member, FEN, -new.bonus_fen),
        plain(OPENING, member, FEN, new.wallet_fen + new.bonus_fen),
        held,
        plain(OPENING, member, POINTS, new.points),
    ]
    if not any(posting[6] for posting in postings):
        return ()
    claim = ClaimWrite(b"", opening_key(member), here.cafe, document, TAKE)
    return (
        NewOp(OPENING_CLAIM, claim.body()),
        transaction(here, REASON_OPENING, postings, document=document),
    )
