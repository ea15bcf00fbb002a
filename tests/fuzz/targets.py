"""What reads a peer's bytes by itself: codec, columns, frames, messages, HTTP bodies, snapshots.

A target makes frames and takes them. `take` returns a word for the count ("taken" or the code of
the refusal); whatever it raises but `ProtocolError` is a finding, and so is a broken promise.
"""

from sync_protocol.codec import pack, unpack, unpack_pure
from sync_protocol.column_reader import unpack_rows
from sync_protocol.column_writer import pack_rows
from sync_protocol.deflate import deflate
from sync_protocol.errors import LimitError, ProtocolError
from sync_protocol.frames import CODECS_WRITTEN, DEFLATE, RAW, pack_frame, unpack_frame
from sync_protocol.http_api import (
    EnrolAnswer,
    EnrolRequest,
    SnapshotAnswer,
    enrol_answer_from_bytes,
    enrol_request_from_bytes,
    snapshot_answer_from_bytes,
)
from sync_protocol.manifest import Manifest
from sync_protocol.messages import Unknown, unpack_message
from sync_protocol.snapshot import (
    BALANCE,
    CLAIM,
    ERASED,
    REGISTER,
    balance_of,
    claim_of,
    erased_of,
    register_of,
    unpack_chunk,
)
from sync_protocol.state_hash import balance_hash, claim_hash, register_hash
from sync_protocol.varint import write_varint
from tests.fuzz.crafting import KIND_CODES, body_of, header_row, reference
from tests.fuzz.draw import HEADS, Draw, mutate_bytes, mutate_value, odd_value
from tests.sync_protocol.every_message import every_message
from tests.sync_protocol.ledger_rows import ledger_rows

TAKEN = "taken"
PURE_BYTES_MAX = 4096
"""The pure coder reads what is shorter too, and must agree."""
CORPUS_SEED = 20270501
BOMB_MAX = 4_000_000
HEADS_MAX = 3000


class BrokenPromiseError(Exception):
    """A promise did not hold: a finding."""


def promise(holds: bool, what: str) -> None:
    if not holds:
        raise BrokenPromiseError(what)


class Target:
    """Frames of one kind. `frames` is how many are taken on one `Run` before a fresh one."""

    name = ""
    frames = 1

    def __init__(self) -> None:
        self.corpus: list[bytes] = []

    def start(self) -> "Target":
        """Return what takes frames; the same each time, so that a finding can be replayed."""
        return self

    def make(self, draw: Draw) -> bytes:
        return mutate_bytes(draw, draw.pick(self.corpus), self.corpus)

    def take(self, frame: bytes) -> str:
        raise NotImplementedError

    def is_over(self) -> bool:
        """Return whether this run has come to where frames do no more."""
        return False

    def finish(self) -> None:
        """Check what must hold after all frames of a run."""


def sample_rows(draw: Draw) -> list[list[object]]:
    """Return batches of rows, of one kind and of several."""
    batches = [ledger_rows(draw, 12), ledger_rows(draw, 1), []]
    for kind in KIND_CODES:
        count = 1 + draw.below(4)
        batches.append(
            [[header_row(draw, kind, 3, 1, n + 1), body_of(draw, kind, 3)] for n in range(count)]
        )
    batches.append([batch[0] for batch in batches if batch])
    batches.append([odd_value(draw) for _ in range(20)])
    batches.append([[n, -n, str(n % 3), [n % 2] * (n % 5)] for n in range(40)])
    return batches


class Codec(Target):
    name = "codec"

    def __init__(self) -> None:
        super().__init__()
        draw = Draw(CORPUS_SEED)
        self.values = [row for batch in sample_rows(draw) for row in batch]
        self.values += [odd_value(draw) for _ in range(60)]
        self.corpus = [_packed(value) for value in self.values]

    def make(self, draw: Draw) -> bytes:
        if draw.chance(20):
            return _packed(mutate_value(draw, draw.pick(self.values)))
        if draw.chance(0.2):
            return draw.pick(HEADS) * draw.size(HEADS_MAX)
        return super().make(draw)

    def take(self, frame: bytes) -> str:
        try:
            value = unpack(frame)
        except ProtocolError as error:
            if len(frame) <= PURE_BYTES_MAX:
                promise(_refused_purely(frame), "the pure coder takes what the fast one refuses")
            return error.code
        promise(pack(value) == frame, "a value has two encodings")
        if len(frame) <= PURE_BYTES_MAX:
            promise(_packed(unpack_pure(frame)) == frame, "the coders read two values")
        return TAKEN


def _packed(value: object) -> bytes:
    try:
        return pack(value)
    except LimitError:
        return b"\x91" * 20 + b"\xc0"


def _refused_purely(frame: bytes) -> bool:
    try:
        unpack_pure(frame)
    except ProtocolError:
        return True
    return False


class Columns(Target):
    name = "columns"

    def __init__(self) -> None:
        super().__init__()
        for batch in sample_rows(Draw(CORPUS_SEED)):
            try:
                self.corpus.append(pack_rows(batch))
            except LimitError:
                continue

    def take(self, frame: bytes) -> str:
        try:
            rows = unpack_rows(frame, 500)
        except ProtocolError as error:
            return error.code
        if len(frame) < 500 and len(rows) < 20:
            _check_values(rows)
            if len(frame) % 8 == 0:
                _check_again(rows)
        return TAKEN


def _check_values(rows: list[object]) -> None:
    """What was read is of the codec's subset."""
    for row in rows:
        try:
            pack(row)
        except LimitError as error:
            # A row may be one array deeper than a value; what is in it must not.
            promise(error.code == "value_depth" and isinstance(row, list), "a row has no encoding")
            for value in row:
                pack(value)


def _check_again(rows: list[object]) -> None:
    try:
        again = unpack_rows(pack_rows(rows))
    except LimitError:
        return  # written in other columns it is longer
    promise(repr(again) == repr(rows), "rows written again read otherwise")


class Frames(Columns):
    name = "frames"

    def make(self, draw: Draw) -> bytes:
        columns = draw.pick(self.corpus)
        if draw.chance(60):
            columns = mutate_bytes(draw, columns, self.corpus)
        frame = frame_of(draw, columns)
        return mutate_bytes(draw, frame, (frame,)) if draw.chance(40) else frame

    def take(self, frame: bytes) -> str:
        try:
            rows = unpack_frame(frame, 500)
        except ProtocolError as error:
            return error.code
        promise(len(rows) <= 500, "more rows than were allowed")
        return TAKEN


def frame_of(draw: Draw, columns: bytes) -> bytes:
    """Return a frame around columns whose stated size is mostly right."""
    deflated = draw.chance(50)
    out = bytearray([DEFLATE if deflated else RAW])
    size = (
        len(columns) if draw.chance(95) else draw.pick((0, 1, len(columns) + 1, 1 << 23, 1 << 40))
    )
    write_varint(out, size)
    return bytes(out) + (deflate(columns) if deflated else columns)


class Bombs(Target):
    """Few bytes that claim or unfold to much: what memory and time are bounded by."""

    name = "bombs"

    def make(self, draw: Draw) -> bytes:
        count = draw.size(500)
        amount = draw.size(BOMB_MAX)
        body = draw.pick(
            (
                _number(count) + b"\x0c" + _number(amount) + b"\x00" * amount,
                _number(count) + b"\x0c" + _number(amount) + b"\x0c\x00" * amount,
                _number(count) + b"\x0c" + _number(amount) + b"\x05\x00\x81" * amount,
                _number(1) + b"\x0d\x03" + _number(amount * 2) + b"\x0c\x00",
                _number(count) + b"\x0d\x03" + _number(amount * 2) + b"\x0e\x02\x80\x00",
                _number(count) + b"\x0c\xff\x01\x07\x03" + _number(amount * 2) + bytes(amount),
                _number(count) + (b"\x0e\x01\x80" + b"\x0c\x02\x00") * draw.size(60) + b"\x00",
                _number(count)
                + b"\x0c"
                + _number(amount)
                + b"\x08\x01\x07\x03\xd0\x0f"
                + bytes(amount),
            )
        )
        frame = bytearray([DEFLATE])
        write_varint(frame, len(body))
        return bytes(frame) + deflate(body)

    def take(self, frame: bytes) -> str:
        try:
            unpack_frame(frame)
        except ProtocolError as error:
            return error.code
        return TAKEN


def _number(value: int) -> bytes:
    out = bytearray()
    write_varint(out, value)
    return bytes(out)


class Messages(Target):
    """Every message: bytes changed, fields swapped, and the frames that two of them carry."""

    name = "messages"

    def __init__(self) -> None:
        super().__init__()
        draw = Draw(CORPUS_SEED)
        self.frames_made = [_framed(rows) for rows in sample_rows(draw)]
        self.corpus = [message.pack() for message in every_message()]
        self.values = [unpack(data) for data in self.corpus]

    def make(self, draw: Draw) -> bytes:
        if draw.chance(50):
            return super().make(draw)
        value = list(draw.pick(self.values))
        if draw.chance(20):
            value[2 + draw.below(len(value) - 2)] = draw.pick(self.frames_made)
        return _packed(mutate_value(draw, value))

    def take(self, frame: bytes) -> str:
        try:
            message = unpack_message(frame)
        except ProtocolError as error:
            return error.code
        if isinstance(message, Unknown):
            return "unknown"
        promise(message.pack() == frame, "a message is packed otherwise")
        return TAKEN


def _framed(rows: list[object]) -> bytes:
    try:
        return pack_frame(rows, CODECS_WRITTEN)
    except LimitError:
        return b"\x00\x01\x00"


class HttpBodies(Target):
    """What enrolment, snapshots and their chunks carry."""

    name = "http"

    def __init__(self) -> None:
        super().__init__()
        draw = Draw(CORPUS_SEED)
        manifest = Manifest(
            "chain", 1, 0, 9, bytes(32), 90, [(3, 1, 5, bytes(32))], [(4, 0, bytes(32))], bytes(32)
        )
        self.corpus = [
            EnrolRequest("CODE", bytes(32), b"hardware", "cafebox 1").pack(),
            EnrolAnswer(
                "chain", 3, 3, 1, 1, bytes(32), bytes(32), "mqtt://broker", bytes(32)
            ).pack(),
            SnapshotAnswer(manifest, bytes(64), 1000).pack(),
        ]
        self.values = [unpack(data) for data in self.corpus]
        ref = reference(draw)
        self.items = [
            [[REGISTER, 4, 812], [3, [None, ["name", 5, ref], ["1", 6, ref]]]],
            [[REGISTER, 4, "key"], [3, None]],
            [[CLAIM, 30, b"k" * 16], [812, 3, ref]],
            [[BALANCE, 50, 0, 10, 812, 3, 1, 0, "fen"], [-500]],
            [[ERASED, 812], []],
        ]

    def make(self, draw: Draw) -> bytes:
        roll = draw.below(10)
        if roll < 3:
            return super().make(draw)
        if roll < 6:
            return _packed(mutate_value(draw, draw.pick(self.values)))
        return _framed([mutate_value(draw, item) for item in self.items])

    def take(self, frame: bytes) -> str:
        code = TAKEN
        for read in (
            enrol_request_from_bytes,
            enrol_answer_from_bytes,
            snapshot_answer_from_bytes,
            _read_chunk,
        ):
            try:
                read(frame)
            except ProtocolError as error:
                code = error.code
            else:
                return TAKEN
        return code


def _read_chunk(frame: bytes) -> None:
    for name, row in unpack_chunk(frame):
        if name[0] == REGISTER:
            register_hash(*register_of(name, row))
        elif name[0] == CLAIM:
            claim_hash(*claim_of(name, row))
        elif name[0] == BALANCE:
            balance_hash(*balance_of(name, row)[1:])
        else:
            erased_of(name)
