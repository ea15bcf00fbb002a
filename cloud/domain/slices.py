"""Nightly slices: what of a member's rights stands at the usual cafe, in case its line is cut.

The usual cafe is where a member was on the most business days of the last four weeks. Once each
business day the hub grants its node what is missing there to the slice that the rule names, out of
what the hub holds; what a cafe still holds it releases by itself some hours after the visit.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256

from cloud.domain.grants import MOVES_MAX, Holding
from sync_protocol.accounts import FEN
from sync_protocol.codec import pack
from sync_protocol.expect import ID_MAX
from sync_protocol.rights_rule import RightsRule

WINDOW_DAYS = 28


def window_start(business_day: int) -> int:
    """Return the first business day (yyyymmdd) whose visits count."""
    day = date(business_day // 10000, business_day // 100 % 100, business_day % 100)
    first = day - timedelta(days=WINDOW_DAYS - 1)
    return first.year * 10000 + first.month * 100 + first.day


def usual_cafe(days: Mapping[int, Sequence[int]], current: int) -> int:
    """Return where a member goes most, 0 for nowhere.

    days: cafe -> the business days of visits there, within the window. `current` stays unless
    another cafe has more days, so that nobody's rights go to and fro.
    """
    if not any(days.values()):
        return current
    return max(days, key=lambda cafe: (len(days[cafe]), cafe == current, max(days[cafe]), -cafe))


def slice_request(business_day: int, member: int) -> int:
    """Return the request id of a member's slice of a business day: made twice, it is one."""
    digest = sha256(pack(["cafebox slice", business_day, member])).digest()
    return int.from_bytes(digest[:7], "big") & (ID_MAX >> 1)


def slice_moves(
    holdings: Sequence[Holding],
    has: Mapping[tuple[int, str], int],
    there: Mapping[tuple[int, str], int],
    rule: RightsRule,
) -> list[tuple[Holding, int]]:
    """Return (holding, amount) to grant to the usual cafe's node.

    holdings: the hub's parts, in the order in which they are to be drawn; has, there: by (class,
    unit) what the member has in all, and what of it that node holds. Never more than is held.
    """
    wanted = {
        (code, unit): rule.slice_of(amount, unit == FEN) - there.get((code, unit), 0)
        for (code, unit), amount in has.items()
    }
    moves = []
    for holding in holdings:
        place = (holding.code, holding.unit)
        amount = min(wanted.get(place, 0), holding.amount)
        if amount > 0:
            moves.append((holding, amount))
            wanted[place] -= amount
    return moves[:MOVES_MAX]
