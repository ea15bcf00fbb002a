"""I1: transactions sum to zero per unit; every balance is the sum of its entries, everywhere."""

from collections import Counter
from collections.abc import Iterator

from sync_protocol.accounts import CLASSES
from sync_protocol.codec import unpack
from sync_protocol.kinds import CAFE, KINDS, LEDGER
from tests.sim.evidence import BoxEvidence, Evidence, LoggedOp, section_of_posting


def check(evidence: Evidence) -> Iterator[str]:
    ledger = evidence.hub.ledger_ops()
    yield from _sums(ledger)
    yield from _hub_balances(evidence, ledger)
    for box in evidence.boxes:
        yield from _box_balances(box, ledger)


def _sums(ledger: list[LoggedOp]) -> Iterator[str]:
    for op in ledger:
        sums: Counter[str] = Counter()
        for posting in op.booked():
            sums[posting[5]] += posting[6]
        if any(sums.values()):
            yield f"op {op.place} at {op.position} sums to {dict(sums)}"


def _hub_balances(evidence: Evidence, ledger: list[LoggedOp]) -> Iterator[str]:
    expected: Counter[tuple[int, object]] = Counter()
    for op in ledger:
        postings = op.booked()
        cafe = op.decoded()[0] if postings else 0
        for posting in postings:
            section = section_of_posting(posting[0], int(str(cafe)))
            expected[section[1], posting[:6]] += posting[6]
    for place in expected.keys() | evidence.hub.balances.keys():
        if expected[place] != evidence.hub.balances.get(place, 0):
            balance = evidence.hub.balances.get(place, 0)
            yield f"hub: {place} stands at {balance}, its entries sum to {expected[place]}"


def _box_balances(box: BoxEvidence, ledger: list[LoggedOp]) -> Iterator[str]:
    confirmed: Counter[object] = Counter()
    for op in ledger:
        if op.position > box.position:
            break
        postings = op.booked()
        mine = bool(postings) and op.decoded()[0] == box.cafe
        for posting in postings:
            if mine or CLASSES[posting[0]].reach != CAFE:
                confirmed[posting[:6]] += posting[6]
    pending = _pending(box)
    for account in confirmed.keys() | pending.keys() | box.balances.keys():
        expected = (confirmed[account], pending[account])
        if box.balances.get(account, (0, 0)) != expected:
            stands = box.balances.get(account, (0, 0))
            yield f"box {box.node}: {account} stands at {stands}, its entries sum to {expected}"


def _pending(box: BoxEvidence) -> Counter[object]:
    """Sum what own ops that the hub has not judged show."""
    sums: Counter[object] = Counter()
    for (node, epoch, _seq), row in box.ops.items():
        position, _, _, _, header, body, _, _ = row
        if (node, epoch) != (box.node, box.epoch) or position is not None or body is None:
            continue
        if KINDS[unpack(header)[1]].policy == LEDGER:
            for posting in unpack(body)[7]:
                sums[tuple(posting[:6])] += posting[6]
    return sums
