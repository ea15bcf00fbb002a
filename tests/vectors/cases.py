"""Inputs of the golden vectors, and what is computed from them. Runs on both interpreters."""

import json
from binascii import hexlify, unhexlify

from sync_protocol.annotations import (
    APPLIED,
    DIVERTED,
    OVERWROTE,
    VOID,
    Annotation,
    annotation_from_row,
)
from sync_protocol.blocks import Block, block_signing_bytes, entry_of, log_genesis_hash
from sync_protocol.codec import INT_MAX, INT_MIN, pack, unpack
from sync_protocol.column_reader import unpack_rows
from sync_protocol.column_writer import pack_rows
from sync_protocol.errors import ProtocolError
from sync_protocol.frames import CODECS_WRITTEN, DEFLATE, RAW, pack_frame, unpack_frame
from sync_protocol.messages import push_signing_bytes, unpack_message
from sync_protocol.ops import Header, OpRef, genesis_hash, make_op
from tests.sync_protocol.every_message import every_message
from tests.sync_protocol.ledger_rows import ledger_rows
from tests.sync_protocol.peers import Random, run_faults

FILES = ("codec", "columns", "frames", "messages", "hashes", "sessions")


def to_hex(data):
    """Return bytes as a text of hexadecimal digits."""
    return hexlify(data).decode()


def to_json(value):
    """Return a value of the codec's subset as JSON that keeps bytes from text and ints exact.

    An int becomes "i-5", bytes "x00ff", a text "ttext"; nil, bools and arrays stay.
    """
    if value is None or value is True or value is False:
        return value
    if isinstance(value, int):
        return f"i{value}"
    if isinstance(value, bytes):
        return "x" + to_hex(value)
    if isinstance(value, str):
        return "t" + value
    return [to_json(item) for item in value]


def from_json(value):
    """Undo `to_json`."""
    if isinstance(value, str):
        if value[0] == "i":
            return int(value[1:])
        return unhexlify(value[1:]) if value[0] == "x" else value[1:]
    if isinstance(value, list):
        return [from_json(item) for item in value]
    return value


def values():
    """Return values at the edges of every encoding."""
    edges = [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000, 0xFFFFFFFF, 0x100000000, INT_MAX]
    edges += [-1, -32, -33, -128, -129, -32768, -32769, -(1 << 31), -(1 << 31) - 1, INT_MIN]
    texts = ["", "fen", "会员", "\U0001f600", "a" * 31, "a" * 32, "a" * 255, "a" * 256]
    blobs = [b"", b"\x00", b"\xff" * 255, b"\x01" * 256]
    arrays = [[], [[]], [None] * 15, [None] * 16, [[1, [b"", "x"], -1], True, False]]
    found = [None, True, False]
    for part in (edges, texts, blobs, arrays):
        found.extend(part)
    return found


def row_sets():
    """Return sets of rows that make the column writer use each of its forms."""
    return [
        [],
        [None, None],
        [True, False, True],
        [5, 5, 5],
        [1000, 1000],
        [INT_MIN, INT_MAX, 0],
        [1000 + 8 * number for number in range(40)],
        [[number * number, -number * number] for number in range(40)],
        [["fen" if number % 3 else "points", number % 3, b"\x01" * 8] for number in range(40)],
        [[1] * (number % 3) for number in range(60)],
        [[["a", number]] * (number % 5) for number in range(12)],
        [number % 300 for number in range(700)],
        [[None if number % 4 else number, "x" * (number % 4)] for number in range(20)],
        [[[]], [[]]],
        ledger_rows(Random(5), 3),
        ledger_rows(Random(6), 40),
        [[number**3, [number**3] * (number % 2), -number] for number in range(40)],
    ]


REFUSED = {
    "codec": ("", "c1", "cc01", "d1ffff", "d90161", "a2fffe", "a3eda080", "a2c080",
              "a1e4", "a3e08080", "a4f0808080", "a4f4908080", "a4f8808080", "9201", "0101", "80",
              "ca00000000", "c70001", "dc0001c0", "91" * 13 + "c0"),
    "columns": ("", "8000", "020000", "010f", "010a00", "02080381008101", "020420ff", "0100ff"),
    "frames": ("", "000200", "020100", "01050707", "00ffffff7f"),
    "messages": ("", "90", "9101", "930401c0", "9104"),
}  # fmt: skip


def dated_annotations():
    """Return annotations that carry a business day instead of the op's own."""
    applied = Annotation(1 << 56, APPLIED)
    diverted = Annotation(1 << 56, DIVERTED, [[0, -500], [3, 25]])
    found = []
    for annotation in (applied, diverted):
        annotation.book_on(20261122)
        same = annotation_from_row(unpack(pack(annotation.row())))
        if same.business_day() != 20261122 or len(diverted.diversions()) != 2:
            raise ValueError("a business day in a detail does not come back")
        found.append(["annotation", annotation.row(), pack(annotation.row())])
    return found


def hashes():
    """Return [what, input, hex] of the hash chains: an op, a block, and what is signed."""
    header = Header(1, 50, 3, 1, 1, 1_780_000_000_000 << 16, 1, 2, 1, 0, 5000, 77, 1, 0)
    first = genesis_hash("chain", 3, 1)
    body = ledger_rows(Random(7), 1)[0][1]
    op = make_op(header, body, first)
    header.seq = 2
    erased = make_op(header, [b"salt", "name"], op.hash)
    erased.body = None
    entries = [
        entry_of(op, Annotation(1 << 56, APPLIED)),
        entry_of(erased, Annotation((1 << 56) + 1, VOID, "other_cafe")),
        entry_of(erased, Annotation((1 << 56) + 2, OVERWROTE, [[1], [2]])),
    ]
    block = Block(1, 0, 7, 100, log_genesis_hash("chain", 1), entries)
    found = dated_annotations()
    found += [
        ["genesis_hash", ["chain", 3, 1], first],
        ["log_genesis_hash", ["chain", 1], log_genesis_hash("chain", 1)],
        ["op_hash", [op.header.row(), body, first], op.hash],
        ["reference", op.ref().row(), op.hash[:8]],
        ["block_hash", [entry.wire_row(True) for entry in entries], block.hash],
        ["block_signing_bytes", ["chain", block.hash], block_signing_bytes("chain", block.hash)],
        [
            "push_signing_bytes",
            ["chain", 3, 1, 2, erased.hash],
            push_signing_bytes("chain", 3, 1, 2, erased.hash),
        ],
    ]
    return found


def session(seed):
    """Return what a run of two nodes over a bad line ends with: [ops, blocks, head hash]."""
    hub, _hosts = run_faults(seed, rounds=25)
    return [hub.position, len(hub.blocks), hub.blocks[-1].hash]


def make(name):
    """Return the content of `name`.json."""
    if name == "codec":
        cases = [[to_json(value), to_hex(pack(value))] for value in values()]
    elif name == "columns":
        cases = [[to_json(rows), to_hex(pack_rows(rows))] for rows in row_sets()]
    elif name == "frames":
        sets = [ledger_rows(Random(8), 30), [[1, "a" * 200]]]
        cases = [[to_json(rows), to_hex(pack_frame(rows, [RAW, DEFLATE]))] for rows in sets]
    elif name == "messages":
        cases = []
        for message in every_message():
            fields = [[field[0], to_json(_plain(message, field[0]))] for field in message.FIELDS]
            cases.append([message.__class__.__name__, fields, to_hex(message.pack())])
    elif name == "hashes":
        cases = [[what, to_json(given), to_hex(result)] for what, given, result in hashes()]
    else:
        cases = [[seed, to_json(session(seed))] for seed in range(3)]
    return {"cases": cases, "refused": list(REFUSED.get(name, ()))}


def _plain(message, name):
    value = getattr(message, name)
    return value.row() if isinstance(value, OpRef) else value


def check(name, content):
    """Compare a file's content with what this interpreter computes; return how much was compared.

    Raises `AssertionError` that names the first difference.
    """
    if name == "frames":
        for rows, frame in content["cases"]:
            assert to_json(unpack_frame(unhexlify(frame))) == rows, frame
        if DEFLATE in CODECS_WRITTEN:
            rows = from_json(content["cases"][0][0])
            assert unpack_frame(pack_frame(rows, CODECS_WRITTEN)) == rows
    else:
        made = make(name)["cases"]
        assert len(made) == len(content["cases"]), name
        for index in range(len(made)):
            assert json.loads(json.dumps(made[index])) == content["cases"][index], (name, index)
    decoders = {
        "codec": unpack,
        "columns": unpack_rows,
        "frames": unpack_frame,
        "messages": unpack_message,
    }
    decode = decoders.get(name)
    for case in content["cases"]:
        if decode is not None and name != "messages":
            assert to_json(decode(unhexlify(case[1]))) == case[0], (name, case[1])
        elif decode is not None:
            assert to_hex(decode(unhexlify(case[2])).pack()) == case[2], (name, case[2])
    for data in content["refused"]:
        try:
            decode(unhexlify(data))
        except ProtocolError:
            continue
        raise AssertionError(f"{name} took {data}")
    return len(content["cases"]) + len(content["refused"])
