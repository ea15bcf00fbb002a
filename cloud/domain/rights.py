"""Who may do what at head office: one table from operation to roles.

To add an operation, add a row; pages name the operation that they need (`cloud.web.routes`).
"""

from collections.abc import Collection, Mapping

from cloud.domain.refusals import Refusal, refusal

ADMIN = "admin"
HEAD_OFFICE = "head_office"
MANAGER = "manager"
CASHIER = "cashier"
SERVICE = "service"
READ_ONLY = "read_only"
"""Sees every page, changes nothing."""
TECHNICIAN = "technician"
"""Works with boxes and devices at the cafes."""

ROLES = frozenset({ADMIN, HEAD_OFFICE, MANAGER, CASHIER, SERVICE, READ_ONLY, TECHNICIAN})

_OFFICE = frozenset({ADMIN, HEAD_OFFICE})
_DECIDING = _OFFICE | {MANAGER}

RIGHTS: Mapping[str, frozenset[str]] = {
    "own_account": ROLES,
    "look": _DECIDING | {READ_ONLY},
    "settle_case": _DECIDING,
    "approve_epoch": _DECIDING,
    "change_products": _OFFICE,
    "change_rules": _OFFICE,
    "change_staff": _OFFICE,
    "change_cafes": _OFFICE,
    "add_cafe": _OFFICE,
    "issue_vouchers": _OFFICE,
    "erase_member": _OFFICE,
}
"""Operation -> roles that may. The counter's roles work at the counter."""

WHOLE_CHAIN = frozenset(
    {
        "change_products",
        "change_rules",
        "change_staff",
        "add_cafe",
        "issue_vouchers",
        "erase_member",
    }
)
"""Operations that every cafe feels: whoever is limited to some cafes may do none of them."""


def may(role: str, operation: str, own: Collection[int] = ()) -> bool:
    """Return whether somebody of the cafes `own` (none: of all) may do an operation.

    KeyError for an operation that is not in the table.
    """
    return right_fault(role, operation, own) is None


def sees(own: Collection[int], cafe: int) -> bool:
    """Return whether somebody of the cafes `own` (none: of all) sees what belongs to a cafe."""
    return not own or cafe in own


def place_fault(own: Collection[int], cafes: Collection[int]) -> Refusal | None:
    """Return why somebody of the cafes `own` (none: of all) may not decide over one of `cafes`."""
    return None if not own or set(own) & set(cafes) else refusal("cafe_not_yours")


def right_fault(role: str, operation: str, own: Collection[int] = ()) -> Refusal | None:
    """Return why somebody of the cafes `own` (none: of all) may not do an operation."""
    if role not in RIGHTS[operation]:
        return refusal("right_missing")
    return refusal("whole_chain") if own and operation in WHOLE_CHAIN else None
