"""I4: after healing all nodes have one state, equal to a refold from nothing, and no conflict is
dropped: every verdict is judged again here, by rules written down a second time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sync_protocol.annotations import (
    APPLIED,
    DIVERTED,
    LOST,
    OVERWROTE,
    VOID,
    annotation_from_row,
)
from sync_protocol.codec import pack, unpack
from sync_protocol.fold import fold_op
from sync_protocol.kinds import (
    ASSET,
    CARD,
    CARD_STATUS,
    CASE,
    CLAIM,
    KINDS,
    LEDGER,
    NODE,
    NODE_STATUS,
    REGISTER,
)
from sync_protocol.ops import Op, header_from_row
from tests.refold import Folded
from tests.sim.evidence import BoxEvidence, Evidence, LoggedOp, unpacked

STATUS_RANKS = {(CARD, 1): CARD_STATUS, (NODE, 4): NODE_STATUS}
CHAIN_OFFSET_MIN = 480
DAY_STARTS_AT_HOUR = 6
ORDER_MS = 2_000
"""The hub's clock is right in every run: no effective stamp lies further ahead of its block."""


def check(evidence: Evidence) -> Iterator[str]:
    state = Folded()
    for op in evidence.hub.in_effect():
        # A personal op whose body is gone left a tombstone at most, which is known by its key.
        if op.body is not None and op.kind in KINDS:
            fold_op(state, _op(op), _annotation(op), 0)
    yield from _compare_hub(evidence, state)
    for box in evidence.boxes:
        yield from _compare_box(evidence, box)
    yield from _judge_again(evidence)
    yield from _judge_days(evidence)
    yield from _order(evidence)


def _op(op: LoggedOp) -> Op:
    return Op(header_from_row(op.header_row()), op.decoded(), op.body_hash, op.hash)


def _annotation(op: LoggedOp) -> Any:
    detail = None if op.detail is None else unpack(op.detail)
    return annotation_from_row([op.effective, op.verdict, detail])


def _compare_hub(evidence: Evidence, state: Folded) -> Iterator[str]:
    stored = evidence.hub.documents
    for place in stored.keys() | state.registers.keys():
        row = state.registers.get(place)
        expected = None if row is None else pack(row.row())
        if stored.get(place) != expected and not _is_tombstone(stored.get(place)):
            yield f"hub: document {place} is not what its log folds to"
    for claim_place in evidence.hub.claims.keys() | state.claims.keys():
        claim = state.claims.get(claim_place)
        expected = None if claim is None else pack(claim.row())
        if evidence.hub.claims.get(claim_place) != expected:
            yield f"hub: claim {claim_place[0]} {claim_place[1].hex()} is not what its log folds to"
    yield from _compare_sums(evidence)


def _is_tombstone(row: bytes | None) -> bool:
    return row is not None and unpack(row)[1] is None


def _is_gone(row: bytes | None) -> bool:
    return row is None or _is_tombstone(row)


def _compare_sums(evidence: Evidence) -> Iterator[str]:
    """Sum the stored rows of the hub anew, by the text of the protocol."""
    sums: dict[tuple[int, int], int] = {}

    def count(section: tuple[int, int], row: list[object]) -> None:
        share = int.from_bytes(sha256(pack(row)).digest(), "big")
        sums[section] = (sums.get(section, 0) + share) % (1 << 256)

    hub = evidence.hub
    for (kind, key), packed in hub.documents.items():
        row = unpacked(packed)
        if row[1] is None:
            continue  # a tombstone
        cafe = row[0] if KINDS[kind].reach == 2 else 0
        count((kind, int(str(cafe))), [kind, key, row])
    for (kind, claim_key), packed in hub.claims.items():
        count((kind, 0), [kind, claim_key, unpacked(packed)])
    for (cafe, account), amount in hub.balances.items():
        if amount:
            count((51, cafe) if cafe else (50, 0), [list(account), amount])
    for section in sums.keys() | hub.sections.keys():
        total = sums.get(section, 0).to_bytes(32, "big")
        if hub.sections.get(section, b"\0" * 32) != total:
            yield f"hub: the state hash of section {section} is not that of its rows"


def _compare_box(evidence: Evidence, box: BoxEvidence) -> Iterator[str]:
    hub = evidence.hub
    for section in hub.sections.keys() | box.sections.keys():
        if section[1] not in (0, box.cafe):
            if section in box.sections:
                yield f"box {box.node}: has section {section} of another cafe"
            continue
        nothing = b"\0" * 32
        if box.sections.get(section, nothing) != hub.sections.get(section, nothing):
            yield f"box {box.node}: the state hash of section {section} is not the hub's"
    for (kind, key), (confirmed, pending) in box.documents.items():
        held = hub.documents.get((kind, key))
        # Of somebody erased a tombstone may stand, or nothing where the body came already empty.
        if confirmed != held and not (_is_gone(confirmed) and _is_gone(held)):
            yield f"box {box.node}: document {kind}/{key} is not the hub's"
        if pending is not None:
            yield f"box {box.node}: document {kind}/{key} still shows something pending"
    for place, (confirmed, pending) in box.claims.items():
        if confirmed != hub.claims.get(place) or pending is not None:
            yield f"box {box.node}: claim {place[0]} {place[1].hex()} is not the hub's"


def _judge_again(evidence: Evidence) -> Iterator[str]:
    """Judge registers and claims a second time, and look for the case of each conflict."""
    current: dict[tuple[int, Any, int], tuple[Any, int, int, list[Any]]] = {}
    holders: dict[tuple[int, bytes], Any] = {}
    cases = _cases(evidence)
    for op in evidence.hub.in_effect():
        kind = KINDS.get(op.kind)
        if kind is None or op.body is None:
            continue
        if kind.code == 71 and op.has_effect:
            _forget(current, holders, op.decoded()[0])
        if op.verdict == VOID or op.kind == CASE:
            continue
        reference = [*op.stated, op.hash[:8]]
        if kind.policy == REGISTER:
            yield from _judge_register(op, current, reference, cases)
        elif kind.policy == CLAIM and not (op.verdict == LOST and _is_erased(evidence, op)):
            yield from _judge_claim(op, holders, cases)


def _is_erased(evidence: Evidence, op: LoggedOp) -> bool:
    """Whether what a claim lost against was erased since: nothing tells whose it was."""
    node, epoch, seq, _hash = unpack(op.detail or b"")
    place = (node, epoch, seq)
    return any(other.stated == place and other.body is None for other in evidence.hub.ops)


def _cases(evidence: Evidence) -> set[tuple[Any, ...]]:
    """Return (type, op's place) of every case that the hub's log opened."""
    found = set()
    for op in evidence.hub.ops:
        if op.kind == CASE and op.has_effect:
            fields = {change[0]: change[1] for change in op.decoded()[3]}
            found.add((fields.get(0), tuple(fields[3][:3])))
    return found


def _forget(current: dict[Any, Any], holders: dict[Any, Any], subject: object) -> None:
    for place in [place for place in current if place[1] == subject and KINDS[place[0]].personal]:
        del current[place]
    for key in [key for key, held in holders.items() if held == subject and KINDS[key[0]].personal]:
        del holders[key]


def _judge_register(
    op: LoggedOp, current: dict[Any, Any], reference: list[Any], cases: set[Any]
) -> Iterator[str]:
    _salt, key, _cafe, changes = op.decoded()
    lost, overwrote = [], []
    for field, value, base in changes:
        known = current.get((op.kind, key, field))
        if known is not None and base != known[3] and value != known[0]:
            wins = (op.effective, op.node) > (known[1], known[2])
            ranks = STATUS_RANKS.get((op.kind, field))
            if ranks is not None:
                wins = ranks.index(value) > ranks.index(known[0])
            (overwrote if wins else lost).append(field)
            if not wins:
                continue
        current[op.kind, key, field] = (value, op.effective, op.node, reference)
    verdict = OVERWROTE if lost or overwrote else APPLIED
    detail = [lost, overwrote] if verdict == OVERWROTE else None
    given = None if op.detail is None else unpack(op.detail)
    if verdict == APPLIED and isinstance(given, int):
        given = None  # a corrected business day, see `_judge_days`
    if (op.verdict, given) != (verdict, detail):
        yield f"op {op.place}: judged {op.verdict} {given}, by the rules {verdict} {detail}"
    if op.kind == ASSET and all(change[2] is None for change in changes):
        return  # two cafes received one tag: its case is that of the lost claim
    if verdict == OVERWROTE and ("concurrent", op.stated) not in cases:
        yield f"op {op.place}: a concurrent edit without a case"


def _judge_days(evidence: Evidence) -> Iterator[str]:
    """A corrected business day is that of the effective stamp, and not the one that was written."""
    for op in evidence.hub.ops:
        detail = None if op.detail is None else unpack(op.detail)
        day = detail[-1] if op.verdict == DIVERTED and isinstance(detail, list) else detail
        if op.verdict not in (APPLIED, DIVERTED) or not isinstance(day, int) or op.body is None:
            continue
        offset_min = CHAIN_OFFSET_MIN
        body = unpack(op.body)
        written = [change[1] for change in body[3]] if KINDS[op.kind].policy == REGISTER else []
        if KINDS[op.kind].policy == LEDGER:
            written, offset_min = [body[2]], body[3]
        moment = datetime.fromtimestamp((op.effective >> 16) / 1000, UTC)
        local = moment + timedelta(minutes=offset_min, hours=-DAY_STARTS_AT_HOUR)
        if day != int(local.strftime("%Y%m%d")) or day in written:
            yield f"op {op.place}: its business day is put on {day} instead of {written}"


def _judge_claim(op: LoggedOp, holders: dict[Any, Any], cases: set[Any]) -> Iterator[str]:
    _salt, key, _cafe, subject, action = op.decoded()
    place = (op.kind, key)
    verdict = APPLIED
    if action == 1:
        if holders.get(place, subject) != subject:
            verdict = LOST
        else:
            holders[place] = subject
    elif holders.get(place) == subject:
        del holders[place]
    if op.verdict != verdict:
        yield f"op {op.place}: claim judged {op.verdict}, by the rules {verdict}"
    if verdict == LOST and ("lost_claim", op.stated) not in cases:
        yield f"op {op.place}: a lost claim without a case"


def _order(evidence: Evidence) -> Iterator[str]:
    """Effective stamps follow each author, what it had seen, and no clock ahead of the hub's."""
    last: dict[tuple[int, int], int] = {}
    greatest = [0]
    committed = {}
    for _number, _generation, _stream, first, count, _previous, _hash, ms in evidence.hub.blocks:
        for position in range(int(str(first)), int(str(first)) + int(str(count))):
            committed[position] = int(str(ms))
    for op in evidence.hub.ops:
        author = (op.node, op.epoch)
        if op.effective <= last.get(author, 0):
            yield f"op {op.place}: its effective stamp is not after its author's last"
        seen = min(op.seen_position(), len(greatest) - 1)
        if op.node and op.effective <= greatest[seen] and op.seen_position() < op.position:
            yield f"op {op.place}: its effective stamp is not after what its author had seen"
        if op.effective >> 16 > committed[op.position] + ORDER_MS:
            yield f"op {op.place}: its effective stamp lies ahead of the hub's clock"
        last[author] = op.effective
        greatest.append(max(greatest[-1], op.effective))
