"""Compares what was seen from outside with what the hub's log says.

- lost: something that was acknowledged (an HTTP answer, a receipt, a relay pulse) without its op
- duplicated: a second ledger transaction, relay pulse, or receipt without COPY for one cause
- overspent: a member who spent more than they put in, or a limited account below zero at any time
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge.desk.facts import chain_code
from sync_protocol.accounts import CLASSES
from sync_protocol.annotations import APPLIED, OVERWROTE
from sync_protocol.clock import stamp_ms
from sync_protocol.kinds import KINDS, LEDGER, VISIT, field_index
from sync_protocol.ledger import (
    REASON_GRANT,
    REASON_POINTS,
    REASON_RELEASE,
    Transaction,
    transaction_from_body,
)
from sync_protocol.ops import REFERENCE_HASH_BYTES, OpRef
from sync_protocol.registers import write_from_body
from tests.refold import LoggedOp
from tests.smoke.evidence import Evidence, Tap, codes_on, wall_ms

DOOR_MS = 3500
"""A door opens no later after its tap; see `edge.effects.door`."""
CLOCK_MS = 50
OPS_OF_COMMAND = 8
"""A command's ledger op is among so many ops from the one that its answer names."""
BY_ITSELF = (REASON_POINTS, REASON_GRANT, REASON_RELEASE)
"""Reasons of transactions that no HTTP request causes."""


@dataclass(frozen=True)
class Verdict:
    """Counts, and a line of text for each thing that is wrong."""

    lost: int
    duplicated: int
    overspent: int
    findings: list[str]


def judge(evidence: Evidence, log: Sequence[LoggedOp], nodes: Mapping[str, int]) -> Verdict:
    """Judge a run by the hub's log; `nodes` names each box's node."""
    lost = list(_lost_codes(evidence, log))
    duplicated = [
        *_duplicated_transactions(evidence, log, nodes),
        *_duplicated_receipts(evidence),
    ]
    for box, node in nodes.items():
        missing, extra = _pulses_without_ops(evidence, box, tap_ops(log, node))
        lost += missing
        duplicated += extra
    overspent = [*_members_overspent(evidence), *_accounts_below_zero(log)]
    return Verdict(len(lost), len(duplicated), len(overspent), lost + duplicated + overspent)


def code_of(entry: LoggedOp) -> str:
    """Return an op's name as answers and papers have it."""
    return chain_code(OpRef(entry.node, entry.epoch, entry.seq, entry.hash[:REFERENCE_HASH_BYTES]))


def tap_ops(log: Sequence[LoggedOp], node: int) -> list[LoggedOp]:
    """Return a node's ops that count a tap, in their order."""
    taps = field_index(VISIT, "taps")
    found = []
    for entry in log:
        if entry.node == node and entry.op is not None and entry.op.header.kind == VISIT:
            write = write_from_body(KINDS[VISIT], entry.op.body)
            if any(change.index == taps for change in write.changes):
                found.append(entry)
    return found


def match_taps(taps: Sequence[Tap], ops: Sequence[LoggedOp]) -> list[tuple[Tap, LoggedOp]]:
    """Return which op each tap became: the first not earlier than it, in order."""
    matched = []
    waiting = list(ops)
    for tap in sorted(taps, key=lambda tap: tap.read_ns):
        read_ms = wall_ms(tap.read_ns)
        while waiting and _written_ms(waiting[0]) < read_ms - CLOCK_MS:
            waiting.pop(0)
        if waiting and _written_ms(waiting[0]) <= read_ms + DOOR_MS:
            matched.append((tap, waiting.pop(0)))
    return matched


def _written_ms(entry: LoggedOp) -> int:
    assert entry.op is not None
    return stamp_ms(entry.op.header.stamp)


def _lost_codes(evidence: Evidence, log: Sequence[LoggedOp]) -> Iterator[str]:
    known = {code_of(entry) for entry in log}
    for seen in evidence.acknowledged:
        if seen.code not in known:
            yield f"lost: {seen.box} answered {seen.command} with {seen.code}"
    for box, receipts in evidence.receipts.items():
        for receipt in receipts:
            for code in codes_on(receipt):
                if code not in known:
                    yield f"lost: {box} printed {code}"


def _pulses_without_ops(
    evidence: Evidence, box: str, ops: Sequence[LoggedOp]
) -> tuple[list[str], list[str]]:
    """Return (pulses whose tap is not in the log, pulses beyond one of a tap)."""
    waiting = [_written_ms(entry) for entry in ops]
    read = sorted(tap.read_ns for tap in evidence.taps_of(box))
    missing, extra = [], []
    tap_before = 0
    for pulse in evidence.pulses[box]:
        if pulse.level != 1:
            continue
        at_ms = wall_ms(pulse.at_monotonic_ns)
        while waiting and waiting[0] < at_ms - DOOR_MS:
            waiting.pop(0)
        if waiting and waiting[0] <= at_ms + CLOCK_MS:
            waiting.pop(0)
        else:
            missing.append(f"lost: {box} opened the door at {at_ms}, no tap is in the log")
        tap_now = sum(read_ns <= pulse.at_monotonic_ns for read_ns in read)
        if tap_now == tap_before:
            extra.append(f"duplicated: {box} opened the door twice for one card, at {at_ms}")
        tap_before = tap_now
    return missing, extra


def _ledger(log: Sequence[LoggedOp]) -> Iterator[tuple[LoggedOp, Transaction]]:
    for entry in log:
        op = entry.op
        if op is not None and KINDS[op.header.kind].policy == LEDGER:
            yield entry, transaction_from_body(op.body)


def _duplicated_transactions(
    evidence: Evidence, log: Sequence[LoggedOp], nodes: Mapping[str, int]
) -> Iterator[str]:
    """Every transaction needs a cause of its own: an answered request, a first tap, a grant."""
    causes = Counter(seen.code for seen in evidence.acknowledged)
    for code, count in causes.items():
        if count > 1:
            yield f"lost: {count} requests were answered with one op, {code}"
    unused: dict[int, set[int]] = {node: set() for node in nodes.values()}
    for code in causes:
        node, _epoch, rest = code.split(".", 2)
        unused[int(node)].add(int(rest.split("-")[0]))
    once: Counter[str] = Counter()
    for entry, transaction in _ledger(log):
        if transaction.reason == REASON_GRANT:
            once[f"grant of request {transaction.document} to {entry.node}"] += 1
        elif transaction.reason == REASON_POINTS:
            where = f"cafe {transaction.cafe} on {transaction.business_day}"
            once[f"points of the first tap of {transaction.postings[0][1]}, {where}"] += 1
        elif transaction.reason not in BY_ITSELF and entry.node in unused:
            near = range(entry.seq, entry.seq - OPS_OF_COMMAND, -1)
            cause = next((seq for seq in near if seq in unused[entry.node]), None)
            if cause is None:
                yield f"duplicated: nobody was answered with {code_of(entry)}"
            unused[entry.node].discard(cause or 0)
    yield from (f"duplicated: {count} times {name}" for name, count in once.items() if count > 1)


def _duplicated_receipts(evidence: Evidence) -> Iterator[str]:
    for box, receipts in evidence.receipts.items():
        codes = Counter(
            code
            for receipt in receipts
            if not receipt.is_copy
            for code in set(codes_on(receipt))  # its QR code names it once more
        )
        for code, count in codes.items():
            if count > 1:
                yield f"duplicated: {box} printed {code} {count} times without COPY"


def _members_overspent(evidence: Evidence) -> Iterator[str]:
    balance: Counter[int] = Counter()
    sign = {"top_up": 1, "spend": -1}
    sold_to = {
        seen.values["sale"]: int(str(seen.inputs["member"]))
        for seen in evidence.acknowledged
        if seen.command == "spend"
    }
    for seen in evidence.acknowledged:
        if seen.command in sign:
            amount = int(str(seen.inputs["amount_fen"]))
            balance[int(str(seen.inputs["member"]))] += sign[seen.command] * amount
        elif seen.command == "refund":
            balance[sold_to[seen.inputs["sale"]]] += int(str(seen.inputs["amount_fen"]))
    for member, amount in balance.items():
        if amount < 0:
            yield f"overspent: member {member} by {-amount} fen"


def _accounts_below_zero(log: Sequence[LoggedOp]) -> Iterator[str]:
    """Fold the ledger posting by posting; also name what the hub had to void or divert."""
    balances: Counter[tuple[object, ...]] = Counter()
    for entry, transaction in _ledger(log):
        if entry.annotation.verdict not in (APPLIED, OVERWROTE):
            yield f"overspent: verdict {entry.annotation.detail} on {code_of(entry)}"
            continue
        for posting in transaction.postings:
            balances[posting[:6]] += posting[6]
        for posting in transaction.postings:
            row = CLASSES[posting[0]]
            if row.limited and balances[posting[:6]] * row.side < 0:
                yield f"overspent: {row.name} of {posting[1]} below zero at {code_of(entry)}"
