"""Vouchers at the counter: issue, redeem; one that is held elsewhere is asked for."""

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.rights import Rights
from edge.desk.settings import DeskSettings
from edge.domain.decision import Here, Judgement
from edge.domain.members import keyed_hash, member_refusal, number_text
from edge.domain.parts import total
from edge.domain.refusals import Refusal, refuse
from edge.domain.vouchers import (
    NewVoucher,
    VoucherFacts,
    issue_voucher,
    normal_code,
    redeem_voucher,
)
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import FEN, VOUCHER
from sync_protocol.kinds import MEMBER, VOUCHER_CLAIM


class VouchersDesk:
    """The commands about vouchers."""

    def __init__(self, settings: DeskSettings, committer: Committer, rights: Rights) -> None:
        self._chain_key = settings.chain_key
        self._committer = committer
        self._rights = rights

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {"issue_voucher": self.issue, "redeem_voucher": self.redeem}

    async def issue(self, request: Request, amount_fen: int, only_here: bool) -> Outcome:
        """Make a voucher; its code is in the answer."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            code = transaction.new_id()
            normal = normal_code(number_text(code))
            if isinstance(normal, Refusal):
                return normal
            key = keyed_hash(self._chain_key, normal)
            new = NewVoucher(transaction.new_id(), code, key, amount_fen, only_here)
            return issue_voucher(at, new)

        return await self._committer.commit(request, decide)

    async def redeem(self, request: Request, member: int, code: str) -> Outcome:
        """Turn a voucher into stored value of a member."""
        wanted: list[VoucherFacts] = []

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            person = facts.person_of(transaction, member)
            refusal = member_refusal(facts.row(transaction, MEMBER, person))
            if refusal is not None:
                return refusal
            found = self._find(transaction, at, code)
            if isinstance(found, Refusal):
                return found
            wanted.append(found)
            return redeem_voucher(at, person, found)

        outcome = await self._committer.commit(request, decide, Region.TAP)
        if isinstance(outcome, Refusal) and outcome.code == "voucher_elsewhere":
            self._rights.ask_for_voucher(wanted[-1].voucher, wanted[-1].elsewhere_fen)
        return outcome

    def _find(self, reader: Reader, at: Here, code: str) -> VoucherFacts | Refusal:
        normal = normal_code(code)
        if isinstance(normal, Refusal):
            return normal
        claim = reader.claim(VOUCHER_CLAIM, keyed_hash(self._chain_key, normal))
        if claim is None:
            return refuse("voucher_unknown")
        voucher = int(claim.row.subject)
        parts = facts.parts_here(reader, at, (voucher,), (VOUCHER,))
        accounts = reader.balances_of(VOUCHER, voucher, FEN)
        elsewhere = [
            account
            for account, balance in accounts
            if balance.shown < 0 and account[2:4] != (at.node, at.epoch)
        ]
        places = [facts.place_of(reader, account[2], account[3]) for account in elsewhere]
        return VoucherFacts(
            voucher,
            parts,
            -sum(balance.shown for _, balance in accounts) - total(parts),
            ("、".join(place[0] for place in places), ", ".join(place[1] for place in places)),
            tuple(account[4] for account, _ in accounts),
        )
