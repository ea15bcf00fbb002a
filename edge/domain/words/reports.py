"""Refusals about reports, imports and reminders."""

WORDS = {
    "report_unknown": ("没有这个报表", "There is no such report"),
    "report_days_order": (
        "开始日期要在结束日期之前",
        "The first day must come before the last",
    ),
    "report_days_many": (
        "一次最多看 {limit} 天,请缩短日期",
        "A report covers at most {limit} days; choose fewer",
    ),
    "report_account_unknown": (
        "没有会员号或手机号为“{account}”的会员",
        "There is no member with the number or phone “{account}”",
    ),
    "reminder_unknown": (
        "这条提醒已经不在列表里,请刷新",
        "This reminder is not due any more; open the list again",
    ),
    "reminder_card": ("{name}的会员卡 {day} 到期", "The card of {name} expires on {day}"),
    "reminder_pass": ("{name} {day} 到期", "{name} expires on {day}"),
    "reminder_tier": ("{name}的等级 {day} 到期", "The tier of {name} ends on {day}"),
    "reminder_birthday": ("{name} {day} 生日", "{name} has a birthday on {day}"),
    "reminder_balance": ("{name}的余额只有 {amount_fen}", "{name} has only {amount_fen} left"),
    "reminder_stock": ("“{name}”只剩 {amount} 件", "Only {amount} of “{name}” left"),
}
"""Code -> (Chinese, English)."""
