"""Grant requests as proposals: decided by `domain.grants` inside the block's transaction."""

from dataclasses import dataclass, field

from cloud.domain.advances import repayment
from cloud.domain.grants import (
    GRANTED_CLASSES,
    PLACE_CLASSES,
    GrantPolicy,
    Holding,
    decide_grant,
    grant_transaction,
    is_of_other_cafe,
    without,
)
from cloud.domain.judge import CURRENT, Section, section_of
from cloud.domain.refusals import Refusal, refusal
from cloud.hub.builder import Proposal
from cloud.hub.draft import Draft, HubOps
from cloud.store import log
from cloud.store.database import Database
from sync_protocol.accounts import CLASSES, FEN, HUB_HOLDER, RECEIVABLE, WALLET
from sync_protocol.kinds import TRANSACTION, TRANSFER, field_index
from sync_protocol.messages import GrantRequest
from sync_protocol.ops import OpRef
from sync_protocol.state_hash import CHAIN_WIDE


@dataclass(slots=True)
class GrantCase:
    """One request of one node, its proposal and what it found.

    `elsewhere` is [(node, amount)]: what other nodes hold of the account, to be recalled when the
    hub had less than was asked.
    """

    node: int
    request: GrantRequest
    policy: GrantPolicy
    business_day: int
    utc_offset_min: int
    repeated: bool = False
    elsewhere: list[tuple[int, int]] = field(default_factory=list)

    def proposal(self) -> Proposal:
        return Proposal(self._decide, 0, self._record)

    def _decide(self, draft: Draft) -> HubOps | list[OpRef] | Refusal:
        request = self.request
        self.elsewhere.clear()  # of a block that was begun anew
        known = log.grant_made(draft.database, self.node, request.request_id)
        if known is not None:
            self.repeated = True
            return [known]
        author = draft.author(self.node, request.epoch)
        if author.standing != CURRENT:
            return refusal("epoch_closed")
        if draft.state.is_erased(request.subject):
            return refusal("member_erased")
        if request.account_class not in GRANTED_CLASSES:
            return refusal("grant_class")
        addressee = _addressee(draft, request.subject)
        if is_of_other_cafe(request.account_class, request.subject, author.cafe, addressee):
            return refusal("grant_nothing_held")
        section = section_of(request.account_class, author.cafe)
        holdings, debt_fen = self._holdings(draft, section), self._debt_fen(draft)
        moves = decide_grant(without(holdings, debt_fen), request.amount, self.policy)
        if isinstance(moves, Refusal):
            return moves
        transaction = grant_transaction(
            moves,
            self.node,
            request.epoch,
            request.request_id,
            self.business_day,
            self.utc_offset_min,
            section[1],
        )
        if sum(amount for _, amount in moves) >= request.amount:
            self.elsewhere.clear()
        ops: list[tuple[int, object]] = [(TRANSACTION, transaction.body())]
        debts = [(int(request.subject), debt_fen)] if debt_fen else []
        repaid = repayment(debts, holdings, self.business_day, self.utc_offset_min)
        if repaid is not None:
            ops.append((TRANSACTION, repaid.body()))
        return ops

    def _holdings(self, draft: Draft, section: Section) -> list[Holding]:
        """Return the hub's parts of the account, first to expire first; note who else has some."""
        request = self.request
        side = CLASSES[request.account_class].side
        holdings = []
        for (stands, account), balance in draft.state.of_subject(request.subject).items():
            code, subject, node, epoch, month, unit = account
            amount = balance * side
            if code != request.account_class or unit != request.unit or amount <= 0:
                continue
            if stands != section:
                continue  # another cafe's own
            if (node, epoch) == HUB_HOLDER:
                holdings.append(Holding(code, subject, month, unit, amount))
            elif node != self.node and code not in PLACE_CLASSES:
                self.elsewhere.append((node, amount))
        holdings.sort(key=lambda holding: holding.month or 999912)
        return holdings

    def _debt_fen(self, draft: Draft) -> int:
        """Return what of the hub's part repays an advance, and is not to be granted."""
        request = self.request
        if request.account_class != WALLET:
            return 0
        debt = (RECEIVABLE, request.subject, *HUB_HOLDER, 0, FEN)
        return draft.state.balance((TRANSACTION, CHAIN_WIDE), debt)

    def _record(self, database: Database, references: list[OpRef]) -> None:
        if self.repeated:
            return
        log.note_grant(database, self.node, self.request.request_id, references[0])


def _addressee(draft: Draft, transfer: int | str) -> int:
    """Return the cafe that a transfer goes to, 0 where there is none of this number."""
    row = draft.state.register(TRANSFER, transfer)
    value = row.value(field_index(TRANSFER, "to_cafe")) if row is not None else None
    return value if isinstance(value, int) else 0
