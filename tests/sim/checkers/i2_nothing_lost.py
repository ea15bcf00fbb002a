"""I2: what a screen or an answer called done is at the hub, as it was said, and counts."""

from collections import Counter
from collections.abc import Iterator

from edge.domain.members import number_of_text
from sync_protocol.accounts import (
    ALIPAY_CLEARING,
    BONUS,
    CARD_CLEARING,
    POINTS_HELD,
    RECEIVABLE,
    STOCK,
    TILL,
    TRANSIT,
    WALLET,
    WECHAT_CLEARING,
)
from sync_protocol.annotations import DIVERTED, LOST, VOID
from sync_protocol.codec import unpack
from sync_protocol.kinds import ALIAS, KINDS, LEDGER, VISIT, field_index
from tests.sim.evidence import Account, Evidence, Place
from tests.sim.lies import LIAR
from tests.sim.model import DONE, POINTS_PER_VISIT

What = tuple[str, object, object]
"""("wallet", member, ""), ("till", cafe, tender), ("stock", cafe, sku), ..."""

MEMBER_FIELD = field_index(VISIT, "member")
"""Set by the tap that begins a visit."""
TENDERS = {
    TILL: "cash",
    CARD_CLEARING: "card",
    WECHAT_CLEARING: "wechat",
    ALIPAY_CLEARING: "alipay",
}


def check(evidence: Evidence) -> Iterator[str]:
    yield from _answers(evidence)
    yield from _acked(evidence)
    yield from _boxes_ops(evidence)
    yield from _totals(evidence)


def _answers(evidence: Evidence) -> Iterator[str]:
    """The op that an answer names is there, under the epoch that it was written in."""
    held = {(op.stated, int.from_bytes(op.hash[:4], "big")) for op in evidence.hub.ops}
    for asked in evidence.model.asked.values():
        if asked.state != DONE or asked.answer is None or not asked.answer.chain_code:
            continue
        place = _place_of(asked.answer.chain_code)
        if place not in held:
            yield f"{asked.name} {asked.id} was done as {place}, which the hub lacks"


def _place_of(chain_code: str) -> tuple[Place, int]:
    reference, _, short = chain_code.partition("-")
    node, epoch, seq = (int(part) for part in reference.split("."))
    return (node, epoch, seq), number_of_text(short) or 0


def _acked(evidence: Evidence) -> Iterator[str]:
    for place, seq in evidence.model.acked.items():
        held = evidence.hub.authors[place][1]
        if seq > held:
            yield f"node {place} was told that op {seq} is at the hub, which has {held}"


def _boxes_ops(evidence: Evidence) -> Iterator[str]:
    """All that an honest box wrote is at the hub and counts; it knew what it might write.

    What two stores wrote in one name may go beyond what the one had: that is the chain's loss.
    """
    hashes = {op.hash for op in evidence.hub.ops}
    for box in evidence.boxes:
        for place, row in box.ops.items():
            if place[0] == box.node and row[-1] not in hashes:
                yield f"op {place} is on its box and not at the hub"
    for place_of_machine, written in evidence.switched_off.items():
        for hash in written - hashes:
            yield f"machine {place_of_machine} wrote {hash.hex()[:16]}, which the hub lacks"
    honest = {box.node for box in evidence.boxes}
    for op in evidence.hub.in_effect():
        if op.node in honest and op.kind in KINDS:
            bad = (VOID, LOST, DIVERTED) if KINDS[op.kind].policy == LEDGER else ()
            if op.verdict in bad and not (op.is_of_branch and op.verdict == DIVERTED):
                yield f"op {op.place} of an honest box came to verdict {op.verdict} {op.detail!r}"
    for op in evidence.hub.still_deferred:
        if op.node in honest:
            yield f"op {op.place} of an honest box is still deferred"


def _totals(evidence: Evidence) -> Iterator[str]:
    sums, expected = _sums_of_hub(evidence), _sums_of_people(evidence)
    merged = _merged(evidence)
    for counts in (sums, expected):
        for kind, subject, detail in list(counts):
            if kind in ("wallet", "points") and subject in merged:
                counts[kind, merged[subject], detail] += counts.pop((kind, subject, detail))
    for what in sums.keys() | expected.keys():
        if sums[what] != expected[what] and not _is_unsure(evidence, merged, what):
            yield f"{what}: the hub has {sums[what]}, people saw {expected[what]}"


def _merged(evidence: Evidence) -> dict[object, object]:
    """Return member -> whom they were merged into: the counter reads both as one."""
    return {
        key: unpack(row)[1][0][0]
        for (kind, key), row in evidence.hub.documents.items()
        if kind == ALIAS
    }


def _sums_of_hub(evidence: Evidence) -> Counter[What]:
    """Sum the hub's balances by what they are of, less what the liar had a right to write."""
    sums: Counter[What] = Counter()
    for (_cafe, account), amount in evidence.hub.balances.items():
        _count(sums, account, amount)
    for op in evidence.hub.ledger_ops():
        if op.node == LIAR:
            for posting in op.booked():
                _count(sums, posting[:6], -posting[6])
        else:
            # People saw all of it; what went beyond the rights is the chain's loss, not theirs.
            for index, amount in op.diversions():
                _count(sums, tuple(op.decoded()[7][index][:6]), amount)
    return sums


def _count(sums: Counter[What], account: Account, amount: int) -> None:
    code, subject, _node, _epoch, _month, unit = account
    if code in (WALLET, BONUS, RECEIVABLE):
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
    for op in evidence.hub.ops:
        if op.kind == VISIT and op.has_effect and op.node != LIAR:
            _salt, key, _cafe, changes = op.decoded()
            if any(change[0] == MEMBER_FIELD and change[2] is None for change in changes):
                member = int(str(key).rpartition(".")[2])
                expected["points", member, ""] += POINTS_PER_VISIT
    return expected


def _is_unsure(evidence: Evidence, merged: dict[object, object], what: What) -> bool:
    """Whether an answer was emptied by an erasure before anybody heard it."""
    if evidence.model.unsure_cafes:
        erased = {merged.get(member, member) for member in evidence.erased}
        return (what[0] in ("till", "stock") and what[1] in evidence.model.unsure_cafes) or (
            what[0] in ("wallet", "points") and what[1] in erased
        )
    return False
