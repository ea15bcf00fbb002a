"""Words of refusals and reasons: tills, staff, approvals and audits."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "no_right": (
        "{role}没有“{operation}”的权限，请找店长办理",
        "A {role} may not do “{operation}”; ask the manager",
    ),
    "shift_not_open": (
        "还没有开班，请先点“开班”、点好备用金再收钱",
        "No shift is open; open one and count its float before you take money",
    ),
    "shift_of_another": (
        "现在是{name}的班，请先交班再收钱",
        "This is {name}'s shift; have it handed over before you take money",
    ),
    "shift_open_already": (
        "您的班已经开了，不用再开",
        "Your shift is open already",
    ),
    "shift_counted": (
        "钱已经点过，请先结班或交班，再开新班收钱",
        "The cash was counted; close the shift or hand it over before more money is taken",
    ),
    "shift_unknown": ("没有这个班次", "There is no such shift"),
    "count_first": (
        "请先点钱，再结班或交班",
        "Count the cash before you close the shift or hand it over",
    ),
    "count_invalid": (
        "张数要填 0 到 {limit} 的整数",
        "Enter how many there are as a whole number from 0 to {limit}",
    ),
    "denomination_unknown": (
        "没有“{text}”这种面额",
        "“{text}” is no note or coin that is counted here",
    ),
    "difference_needs_note": (
        "与应有金额相差 {difference_fen}，请写明原因",
        "The cash differs by {difference_fen}; write down why",
    ),
    "left_too_much": (
        "留在抽屉里的钱不能超过点到的 {counted_fen}",
        "No more can stay in the drawer than the {counted_fen} that was counted",
    ),
    "handover_to_oneself": (
        "交班要交给另一个人；没有人接班请结班",
        "Hand over to somebody else; close the shift if nobody takes it over",
    ),
    "pin_wrong": (
        "{name}的 PIN 不对，请再输一次",
        "The PIN of {name} is wrong; type it again",
    ),
    "petty_cash_too_often": (
        "一个班最多 {limit} 笔小额支出，请先交班",
        "At most {limit} petty cash payments in one shift; hand the shift over first",
    ),
    "approval_needed": (
        "“{operation}”要第二个人同意，请有权限的人选名字并输入 PIN",
        "“{operation}” needs a second person; let one who may choose their name and type their PIN",
    ),
    "drawer_failed": (
        "钱箱可能没有打开：带钱箱的打印机有问题，请看页面底部，处理好再试，或者用钥匙打开",
        "The drawer may not have opened: its printer has trouble, which the page's foot names."
        " Mend it and try again, or use the drawer's key",
    ),
    "no_drawer": (
        "没有配置带钱箱的打印机",
        "No printer with a drawer is configured",
    ),
    "approver_is_asker": (
        "同意的人必须是另一个人",
        "The one who approves must be somebody else",
    ),
    "approver_no_right": (
        "{role}不能同意“{operation}”，请找店长或总部",
        "A {role} may not approve “{operation}”; ask the manager or head office",
    ),
}
