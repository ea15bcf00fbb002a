"""Transfers at the counter: sending to another cafe, taking out of transit."""

from collections.abc import Sequence

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.assets import held_elsewhere
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.stock import stock_of
from edge.domain.assets import check_tags
from edge.domain.decision import Here, Judgement, read_int, read_list, read_text
from edge.domain.refusals import Refusal, refuse
from edge.domain.stock import check_lines
from edge.domain.transfers import (
    Addressee,
    DispatchFacts,
    Load,
    ReceiptFacts,
    dispatch,
    receive,
)
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import ASSET_IN_STOCK, ASSET_UNIT, ITEM, TRANSIT
from sync_protocol.kinds import NODE, SITE, TRANSFER

NODES_MAX = 1000
"""Nodes of a chain that are looked through for an addressee's box."""


class TransfersDesk:
    """The commands about what goes from cafe to cafe."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {"dispatch_transfer": self.dispatch, "receive_transfer": self.receive}

    async def dispatch(
        self, request: Request, to_cafe: int, lines: Sequence[tuple[str, object]], tags: str
    ) -> Outcome:
        """Send counted lines and tagged assets."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            load = _load(lines, tags)
            if isinstance(load, Refusal):
                return load
            if not facts.is_cafe_open(facts.row(transaction, SITE, to_cafe)):
                return refuse("cafe_unknown")
            addressee = Addressee(
                to_cafe, facts.cafe_name(transaction, to_cafe), _box_of(transaction, to_cafe)
            )
            known = DispatchFacts(
                facts.products(transaction, (sku for sku, _ in load.lines)),
                stock_of(transaction, at.cafe, load.lines),
                [tag for tag in load.tags if _tag_in_stock(transaction, at, tag) == 1],
                [tag for tag in load.tags if held_elsewhere(transaction, at, ASSET_IN_STOCK, tag)],
                facts.cafe_name(transaction, at.cafe),
            )
            return dispatch(at, transaction.new_id(), addressee, load, known)

        return await self._committer.commit(request, decide, Region.TRANSFERS, Region.PRODUCTS)

    async def receive(
        self, request: Request, transfer: int, lines: Sequence[tuple[str, object]], tags: str
    ) -> Outcome:
        """Take what arrived; the rest of the transfer is the shortage."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            load = _load(lines, tags)
            if isinstance(load, Refusal):
                return load
            return receive(at, _receipt_facts(transaction, at, transfer), load)

        return await self._committer.commit(request, decide, Region.TRANSFERS, Region.PRODUCTS)


def _load(lines: Sequence[tuple[str, object]], tags: str) -> Load | Refusal:
    # A line of none says that none arrived: the same as no line.
    checked = check_lines([line for line in lines if line[1] not in (0, "0")])
    if isinstance(checked, Refusal):
        return checked
    checked_tags = check_tags(tags)
    if isinstance(checked_tags, Refusal):
        return checked_tags
    return Load(checked, checked_tags)


def _box_of(reader: Reader, cafe: int) -> tuple[int, int] | None:
    """(node, epoch) of a cafe's working box; of several the first one enrolled."""
    for document in reader.registers(NODE, limit=NODES_MAX):
        row = document.shown
        if read_int(NODE, row, "cafe") == cafe and read_text(NODE, row, "status") == "active":
            return int(document.key), read_int(NODE, row, "epoch")
    return None


def _tag_in_stock(reader: Reader, at: Here, tag: str) -> int:
    return facts.held_here(reader, at, ASSET_IN_STOCK, at.cafe, ASSET_UNIT + tag)


def _receipt_facts(reader: Reader, at: Here, transfer: int) -> ReceiptFacts:
    row = facts.row(reader, TRANSFER, transfer)
    sent = [line[0] for line in read_list(TRANSFER, row, "lines") if isinstance(line, list)]
    held = {unit: facts.held_here(reader, at, TRANSIT, transfer, unit) for unit in sent}
    skus = [unit.removeprefix(ITEM) for unit in sent if unit.startswith(ITEM)]
    return ReceiptFacts(
        transfer,
        row,
        facts.cafe_name(reader, read_int(TRANSFER, row, "to_cafe")),
        facts.cafe_name(reader, read_int(TRANSFER, row, "from_cafe")),
        {unit: quantity for unit, quantity in held.items() if quantity > 0},
        facts.products(reader, skus),
        any(facts.amount_of(reader, (transfer,), TRANSIT, unit) > held[unit] for unit in sent),
    )
