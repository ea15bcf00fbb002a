"""Documents of head office that every tap needs and that change once a month: read once.

Whatever the hub's log brings makes them be read anew, at once: each tap comes
back as a block, and the next one must not wait for its sake.
"""

from edge.desk import facts
from edge.desk.rules import Row, RuleInForce, rule_in_force
from edge.domain.points import EarnRule
from edge.domain.products import Product
from edge.store.reader import Reader
from sync_protocol.kinds import PRODUCT

LETTERHEAD = ("name", "name_en", "phone", "receipt_head", "receipt_foot")
"""Columns of the rule `company`."""
PRODUCTS_MAX = 10_000
"""Products that are known here."""


class Catalogue:
    """The rules in force and this cafe's name.

    Filled on the writer's thread or on the loop, renewed on the loop after the block that may
    change them was applied: a tap in between still uses, and names, the rule's former version. No
    other thread may ask: it could bring back what was just renewed.
    """

    def __init__(self) -> None:
        self._rule: EarnRule | None = None
        self._rules: dict[str, RuleInForce] = {}
        self._cafe_name: facts.Name | None = None
        self._products: tuple[Product, ...] | None = None
        self._barcodes: dict[str, str] | None = None

    def rule(self, reader: Reader) -> EarnRule:
        """The earn rule."""
        rule = self._rule
        if rule is None:
            rule = self._rule = facts.rule(reader)
        return rule

    def rule_in_force(self, reader: Reader, name: str) -> RuleInForce:
        """A rule of head office, with its version; see `edge.desk.rules.rule_in_force`."""
        found = self._rules.get(name)
        if found is None:
            found = self._rules[name] = rule_in_force(reader, name)
        return found

    def rules(self, reader: Reader, name: str) -> tuple[Row, ...]:
        """The rows of a rule of head office."""
        return self.rule_in_force(reader, name).rows

    def cafe_name(self, reader: Reader) -> facts.Name:
        """The name of this box's own cafe."""
        name = self._cafe_name
        if name is None:
            name = self._cafe_name = facts.cafe_name(reader, reader.identity.cafe)
        return name

    def letterhead(self, reader: Reader) -> dict[str, str]:
        """What the rule `company` puts on every paper; see `edge.effects.slips.job.SlipJob`."""
        (company,) = self.rules(reader, "company")
        return {name: company[name] for name in LETTERHEAD if company[name]}

    def sku_of(self, reader: Reader, code: str) -> str:
        """The product of a code or barcode as typed or scanned; the code itself where it is none.

        A code counts as it is or in capitals.
        """
        for sku in (code, code.upper()):
            if reader.register(PRODUCT, sku) is not None:
                return sku
        barcodes = self._barcodes
        if barcodes is None:
            barcodes = self._barcodes = {
                product.barcode: product.sku for product in self.products(reader) if product.barcode
            }
        return barcodes.get(code, code)

    def products(self, reader: Reader) -> tuple[Product, ...]:
        """All products of the chain, in order of their codes."""
        products = self._products
        if products is None:
            products = self._products = tuple(
                facts.product_of_row(str(document.key), document.shown)
                for document in reader.registers(PRODUCT, limit=PRODUCTS_MAX)
            )
        return products

    def renew(self, reader: Reader) -> None:
        """Read anew what every tap needs; the rest when it is next asked for."""
        self._rules = {}
        self._products = None
        self._barcodes = None
        self._rule = facts.rule(reader)
        self._cafe_name = facts.cafe_name(reader, reader.identity.cafe)
        self.letterhead(reader)
