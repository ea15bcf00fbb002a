"""Bodies of ops as a box writes them, short enough for tests."""

from sync_protocol.accounts import FEN, POINTS, POINTS_HELD, POINTS_ISSUED, TILL, WALLET
from sync_protocol.claims import TAKE
from sync_protocol.kinds import KINDS, field_index
from sync_protocol.ledger import REASON_POINTS, REASON_SPEND, REASON_TOP_UP
from sync_protocol.ledger import Transaction as LedgerTransaction
from sync_protocol.registers import SALT_BYTES

DAY = 20260528


def ledger(cafe, reason, postings, document=0):
    return LedgerTransaction(cafe, reason, DAY, 480, 0, document, None, postings).body()


def wallet(member, node, epoch=1):
    return (WALLET, member, node, epoch, 0, FEN)


def top_up(cafe, member, amount):
    """Cash into a member's part at this box."""
    till = (TILL, cafe, 0, 0, 0, FEN, amount)
    return ledger(cafe, REASON_TOP_UP, [till, (*wallet(member, cafe), -amount)])


def spend(cafe, member, amount):
    """Out of a member's part at this box, to its till for want of a product."""
    till = (TILL, cafe, 0, 0, 0, FEN, -amount)
    return ledger(cafe, REASON_SPEND, [(*wallet(member, cafe), amount), till])


def points(cafe, member, amount):
    issued = (POINTS_ISSUED, member, 0, 0, 0, POINTS, amount)
    return ledger(cafe, REASON_POINTS, [issued, (POINTS_HELD, member, cafe, 1, 0, POINTS, -amount)])


def document(kind, key, cafe, values, shown=None):
    """A change of named fields on the bases that `shown` (a Document) has."""
    changes = []
    for name in sorted(values, key=lambda name: field_index(kind, name)):
        base = None if shown is None else shown.base(name)
        changes.append([field_index(kind, name), values[name], base])
    return [bytes(SALT_BYTES) if KINDS[kind].personal else b"", key, cafe, changes]


def claim(kind, key, cafe, subject, action=TAKE):
    return [bytes(SALT_BYTES) if KINDS[kind].personal else b"", key, cafe, subject, action]
