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
}
"""Code -> (Chinese, English)."""
