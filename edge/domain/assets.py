"""Tagged assets: exactly one of each exists; its place is the account that holds it."""

import re
from dataclasses import dataclass

from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    NewOp,
    document_change,
    own,
    transaction,
)
from edge.domain.refusals import Refusal, refuse
from sync_protocol.accounts import ASSET_IN_STOCK, ASSET_ISSUED, ASSET_SOURCE, ASSET_UNIT
from sync_protocol.claims import TAKE, ClaimWrite
from sync_protocol.kinds import ASSET, ASSET_CLAIM
from sync_protocol.ledger import (
    REASON_ASSET_ISSUE,
    REASON_ASSET_RECEIPT,
    REASON_ASSET_RETURN,
    REASON_CORRECTION,
)

TAG_LENGTH_MAX = 32
IN_STOCK = ("库存中", "in stock")
ISSUED = ("领用中", "issued")


def check_tag(text: str) -> str | Refusal:
    """The normal form of an asset tag: upper case, 1 to TAG_LENGTH_MAX letters, digits, . - _."""
    tag = text.strip().upper()
    if not re.fullmatch(rf"[A-Z0-9._\-]{{1,{TAG_LENGTH_MAX}}}", tag):
        return refuse("asset_tag_invalid", limit=TAG_LENGTH_MAX)
    return tag


def check_tags(text: str) -> tuple[str, ...] | Refusal:
    """The tags of a text, separated by spaces or commas, none twice."""
    tags: list[str] = []
    for word in re.split(r"[\s,,、]+", text.strip()):
        if not word:
            continue
        tag = check_tag(word)
        if isinstance(tag, Refusal):
            return tag
        if tag in tags:
            return refuse("line_repeated", item=tag)
        tags.append(tag)
    return tuple(tags)


def tag_key(tag: str) -> bytes:
    """The claim key of a tag."""
    return tag.encode()


@dataclass(frozen=True, slots=True)
class AssetApplication:
    """What is written down of a new asset."""

    tag: str
    name: str
    type: str
    serial: str


def asset_receipt(here: Here, receipt: int, asset: AssetApplication, claimed: bool) -> Judgement:
    """A new asset: its document, the claim of its tag, and one unit into stock.

    `receipt` is a fresh id. The claim is the receipt's, so that a second receipt of one tag is a
    second subject and loses.
    """
    if claimed:
        return refuse("asset_tag_taken", tag=asset.tag)
    if not asset.name:
        return refuse("field_missing", field=("名称", "name"))
    unit = ASSET_UNIT + asset.tag
    values: dict[str, object] = {"name": asset.name, "bought_day": here.business_day}
    if asset.type:
        values["type"] = asset.type
    if asset.serial:
        values["serial"] = asset.serial
    postings = (
        own(here, ASSET_IN_STOCK, here.cafe, unit, 1),
        own(here, ASSET_SOURCE, here.cafe, unit, -1),
    )
    ops = (
        transaction(here, REASON_ASSET_RECEIPT, postings, document=receipt),
        document_change(here, ASSET, asset.tag, None, values),
        NewOp(
            ASSET_CLAIM,
            ClaimWrite(b"", tag_key(asset.tag), here.cafe, receipt, TAKE).body(),
        ),
    )
    return Decision(ops, values={"tag": asset.tag})


def asset_receipt_cancel(
    here: Here, tag: str, in_stock: int, received: int, ours: bool
) -> Judgement:
    """A receipt here is undone, because the asset of that tag belongs to another cafe.

    in_stock, received: what this node holds of the tag in stock and as received; `ours`: whether
    the claim of the tag is this cafe's.
    """
    if in_stock != 1 or received != 1:
        return refuse("asset_not_here", tag=tag, place=IN_STOCK)
    if ours:
        return refuse("asset_is_ours", tag=tag)
    unit = ASSET_UNIT + tag
    postings = (
        own(here, ASSET_IN_STOCK, here.cafe, unit, -1),
        own(here, ASSET_SOURCE, here.cafe, unit, 1),
    )
    return Decision((transaction(here, REASON_CORRECTION, postings),), values={"tag": tag})


def not_here(here: Here, tag: str, place: tuple[str, str], *, elsewhere: bool) -> Refusal:
    """Why an asset cannot be moved; `elsewhere`: this cafe's, but in the hands of another box."""
    if elsewhere:
        return refuse("asset_held_elsewhere", tag=tag, cafe=here.cafe)
    return refuse("asset_not_here", tag=tag, place=place)


def asset_issue(
    here: Here, tag: str, in_stock: int, user: int, *, elsewhere: bool = False
) -> Judgement:
    """An asset is handed to a user (a staff or member id, kept as the document)."""
    if in_stock != 1:
        return not_here(here, tag, IN_STOCK, elsewhere=elsewhere)
    unit = ASSET_UNIT + tag
    postings = (
        own(here, ASSET_IN_STOCK, here.cafe, unit, -1),
        own(here, ASSET_ISSUED, here.cafe, unit, 1),
    )
    op = transaction(here, REASON_ASSET_ISSUE, postings, document=user)
    return Decision((op,), values={"tag": tag, "user": user})


def asset_return(here: Here, tag: str, issued: int, *, elsewhere: bool = False) -> Judgement:
    """An issued asset comes back into stock."""
    if issued != 1:
        return not_here(here, tag, ISSUED, elsewhere=elsewhere)
    unit = ASSET_UNIT + tag
    postings = (
        own(here, ASSET_ISSUED, here.cafe, unit, -1),
        own(here, ASSET_IN_STOCK, here.cafe, unit, 1),
    )
    return Decision((transaction(here, REASON_ASSET_RETURN, postings),), values={"tag": tag})
