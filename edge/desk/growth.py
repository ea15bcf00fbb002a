"""Tiers go up by themselves: whatever raises points or purchases puts the member where it leads.

The change of the member's register is written with the op that crosses the threshold, in one
commit. A tier that has run out is renewed or taken down the same way, at the next such op; and one
that is undone with what had reached it, by the op that takes that back.
"""

from collections.abc import Iterator
from dataclasses import replace

from edge.desk import facts
from edge.desk.catalogue import Catalogue
from edge.domain.decision import (
    Decision,
    Here,
    NewOp,
    PrintSlip,
    read_int,
    read_list,
    read_text,
)
from edge.domain.refunds import SoldFacts
from edge.domain.tiers import (
    Grown,
    Standing,
    ladder_of,
    settled,
    stand,
    standing_after,
    tier_change,
    tier_in_force,
    tier_named,
)
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import POINTS_ISSUED, SPENT
from sync_protocol.kinds import KINDS, LEDGER, MEMBER, SALE, field_index
from sync_protocol.ledger import (
    REASON_CASH_OUT,
    REASON_MEMBERSHIP_FEE,
    REASON_POINTS_ADJUSTMENT,
    REASON_REFUND,
    REASON_VOID,
)
from sync_protocol.ops import ref_from_row
from sync_protocol.registers import RegisterRow, write_from_body

UNDOING = (REASON_REFUND, REASON_VOID, REASON_CASH_OUT, REASON_POINTS_ADJUSTMENT)
"""Reasons of what takes back what had been earned or bought."""
STANDINGS_MAX = 8
"""Steps of the past that are looked through."""


def grown_of(reader: Reader, member: int) -> Grown:
    """What counts for a member's tier, as far as it is known here."""
    members = facts.members_of(reader, member)
    points, spent_fen = (
        sum(balance.shown for one in members for _account, balance in reader.balances_of(code, one))
        for code in (POINTS_ISSUED, SPENT)
    )
    return Grown(max(points, 0), max(-spent_fen, 0))


def with_tier_settled(
    transaction: WriteTransaction, catalogue: Catalogue, at: Here, decision: Decision
) -> Decision:
    """The decision, with the change of tier that it brings about for the one whom it is about."""
    member = _grows(decision)
    if not member:
        return decision
    person = facts.person_of(transaction, member)
    row = facts.row(transaction, MEMBER, person)
    if row is None or row.entries is None:
        return decision
    before = grown_of(transaction, person)
    points, spent_fen = _added(decision, person)
    grown = Grown(before.points + points, before.spent_fen + spent_fen)
    ladder = ladder_of(catalogue.rules(transaction, "tiers"))
    salt = transaction.new_salt(MEMBER)
    back = None
    if _undoes(decision):
        back = standing_after(at, ladder, _standings(transaction, row), before, grown)
    if back is not None:
        change: NewOp | None = stand(at, person, row, back, salt)
    else:
        change = settled(at, person, row, ladder, grown, salt)
    if change is None:
        return decision
    write = write_from_body(KINDS[MEMBER], change.body)
    code = next(one.value for one in write.changes if one.index == field_index(MEMBER, "tier"))
    tier = tier_named(ladder, str(code))
    held = tier_in_force(ladder, row, at.business_day)
    slip = PrintSlip(
        "tier_change",
        {
            "name": read_text(MEMBER, row, "name"),
            "tier": tier.name if tier is not None else ("", ""),
            "was": held.name if held is not None else ("", ""),
            "discount_percent": tier.discount_percent if tier is not None else 100,
            "until_day": next(
                one.value
                for one in write.changes
                if one.index == field_index(MEMBER, "tier_until_day")
            ),
        },
    )
    return replace(
        decision,
        ops=(*decision.ops, change),
        effects=(slip, *decision.effects),
        values={**decision.values, "tier": str(code)},
    )


def without_bought_tier(
    transaction: WriteTransaction, catalogue: Catalogue, at: Here, sold: SoldFacts, back: Decision
) -> Decision:
    """The decision that gives all of a membership's fee back, with the step that it bought ended.

    Whoever reached a step meanwhile stays on it.
    """
    if sold.reason != REASON_MEMBERSHIP_FEE or back.values["refundable_fen"]:
        return back
    row = facts.row(transaction, MEMBER, sold.member)
    codes = [line[0] for line in read_list(SALE, sold.row, "lines") if isinstance(line, list)]
    bought_day = read_int(SALE, sold.row, "business_day")
    if read_int(MEMBER, row, "tier_since_day") != bought_day:
        return back
    if read_text(MEMBER, row, "tier") not in codes:
        return back
    before = grown_of(transaction, sold.member)
    points, spent_fen = _added(back, sold.member)
    grown = Grown(before.points + points, before.spent_fen + spent_fen)
    ladder = ladder_of(catalogue.rules(transaction, "tiers"))
    reached = [tier for tier in ladder if tier.reached(grown)]
    salt = transaction.new_salt(MEMBER)
    change = tier_change(at, sold.member, row, reached[-1] if reached else None, salt)
    return replace(back, ops=(*back.ops, change))


def _grows(decision: Decision) -> int:
    """Whose points or purchases a decision changes; 0 for nobody's, or where it sets the tier."""
    if any(op.kind == MEMBER for op in decision.ops):
        return 0
    for op in decision.ops:
        for posting in _postings(op.kind, op.body):
            if posting[0] in (POINTS_ISSUED, SPENT):
                return int(str(posting[1]))
    return 0


def _undoes(decision: Decision) -> bool:
    """Whether a decision takes something back."""
    return any(KINDS[op.kind].policy == LEDGER and op.body[1] in UNDOING for op in decision.ops)


def _standings(reader: Reader, row: RegisterRow) -> Iterator[Standing]:
    """Where a member stands, and stood before, the latest first, as far as it is known here.

    Each change of the tier names the write that it replaced.
    """
    index = field_index(MEMBER, "tier")
    entry = row.entry(index)
    place = entry[2] if entry is not None else None
    for _ in range(STANDINGS_MAX):
        if place is None:
            yield Standing()
            return
        logged = reader.op(ref_from_row(place))
        if logged is None or logged.op.body is None:
            return
        write = write_from_body(KINDS[MEMBER], logged.op.body)
        values = {KINDS[MEMBER].fields[one.index].name: one.value for one in write.changes}
        yield Standing(
            str(values.get("tier") or ""),
            int(str(values.get("tier_since_day") or 0)),
            int(str(values.get("tier_until_day") or 0)),
        )
        place = next((one.base for one in write.changes if one.index == index), None)


def _added(decision: Decision, member: int) -> tuple[int, int]:
    points = spent_fen = 0
    for op in decision.ops:
        for posting in _postings(op.kind, op.body):
            if posting[1] == member and posting[0] == POINTS_ISSUED:
                points += posting[6]
            elif posting[1] == member and posting[0] == SPENT:
                spent_fen -= posting[6]
    return points, spent_fen


def _postings(kind: int, body: list[object]) -> list[list[int]]:
    postings = body[7] if KINDS[kind].policy == LEDGER else []
    return postings if isinstance(postings, list) else []
