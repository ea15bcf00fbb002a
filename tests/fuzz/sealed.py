"""Sealed files: whole checks around records of any shape, and files that are cut and flipped."""

from hashlib import sha256

from sync_protocol.codec import pack
from sync_protocol.errors import LimitError, ProtocolError
from sync_protocol.sealed_copy import (
    MAGIC,
    TAKEN,
    CarryAnswer,
    CopyHead,
    carry_answer_from_bytes,
    first_check,
    read_records,
    record_bytes,
)
from tests.fuzz.draw import Draw, mutate_value
from tests.fuzz.targets import TAKEN as NOT_REFUSED
from tests.fuzz.targets import Target


class SealedFiles(Target):
    """What a stick holds, and what the hub answers to it."""

    name = "sealed"

    def __init__(self) -> None:
        super().__init__()
        data, check = MAGIC, first_check()
        self.contents: list[object] = []
        for number in range(3):
            head = CopyHead("chain", 3, 1, 10 * number + 1, 10 * number + 10, bytes(32), number)
            self.contents.append([head.row(), bytes(40)])
            record, check = record_bytes(check, head, bytes(40), lambda message, _info: message)
            data += record
        self.corpus = [data, CarryAnswer(TAKEN, 30, 30, "").pack()]

    def make(self, draw: Draw) -> bytes:
        if draw.below(2):
            return super().make(draw)
        data, check = MAGIC, first_check()
        for content in self.contents:
            try:
                packed = pack(mutate_value(draw, content) if draw.below(2) else content)
            except LimitError:
                continue
            check = sha256(check + packed).digest()
            data += len(packed).to_bytes(4, "big") + packed + check
        return data

    def take(self, frame: bytes) -> str:
        try:
            read_records(frame)
        except ProtocolError as error:
            code = error.code
        else:
            return NOT_REFUSED
        try:
            carry_answer_from_bytes(frame)
        except ProtocolError:
            return code
        return NOT_REFUSED
