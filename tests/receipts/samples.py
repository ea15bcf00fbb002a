"""A print job of each slip, with facts such as a busy evening brings: long names, many tenders."""

from collections.abc import Mapping
from typing import Any

from edge.domain.paper_codes import ReceiptCode, qr_text
from edge.effects.slips.job import SlipJob

AT_MS = 1_794_052_815_000
OFFSET_MIN = 480
ENTRY = "1.1.4711-26Z7YBE"
LETTERHEAD = {
    "name": "蓝海网咖连锁",
    "name_en": "Blue Sea Internet Cafes",
    "phone": "400-820-8820",
    "receipt_head": "未成年人请勿上网",
    "receipt_foot": "钱物请当面点清，谢谢惠顾",
}
PAID = {
    "tenders": [["wallet", 1_500, ""], ["bonus", 500, "202712"], ["cash", 4_180, ""]],
    "received_fen": 5_000,
    "change_fen": 820,
    "tender": "cash",
}
MEMBER = {"name": "欧阳小明", "number": "HOME-20270301-0042"}
TOTALS = [
    ["tender", "cash", 31, 182_350],
    ["tender", "wallet", 44, 96_400],
    ["tender", "wechat", 12, 40_000],
    ["reason", "sale", 70, 251_750],
    ["reason", "top_up", 9, 90_000],
    ["reason", "refund", 2, -3_000],
    ["reason", "void", 1, -500],
    ["cash", "float", 1, 50_000],
    ["cash", "sale", 31, 182_350],
    ["points", "given", 70, 2_517],
    ["number", "first", 0, 1],
    ["number", "last", 0, 83],
]
SHIFT = {
    "number": "HOME-20270301-0007",
    "name": "李雷",
    "opened_ms": AT_MS - 28_800_000,
    "utc_offset_min": OFFSET_MIN,
    "totals": TOTALS,
    "counted": [[10_000, 20], [5_000, 6], [100, 23]],
    "counted_fen": 232_300,
    "expected_fen": 232_350,
    "difference_fen": -50,
    "note": "少五角,疑似找错",
    "left_fen": 50_000,
}
CARD = {
    "name": "欧阳小明",
    "label": "K-00077",
    "type": ["年卡", "annual card"],
    "valid_to_day": 20280301,
    "fee_fen": 2_000,
    "deposit_fen": 1_000,
}
PASS = {
    "name": "欧阳小明",
    "number": "HOME-20270301-0009",
    "pass_name": ["十次卡", "ten visits"],
    "form": "visits",
    "left": 9,
    "from_day": 20270301,
    "to_day": 20270828,
    "hours": "23:00-08:00",
}
VOUCHER = {
    "codes": [["HOME-20270301-0011", "7K3-M9Q2-0XAB"], ["HOME-20270301-0012", "1YG-HRET-PA9N"]],
    "amount_fen": 1_500,
    "what": ["", ""],
    "until_day": 0,
    "month": 202706,
}
BACK = {
    **MEMBER,
    "amount_fen": 1_350,
    "kept_fen": 40,
    "bonus_fen": 200,
    "points": 13,
    "reason": "饮料过期",
    "tenders": [["cash", 1_350, ""]],
    "tender": "cash",
    "balance_fen": 8_650,
}

FACTS: Mapping[str, Mapping[str, Any]] = {
    "check_in": {"name": "欧阳小明", "points": 5},
    "x_report": SHIFT,
    "z_report": SHIFT,
    "handover": {
        **SHIFT,
        "blank_cards": 20,
        "open_cases": 1,
        "open_tickets": 3,
        "from": "李雷",
        "to": "韩梅梅",
    },
    "cash_drop": {**SHIFT, "amount_fen": 200_000},
    "petty_cash": {**SHIFT, "amount_fen": 3_500, "reason": "买灯泡", "receipt_number": "A-118"},
    "card_issued": {**CARD, **PAID},
    "card_renewed": {**CARD, **PAID},
    "card_returned": {**CARD, "tender": "cash"},
    "top_up": {
        **MEMBER,
        **PAID,
        "amount_fen": 6_180,
        "bonus_fen": 1_000,
        "bonus_month": 202706,
        "points": 61,
        "lucky": 1,
        "repaid_fen": 300,
        "balance_fen": 16_880,
    },
    "top_up_cancelled": {**BACK, "of": "HOME-20270301-0041", "lucky": 1},
    "top_up_list": {
        "rows": [
            {"code": "", "number": "7K3-M9Q2", "name": "王小明", "amount_fen": 5_000},
            {"code": "", "number": "1YG-HRET", "name": "Zhang Wei", "amount_fen": 8_000},
        ],
        "amount_fen": 13_000,
        "bonus_fen": 500,
        "failed": 1,
    },
    "cash_out": {**BACK, "paid_fen": 1_350, "lucky": 0},
    "redemption": {**MEMBER, "what": ["可乐 500ml", "Cola 500 ml"], "points": 450, "left": 1_205},
    "redemption_return": {**MEMBER, "points": 450, "reason": "不想要了"},
    "conversion": {
        "name": "欧阳小明",
        "give": "points",
        "amount": 1_000,
        "get": "money",
        "got": 1_000,
        "balance_fen": 2_000,
    },
    "points_adjustment": {"name": "欧阳小明", "points": -30, "reason": "重复发放"},
    "event_entry": {"name": "欧阳小明", "event": ["五一联赛", "May league"], "points": -100},
    "gift": {
        "name": "欧阳小明",
        "what": ["生日蛋糕", "birthday cake"],
        "reason": ["生日礼", "birthday"],
    },
    "tier_change": {
        "name": "欧阳小明",
        "tier": ["黄金会员", "gold"],
        "discount_percent": 95,
        "until_day": 20280301,
    },
    "pass": PASS,
    "pass_use": PASS,
    "voucher": VOUCHER,
    "booking": {**VOUCHER, "amount_fen": 0, "what": ["六人包厢", "room for six"]},
    "voucher_used": {"number": "HOME-20270301-0011", "amount_fen": 1_500, "what": ""},
    "session_start": {
        **MEMBER,
        **PAID,
        "seat": "A12",
        "plan": ["三小时", "three hours"],
        "amount_fen": 6_180,
        "minutes": 180,
        "ends_ms": AT_MS + 10_800_000,
        "utc_offset_min": OFFSET_MIN,
    },
    "session_bill": {
        **MEMBER,
        **PAID,
        "seat": "A12",
        "seats": ["A12", "V03"],
        "started_ms": AT_MS - 10_800_000,
        "ended_ms": AT_MS,
        "utc_offset_min": OFFSET_MIN,
        "minutes": 180,
        "plan": ["三小时", "three hours"],
        "covered_minutes": 120,
        "package_fen": 1_300,
        "list_fen": 800,
        "reason": ["黄金会员 9.5折", "gold: 5% off"],
        "total_fen": 2_060,
        "prepaid_fen": 1_300,
        "due_fen": 760,
        "back_fen": 0,
        "back": [],
        "points": 20,
        "clock_note": "stepped",
        "clock_trusted": False,
        "balance_fen": 8_650,
    },
    "sale": {
        **MEMBER,
        **PAID,
        "walk_in": False,
        "lines": [
            ["可口可乐 500ml 冰镇", "Coca-Cola 500 ml, chilled", 2, 900, 1_000, "会员价", "member"],
            [
                "香辣牛肉面加蛋加肠套餐(大份)",
                "Beef noodles",
                1,
                1_520,
                1_600,
                "黄金会员 9.5折",
                "gold",
            ],
            ["键盘租用", "Keyboard rental", 3, 4_260],
            ["生日小蛋糕", "birthday cake", 1, 0, 1_200, "店庆", "Birthday sale"],
            ["积分抵扣", "points", 1, -500],
        ],
        "total_fen": 6_180,
        "discount_fen": 1_380,
        "points": 61,
        "rebate_fen": 61,
        "balance_fen": 8_650,
    },
    "refund": BACK,
    "void": {
        **BACK,
        "kept_fen": 0,
        "bonus_fen": 0,
        "returned": [["可口可乐 500ml 冰镇", "Coca-Cola 500 ml, chilled", 2]],
    },
    "dispatch": {
        "transfer": 123_456_789,
        "from": ["本店", "Home"],
        "to": ["东门店", "East Gate"],
        "lines": [["可乐", "Cola", 24], ["泡面", "Noodles", 12]],
        "tags": ["KB-0001"],
    },
    "transfer_receipt": {
        "transfer": 123_456_789,
        "from": ["本店", "Home"],
        "to": ["东门店", "East Gate"],
        "lines": [["可乐", "Cola", 23]],
        "tags": [],
        "shortage": [["可乐", "Cola", 1]],
    },
    "paper_slips": {
        "slips": [["HOME-20270301-0001", "5V46CX4G"], ["HOME-20270301-0002", "J7X8KPXF"]]
    },
    "report": {
        "title": ["充值明细", "Top-ups"],
        "from_day": 20270301,
        "to_day": 20270301,
        "utc_offset_min": OFFSET_MIN,
        "columns": [["member", "会员", "Member", "text"], ["amount", "金额", "Amount", "money"]],
        "rows": [["王小明", 5_000], ["Zhang Wei", 8_000]],
        "sums": ["", 13_000],
        "cut": False,
    },
}
"""Slip -> what stands on it."""


def sample(slip: str) -> SlipJob:
    """The print job of a slip."""
    facts = FACTS[slip]
    number = str(facts.get("number", ""))
    return SlipJob(
        slip,
        facts,
        ("东门旗舰店", "East Gate"),
        AT_MS,
        OFFSET_MIN,
        "李雷",
        ENTRY,
        qr_text(b"k" * 32, ReceiptCode(slip, number, ENTRY)) if number else "",
        LETTERHEAD,
    )
