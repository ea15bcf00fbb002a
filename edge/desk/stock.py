"""Stock at the counter: goods receipts and goods issues."""

from collections.abc import Sequence

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.domain.decision import Here, Judgement
from edge.domain.refusals import Refusal
from edge.domain.stock import Lines, check_lines, goods_issue, goods_receipt
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction


class StockDesk:
    """The commands about counted stock of this cafe."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {"goods_receipt": self.goods_receipt, "goods_issue": self.goods_issue}

    async def goods_receipt(self, request: Request, lines: Sequence[tuple[str, object]]) -> Outcome:
        """Goods came in from a supplier."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            checked = check_lines(lines)
            if isinstance(checked, Refusal):
                return checked
            products = facts.products(transaction, (sku for sku, _ in checked))
            return goods_receipt(at, transaction.new_id(), checked, products)

        return await self._committer.commit(request, decide, Region.PRODUCTS)

    async def goods_issue(
        self, request: Request, lines: Sequence[tuple[str, object]], cause: str
    ) -> Outcome:
        """Goods went out without a sale."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            checked = check_lines(lines)
            if isinstance(checked, Refusal):
                return checked
            products = facts.products(transaction, (sku for sku, _ in checked))
            stock = stock_of(transaction, at.cafe, checked)
            return goods_issue(at, transaction.new_id(), checked, cause, products, stock)

        return await self._committer.commit(request, decide, Region.PRODUCTS)


def stock_of(reader: Reader, cafe: int, lines: Lines) -> dict[str, int]:
    """The booked stock of each line's product."""
    return {sku: facts.in_stock(reader, cafe, sku) for sku, _ in lines}
