"""Op bodies that a cafe writes."""

import secrets

from sync_protocol.accounts import (
    ASSET_SOURCE,
    DUE_FROM_CAFE,
    DUE_TO_CHAIN,
    POINTS_HELD,
    POINTS_ISSUED,
    PREPAID,
    REVENUE,
    SAFE,
    TILL,
    WALLET,
)
from sync_protocol.claims import TAKE, ClaimWrite
from sync_protocol.kinds import KINDS, field_index
from sync_protocol.ledger import (
    REASON_ASSET_RECEIPT,
    REASON_FLOAT,
    REASON_POINTS,
    REASON_PREPAYMENT,
    REASON_SPEND,
    REASON_TOP_UP,
    Transaction,
)
from sync_protocol.registers import Change, RegisterWrite

DAY = 20260701


def top_up(cafe, member, node, epoch, amount):
    return Transaction(
        cafe,
        REASON_TOP_UP,
        DAY,
        480,
        1,
        0,
        None,
        [
            (TILL, cafe, 0, 0, 0, "fen", amount),
            (WALLET, member, node, epoch, 0, "fen", -amount),
            (DUE_TO_CHAIN, cafe, 0, 0, 0, "fen", -amount),
            (DUE_FROM_CAFE, cafe, 0, 0, 0, "fen", amount),
        ],
    ).body()


def prepayment(cafe, session, node, epoch, amount):
    return Transaction(
        cafe,
        REASON_PREPAYMENT,
        DAY,
        480,
        1,
        session,
        None,
        [
            (TILL, cafe, 0, 0, 0, "fen", amount),
            (PREPAID, session, node, epoch, 0, "fen", -amount),
        ],
    ).body()


def float_into_till(cafe, amount):
    return Transaction(
        cafe,
        REASON_FLOAT,
        DAY,
        480,
        1,
        0,
        None,
        [(TILL, cafe, 0, 0, 0, "fen", amount), (SAFE, cafe, 0, 0, 0, "fen", -amount)],
    ).body()


def asset_at(code, subject, cafe, source, holder, unit):
    """A new asset of a cafe: `source` brought it in, and `holder` has it in (code, subject)."""
    asset = (ASSET_SOURCE, cafe, *source, 0, unit, -1)
    postings = [(code, subject, *holder, 0, unit, 1), asset]
    return Transaction(cafe, REASON_ASSET_RECEIPT, DAY, 480, 1, 0, None, postings).body()


def spend(cafe, member, node, epoch, amount):
    return Transaction(
        cafe,
        REASON_SPEND,
        DAY,
        480,
        1,
        0,
        None,
        [
            (WALLET, member, node, epoch, 0, "fen", amount),
            (REVENUE, cafe, 0, 0, 0, "fen", -amount),
        ],
    ).body()


def points(cafe, member, node, epoch, amount, month=202712):
    return Transaction(
        cafe,
        REASON_POINTS,
        DAY,
        480,
        1,
        0,
        None,
        [
            (POINTS_HELD, member, node, epoch, month, "points", -amount),
            (POINTS_ISSUED, member, 0, 0, 0, "points", amount),
        ],
    ).body()


def release(cafe, member, node, epoch, amount):
    return Transaction(
        cafe,
        7,
        DAY,
        480,
        0,
        0,
        None,
        [
            (WALLET, member, node, epoch, 0, "fen", amount),
            (WALLET, member, 0, 0, 0, "fen", -amount),
        ],
    ).body()


def register(kind, key, cafe, values, bases=None):
    """`values` by field name; `bases` by field name, the reference whose value was shown."""
    changes = [
        Change(field_index(kind, name), value, (bases or {}).get(name))
        for name, value in values.items()
    ]
    changes.sort(key=lambda change: change.index)
    salt = secrets.token_bytes(16) if KINDS[kind].personal else b""
    return RegisterWrite(salt, key, cafe, changes).body()


def claim(kind, key, cafe, subject, action=TAKE):
    salt = secrets.token_bytes(16) if KINDS[kind].personal else b""
    return ClaimWrite(salt, key, cafe, subject, action).body()
