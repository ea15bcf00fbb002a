"""Words of refusals and reasons: tills, staff, approvals and audits."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "no_right": (
        "{role}没有“{operation}”的权限,请找店长办理",
        "A {role} may not do “{operation}”; ask the manager",
    ),
}
