"""Boxes that died, were copied or came back: what was found, and what two people decide over it."""

from dataclasses import dataclass

from aiohttp import web
from peewee import Case as SqlCase
from peewee import fn

from cloud.domain.branches import CUSTOMERS_MONEY, loss_fen, money_fen
from cloud.domain.disputes import ADMIT, WRITE_OFF, Case
from cloud.domain.epochs import FENCED_EPOCH
from cloud.domain.judge import ADMITTED, CLOSED, CURRENT, SUPERSEDED, Account
from cloud.domain.refusals import Refusal, refusal
from cloud.domain.rights import place_fault
from cloud.hub.approvals import Given, given, target_of_epoch
from cloud.hub.cases import read_cases
from cloud.store.database import Database
from cloud.store.log import Author, find_op, op_hash_at
from cloud.store.models import Balance
from cloud.store.returned_models import LeftOver, LeftOverOp
from cloud.web import documents, ledgers, today
from cloud.web.formats import chain_code
from cloud.web.head_office import PERSON, Pages, form_text
from cloud.web.reading import cafe_names, number_of
from cloud.web.translations import chosen_language
from sync_protocol.accounts import FEN
from sync_protocol.clock import stamp_ms
from sync_protocol.codec import unpack
from sync_protocol.errors import ProtocolError
from sync_protocol.expect import ID_MAX
from sync_protocol.kinds import KINDS, LEDGER
from sync_protocol.ledger import REASONS, Transaction, transaction_from_body
from sync_protocol.ops import EPOCH_MAX, HUB, NODE_MAX, header_from_row

LINES_SHOWN = 50
BRANCH_OPS_READ = 5_000
"""A longer branch is added up to here; its page says so."""
NAME_LENGTH_MAX = 60


@dataclass(frozen=True, slots=True)
class Approved:
    """The first person's word on an act."""

    staff: int
    name: str
    note: str
    given_ms: int


@dataclass(frozen=True, slots=True)
class BranchLine:
    """One op of a branch; `words` is a code of the terms `family`."""

    seq: int
    stamp_ms: int
    family: str
    words: str
    actor_name: str
    money_fen: int


@dataclass(frozen=True, slots=True)
class Branch:
    """What a box handed in of an epoch that does not continue the log."""

    id: int
    parent_seq: int
    parent_code: str
    ops: int
    received: int
    received_ms: int
    money_fen: int
    loss_fen: int
    lines: tuple[BranchLine, ...]
    is_added_up_in_part: bool
    branch_epoch: int
    approved: Approved | None

    @property
    def is_whole(self) -> bool:
        return self.received == self.ops


@dataclass(frozen=True, slots=True)
class Box:
    """One epoch of a box. `found`: rewind, fork, or else the epoch's standing. `holds_rights`:
    whether anything stands at it that only it may settle, money or not."""

    node: int
    epoch: int
    name: str
    cafe: int
    standing: str
    found: str
    opened_ms: int
    last_seq: int
    last_code: str
    last_position: int
    held_fen: int
    holds_rights: bool
    branches: tuple[Branch, ...]
    approved: Approved | None
    newest_epoch: int
    is_cafe_open: bool

    @property
    def is_decided(self) -> bool:
        return self.standing == CLOSED and all(one.branch_epoch for one in self.branches)


async def page(request: web.Request) -> web.Response:
    """What needs a decision, what was decided, and the boxes in use."""
    return await _show(request)


async def write_off(request: web.Request) -> web.Response:
    """One person's word on closing an epoch; the second one's does it."""
    node = number_of(request.match_info["node"], NODE_MAX) or 0
    epoch = number_of(request.match_info["epoch"], EPOCH_MAX) or 0
    form = await request.post()
    approvals = request.app[Pages.KEY].approvals
    first = number_of(form_text(form, "first"), ID_MAX) or 0
    outcome = await approvals.write_off(
        node, epoch, request[PERSON], form_text(form, "note"), first
    )
    return await _show(request, outcome, WRITE_OFF)


async def admit(request: web.Request) -> web.Response:
    """One person's word on admitting a branch; the second one's does it."""
    branch = number_of(request.match_info["branch"], ID_MAX) or 0
    form = await request.post()
    approvals = request.app[Pages.KEY].approvals
    first = number_of(form_text(form, "first"), ID_MAX) or 0
    outcome = await approvals.admit(branch, request[PERSON], form_text(form, "note"), first)
    return await _show(request, outcome, ADMIT)


async def create_code(request: web.Request) -> web.Response:
    """Give out a code for a box's next epoch; it is shown once."""
    pages = request.app[Pages.KEY]
    node = number_of(request.match_info["node"], NODE_MAX) or 0
    cafe = next((one.cafe for one in pages.office.hub.authors() if one.node == node), 0)
    names = await pages.read(today.node_names)
    if not node or not cafe:
        return await _show(request, refusal("node_unknown"))
    name = names.get(node, str(node))[:NAME_LENGTH_MAX]
    fault = place_fault(request[PERSON].cafes, [cafe])
    code = fault or await pages.office.create_code(cafe, name, node)
    return await _show(request, code if isinstance(code, Refusal) else False, "code", code)


async def _show(
    request: web.Request,
    outcome: bool | Refusal = False,
    act: str = "",
    new_code: str | Refusal = "",
) -> web.Response:
    pages = request.app[Pages.KEY]
    hub = pages.office.hub
    now_ms, person = hub.surroundings.now_ms(), request[PERSON]
    authors = [author for author in hub.authors() if person.sees(author.cafe)]

    def read(database: Database) -> dict[str, object]:
        found = _Reading(database, authors, now_ms).boxes()
        return {
            "waiting": [box for box in found if _waits(box)],
            "decided": [box for box in found if box.is_decided],
            "in_use": [box for box in found if box.standing == CURRENT and not box.branches],
            "act": "" if isinstance(outcome, Refusal) else act,
            "is_done": outcome is True,
            "new_code": "" if isinstance(new_code, Refusal) else new_code,
            "cafe_names": cafe_names(database, chosen_language(request.cookies)),
        }

    said = outcome if isinstance(outcome, Refusal) else None
    return pages.respond(request, "boxes.html", await pages.read(read), said)


def _waits(box: Box) -> bool:
    """Whether two people have something to decide over an epoch."""
    if box.is_decided or (box.standing == CURRENT and not box.branches):
        return False
    is_over = box.standing == SUPERSEDED or not (box.is_cafe_open or box.opened_ms)
    return not is_over or box.holds_rights or bool(box.branches)


class _Reading:
    """Puts epochs into words from one moment of the store."""

    def __init__(self, database: Database, authors: list[Author], now_ms: int) -> None:
        self._database = database
        self._authors = [author for author in authors if author.node != HUB]
        self._now_ms = now_ms
        self._names = today.node_names(database)
        self._fences = {
            (case.op.node, case.op.epoch): case
            for case in read_cases(database)
            if case.type == FENCED_EPOCH
        }
        self._held = held(database)
        self._closed_cafes = documents.closed_cafes(database)

    def boxes(self) -> list[Box]:
        """Return every epoch but the admitted branches', the latest found first."""
        kept: dict[tuple[int, int], list[LeftOver]] = {}
        for row in self._database.rows(LeftOver.select().order_by(LeftOver.id)):
            kept.setdefault((row.node, row.epoch), []).append(row)
        branched = {(row.node, row.branch_epoch) for rows in kept.values() for row in rows}
        found = [
            self._box(author, kept.get((author.node, author.epoch), []))
            for author in self._authors
            if (author.node, author.epoch) not in branched
        ]
        return sorted(found, key=lambda box: (-box.opened_ms, box.node, -box.epoch))

    def _box(self, author: Author, rows: list[LeftOver]) -> Box:
        place = (author.node, author.epoch)
        case: Case | None = self._fences.get(place)
        last = None if case is None else case.op
        position = 0
        if last is not None:
            stored = find_op(self._database, last)
            position = stored.position if stored is not None else 0
        return Box(
            author.node,
            author.epoch,
            self._names.get(author.node, str(author.node)),
            author.cafe,
            author.standing,
            author.standing if case is None else case.reason,
            0 if case is None else case.opened_ms,
            author.seq,
            chain_code(author.node, author.epoch, author.seq, author.hash) if author.seq else "",
            position,
            self._held.get(place, 0),
            place in self._held,
            tuple(self._branch(row) for row in rows),
            self._approved(WRITE_OFF, target_of_epoch(*place)),
            max(
                one.epoch
                for one in self._authors
                if one.node == author.node and one.standing != ADMITTED
            ),
            author.cafe not in self._closed_cafes,
        )

    def _branch(self, row: LeftOver) -> Branch:
        parent = op_hash_at(self._database, row.node, row.epoch, row.parent_seq)
        query = LeftOverOp.select().where(LeftOverOp.left_over == row.id).order_by(LeftOverOp.seq)
        kept = self._database.rows(query.limit(BRANCH_OPS_READ))
        transactions = {one.seq: read for one in kept if (read := _transaction(one)) is not None}
        lines = tuple(self._line(one, transactions.get(one.seq)) for one in kept[:LINES_SHOWN])
        code = ""
        if parent is not None and row.parent_seq:
            code = chain_code(row.node, row.epoch, row.parent_seq, parent)
        return Branch(
            row.id,
            row.parent_seq,
            code,
            row.last_seq - row.parent_seq,
            row.seq - row.parent_seq,
            row.received_ms,
            sum(money_fen(one) for one in transactions.values()),
            loss_fen(transactions.values(), self._balance),
            lines,
            len(kept) == BRANCH_OPS_READ,
            row.branch_epoch or 0,
            self._approved(ADMIT, str(row.id)),
        )

    def _line(self, kept: LeftOverOp, transaction: Transaction | None) -> BranchLine:
        header = header_from_row(unpack(kept.header))
        kind = KINDS.get(header.kind)
        family, words = "record", kind.name if kind is not None else str(header.kind)
        if transaction is not None:
            family, words = "reason", REASONS.get(transaction.reason, str(transaction.reason))
        return BranchLine(
            kept.seq,
            stamp_ms(header.stamp),
            family,
            words,
            ledgers.staff_name(self._database, header.actor),
            0 if transaction is None else money_fen(transaction),
        )

    def _balance(self, account: Account) -> int:
        code, subject, node, epoch, month, unit = account
        row = self._database.first(
            Balance.select(fn.SUM(Balance.amount).alias("total")).where(
                Balance.subject == subject,
                Balance.code == code,
                Balance.unit == unit,
                Balance.node == node,
                Balance.epoch == epoch,
                Balance.month == month,
            )
        )
        return int(row.total or 0)

    def _approved(self, act: str, target: str) -> Approved | None:
        word: Given | None = given(self._database, act, target, self._now_ms)
        if word is None:
            return None
        name = ledgers.staff_name(self._database, word.staff)
        return Approved(word.staff, name, word.note, word.given_ms)


def _transaction(kept: LeftOverOp) -> Transaction | None:
    """Return what a kept op books; None for one of another kind, or that the judge will void."""
    kind = KINDS.get(header_from_row(unpack(kept.header)).kind)
    if kind is None or kind.policy != LEDGER or kept.body is None:
        return None
    try:
        return transaction_from_body(unpack(kept.body))
    except ProtocolError:
        return None


def held(database: Database) -> dict[tuple[int, int], int]:
    """Return each (node, epoch) at which anything stands, with the customers' money of it.

    One pass over the balances: 0.06 s for 600,000. An index would cost every op that a box sends.
    """
    is_money = Balance.code.in_(CUSTOMERS_MONEY) & (Balance.unit == FEN)
    money = fn.SUM(SqlCase(None, [(is_money, Balance.amount)], 0))
    query = (
        Balance.select(Balance.node, Balance.epoch, money.alias("total"))
        .where(Balance.amount != 0, Balance.node != HUB)
        .group_by(Balance.node, Balance.epoch)
        .tuples()
    )
    return {(node, epoch): -int(total) for node, epoch, total in database.rows(query)}
