"""Erasure: which bodies a subject's erase op makes every node drop, for ever.

The op itself holds the subject's opaque id only. It is a standing rule: whatever comes later on
that subject loses its body when it is logged.
"""

from cloud.domain.refusals import Refusal, refusal
from sync_protocol.errors import ProtocolError
from sync_protocol.fold import personal_subject
from sync_protocol.kinds import ERASE
from sync_protocol.registers import RegisterRow


def decide_erasure(
    subject: int, rows: list[RegisterRow | None], erased: bool
) -> list[tuple[int, list[object]]] | Refusal:
    """Return (kind, body) of the hub's op that erases `subject`, or a refusal.

    rows: the subject's personal register rows; erased: whether it was erased before.
    """
    if erased:
        return refusal("already_erased")
    if not any(rows):
        return refusal("member_unknown")
    return [(ERASE, [subject])]


def subject_of(kind_code: int, body: object) -> int | None:
    """Return whose personal data a received body holds; None for none or a malformed body."""
    try:
        return personal_subject(kind_code, body)
    except ProtocolError:
        return None
