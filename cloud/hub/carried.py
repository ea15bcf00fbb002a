"""What comes in sealed files: from a box without a line, or of a dead box's second copy.

Each record is opened with the hub's key, holds a PUSH that its author signed, and is judged like
any batch: what continues the log of a current or superseded epoch is taken at once, what the log
has is known, all else is kept until two people admit it. A repeat takes nothing twice.
"""

import logging
from collections.abc import Callable

from cloud.domain.judge import CURRENT
from cloud.domain.refusals import Refusal
from cloud.hub.builder import BlockBuilder, Committed
from cloud.hub.left_overs import Received, take_part
from cloud.hub.node_sessions import NodeSessions
from cloud.store.log import Author
from sync_protocol.errors import ChainError, DecodeError, SignatureError
from sync_protocol.http_api import LeftOverRequest
from sync_protocol.ops import HUB
from sync_protocol.sealed_copy import (
    GAP,
    KEPT,
    TAKEN,
    CarryAnswer,
    SealedRecord,
    read_records,
)

Unseal = Callable[[bytes, bytes], bytes | None]
"""unseal(sealed, info): the message, None where it was changed or is not for this hub."""

TORN = "torn_end"
"""Fault: the file's end is not whole; what was to stand there stands in the next file."""

logger = logging.getLogger(__name__)


def take(
    builder: BlockBuilder,
    nodes: NodeSessions,
    file: bytes,
    unseal: Unseal,
    now_ms: int,
    publish: Callable[[Committed], None],
) -> CarryAnswer:
    """Take or keep one file's ops; on the writer's thread. Raises `ProtocolError` for no such file,
    or one of which nothing can be opened."""
    records, whole = read_records(file)
    if not records:
        raise DecodeError("copy_empty")
    author = _author_of(builder, records)
    answer = CarryAnswer(TAKEN, author.seq, 0, "" if whole == len(file) else TORN)
    for record in records:
        try:
            received = _take_record(builder, author, record, unseal, now_ms)
        except (ChainError, DecodeError, SignatureError) as error:
            if record is records[0]:
                raise
            logger.warning("sealed file: %s", error)
            answer.fault = error.code
            break
        known = received.answer
        if isinstance(known, Refusal):
            raise DecodeError(known.code)
        answer.status, answer.seq = known.status, known.seq
        if known.status == TAKEN and known.seq < record.head.first_seq:
            answer.status = GAP
            break
        if received.committed is not None:
            publish(received.committed)
            answer.new_ops += sum(entry.node != HUB for entry in received.committed.block.entries)
    if answer.new_ops:
        nodes.forget(author.node)
    if answer.status == KEPT and builder.authors[author.node, author.epoch].standing == CURRENT:
        nodes.found_fork(author.node, author.epoch)
    return answer


def _author_of(builder: BlockBuilder, records: list[SealedRecord]) -> Author:
    head = records[0].head
    author = builder.authors.get((head.node, head.epoch))
    if head.chain != builder.head.chain:
        raise DecodeError("copy_of_other_chain", head.chain)
    if author is None or author.node == HUB:
        raise DecodeError("epoch_unknown", f"{head.node}.{head.epoch}")
    return author


def _take_record(
    builder: BlockBuilder,
    author: Author,
    record: SealedRecord,
    unseal: Unseal,
    now_ms: int,
) -> Received:
    head = record.head
    if (head.node, head.epoch) != (author.node, author.epoch):
        raise DecodeError("copy_of_other_epoch", f"{head.node}.{head.epoch}")
    push = unseal(record.sealed, record.info())
    if push is None:
        raise SignatureError("unsealed", f"seq {head.first_seq}")
    author = builder.authors[author.node, author.epoch]
    part = LeftOverRequest(author.epoch, head.last_seq, head.last_hash, push)
    return take_part(builder, author, author.public_key, part, now_ms)
