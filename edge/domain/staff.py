"""Staff: who may do what, who may log in here, and how long a wrong PIN locks."""

from collections.abc import Mapping

from edge.domain.decision import read_list, read_text
from edge.domain.refusals import Refusal, refuse
from sync_protocol.kinds import STAFF, field_index
from sync_protocol.registers import RegisterRow

SERVICE = "service"
CASHIER = "cashier"
MANAGER = "manager"
HEAD_OFFICE = "head_office"
ADMIN = "admin"

ROLE_NAMES: Mapping[str, tuple[str, str]] = {
    SERVICE: ("服务员", "service staff"),
    CASHIER: ("收银员", "cashier"),
    MANAGER: ("店长", "manager"),
    HEAD_OFFICE: ("总部人员", "head-office staff"),
    ADMIN: ("管理员", "administrator"),
}

_COUNTER = frozenset({CASHIER, MANAGER, HEAD_OFFICE, ADMIN})
_ALL = _COUNTER | {SERVICE}
_MANAGERS = frozenset({MANAGER, HEAD_OFFICE, ADMIN})

RIGHTS: Mapping[str, tuple[frozenset[str], tuple[str, str]]] = {
    # operation: (roles that may, what people call it)
    "serve": (_ALL, ("接待", "serve")),
    "register_member": (_COUNTER, ("登记会员", "register a member")),
    "issue_card": (_COUNTER, ("发卡", "issue a card")),
    "top_up": (_COUNTER, ("充值", "top up")),
    "spend": (_COUNTER, ("扣款", "debit stored value")),
    "sell": (_COUNTER, ("收银", "sell")),
    "refund": (_MANAGERS, ("退款", "refund")),
    "issue_voucher": (_MANAGERS, ("发放优惠券", "issue a voucher")),
    "redeem_voucher": (_COUNTER, ("核销优惠券", "redeem a voucher")),
    "release": (_COUNTER, ("归还额度", "release rights")),
    "move_stock": (_COUNTER, ("出入库", "move stock")),
    "move_asset": (_COUNTER, ("资产收发", "move assets")),
    "reprint": (_ALL, ("补打小票", "reprint")),
}
"""Operation -> (roles, (Chinese, English)). A right not listed is nobody's."""

FAILURES_MAX = 5
"""Wrong PINs in a row before a person is locked: a four-digit PIN then costs days to guess."""
LOCK_MS = 5 * 60 * 1000
PIN_LENGTH_MAX = 64


def right_refusal(role: str, operation: str) -> Refusal | None:
    """Why a role may not do an operation, or None."""
    roles, name = RIGHTS[operation]
    if role in roles:
        return None
    return refuse("no_right", role=ROLE_NAMES.get(role, (role, role)), operation=name)


def log_in_refusal(row: RegisterRow | None, cafe: int) -> Refusal | None:
    """Why a person may not log in here, whatever the PIN; None where the PIN decides.

    `cafes` of a staff document lists where they work; an empty list means every cafe.
    """
    if row is None or row.entries is None or not read_text(STAFF, row, "pin_hash"):
        return refuse("log_in_failed")
    if row.value(field_index(STAFF, "active")) is False:
        return refuse("staff_inactive")
    cafes = read_list(STAFF, row, "cafes")
    if cafes and cafe not in cafes:
        return refuse("staff_other_cafe")
    return None


def lock_refusal(failures: int, locked_until_ms: int, now_ms: int) -> Refusal | None:
    """Why no PIN is taken now, or None.

    A lock never lasts longer than LOCK_MS from now, so that a clock that was years ahead when it
    was set locks nobody out for years.
    """
    left_ms = locked_until_ms - now_ms
    if failures < FAILURES_MAX or not 0 < left_ms <= LOCK_MS:
        return None
    return refuse("log_in_locked", minutes=-(-left_ms // 60_000))


def after_failure(failures: int, now_ms: int) -> tuple[int, int]:
    """(failures, locked until) after one more wrong PIN."""
    failures += 1
    return failures, now_ms + LOCK_MS if failures >= FAILURES_MAX else 0
