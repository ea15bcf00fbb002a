"""I2: what a screen or an answer called done is at the hub, as it was said, and counts."""

from collections import Counter
from collections.abc import Iterator

from edge.domain.members import number_of_text
from sync_protocol.accounts import (
    ALIPAY_CLEARING,
    CARD_CLEARING,
    POINTS_HELD,
    RECEIVABLE,
    STOCK,
    TILL,
    TRANSIT,
    WALLET,
    WECHAT_CLEARING,
)
from sync_protocol.annotations import DEFERRED, DIVERTED, LOST, VOID
from sync_protocol.kinds import KINDS, LEDGER, VISIT
from tests.sim.evidence import Account, Evidence, LoggedOp, Place
from tests.sim.liar import LIAR
from tests.sim.model import DONE, POINTS_PER_VISIT

What = tuple[str, object, object]
"""("wallet", member, ""), ("till", cafe, tender), ("stock", cafe, sku), ..."""

TENDERS = {
    TILL: "cash",
    CARD_CLEARING: "card",
    WECHAT_CLEARING: "wechat",
    ALIPAY_CLEARING: "alipay",
}


def check(evidence: Evidence) -> Iterator[str]:
    by_place = {op.place: op for op in evidence.hub.ops}
    yield from _answers(evidence, by_place)
    yield from _acked(evidence)
    yield from _boxes_ops(evidence, by_place)
    yield from _totals(evidence)


def _answers(evidence: Evidence, by_place: dict[Place, LoggedOp]) -> Iterator[str]:
    for asked in evidence.model.asked.values():
        if asked.state != DONE or asked.answer is None or not asked.answer.chain_code:
            continue
        place, short = _place_of(asked.answer.chain_code)
        op = by_place.get(place)
        if op is None:
            yield f"{asked.name} {asked.id} was done as {place}, which the hub lacks"
        elif int.from_bytes(op.hash[:4], "big") != short:
            yield f"{asked.name} {asked.id} was done as another op than {place} of the hub"


def _place_of(chain_code: str) -> tuple[Place, int]:
    reference, _, short = chain_code.partition("-")
    node, epoch, seq = (int(part) for part in reference.split("."))
    return (node, epoch, seq), number_of_text(short) or 0


def _acked(evidence: Evidence) -> Iterator[str]:
    for place, seq in evidence.model.acked.items():
        held = evidence.hub.authors[place][1]
        if seq > held:
            yield f"node {place} was told that op {seq} is at the hub, which has {held}"


def _boxes_ops(evidence: Evidence, by_place: dict[Place, LoggedOp]) -> Iterator[str]:
    """All that an honest box wrote is at the hub and counts; it knew what it might write."""
    honest = {(box.node, box.epoch) for box in evidence.boxes}
    for box in evidence.boxes:
        for place in box.ops:
            if place[:2] == (box.node, box.epoch) and place not in by_place:
                yield f"op {place} is on its box and not at the hub"
    for op in evidence.hub.ops:
        if (op.node, op.epoch) in honest and op.kind in KINDS:
            policy = KINDS[op.kind].policy
            bad = (VOID, LOST, DIVERTED, DEFERRED) if policy == LEDGER else (DEFERRED,)
            if op.verdict in bad:
                yield f"op {op.place} of an honest box came to verdict {op.verdict} {op.detail!r}"


def _totals(evidence: Evidence) -> Iterator[str]:
    sums, expected = _sums_of_hub(evidence), _sums_of_people(evidence)
    for what in sums.keys() | expected.keys():
        if sums[what] != expected[what] and not _is_unsure(evidence, what):
            yield f"{what}: the hub has {sums[what]}, people saw {expected[what]}"


def _sums_of_hub(evidence: Evidence) -> Counter[What]:
    """Sum the hub's balances by what they are of, less what the liar had a right to write."""
    sums: Counter[What] = Counter()
    for (_cafe, account), amount in evidence.hub.balances.items():
        _count(sums, account, amount)
    for op in evidence.hub.ledger_ops():
        if op.node == LIAR:
            for posting in op.booked():
                _count(sums, posting[:6], -posting[6])
    return sums


def _count(sums: Counter[What], account: Account, amount: int) -> None:
    code, subject, _node, _epoch, _month, unit = account
    if code in (WALLET, RECEIVABLE):
        # What was drawn in advance is owed: people see one balance, less by what they spent.
        sums["wallet", subject, ""] -= amount
    elif code == POINTS_HELD:
        sums["points", subject, ""] -= amount
    elif code in TENDERS:
        sums["till", subject, TENDERS[code]] += amount
    elif code == STOCK:
        sums["stock", subject, unit.removeprefix("item:")] += amount
    elif code == TRANSIT:
        sums["transit", subject, unit] += amount


def _sums_of_people(evidence: Evidence) -> Counter[What]:
    model = evidence.model
    expected: Counter[What] = Counter()
    for name, by_member in (("wallet", model.wallet_fen), ("points", model.points)):
        for member, amount in by_member.items():
            expected[name, member, ""] = amount
    for name, by_place in (
        ("till", model.tills_fen),
        ("stock", model.stock),
        ("transit", model.transit),
    ):
        for (place, detail), amount in by_place.items():
            expected[name, place, detail] = amount
    for kind, key in evidence.hub.documents:
        if kind == VISIT:
            expected["points", int(str(key).rpartition(".")[2]), ""] += POINTS_PER_VISIT
    return expected


def _is_unsure(evidence: Evidence, what: What) -> bool:
    """Whether an answer was emptied by an erasure before anybody heard it."""
    if evidence.model.unsure_cafes:
        return (what[0] in ("till", "stock") and what[1] in evidence.model.unsure_cafes) or (
            what[0] in ("wallet", "points") and what[1] in evidence.erased
        )
    return False
