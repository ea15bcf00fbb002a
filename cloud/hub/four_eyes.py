"""Who may approve together what takes two people: two persons, neither in the other's hands.

At head office each word comes from a session of its own, which is one person's. Whoever sets
another's password, or takes their authenticator away, could log in as them: for some days the two
do not count as two. The other one would notice meanwhile, since the own password is gone.
"""

from cloud.domain.epochs import approval_fault
from cloud.domain.refusals import Refusal, refusal
from cloud.store import log
from cloud.store.database import Database
from cloud.store.state import StoredState
from sync_protocol.clock import stamp_ms
from sync_protocol.kinds import KINDS, STAFF, field_index
from sync_protocol.ops import ref_from_row
from sync_protocol.registers import RegisterRow, write_from_body

IN_HAND_DAYS = 7
IN_HAND_MS = IN_HAND_DAYS * 24 * 3600 * 1000
WRITES_MAX = 50
"""Of one secret, that are looked through: nobody changes a password so often in a week."""
_SECRETS = ("password_hash", "second_factor")


def two_people_fault(
    database: Database, state: StoredState, approvers: tuple[int, int], now_ms: int
) -> Refusal | None:
    """Return why two people may not approve together, None where they may."""
    first, second = approvers
    rows = (state.register(STAFF, first), state.register(STAFF, second))
    fault = approval_fault(approvers, rows)
    if fault is not None:
        return fault
    since_ms = now_ms - IN_HAND_MS
    if first in _set_by(database, rows[1], since_ms) or second in _set_by(
        database, rows[0], since_ms
    ):
        return refusal("approver_in_hand")
    return None


def _set_by(database: Database, row: RegisterRow | None, since_ms: int) -> set[int]:
    """Return who set a person's log-in secrets lately, from the document's writes backwards."""
    found: set[int] = set()
    for name in _SECRETS if row is not None else ():
        index = field_index(STAFF, name)
        entry = row.entry(index) if row is not None else None
        place = entry[2] if entry is not None else None
        for _ in range(WRITES_MAX):
            stored = None if place is None else log.find_op(database, ref_from_row(place))
            op = stored.entry.op if stored is not None else None
            if stored is None or op is None or op.body is None:
                break
            if stamp_ms(stored.entry.annotation.effective) < since_ms:
                break
            found.add(op.header.actor)
            changes = write_from_body(KINDS[STAFF], op.body).changes
            place = next((one.base for one in changes if one.index == index), None)
    return found
