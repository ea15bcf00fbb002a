"""A day's top-ups and spends of one cafe, drawn from a seed: what batches are measured on."""

from sync_protocol.accounts import (
    BONUS,
    DUE_FROM_CAFE,
    DUE_TO_CHAIN,
    FEN,
    OPENING,
    POINTS,
    POINTS_HELD,
    POINTS_ISSUED,
    REVENUE,
    TILL,
    WALLET,
    WECHAT_CLEARING,
)
from sync_protocol.kinds import TRANSACTION
from sync_protocol.ledger import REASON_SPEND, REASON_TOP_UP

CAFE = 3
EPOCH = 1
FIRST_MS = 1_780_000_000_000


def ledger_rows(random, count, members=300):
    """Return `count` rows [header, body]: 40 in 100 top-ups, the rest spends, of random members.

    Ids have 52 random bits, as in the product; `random` has `below(n)` (see `peers.Random`).
    """
    ids = [random.below(1 << 52) for _ in range(members)]
    staff = [random.below(1 << 52) for _ in range(3)]
    shift = random.below(1 << 52)
    ms = FIRST_MS
    seen = 123456
    rows = []
    for number in range(count):
        ms += 500 + random.below(60000)
        seen += random.below(6) if random.below(10) < 3 else 0
        member = ids[random.below(members)]
        if random.below(10) < 4:
            reason, document, postings = _top_up(random, member)
        else:
            reason, document, postings = _spend(random, member)
        stamp = ms << 16 | (random.below(10) == 0)
        header = [1, TRANSACTION, CAFE, EPOCH, 10001 + number, stamp, 7, 2, 1, 0, seen]
        header += [staff[random.below(3)], 1 + random.below(2), shift]
        rows.append([header, [CAFE, reason, 20270501, 480, 3, document, None, postings]])
    return rows


def _top_up(random, member):
    amount = (2000, 5000, 10000, 20000, 50000)[random.below(5)]
    paid = TILL if random.below(3) == 0 else WECHAT_CLEARING
    postings = [
        [paid, CAFE, 0, 0, 0, FEN, amount],
        [WALLET, member, CAFE, EPOCH, 0, FEN, -amount],
        [DUE_FROM_CAFE, CAFE, 0, 0, 0, FEN, amount],
        [DUE_TO_CHAIN, CAFE, 0, 0, 0, FEN, -amount],
    ]
    if amount >= 10000:
        bonus = amount // 10
        postings.append([BONUS, member, CAFE, EPOCH, 202712, FEN, -bonus])
        postings.append([OPENING, CAFE, 0, 0, 0, FEN, bonus])
    return REASON_TOP_UP, 0, postings


def _spend(random, member):
    prices = (300, 500, 800, 1200, 1500, 3000)
    amount = prices[random.below(6)] if random.below(2) else 10 * (5 + random.below(400))
    postings = [
        [WALLET, member, CAFE, EPOCH, 0, FEN, amount],
        [REVENUE, CAFE, 0, 0, 0, FEN, -amount],
        [DUE_TO_CHAIN, CAFE, 0, 0, 0, FEN, amount],
        [DUE_FROM_CAFE, CAFE, 0, 0, 0, FEN, -amount],
    ]
    points = amount // 100
    if points:
        postings.append([POINTS_HELD, member, CAFE, EPOCH, 202712, POINTS, -points])
        postings.append([POINTS_ISSUED, member, 0, 0, 0, POINTS, points])
    return REASON_SPEND, random.below(1 << 52), postings
