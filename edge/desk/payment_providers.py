"""Payment providers: who says that money by a card terminal, WeChat or Alipay has come.

A provider answers for some tenders before anything is committed. The one here takes the number
that the paying device or the customer's phone shows, as the cashier typed or scanned it. One that
asks a gateway implements `edge.domain.payment_provider.PaymentProvider` and takes its place.
"""

import re
from collections.abc import Iterable

from edge.domain.payment_provider import Charge, PaymentProvider
from edge.domain.refusals import Refusal, refuse

REFERENCE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]{3,63}")
"""4 to 64 letters, digits and the separators that terminals print."""


class RecordedByReference:
    """Takes what the cashier says: the reference is checked for its form and kept."""

    async def confirm(self, charge: Charge) -> Refusal | None:
        """None: the charge may be committed."""
        if charge.reference and not REFERENCE.fullmatch(charge.reference):
            return refuse("tender_reference_invalid", reference=charge.reference[:20])
        return None


class PaymentProviders:
    """The provider of each tender; a tender without one of its own is recorded by reference."""

    def __init__(self) -> None:
        self._by_tender: dict[str, PaymentProvider] = {}
        self._recorded = RecordedByReference()

    def serve(self, tender: str, provider: PaymentProvider) -> None:
        """Let a provider answer for a tender from now on."""
        self._by_tender[tender] = provider

    async def confirm(self, charges: Iterable[Charge]) -> Refusal | None:
        """Ask each charge's provider; the first refusal stops the payment."""
        for charge in charges:
            provider = self._by_tender.get(charge.tender, self._recorded)
            refusal = await provider.confirm(charge)
            if refusal is not None:
                return refusal
        return None
