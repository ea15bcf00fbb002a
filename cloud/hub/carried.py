"""What comes in sealed files: from a box without a line, or of a dead box's second copy.

Each record is opened with the hub's key, holds a PUSH that its author signed, and is judged like
any batch: what continues the log of a current or superseded epoch is taken at once, what the log
has is known, all else is kept until two people admit it. A repeat takes nothing twice.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from cloud.domain.judge import CURRENT, SUPERSEDED
from cloud.domain.refusals import Refusal
from cloud.hub.builder import Batch, BlockBuilder, Committed
from cloud.hub.left_overs import OPS_MAX, batch_of, ops_of_push, take_part
from cloud.hub.node_sessions import NodeSessions
from cloud.store.log import Author
from sync_protocol.errors import DecodeError, ProtocolError, SignatureError
from sync_protocol.frames import unpack_frame
from sync_protocol.http_api import LeftOverRequest
from sync_protocol.messages import Push, unpack_message
from sync_protocol.ops import HUB
from sync_protocol.sealed_copy import (
    GAP,
    KEPT,
    TAKEN,
    CarryAnswer,
    CopyHead,
    SealedRecord,
    read_records,
)

Unseal = Callable[[bytes, bytes], bytes | None]
"""unseal(sealed, info): the message, None where it was changed or is not for this hub."""

TORN = "torn_end"
"""Fault: the file's end is not whole; what was to stand there stands in the next file."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Run:
    """Records that continue the log one behind the other: they share blocks.

    `seq` and `hash` are of the last op of `batches`, or else of the log.
    """

    seq: int
    hash: bytes
    batches: list[Batch] = field(default_factory=list)
    ops: int = 0


class Carrier:
    """Takes files on the writer's thread; `publish` is called with each block that comes of it."""

    def __init__(
        self,
        builder: BlockBuilder,
        nodes: NodeSessions,
        unseal: Unseal,
        now_ms: int,
        publish: Callable[[Committed], None],
    ) -> None:
        self._builder = builder
        self._nodes = nodes
        self._unseal = unseal
        self._now_ms = now_ms
        self._publish = publish

    def take(self, file: bytes) -> CarryAnswer:
        """Take or keep one file's ops. Raises `ProtocolError` for what is no such file, or one of
        which nothing can be opened."""
        records, whole = read_records(file)
        if not records:
            raise DecodeError("copy_empty")
        author = self._author_of(records[0].head)
        answer = CarryAnswer(TAKEN, author.seq, 0, "" if whole == len(file) else TORN)
        run = _Run(author.seq, author.hash)
        for record in records:
            try:
                push, message = self._open(author, record)
                if not self._gather(author, run, push):
                    self._commit(run, answer)
                    run = self._take_apart(author, record, message, answer)
            except ProtocolError as error:
                if record is records[0]:
                    raise
                logger.warning("sealed file: %s", error)
                answer.fault = error.code
                break
            if run.ops >= OPS_MAX:
                self._commit(run, answer)
            if answer.status == GAP:
                break
        self._commit(run, answer)
        self._tell_session(author, answer)
        return answer

    def _author_of(self, head: CopyHead) -> Author:
        author = self._builder.authors.get((head.node, head.epoch))
        if head.chain != self._builder.head.chain:
            raise DecodeError("copy_of_other_chain", head.chain)
        if author is None or author.node == HUB:
            raise DecodeError("epoch_unknown", f"{head.node}.{head.epoch}")
        return author

    def _open(self, author: Author, record: SealedRecord) -> tuple[Push, bytes]:
        head = record.head
        if (head.node, head.epoch) != (author.node, author.epoch):
            raise DecodeError("copy_of_other_epoch", f"{head.node}.{head.epoch}")
        message = self._unseal(record.sealed, record.info())
        if message is None:
            raise SignatureError("unsealed", f"seq {head.first_seq}")
        push = unpack_message(message)
        if not isinstance(push, Push) or (push.node, push.epoch) != (author.node, author.epoch):
            raise DecodeError("message_type", "push")
        return push, message

    def _gather(self, author: Author, run: _Run, push: Push) -> bool:
        """Gather a PUSH that continues the log; False for one that does not."""
        may_go_on = author.standing in (CURRENT, SUPERSEDED) and push.first_seq == run.seq + 1
        if not may_go_on:
            return False
        rows = unpack_frame(push.frame, OPS_MAX)
        chain, key = self._builder.head.chain, author.public_key
        try:
            ops = ops_of_push(chain, key, push, rows, run.hash)
        except SignatureError:
            return False  # it follows another op of that number
        if ops:
            run.batches.append(batch_of(author, ops, push.signature))
            run.seq, run.hash = ops[-1].header.seq, ops[-1].hash
            run.ops += len(ops)
        return True

    def _commit(self, run: _Run, answer: CarryAnswer) -> None:
        if not run.batches:
            return
        committed = self._builder.build(run.batches, [])
        if committed is not None:
            self._publish(committed)
        answer.status, answer.seq = TAKEN, run.seq
        answer.new_ops += run.ops
        run.batches, run.ops = [], 0

    def _take_apart(
        self, author: Author, record: SealedRecord, message: bytes, answer: CarryAnswer
    ) -> _Run:
        """Take what the log has already, or keep what is not of it; return where the log ends."""
        head = record.head
        author = self._builder.authors[author.node, author.epoch]
        part = LeftOverRequest(author.epoch, head.last_seq, head.last_hash, message)
        received = take_part(self._builder, author, author.public_key, part, self._now_ms)
        known = received.answer
        if isinstance(known, Refusal):
            raise DecodeError(known.code)
        answer.status, answer.seq = known.status, known.seq
        if known.status == TAKEN and known.seq < head.first_seq:
            answer.status = GAP
        if received.committed is not None:
            self._publish(received.committed)
            answer.new_ops += sum(entry.node != HUB for entry in received.committed.block.entries)
        author = self._builder.authors[author.node, author.epoch]
        return _Run(author.seq, author.hash)

    def _tell_session(self, author: Author, answer: CarryAnswer) -> None:
        place = (author.node, author.epoch)
        if answer.new_ops:
            self._nodes.forget(author.node)
        if answer.status == KEPT and self._builder.authors[place].standing == CURRENT:
            self._nodes.found_fork(*place)
