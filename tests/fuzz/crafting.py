"""Ops, batches and blocks of every kind, well-formed or spoilt behind a good signature."""

from sync_protocol.accounts import CLASSES
from sync_protocol.annotations import APPLIED, DEFERRED, DIVERTED, LOST, OVERWROTE, VOID
from sync_protocol.blocks import (
    BODYLESS,
    FULL,
    STUB,
    ChainHeads,
    block_signing_bytes,
    blocks_from_rows,
)
from sync_protocol.errors import ProtocolError
from sync_protocol.frames import CODECS_READ, CODECS_WRITTEN, RAW, pack_frame
from sync_protocol.greetings import Hello
from sync_protocol.kinds import (
    BOOL,
    BRANCH,
    BYTES,
    CLAIM,
    EPOCH_CLOSE,
    ERASE,
    INT,
    KINDS,
    LATE_VERDICT,
    LEDGER,
    LIST,
    REF,
    REGISTER,
    SEGMENT,
    TEXT,
)
from sync_protocol.message_fields import SIGNATURE_BYTES
from sync_protocol.messages import Blocks, Push, push_signing_bytes
from sync_protocol.ops import op_from_wire
from sync_protocol.registers import BLOB_MAX
from tests.fuzz.draw import INTS, TEXTS, Draw, mutate_value, nested, odd_value

UNKNOWN_KIND = 999
KIND_CODES = (*KINDS, UNKNOWN_KIND)
SUBJECTS = (1, 2, 3, "sku")
WALL_MS = 1_780_000_000_000
_UNITS = ("fen", "points", "item:1", "asset:7")


def header_row(draw: Draw, kind: int, node: int, epoch: int, seq: int) -> list[object]:
    stamp = (WALL_MS + draw.below(1000)) << 16
    return [1, kind, node, epoch, seq, stamp, 1, draw.below(3), 1, 0, draw.below(9), 7, 1, 0]


def reference(draw: Draw) -> list[object]:
    return [draw.below(4), 1, 1 + draw.below(6), draw.bytes(8)]


def body_of(draw: Draw, kind_code: int, node: int) -> object:
    """Return a body that `kind_code` allows, written in the name of cafe `node`."""
    kind = KINDS.get(kind_code)
    if kind is None:
        return [odd_value(draw)]
    salt = draw.bytes(16) if kind.personal else b""
    if kind.policy == LEDGER:
        return _transaction(draw, node)
    if kind.policy == REGISTER:
        count = len(kind.fields)
        indexes = sorted({draw.below(count) for _ in range(1 + draw.below(4))})
        changes = [[index, _field(draw, kind.fields[index]), _base(draw)] for index in indexes]
        return [salt, draw.pick(SUBJECTS[:3]), node, changes]
    if kind.policy == CLAIM:
        return [salt, bytes([draw.below(3)]) * 16, node, draw.pick(SUBJECTS), draw.below(2)]
    return {
        SEGMENT: [1, draw.bytes(8), WALL_MS, 5, 1, "boot"],
        ERASE: [draw.pick(SUBJECTS[:3])],
        EPOCH_CLOSE: [9, 1, 0, [1, 2]],
        LATE_VERDICT: [reference(draw), APPLIED, None],
        BRANCH: [9, 3, 1, 0, bytes(32), 1, bytes(32), [1, 2]],
    }.get(kind.code, [odd_value(draw)])


def _base(draw: Draw) -> object:
    return reference(draw) if draw.chance(20) else None


def _field(draw: Draw, field) -> object:
    if field.ranks is not None:
        return draw.pick(field.ranks)
    ends = draw.chance(25)
    return {
        TEXT: draw.pick(TEXTS) if ends else "text",
        INT: draw.pick(INTS) if ends else draw.below(1 << 40),
        BYTES: draw.bytes(draw.size(BLOB_MAX if ends else 200)),
        BOOL: draw.chance(50),
        LIST: nested(1 + draw.below(10), 1) if ends else [["sku", draw.below(9)]],
        REF: reference(draw),
    }[field.type]


def _transaction(draw: Draw, node: int) -> list[object]:
    postings: list[object] = []
    for _ in range(1 + draw.below(3)):
        amount = 1 + draw.below(5000)
        unit = "fen"
        if draw.chance(30):
            unit = draw.pick(_UNITS) if draw.chance(50) else draw.pick(TEXTS)
        if unit.startswith("asset:"):
            amount = 1
        for sign in (1, -1):
            code = draw.pick((1, 10, 5, 10, 7, 6)) if draw.chance(70) else draw.pick(tuple(CLASSES))
            limited = CLASSES[code].limited
            holder = [node, 1] if limited else [0, 0]
            subject = draw.pick(SUBJECTS[:3]) if limited else node
            postings.append([code, subject, *holder, 0, unit, sign * amount])
    return [node, 1 + draw.below(11), 20270501, 480, 1, 0, None, postings]


def spoilt(draw: Draw, value: object, percent: float) -> object:
    """Return `value`, mutated with a chance of `percent`."""
    return mutate_value(draw, value) if draw.chance(percent) else value


def hello(chain: str, node: int, seq: int, hash: bytes, genesis: bytes, sign) -> bytes:
    """Return the HELLO of a node that has `seq` ops and was never acked."""
    place = (1, 0, 0, 0, bytes(32))
    clock = (WALL_MS, 1, "fuzz", b"")
    message = Hello(chain, node, 1, 1, seq, hash, 0, genesis, *place, CODECS_READ, *clock)
    return message.sign(chain, node, sign)


def signed_push(draw: Draw, chain: str, node: int, seq: int, previous: bytes, sign) -> bytes:
    """Return a PUSH of one to four ops behind op `seq` whose signature holds, if any can."""
    rows: list[object] = []
    last_seq, last_hash = seq, previous
    signature = bytes(SIGNATURE_BYTES)
    try:
        for number in range(1 + draw.below(4)):
            kind = draw.pick(KIND_CODES)
            body = spoilt(draw, body_of(draw, kind, node), 50)
            header = spoilt(draw, header_row(draw, kind, node, 1, seq + 1 + number), 5)
            row = spoilt(draw, [header, body if draw.chance(97) else draw.bytes(32)], 2)
            rows.append(row)
            op = op_from_wire(row, last_hash)
            last_seq, last_hash = op.header.seq, op.hash
        signature = sign(push_signing_bytes(chain, node, 1, last_seq, last_hash))
    except ProtocolError:
        pass  # what has no hash has no signature
    return Push(node, 1, seq + 1, _frame(draw, rows), signature).pack()


def annotation_row(draw: Draw) -> list[object]:
    verdict = draw.pick((APPLIED, APPLIED, APPLIED, OVERWROTE, LOST, DIVERTED, VOID, DEFERRED))
    detail: object = {
        APPLIED: None,
        OVERWROTE: [[draw.below(6)], [draw.below(6)]],
        LOST: reference(draw),
        DIVERTED: [[draw.below(4), draw.below(100)]],
    }.get(verdict, "reason")
    return [(WALL_MS + draw.below(1000)) << 16, verdict, detail]


def _entry_row(draw: Draw, heads: ChainHeads, authors: tuple[int, ...]) -> list[object]:
    node = draw.pick(authors)
    kind = draw.pick(KIND_CODES)
    seq = heads.get(node, 1)[0] + 1
    form = draw.pick((FULL, FULL, FULL, FULL, BODYLESS, STUB))
    annotation = spoilt(draw, annotation_row(draw), 15)
    if form == STUB:
        return [STUB, [node, 1, seq, draw.bytes(32)], None, annotation]
    header = spoilt(draw, header_row(draw, kind, node, 1, seq), 3)
    if form == BODYLESS:
        return [BODYLESS, header, draw.bytes(32), annotation]
    return [FULL, header, spoilt(draw, body_of(draw, kind, node), 40), annotation]


def signed_blocks(
    draw: Draw, chain: str, cursor, known: ChainHeads, authors: tuple[int, ...], sign
) -> bytes:
    """Return BLOCKS that follow `cursor` and whose signature holds, if any can."""
    heads = ChainHeads(chain, known.heads)
    rows: list[object] = []
    counts = [1 + draw.below(4) for _ in range(1 + draw.below(2))]
    place = (cursor.generation, cursor.stream, cursor.block_number + 1, cursor.position + 1)
    signature = bytes(SIGNATURE_BYTES)
    try:
        for count in counts:
            for _ in range(count):
                row = spoilt(draw, _entry_row(draw, heads, authors), 2)
                rows.append(row)
                blocks_from_rows(*place, cursor.block_hash, [1], [row], heads)
        again = ChainHeads(chain, known.heads)
        last = blocks_from_rows(*place, cursor.block_hash, counts, rows, again)[-1]
        signature = sign(block_signing_bytes(chain, last.hash))
    except ProtocolError:
        pass  # what has no hash has no signature
    return Blocks(*place, cursor.block_hash, counts, _frame(draw, rows), signature).pack()


def _frame(draw: Draw, rows: list[object]) -> bytes:
    try:
        return pack_frame(rows, CODECS_WRITTEN if draw.chance(50) else [RAW])
    except ProtocolError:
        return b"\x00"
