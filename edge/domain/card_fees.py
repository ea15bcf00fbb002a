"""Money that goes with a card: its fee, which the cafe earns, and its deposit, which is given back.

A deposit stands in `card_deposit:<card>` and is held where it was taken; of a card that replaced
others it is what was left for all of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.domain.card_life import held_refusal
from edge.domain.cards import ACTIVE, LOST, SUSPENDED, VOID
from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    NewOp,
    PrintSlip,
    document_change,
    own,
    plain,
    read_int,
    read_text,
    transaction,
)
from edge.domain.parts import Part, lowered, total
from edge.domain.refusals import refuse
from edge.domain.stored_value import taken_for_chain
from edge.domain.tenders import Taken, account_of
from sync_protocol.accounts import CARD_DEPOSIT, FEN, REVENUE
from sync_protocol.claims import RELEASE, ClaimWrite
from sync_protocol.kinds import CARD, CARD_CLAIM
from sync_protocol.ledger import REASON_CARD_FEE, REASON_REFUND
from sync_protocol.registers import RegisterRow


@dataclass(frozen=True, slots=True)
class Due:
    """What a card costs now."""

    fee_fen: int = 0
    deposit_fen: int = 0

    @property
    def total_fen(self) -> int:
        """What is to be paid."""
        return self.fee_fen + self.deposit_fen


def fee_op(here: Here, card: int, due: Due, payment: Taken) -> NewOp:
    """The ledger's entry of a fee and a deposit that were paid."""
    return transaction(
        here,
        REASON_CARD_FEE,
        (
            *payment.postings,
            plain(REVENUE, here.cafe, FEN, -due.fee_fen),
            own(here, CARD_DEPOSIT, card, FEN, -due.deposit_fen),
            *taken_for_chain(here, due.deposit_fen),
        ),
        document=card,
    )


@dataclass(frozen=True, slots=True)
class Deposit:
    """What was left for a card: `parts` are held here, the rest at `places` (Chinese, English).

    `elsewhere_card` is a card of which some is there: this one, or one that it replaced.
    """

    parts: tuple[Part, ...] = ()
    elsewhere_fen: int = 0
    places: tuple[str, str] = ("", "")
    elsewhere_card: int = 0

    @property
    def here_fen(self) -> int:
        """What may be given back here."""
        return total(self.parts)


def return_card(
    here: Here,
    card: int,
    row: RegisterRow | None,
    key: bytes,
    deposit: Deposit,
    tender: str,
    name: str,
) -> Judgement:
    """Take a card back: it becomes void, its number free, and its deposit is given back.

    One that is void already may have a deposit left: it is given back all the same. `key` is the
    claim key of the card that was laid on the reader, empty for a printed card.
    """
    due_fen = deposit.here_fen + deposit.elsewhere_fen
    refusal = held_refusal(row, (ACTIVE, SUSPENDED, LOST, *((VOID,) if due_fen else ())))
    if refusal is not None:
        return refusal
    if here.spending_stopped and due_fen:
        return refuse("spending_stopped")
    if deposit.elsewhere_fen:
        return refuse(
            "deposit_elsewhere",
            deposit_fen=deposit.elsewhere_fen,
            places=deposit.places,
            card=deposit.elsewhere_card,
        )
    refund_fen = deposit.here_fen
    if refund_fen and not here.shift:
        return refuse("shift_not_open")
    if refund_fen and not tender:
        return refuse("field_missing", field=("退款方式", "how the deposit is given back"))
    ops = []
    if read_text(CARD, row, "status") != VOID:
        ops.append(document_change(here, CARD, card, row, {"status": VOID}))
    if key:
        ops.append(NewOp(CARD_CLAIM, ClaimWrite(b"", key, here.cafe, card, RELEASE).body()))
    if refund_fen:
        ops.append(_refund(here, card, deposit.parts, refund_fen, tender))
    member = read_int(CARD, row, "member")
    label = read_text(CARD, row, "label")
    facts = {"name": name, "label": label, "deposit_fen": refund_fen, "tender": tender}
    values = {"card": card, "member": member, "deposit_fen": refund_fen}
    return Decision(tuple(ops), (PrintSlip("card_returned", facts),), values)


def _refund(here: Here, card: int, parts: Iterable[Part], amount_fen: int, tender: str) -> NewOp:
    return transaction(
        here,
        REASON_REFUND,
        (
            plain(account_of(tender), here.cafe, FEN, -amount_fen),
            *lowered(here, parts),
            *taken_for_chain(here, -amount_fen),
        ),
        document=card,
    )


def predecessors(card: int, replaced_by: Mapping[int, int]) -> tuple[int, ...]:
    """A card and all that it replaced, by the `replaced_by` of a member's cards."""
    found = [card]
    for one in found:
        found += [old for old, new in replaced_by.items() if new == one and old not in found]
    return tuple(found)
