"""Tagged assets at the counter: receipt, issue to a user, return."""

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.domain.assets import (
    AssetApplication,
    asset_issue,
    asset_receipt,
    asset_receipt_cancel,
    asset_return,
    check_tag,
    tag_key,
)
from edge.domain.decision import Here, Judgement
from edge.domain.refusals import Refusal, refuse
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import ASSET_IN_STOCK, ASSET_ISSUED, ASSET_SOURCE, ASSET_UNIT
from sync_protocol.kinds import ASSET, ASSET_CLAIM, MEMBER, STAFF


class AssetsDesk:
    """The commands about tagged assets of this cafe."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "asset_receipt": self.receipt,
            "asset_issue": self.issue,
            "asset_return": self.take_back,
            "asset_receipt_cancel": self.cancel_receipt,
        }

    async def receipt(
        self, request: Request, tag: str, name: str, type: str, serial: str
    ) -> Outcome:
        """A new asset gets its tag. The claim is provisional until the hub confirms it."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            checked = check_tag(tag)
            if isinstance(checked, Refusal):
                return checked
            claimed = transaction.claim(ASSET_CLAIM, tag_key(checked)) is not None
            known = transaction.register(ASSET, checked) is not None
            asset = AssetApplication(checked, name, type, serial)
            return asset_receipt(at, transaction.new_id(), asset, claimed or known)

        return await self._committer.commit(request, decide, Region.PRODUCTS)

    async def cancel_receipt(self, request: Request, tag: str) -> Outcome:
        """Undo a receipt of an asset that turned out to be another cafe's."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            checked = check_tag(tag)
            if isinstance(checked, Refusal):
                return checked
            unit = ASSET_UNIT + checked
            in_stock = facts.held_here(transaction, at, ASSET_IN_STOCK, at.cafe, unit)
            received = -facts.held_here(transaction, at, ASSET_SOURCE, at.cafe, unit)
            claim = transaction.claim(ASSET_CLAIM, tag_key(checked))
            ours = claim is None or claim.row.cafe == at.cafe
            return asset_receipt_cancel(at, checked, in_stock, received, ours)

        return await self._committer.commit(request, decide, Region.PRODUCTS)

    async def issue(self, request: Request, tag: str, user: int) -> Outcome:
        """Hand an asset to a staff member or a member."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            checked = check_tag(tag)
            if isinstance(checked, Refusal):
                return checked
            if not any(transaction.register(kind, user) for kind in (STAFF, MEMBER)):
                return refuse("member_unknown")
            unit = ASSET_UNIT + checked
            in_stock = facts.held_here(transaction, at, ASSET_IN_STOCK, at.cafe, unit)
            elsewhere = held_elsewhere(transaction, at, ASSET_IN_STOCK, checked)
            return asset_issue(at, checked, in_stock, user, elsewhere=elsewhere)

        return await self._committer.commit(request, decide, Region.PRODUCTS)

    async def take_back(self, request: Request, tag: str) -> Outcome:
        """An issued asset comes back."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            checked = check_tag(tag)
            if isinstance(checked, Refusal):
                return checked
            unit = ASSET_UNIT + checked
            issued = facts.held_here(transaction, at, ASSET_ISSUED, at.cafe, unit)
            elsewhere = held_elsewhere(transaction, at, ASSET_ISSUED, checked)
            return asset_return(at, checked, issued, elsewhere=elsewhere)

        return await self._committer.commit(request, decide, Region.PRODUCTS)


def held_elsewhere(reader: Reader, at: Here, code: int, tag: str) -> bool:
    """Whether an asset stands in an account of this cafe that another box or the hub holds."""
    unit = ASSET_UNIT + tag
    whole = facts.amount_of(reader, (at.cafe,), code, unit)
    return whole > facts.held_here(reader, at, code, at.cafe, unit)
