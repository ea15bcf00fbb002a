"""The HTTP status of a refusal: who must log in, who may not, and all else that was not done."""

from http import HTTPStatus

from edge.domain.refusals import Refusal

DENIED = ("no_right", "staff_inactive", "staff_other_cafe")


def status_of(refusal: Refusal | None) -> int:
    """200 where nothing was refused; 401 before the log-in, 403 for a right, 422 for all else."""
    if refusal is None:
        return HTTPStatus.OK
    if refusal.code == "log_in_first":
        return HTTPStatus.UNAUTHORIZED
    return HTTPStatus.FORBIDDEN if refusal.code in DENIED else HTTPStatus.UNPROCESSABLE_ENTITY
