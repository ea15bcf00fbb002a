"""The drain's work, for floor, peer and product alike: 10,000 writes on 7,000 records."""

import random
from dataclasses import dataclass

WRITES = 10_000
MEMBERS = 5_000
BALANCES = 2_000


@dataclass(frozen=True)
class ProfileWritten:
    """A member's profile as the counter first writes it."""

    member: int
    number: str
    name: str
    phone: str


@dataclass(frozen=True)
class PointsEarned:
    """Points that a member earned, and what they hold after."""

    member: int
    points: int
    balance: int


Write = ProfileWritten | PointsEarned


def member_id(index: int) -> int:
    """Return a 52-bit id as the product draws them, the same in each run."""
    return random.Random(index).getrandbits(52) | 1


def workload(writes: int = WRITES) -> list[Write]:
    """Return `writes` writes, half of each sort, in the same order in each run."""
    draw = random.Random(writes)
    balances: dict[int, int] = {}
    result: list[Write] = []
    for index in range(writes):
        if index % 2 == 0:
            at = (index // 2) % MEMBERS
            phone = f"13{at:09d}"
            result.append(ProfileWritten(member_id(at), f"M{at:06d}", f"会员{at:05d}", phone))
        else:
            member = member_id(draw.randrange(BALANCES))
            points = draw.randrange(1, 200)
            balances[member] = balances.get(member, 0) + points
            result.append(PointsEarned(member, points, balances[member]))
    return result


def records(writes: list[Write]) -> list[tuple[str, dict[str, object]]]:
    """Return the writes as (key, fields): what a store of documents keeps of them."""
    result: list[tuple[str, dict[str, object]]] = []
    for write in writes:
        if isinstance(write, ProfileWritten):
            fields: dict[str, object] = {
                "number": write.number,
                "name": write.name,
                "phone": write.phone,
            }
            result.append((f"member:{write.member}", fields))
        else:
            fields = {"points": write.points, "balance": write.balance}
            result.append((f"points:{write.member}", fields))
    return result
