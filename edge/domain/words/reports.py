"""Refusals about reports, imports and reminders."""

WORDS = {
    "report_unknown": ("没有这个报表", "There is no such report"),
    "report_days_order": (
        "开始日期要在结束日期之前",
        "The first day must come before the last",
    ),
    "report_days_many": (
        "一次最多看 {limit} 天，请缩短日期",
        "A report covers at most {limit} days; choose fewer",
    ),
    "report_account_unknown": (
        "没有会员号或手机号为“{account}”的会员",
        "There is no member with the number or phone “{account}”",
    ),
    "import_file": ("请选择一个文件", "Choose a file"),
    "import_running": (
        "正在导入另一个文件，请等它完成",
        "Another list is being imported; wait for it",
    ),
    "import_columns": ("缺少列：{columns}", "Columns are missing: {columns}"),
    "import_problems": (
        "有 {count} 处问题，没有导入；请改好文件，或选择跳过有问题的行",
        "{count} problems, nothing was imported; mend the file, or leave those rows out",
    ),
    "import_number": (
        "会员号不能为空，最多 {limit} 个字",
        "A number is missing or longer than {limit} characters",
    ),
    "import_number_taken": (
        "已有别的会员用这个会员号，请换一个",
        "Another member has this number; give this one a different number",
    ),
    "import_repeated": (
        "与第 {row} 行重复，请只留一行",
        "The same as in row {row}; keep one of them",
    ),
    "import_day": (
        "日期不对，请写成 2027-03-01，且不晚于今天",
        "No day up to today; write it as 2027-03-01",
    ),
    "import_tier": (
        "没有这个等级；现有等级：{known}",
        "There is no such tier; those of head office are: {known}",
    ),
    "import_no_member": (
        "没有会员号“{number}”，请先导入会员",
        "There is no member “{number}”; import the members first",
    ),
    "import_amount": (
        "金额不对：写元，最多两位小数，不能为负，不超过 {limit_fen}",
        "No amount: yuan with at most two decimals, not negative, up to {limit_fen}",
    ),
    "import_points": (
        "积分须为整数，不能为负，不超过 {limit}",
        "Points are a whole number, not negative, up to {limit}",
    ),
    "reminder_unknown": (
        "这条提醒已经不在列表里，请刷新",
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
