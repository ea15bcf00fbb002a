"""The counter's flows under faults: top-up, spend, tap, transfer, on the real desk and store.

`play` is a process of its own. All that it tells anybody (an answer, the door, a receipt) goes up
the pipe at that moment; `verify` opens what is left of its store and says what does not hold.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from edge.desk.answers import Answer
from edge.desk.view_types import TapOutcome
from edge.domain.refusals import Refusal
from edge.receipt import Receipt
from edge.store.refold import refold
from edge.store.tables import PRINT_SENT, PRINT_WAITING
from sync_protocol.accounts import FEN, ITEM, POINTS, POINTS_HELD, STOCK, TILL, TRANSIT, WALLET
from sync_protocol.kinds import TRANSACTION, TRANSFER
from sync_protocol.ledger import REASON_DISPATCH, Transaction
from tests.edge.desk.counter import (
    BOX,
    CAFE,
    EAST_BOX,
    EAST_CAFE,
    EPOCH,
    Counter,
    RecordedPrinter,
    RecordedRelay,
    furnish,
    open_counter,
)
from tests.faults.told import END, Told, step

FLOWS = ("top_up", "spend", "tap", "transfer")
STEPS = ("open", "log_in", "act", "close")
HAD_FEN = 5000
TOPPED_UP_FEN = 3000
SPENT_FEN = 1200
AFTERWARDS_FEN = 700
HAD_COLAS = 24
SENT_COLAS = 10
RECEIVED_COLAS = 6
ARRIVING = 777
TAP_POINTS = 5
TAP_AGAIN_SECONDS = 60.0
LOOK_SECONDS = 0.001
AFTERWARDS = "after-the-fault"
"""The id of one more top-up, which a box whose disk has failed must refuse."""
DOOR, PAPER, COPY = "door", "paper", "copy"
TAP = "tap"
NOT_DONE = frozenset({"disk_refused", "disk_full", "box_busy"})
"""Refusals that promise that nothing was done; `outcome_unknown` leaves it open."""
HUB_FIELDS = ("number", "position", "seq", "confirmed_seq", "head", "block_hash")


@dataclass(frozen=True)
class Request:
    """A command with its id."""

    id: str
    command: str
    inputs: Mapping[str, object]


@dataclass(frozen=True)
class Prepared:
    """A box as a flow finds it: its member, its print jobs, and where its hub by hand stands."""

    member: int
    print_jobs: int
    hub: Mapping[str, object]


def requests_of(flow: str, member: int) -> list[Request]:
    """Return the requests of a flow; the tap has none, it comes from the reader."""
    top_up = {"member": member, "amount_fen": TOPPED_UP_FEN, "tender": "cash"}
    dispatch = {"to_cafe": EAST_CAFE, "lines": [["COLA", SENT_COLAS]]}
    receive = {"transfer": ARRIVING, "lines": [["COLA", RECEIVED_COLAS]]}
    rows: Mapping[str, list[tuple[str, Mapping[str, object]]]] = {
        "top_up": [("top_up", top_up)],
        "spend": [("spend", {"member": member, "amount_fen": SPENT_FEN})],
        "tap": [],
        "transfer": [("dispatch_transfer", dispatch), ("receive_transfer", receive)],
    }
    return [Request(f"{flow}-{command}", command, inputs) for command, inputs in rows[flow]]


def afterwards(member: int) -> Request:
    """Return one more top-up."""
    inputs = {"member": member, "amount_fen": AFTERWARDS_FEN, "tender": "cash"}
    return Request(AFTERWARDS, "top_up", inputs)


async def ask(counter: Counter, request: Request) -> Answer | Refusal:
    """Ask for a command under the request's own id."""
    return await counter.desk.perform(request.command, counter.session, request.id, request.inputs)


async def prepare(folder: Path) -> Prepared:
    """Make a box with a member who has money, goods in stock and a transfer that is arriving."""
    async with open_counter(folder) as counter:
        await furnish(counter)
        await counter.log_in()
        member = await counter.member()
        await counter.do("top_up", member=member, amount_fen=HAD_FEN, tender="cash")
        await counter.do("goods_receipt", lines=[["COLA", HAD_COLAS]])
        await _send_goods(counter)
        await counter.hub.confirm_all()
        await _all_printed(counter)
        hub = {name: getattr(counter.hub, name) for name in HUB_FIELDS}
        return Prepared(member, len(counter.printer.printed), hub)


async def _send_goods(counter: Counter) -> None:
    """The other cafe has sent colas, and the hub's log has brought it here."""
    unit = f"{ITEM}COLA"
    postings: list[tuple[int, int | str, int, int, int, str, int]] = [
        (STOCK, EAST_CAFE, 0, 0, 0, unit, -SENT_COLAS),
        (TRANSIT, ARRIVING, BOX, EPOCH, 0, unit, SENT_COLAS),
    ]
    body = Transaction(EAST_CAFE, REASON_DISPATCH, 0, 0, 0, ARRIVING, None, postings).body()
    await counter.hub.write((TRANSACTION, body))
    document = {
        "from_cafe": EAST_CAFE,
        "to_cafe": CAFE,
        "lines": [[unit, SENT_COLAS]],
        "dispatched_ms": counter.clock.now_ms,
        "status": "dispatched",
    }
    await counter.hub.document(TRANSFER, ARRIVING, document)


async def _all_printed(counter: Counter) -> None:
    """Wait until the printer queue has nothing left, or has ended with the disk."""

    def waiting() -> bool:
        with counter.store.read() as reader:
            return bool(reader.print_jobs(PRINT_WAITING) or reader.print_jobs(PRINT_SENT))

    while not counter.printing.done() and waiting():
        await asyncio.wait({counter.printing}, timeout=LOOK_SECONDS)


# --- the process under faults ---------------------------------------------------------------------


class TellingRelay(RecordedRelay):
    """A relay that says on the pipe that the door opens."""

    def __init__(self, pipe: Connection) -> None:
        super().__init__()
        self._pipe = pipe

    def open_door(self) -> None:
        self._pipe.send(("effect", DOOR))
        super().open_door()


class TellingPrinter(RecordedPrinter):
    """A printer that says on the pipe what comes out."""

    def __init__(self, pipe: Connection) -> None:
        super().__init__()
        self._pipe = pipe

    async def print_receipt(self, receipt: Receipt, *, copy: bool = False) -> None:
        self._pipe.send(("effect", COPY if copy else PAPER))
        await super().print_receipt(receipt, copy=copy)


def play(flow: str, folder: Path, member: int, goes_on: bool, pipe: Connection) -> None:
    """Play a flow; the whole of a process. `goes_on`: ask for one more top-up after it."""
    requests = requests_of(flow, member)
    if goes_on:
        requests.append(afterwards(member))
    asyncio.run(_play(flow, folder, requests, pipe, prints=not goes_on))


async def _play(
    flow: str, folder: Path, requests: list[Request], pipe: Connection, *, prints: bool
) -> None:
    async with AsyncExitStack() as stack:
        step(pipe, "open")
        opened = open_counter(folder, None, TellingRelay(pipe), TellingPrinter(pipe))
        counter = await stack.enter_async_context(opened)
        step(pipe, "log_in")
        await counter.log_in()
        step(pipe, "act")
        if flow == "tap":
            view = await counter.tap()
            if view.refusal is not None:
                pipe.send(("refused", TAP, view.refusal.code))
            if prints:
                await _all_printed(counter)
        for request in requests:
            outcome = await ask(counter, request)
            if isinstance(outcome, Refusal):
                pipe.send(("refused", request.id, outcome.code))
            else:
                pipe.send(("answered", request.id, outcome))
            if prints:  # with a failing disk they may wait for ever
                await _all_printed(counter)
        step(pipe, "close")
    step(pipe, END)


# --- what is left of it ---------------------------------------------------------------------------


async def verify(flow: str, folder: Path, prepared: Prepared, told: Told) -> list[str]:
    """Open the store that is left, ask for everything again; return what does not hold."""
    wrong: list[str] = []
    async with open_counter(folder) as counter:
        for name, value in prepared.hub.items():
            setattr(counter.hub, name, value)
        await counter.log_in()
        if flow == "tap":
            wrong += [fault async for fault in _check_tap(counter, prepared.member, told)]
        for request in requests_of(flow, prepared.member):
            wrong += await _ask_again(counter, request, told)
        wrong += _check_afterwards(counter, told)
        wrong += _check_balances(flow, counter, prepared.member)
        await _all_printed(counter)
        wrong += _check_papers(counter, prepared, told)
        await counter.hub.confirm_all()
        with counter.store.read() as reader:
            wrong += [f"refold: {difference}" for difference in refold(reader).differences]
    return wrong


def _kept(counter: Counter, request_id: str) -> bool:
    with counter.store.read() as reader:
        return reader.answer(request_id) is not None


async def _ask_again(counter: Counter, request: Request, told: Told) -> list[str]:
    before, kept = counter.own_seq(), _kept(counter, request.id)
    first = told.answers.get(request.id)
    if first is not None and not kept:
        return [f"{request.id} was answered and is lost"]
    if kept and told.refusals.get(request.id) in NOT_DONE:
        return [f"{request.id} was refused and is done all the same"]
    again = await ask(counter, request)
    if isinstance(again, Refusal):
        return [f"{request.id} asked again is refused: {again.code}"]
    if again.repeated != kept or (kept and counter.own_seq() != before):
        return [f"{request.id} was done twice"]
    if first is not None and (again.values, again.chain_code) != (first.values, first.chain_code):
        return [f"{request.id} was answered {first}, and asked again {again}"]
    return []


async def _check_tap(counter: Counter, member: int, told: Told) -> AsyncIterator[str]:
    points = (POINTS_HELD, member, BOX, EPOCH, 0, POINTS)
    earned = -counter.shown(points)
    if DOOR in told.effects and not earned:
        yield "the door opened and the tap is lost"
    if DOOR in told.effects and TAP in told.refusals:
        yield f"the door opened and the tap was refused: {told.refusals[TAP]}"
    if earned and told.refusals.get(TAP) in NOT_DONE:
        yield "the tap was refused and is done all the same"
    counter.clock.forward(TAP_AGAIN_SECONDS)
    view = await counter.tap()
    if view.outcome is not TapOutcome.WELCOME:
        yield f"the card tapped again: {view.outcome}"
    if counter.shown(points) != -TAP_POINTS:
        yield f"the day's first tap earned {-counter.shown(points)} points"


def _check_afterwards(counter: Counter, told: Told) -> Iterator[str]:
    kept = _kept(counter, AFTERWARDS)
    if AFTERWARDS in told.answers and not kept:
        yield "what was answered after the fault is lost"
    if kept and told.refusals.get(AFTERWARDS) in NOT_DONE:
        yield "what was refused after the fault is done all the same"


def _check_balances(flow: str, counter: Counter, member: int) -> Iterator[str]:
    more_fen = AFTERWARDS_FEN if _kept(counter, AFTERWARDS) else 0
    topped_up_fen = (TOPPED_UP_FEN if flow == "top_up" else 0) + more_fen
    wallet_fen = HAD_FEN + topped_up_fen - (SPENT_FEN if flow == "spend" else 0)
    moved = flow == "transfer"
    colas = HAD_COLAS + (RECEIVED_COLAS - SENT_COLAS if moved else 0)
    unit = f"{ITEM}COLA"
    expected = {
        (WALLET, member, BOX, EPOCH, 0, FEN): -wallet_fen,
        (TILL, CAFE, 0, 0, 0, FEN): HAD_FEN + topped_up_fen,
        (STOCK, CAFE, 0, 0, 0, unit): colas,
        (TRANSIT, ARRIVING, BOX, EPOCH, 0, unit): 0 if moved else SENT_COLAS,
    }
    for account, amount in expected.items():
        if counter.shown(account) != amount:
            yield f"{account} stands at {counter.shown(account)}, not at {amount}"
    with counter.store.read() as reader:
        sent = [
            balance.shown
            for subject in _transfers_sent(counter)
            for account, balance in reader.balances_of(TRANSIT, subject, unit)
            if account[2] == EAST_BOX
        ]
    if sent != ([SENT_COLAS] if moved else []):
        yield f"on the road to the other cafe: {sent}"


def _transfers_sent(counter: Counter) -> list[int | str]:
    with counter.store.read() as reader:
        return [row.key for row in reader.registers(TRANSFER) if row.key != ARRIVING]


def _check_papers(counter: Counter, prepared: Prepared, told: Told) -> Iterator[str]:
    """Each slip comes out at least once, and at most once without COPY on it."""
    with counter.store.read() as reader:
        jobs = len(reader.latest_print_jobs(1000)) - prepared.print_jobs
    copies = sum(copy for _receipt, copy in counter.printer.printed) + told.effects.count(COPY)
    papers = len(counter.printer.printed) + told.effects.count(PAPER) + told.effects.count(COPY)
    if papers < jobs:
        yield f"{papers} papers came out for {jobs} slips"
    if papers - copies > jobs:
        yield f"{papers - copies} papers without COPY came out for {jobs} slips"
