"""Makes a replacement for a dead box: its second copy goes to the hub, the hub's state comes here.

Nothing of the dead box's epoch is written here: the hub opens, checks and judges what the copy
holds, as it would have over the line, and this box takes the state that comes of it. What is
known to be missing is listed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import CollectorRegistry

from edge.desk.numbers import SKIPPED, go_on_behind_documents
from edge.domain.refusals import Parameter, Sentence
from edge.second_copy.sealed_files import SealedFile, scan
from edge.store import audit
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from edge.sync.enrolment import Enrolment
from edge.sync.hub_http import HubHttp, HubRefusedError
from edge.sync.metrics import SyncMetrics
from edge.sync.node_session import new_session
from edge.sync.settings import SyncSettings
from edge.sync.snapshots import SnapshotLoader
from edge.sync.sync import SNAPSHOT_BEHIND_OPS
from sync_protocol.errors import ChainError
from sync_protocol.messages import RANGE_BLOCKS_MAX, Blocks, unpack_message
from sync_protocol.sealed_copy import GAP, KEPT, STATUSES, name_prefix
from sync_protocol.session_events import BlocksReceived, BlocksRefused

REBUILDING_NAME = "rebuilding.db"
"""The store in the making, beside the box's own. It is there before the identity is, and until it
takes the store's place."""


FILES, ENTRIES = "files", "entries"
"""What is counted while it lasts: files that the hub was given, entries of its log that came."""
Tell = Callable[[str, int, int], None]
"""Told what is counted, how much is done and of how much."""


def untold(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""


class CopyRefusedError(Exception):
    """A folder holds nothing of this box; the words say what to do."""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """One file, and what the hub made of it: `status` is a word of `sealed_copy.STATUSES`, or
    `refused` with the hub's code in `fault`."""

    file: SealedFile
    status: str
    new_ops: int
    fault: str


@dataclass(slots=True)
class Rebuilt:
    """What came of it. `unknown` lists what may be lost or is still to be done."""

    handed_in: list[HandedIn] = field(default_factory=list)
    new_ops: int = 0
    copied_until_ms: int = 0
    """When the last record of the copy was written, by the dead box's clock; 0 without one."""
    position: int = 0
    unknown: list[Sentence] = field(default_factory=list)


def is_to_be_rebuilt(store_path: Path, epoch: int) -> bool:
    """Return whether a box has no store, and must not begin with an empty one: it succeeds another,
    whose numbers it would give once more."""
    begun = store_path.with_name(REBUILDING_NAME).exists()
    return (epoch > 1 or begun) and not store_path.exists()


def files_of(folder: Path, chain: str, node: int, rebuilt: Rebuilt) -> list[SealedFile]:
    """Return a box's files in an order in which one continues the other.

    Those of its name of which nothing can be read are told in `rebuilt.unknown`. Raises
    `CopyRefusedError` where there is none, `OSError`.
    """
    files, unread = scan(folder)
    ours = [file for file in files if (file.first.chain, file.first.node) == (chain, node)]
    if not ours:
        nodes = sorted({f"{file.first.chain}/{file.first.node}" for file in files})
        others = f" It holds files of: {', '.join(nodes)}." if nodes else ""
        raise CopyRefusedError(
            f"{folder} holds no second copy of node {node} of chain {chain}.{others}"
            " Plug in the right stick; without any, leave --from out"
        )
    rebuilt.unknown += [
        Sentence("rebuilt_unread", {"file": path.name})
        for path in unread
        if path.name.startswith(name_prefix(node))
    ]
    return sorted(ours, key=lambda file: (file.first.epoch, file.first.first_seq))


async def hand_in(
    http: HubHttp, files: list[SealedFile], rebuilt: Rebuilt, tell: Tell = untold
) -> None:
    """Give the hub every file; it takes nothing twice."""
    for number, file in enumerate(files):
        tell(FILES, number, len(files))
        try:
            answer = await http.carry(file.path.read_bytes())
        except HubRefusedError as error:
            rebuilt.handed_in.append(HandedIn(file, "refused", 0, error.code))
            given = {"file": file.path.name, "why": str(error)}
            rebuilt.unknown.append(Sentence("rebuilt_refused", given))
            continue
        row = HandedIn(file, STATUSES[answer.status], answer.new_ops, answer.fault)
        rebuilt.handed_in.append(row)
        rebuilt.new_ops += answer.new_ops
        rebuilt.copied_until_ms = max(rebuilt.copied_until_ms, file.last.written_ms)
        ops: dict[str, Parameter] = {
            "first": file.first.first_seq,
            "last": file.last.last_seq,
            "epoch": file.first.epoch,
        }
        if answer.status == GAP:
            rebuilt.unknown.append(Sentence("rebuilt_gap", {**ops, "missing": answer.seq + 1}))
        if answer.status == KEPT:
            rebuilt.unknown.append(Sentence("rebuilt_kept", ops))
        if answer.fault:
            torn: dict[str, Parameter] = {
                "file": file.path.name,
                "why": answer.fault,
                "last": answer.seq,
            }
            rebuilt.unknown.append(Sentence("rebuilt_torn", torn))


async def take_state(
    store: Store,
    enrolment: Enrolment,
    http: HubHttp,
    settings: SyncSettings,
    random_below: Callable[[int], int],
    tell: Tell = untold,
) -> int:
    """Follow the hub's log to its end, from a snapshot on where it is long; return the position.

    Raises `HubUnreachableError`, `HubRefusedError`, `StoreError` or `ProtocolError`.
    """
    metrics = SyncMetrics(CollectorRegistry())
    path = settings.snapshot_path
    loader = SnapshotLoader(store, enrolment, http, path, metrics, random_below)
    answer = await loader.newest()
    if answer.manifest.position > SNAPSHOT_BEHIND_OPS:
        await loader.load(answer)
        path.unlink(missing_ok=True)
    follower = new_session(store, enrolment, settings, random_below).follower
    follower.head_known(answer.manifest.generation, answer.manifest.block_number, _now_ms())
    while True:
        cursor = follower.cursor
        tell(ENTRIES, cursor.position, max(cursor.position, answer.manifest.position))
        first = cursor.block_number + 1
        data = await http.blocks(cursor.generation, first, first + RANGE_BLOCKS_MAX - 1)
        if data is None:
            return cursor.position
        message = unpack_message(data)
        if not isinstance(message, Blocks):
            raise ChainError("message_type", "blocks")
        for event in follower.receive(message, _now_ms(), is_repair=True):
            if isinstance(event, BlocksRefused):
                raise ChainError(event.code, event.detail)
            if isinstance(event, BlocksReceived):
                await store.apply_blocks(event.blocks, event.signature)
                follower.blocks_applied(event.cursor, _now_ms())
        if follower.cursor is cursor:
            raise ChainError("no_block", str(first))


async def begin_counter(store: Store, rebuilt: Rebuilt) -> None:
    """Begin numbers and audit log behind what the state tells of the dead box's."""

    def begin(transaction: WriteTransaction) -> int:
        go_on_behind_documents(transaction)
        return audit.go_on_behind_marks(transaction)

    mark = await store.write(begin)
    rebuilt.unknown += [
        Sentence("rebuilt_audit", {"row": mark}),
        Sentence("rebuilt_receipts"),
        Sentence("rebuilt_tickets"),
        Sentence("rebuilt_numbers", {"skipped": SKIPPED}),
    ]


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
