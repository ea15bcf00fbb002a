"""Roles, and which of them may do what: rows for each topic, merged into RIGHTS.

To add an operation, add a row to its topic: operation -> (roles that may, what people call it).
Commands (`edge.desk.table`) and actions of the page (`edge.web.works`) name the operation that
they need.
"""

from collections.abc import Mapping

SERVICE = "service"
CASHIER = "cashier"
MANAGER = "manager"
HEAD_OFFICE = "head_office"
ADMIN = "admin"
TECHNICIAN = "technician"
"""Sees devices, prints again, diagnoses; no members and no money."""
READ_ONLY = "read_only"
"""Sees everything, changes nothing."""

ROLE_NAMES: Mapping[str, tuple[str, str]] = {
    SERVICE: ("服务员", "service staff"),
    CASHIER: ("收银员", "cashier"),
    MANAGER: ("店长", "manager"),
    HEAD_OFFICE: ("总部人员", "head-office staff"),
    ADMIN: ("管理员", "administrator"),
    TECHNICIAN: ("技术员", "technician"),
    READ_ONLY: ("只读人员", "read-only staff"),
}

MANAGERS = frozenset({MANAGER, HEAD_OFFICE, ADMIN})
COUNTER_STAFF = MANAGERS | {CASHIER}
ALL_WHO_SERVE = COUNTER_STAFF | {SERVICE}
ALL_WHO_SEE = ALL_WHO_SERVE | {READ_ONLY}

Rows = Mapping[str, tuple[frozenset[str], tuple[str, str]]]

COUNTER: Rows = {
    "look": (ALL_WHO_SEE, ("查看", "look up")),
    "serve": (ALL_WHO_SERVE, ("接待", "serve")),
    "set_up_devices": (MANAGERS | {TECHNICIAN}, ("添加和更换设备", "add and change devices")),
}
SHIFTS: Rows = {
    "work_shift": (COUNTER_STAFF, ("当班收银", "work a shift")),
    "close_other_shift": (MANAGERS, ("替他人结班", "end another's shift")),
    "see_till": (MANAGERS, ("查看钱箱应有金额", "see what must lie in the drawer")),
    "open_drawer": (COUNTER_STAFF, ("打开钱箱", "open the drawer")),
    "approve_petty_cash": (MANAGERS, ("同意小额支出", "approve petty cash")),
    "see_audit": (MANAGERS | {READ_ONLY}, ("查看操作记录", "look at the audit log")),
    "approve_recount": (MANAGERS, ("同意重新点钱", "approve a second count")),
}
MEMBERS: Rows = {
    "register_member": (COUNTER_STAFF, ("登记会员", "register a member")),
    "change_member": (COUNTER_STAFF, ("修改会员资料", "change a member's data")),
    "change_member_locked": (MANAGERS, ("修改已审核的会员资料", "change approved data")),
    "approve_member": (MANAGERS, ("审核会员资料", "review a member's data")),
    "request_exit": (COUNTER_STAFF, ("申报退会", "ask for a member's exit")),
    "approve_exit": (MANAGERS, ("审核退会", "approve a member's exit")),
}
CARDS: Rows = {
    "issue_card": (COUNTER_STAFF, ("发卡", "issue a card")),
    "generate_cards": (MANAGERS, ("批量生成会员卡", "make a batch of cards")),
    "report_card_lost": (COUNTER_STAFF, ("挂失", "report a card lost")),
    "cancel_card_lost": (COUNTER_STAFF, ("解挂", "cancel a lost report")),
    "suspend_card": (COUNTER_STAFF, ("暂停会员卡", "suspend a card")),
    "resume_card": (MANAGERS, ("恢复会员卡", "restore a suspended card")),
    "void_card": (MANAGERS, ("作废会员卡", "void a card")),
    "extend_card": (MANAGERS, ("会员卡延期", "extend a card")),
    "renew_card": (COUNTER_STAFF, ("续卡", "renew a card")),
    "reissue_card": (COUNTER_STAFF, ("补换卡", "reissue a card")),
    "transfer_card": (MANAGERS, ("会员卡过户", "transfer a card")),
    "return_card": (COUNTER_STAFF, ("退卡", "take a card back")),
    "set_card_pin": (COUNTER_STAFF, ("设置卡密码", "set a card's PIN")),
    "reset_card_pin": (MANAGERS, ("重置卡密码", "reset a card's PIN")),
}
MONEY: Rows = {
    "top_up": (COUNTER_STAFF, ("充值", "top up")),
    "approve_top_up": (MANAGERS, ("批准大额充值", "approve a large top-up")),
    "cancel_top_up": (MANAGERS, ("撤销充值", "cancel a top-up")),
    "top_up_many": (MANAGERS, ("批量充值", "top up many members")),
    "cash_out": (COUNTER_STAFF, ("提现", "cash out stored value")),
    "approve_cash_out": (MANAGERS, ("批准提现", "approve a cash-out")),
    "spend": (COUNTER_STAFF, ("扣款", "debit stored value")),
    "set_daily_limit": (COUNTER_STAFF, ("设消费限额", "set a spending limit")),
    "loosen_limit": (MANAGERS, ("放宽消费限额", "loosen a spending limit")),
    "vouch_for_member": (MANAGERS, ("核实会员本人", "vouch for a member")),
    "reconcile": (MANAGERS | {READ_ONLY}, ("核对账户", "reconcile accounts")),
    "release": (COUNTER_STAFF, ("归还额度", "release rights")),
}
BENEFITS: Rows = {
    "redeem_points": (COUNTER_STAFF, ("积分兑换", "redeem points")),
    "adjust_points": (MANAGERS, ("批准积分调整", "approve points given or taken by hand")),
    "watch_points": (MANAGERS | {READ_ONLY}, ("监控积分", "watch points")),
    "issue_voucher": (MANAGERS, ("发放优惠券", "issue a voucher")),
    "redeem_voucher": (COUNTER_STAFF, ("核销优惠券", "redeem a voucher")),
    "book": (ALL_WHO_SERVE, ("预约", "book")),
}
SESSIONS: Rows = {
    "run_sessions": (COUNTER_STAFF, ("上下机", "run sessions")),
    "set_up_seats": (MANAGERS, ("设置机位", "set up seats")),
    "close_seat": (ALL_WHO_SERVE | {TECHNICIAN}, ("停用和启用机位", "take seats out of order")),
    "see_identity_checks": (MANAGERS, ("查看证件核对记录", "look at identity checks")),
}
TICKETS: Rows = {
    "sell": (COUNTER_STAFF, ("收银", "sell")),
    "refund": (MANAGERS, ("退款", "refund")),
    "void_sale": (MANAGERS, ("作废单据", "void a sale")),
    "see_takings": (MANAGERS | {READ_ONLY}, ("查看营业收入", "look at the takings")),
}
GOODS: Rows = {
    "move_stock": (COUNTER_STAFF, ("出入库", "move stock")),
    "move_asset": (COUNTER_STAFF, ("资产收发", "move assets")),
}
PAPERS: Rows = {
    "see_receipts": (ALL_WHO_SEE | {TECHNICIAN}, ("查看小票", "look at receipts")),
    "reprint": (ALL_WHO_SERVE | {TECHNICIAN}, ("补打小票", "reprint")),
    "print_paper_slips": (MANAGERS, ("打印手工单", "print slips to fill in by hand")),
    "enter_paper_slip": (COUNTER_STAFF, ("补录手工单", "enter slips filled in by hand")),
    "approve_paper_slip": (MANAGERS, ("同意补录", "approve what is entered from a slip")),
}
REPORTS: Rows = {
    "import_lists": (MANAGERS, ("导入旧系统资料", "import lists")),
    "see_reports": (MANAGERS | {READ_ONLY}, ("查看报表", "look at reports")),
}

TOPICS = (
    COUNTER,
    SHIFTS,
    MEMBERS,
    CARDS,
    MONEY,
    BENEFITS,
    SESSIONS,
    TICKETS,
    GOODS,
    PAPERS,
    REPORTS,
)

RIGHTS: Rows = {operation: row for topic in TOPICS for operation, row in topic.items()}
"""Operation -> (roles, (Chinese, English)). A right not listed is nobody's."""
