"""The shop of the benefits' tests, with what tests of tickets look at: papers and documents."""

from dataclasses import dataclass

import pytest

from edge.desk import facts
from edge.receipt import Pair, QrCode, Receipt, Text
from sync_protocol.kinds import SALE
from sync_protocol.registers import RegisterRow
from tests.edge.counter.benefits.conftest import APPROVED, Shop, shop

__all__ = ["APPROVED", "Desk", "shop", "till"]


@dataclass
class Desk:
    """A cashier's desk: the shop, and the papers that came out of its printer."""

    shop: Shop

    async def refused(self, command: str, **inputs: object) -> str:
        """The code of a refusal."""
        return await self.shop.refused(command, **inputs)

    async def form(self, command: str, **fields: str) -> str:
        """Send a form as the page does; the middle of the screen that comes back."""
        fields.setdefault("request_id", self.shop.request_id())
        url, headers = f"{self.shop.address}/desk/{command}", {"HX-Request": "true"}
        async with self.shop.visitor.post(url, data=fields, headers=headers) as answer:
            return await answer.text()

    async def papers(self, count: int) -> list[Receipt]:
        """What was printed, once so many came out."""
        await self.shop.counter.printer.wait_for(count)
        return [receipt for receipt, _copy in self.shop.counter.printer.printed]

    def sale(self, sale: object) -> RegisterRow | None:
        """The document of a sale."""
        with self.shop.counter.store.read() as reader:
            return facts.row(reader, SALE, int(str(sale)))


def texts(receipt: Receipt) -> list[str]:
    """A paper line by line, as people read it."""
    lines = []
    for line in receipt.lines:
        if isinstance(line, Text):
            lines.append(line.text)
        elif isinstance(line, Pair):
            lines.append(f"{line.left} {line.right}".strip())
        elif isinstance(line, QrCode):
            lines.append(line.content)
    return lines


@pytest.fixture
def till(shop: Shop) -> Desk:
    return Desk(shop)
