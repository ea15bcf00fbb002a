"""Transfers between cafes: dispatch, in transit, receipt with shortage.

What is sent stands in the transit account of the transfer, held by the addressee's node and
epoch: nobody else can take it out. What does not arrive is booked as lost (counted stock) or
written off (a tagged asset) by the addressee, who alone can say so.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from edge.domain.assets import IN_STOCK, not_here
from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    Posting,
    PrintSlip,
    document_change,
    own,
    plain,
    read_int,
    read_list,
    read_text,
    transaction,
)
from edge.domain.products import Product
from edge.domain.refusals import Refusal, refuse
from edge.domain.stock import LINES_MAX, Lines, below_zero, product_refusal
from sync_protocol.accounts import (
    ASSET_IN_STOCK,
    ASSET_UNIT,
    ASSET_WRITTEN_OFF,
    ITEM,
    STOCK,
    STOCK_LOST,
    TRANSIT,
)
from sync_protocol.kinds import TRANSFER
from sync_protocol.ledger import REASON_DISPATCH, REASON_TRANSFER_RECEIPT
from sync_protocol.registers import RegisterRow

DISPATCHED = "dispatched"
RECEIVED = "received"
SHORT = "short"

Name = tuple[str, str]
"""A name in (Chinese, English)."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """The cafe that a transfer goes to, and its node's incarnation; None: it has none yet."""

    cafe: int
    name: Name
    holder: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Load:
    """What is put on the way: counted lines and asset tags."""

    lines: Lines
    tags: tuple[str, ...]

    def refusal(self) -> Refusal | None:
        """Why it is no load, or None."""
        if not self.lines and not self.tags:
            return refuse("lines_missing")
        if len(self.lines) + len(self.tags) > LINES_MAX:
            return refuse("lines_too_many", limit=LINES_MAX)
        return None

    def units(self) -> list[list[object]]:
        """[[unit, quantity], ...] as the transfer's document keeps it."""
        counted: list[list[object]] = [[ITEM + sku, quantity] for sku, quantity in self.lines]
        return counted + [[ASSET_UNIT + tag, 1] for tag in self.tags]


@dataclass(frozen=True, slots=True)
class DispatchFacts:
    """What is known here of what is sent.

    `tags_here`: which of the tags stand in stock; `tags_elsewhere`: which another box of this cafe,
    or head office, holds.
    """

    products: Mapping[str, Product]
    in_stock: Mapping[str, int]
    tags_here: Collection[str]
    tags_elsewhere: Collection[str]
    from_name: Name


def dispatch(
    here: Here, transfer: int, addressee: Addressee, load: Load, facts: DispatchFacts
) -> Judgement:
    """Send goods and assets to another cafe. `transfer` is a fresh id."""
    if addressee.cafe == here.cafe:
        return refuse("cafe_own")
    if addressee.holder is None:
        return refuse("cafe_without_box", cafe=addressee.name)
    refusal = load.refusal() or product_refusal(load.lines, facts.products)
    if refusal is not None:
        return refusal
    postings: list[Posting] = []
    for sku, quantity in load.lines:
        unit = ITEM + sku
        postings.append(plain(STOCK, here.cafe, unit, -quantity))
        postings.append((TRANSIT, transfer, *addressee.holder, 0, unit, quantity))
    for tag in load.tags:
        if tag not in facts.tags_here:
            return not_here(here, tag, IN_STOCK, elsewhere=tag in facts.tags_elsewhere)
        unit = ASSET_UNIT + tag
        postings.append(own(here, ASSET_IN_STOCK, here.cafe, unit, -1))
        postings.append((TRANSIT, transfer, *addressee.holder, 0, unit, 1))
    document = {
        "from_cafe": here.cafe,
        "to_cafe": addressee.cafe,
        "lines": load.units(),
        "dispatched_ms": here.now_ms,
        "status": DISPATCHED,
    }
    ops = (
        transaction(here, REASON_DISPATCH, postings, document=transfer),
        document_change(here, TRANSFER, transfer, None, document),
    )
    slip = {
        "from": list(facts.from_name),
        "to": list(addressee.name),
        "lines": [_printed(facts.products, sku, quantity) for sku, quantity in load.lines],
        "tags": list(load.tags),
        "transfer": transfer,
    }
    values = {
        "transfer": transfer,
        "lines": load.units(),
        "below_zero": below_zero(load.lines, facts.in_stock),
    }
    return Decision(ops, (PrintSlip("dispatch", slip),), values)


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """A transfer on its way: its document, the cafe it is for, and what stands in transit.

    `in_transit`: unit -> quantity held by this node's incarnation; `elsewhere`: whether some of it
    is held by another, the cafe's former box or the hub.
    """

    transfer: int
    row: RegisterRow | None
    to_name: Name
    from_name: Name
    in_transit: Mapping[str, int]
    products: Mapping[str, Product]
    elsewhere: bool = False


def receive(here: Here, facts: ReceiptFacts, load: Load) -> Judgement:
    """Take what arrived out of transit; whatever of it is not named is the shortage."""
    refusal = _receipt_refusal(here, facts)
    if refusal is not None:
        return refusal
    arrived = {str(unit): int(str(quantity)) for unit, quantity in load.units()}
    for unit, quantity in arrived.items():
        item = unit.partition(":")[2]
        name = facts.products[item].names if item in facts.products else item
        sent = facts.in_transit.get(unit, 0)
        if not sent:
            return refuse("transfer_line_unknown", item=name)
        if quantity > sent:
            return refuse("transfer_surplus", item=name, sent=sent, received=quantity)
    postings: list[Posting] = []
    shortage: list[tuple[str, int]] = []
    for unit, sent in sorted(facts.in_transit.items()):
        got = arrived.get(unit, 0)
        missing = sent - got
        postings.append(own(here, TRANSIT, facts.transfer, unit, -sent))
        if unit.startswith(ASSET_UNIT):
            place = ASSET_IN_STOCK if got else ASSET_WRITTEN_OFF
            postings.append(own(here, place, here.cafe, unit, 1))
        else:
            postings.append(plain(STOCK, here.cafe, unit, got))
            postings.append(plain(STOCK_LOST, here.cafe, unit, missing))
        if missing:
            shortage.append((unit.partition(":")[2], missing))
    return _received(here, facts, load, postings, shortage)


def _receipt_refusal(here: Here, facts: ReceiptFacts) -> Refusal | None:
    if facts.row is None:
        return refuse("transfer_unknown")
    if read_int(TRANSFER, facts.row, "to_cafe") != here.cafe:
        return refuse("transfer_not_ours", cafe=facts.to_name)
    if read_text(TRANSFER, facts.row, "status") != DISPATCHED:
        return refuse("transfer_received")
    sent = read_list(TRANSFER, facts.row, "lines")
    if facts.elsewhere or not facts.in_transit:
        code = "transfer_held_elsewhere" if sent else "transfer_unknown"
        return refuse(code, transfer=facts.transfer)
    return None


def _received(
    here: Here,
    facts: ReceiptFacts,
    load: Load,
    postings: list[Posting],
    shortage: list[tuple[str, int]],
) -> Decision:
    status = SHORT if shortage else RECEIVED
    document = {
        "received_ms": here.now_ms,
        "received_lines": load.units(),
        "status": status,
    }
    ops = (
        transaction(here, REASON_TRANSFER_RECEIPT, postings, document=facts.transfer),
        document_change(here, TRANSFER, facts.transfer, facts.row, document),
    )
    slip = {
        "from": list(facts.from_name),
        "to": list(facts.to_name),
        "lines": [_printed(facts.products, sku, quantity) for sku, quantity in load.lines],
        "tags": list(load.tags),
        "shortage": [_printed(facts.products, item, missing) for item, missing in shortage],
        "transfer": facts.transfer,
    }
    values = {
        "transfer": facts.transfer,
        "status": status,
        "received": load.units(),
        "shortage": [list(short) for short in shortage],
    }
    return Decision(ops, (PrintSlip("transfer_receipt", slip),), values)


def _printed(products: Mapping[str, Product], sku: str, quantity: int) -> list[object]:
    product = products.get(sku)
    if product is None:
        return [sku, sku, quantity]
    return [product.name, product.name_en or product.name, quantity]
