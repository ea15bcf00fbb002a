"""Taking a paid ticket back whole, approved by a second person."""

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.money import sold_facts
from edge.domain.decision import Here, Judgement, read_list
from edge.domain.products import Product
from edge.domain.refunds import SoldFacts
from edge.domain.refusals import refuse
from edge.domain.voids import Voiding, void
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import SALE


class VoidsDesk:
    """The command that voids a sale."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {"void_sale": self.void_sale}

    async def void_sale(self, request: Request, sale: int, reason: str) -> Outcome:
        """Void a sale of today: money, points and goods go back, the document says by whom."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            sold = sold_facts(transaction, self._committer, at, sale)
            if sold is None:
                return refuse("sale_unknown")
            voiding = Voiding(request.approver, reason)
            return void(at, sold, _goods(transaction, sold), voiding)

        return await self._committer.commit(request, decide, Region.TAP, Region.PRODUCTS)


def _goods(reader: Reader, sold: SoldFacts) -> list[tuple[Product, int]]:
    """(product, how many) of a sale's lines; what is no product of the catalogue is left out."""
    lines = [line for line in read_list(SALE, sold.row, "lines") if isinstance(line, list)]
    found = facts.products(reader, (str(line[0]) for line in lines))
    return [(found[line[0]], int(line[1])) for line in lines if line[0] in found]
