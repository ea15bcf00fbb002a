"""Words of refusals and reasons: tills, staff, approvals and audits."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "no_right": (
        "{role}没有“{operation}”的权限,请找店长办理",
        "A {role} may not do “{operation}”; ask the manager",
    ),
    "shift_not_open": (
        "还没有开班,请先点“开班”、点好备用金再收钱",
        "No shift is open; open one and count its float before you take money",
    ),
    "shift_of_another": (
        "现在是{name}的班,请先交班再收钱",
        "This is {name}'s shift; have it handed over before you take money",
    ),
    "shift_open_already": (
        "您的班已经开了,不用再开",
        "Your shift is open already",
    ),
    "approval_needed": (
        "“{operation}”要第二个人同意,请有权限的人选名字并输入 PIN",
        "“{operation}” needs a second person; let one who may choose their name and type their PIN",
    ),
    "approver_is_asker": (
        "同意的人必须是另一个人",
        "The one who approves must be somebody else",
    ),
    "approver_no_right": (
        "{role}不能同意“{operation}”,请找店长或总部",
        "A {role} may not approve “{operation}”; ask the manager or head office",
    ),
}
