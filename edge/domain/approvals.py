"""Approvals: a second person, who may do what the first may not alone, says yes by a PIN."""

from edge.domain.refusals import Refusal, refuse
from edge.domain.rights_table import RIGHTS, ROLE_NAMES
from edge.domain.staff import Person


def approval_needed(operation: str) -> Refusal:
    """The refusal of a command that needs a second person with this right."""
    _, name = RIGHTS[operation]
    return refuse("approval_needed", operation=name)


def approver_refusal(asker: int, approver: Person, operation: str) -> Refusal | None:
    """Why a person may not approve what another asks for, or None."""
    if approver.staff == asker:
        return refuse("approver_is_asker")
    if approver.may(operation):
        return None
    _, name = RIGHTS[operation]
    role = ROLE_NAMES.get(approver.role, (approver.role, approver.role))
    return refuse("approver_no_right", role=role, operation=name)
