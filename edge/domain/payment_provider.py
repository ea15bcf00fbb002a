"""What a payment provider is asked: whether a charge by a tender with a reference has been paid."""

from dataclasses import dataclass
from typing import Protocol

from edge.domain.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Charge:
    """So much by a tender; `amount_fen` 0: all that is due, which is known only at the commit."""

    tender: str
    amount_fen: int
    reference: str


class PaymentProvider(Protocol):
    """Answers for a tender. It is asked before the commit, and may be asked twice for one charge
    when a request comes again: it must be idempotent by the reference."""

    async def confirm(self, charge: Charge) -> Refusal | None:
        """None where the charge is paid, else why it is not; nothing was committed then."""
