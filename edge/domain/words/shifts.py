"""Words of refusals and reasons: tills, staff, approvals and audits."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "no_right": (
        "{role}没有“{operation}”的权限,请找店长办理",
        "A {role} may not do “{operation}”; ask the manager",
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
