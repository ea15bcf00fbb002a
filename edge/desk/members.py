"""Members and their cards: registering, issuing."""

from typing import Any

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.settings import DeskSettings
from edge.domain.cards import claimed_card, issue_card, normal_uid, uid_of_text
from edge.domain.decision import Decision, Here, Judgement, read_int
from edge.domain.members import (
    Application,
    CheckedApplication,
    MemberKeys,
    check_application,
    keyed_hash,
    member_refusal,
    register_member,
)
from edge.domain.refusals import Refusal
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.claims import ClaimRow
from sync_protocol.kinds import CARD, CARD_CLAIM, IDENTITY_CLAIM, MEMBER, PHONE_CLAIM


class MembersDesk:
    """The commands about who is a member and with which card."""

    def __init__(self, settings: DeskSettings, committer: Committer) -> None:
        self._chain_key = settings.chain_key
        self._committer = committer

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {"register_member": self.register_member, "issue_card": self.issue_card}

    async def register_member(self, request: Request, *, card_uid: str, **typed: Any) -> Outcome:
        """Register a person; `typed` are the fields of an `Application`.

        With `card_uid` (hex) the card is issued in the same commit.
        """
        application = Application(**typed)

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            checked = check_application(application, at.business_day)
            if isinstance(checked, Refusal):
                return checked
            member = transaction.new_id()
            salts = [transaction.new_salt(MEMBER) for _ in range(3)]
            keys = self._keys(transaction, checked)
            registered = register_member(at, member, checked, keys, salts)
            if isinstance(registered, Refusal) or not card_uid:
                return registered
            issued = self._issue(transaction, at, member, card_uid, "")
            if isinstance(issued, Refusal):
                return issued
            return Decision(
                registered.ops + issued.ops, values={**registered.values, **issued.values}
            )

        return await self._committer.commit(request, decide, Region.TAP)

    async def issue_card(self, request: Request, member: int, card_uid: str, label: str) -> Outcome:
        """Give a member a card. The claim is provisional until the hub confirms it."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            refusal = member_refusal(facts.row(transaction, MEMBER, member))
            return refusal or self._issue(transaction, at, member, card_uid, label)

        return await self._committer.commit(request, decide, Region.TAP)

    def _issue(
        self, transaction: WriteTransaction, at: Here, member: int, card_uid: str, label: str
    ) -> Judgement:
        uid = uid_of_text(card_uid)
        if isinstance(uid, Refusal):
            return uid
        key = keyed_hash(self._chain_key, normal_uid(uid))
        taken = claimed_card(_holder(transaction, CARD_CLAIM, key))
        holder_member = read_int(CARD, facts.row(transaction, CARD, taken), "member")
        return issue_card(at, transaction.new_id(), member, key, holder_member or taken, label)

    def _keys(self, reader: Reader, application: CheckedApplication) -> MemberKeys:
        phone, identity = application.phone, application.identity
        phone_key = keyed_hash(self._chain_key, phone) if phone else b""
        identity_key = keyed_hash(self._chain_key, identity) if identity else b""
        return MemberKeys(
            phone_key,
            _holder(reader, PHONE_CLAIM, phone_key),
            identity_key,
            _holder(reader, IDENTITY_CLAIM, identity_key),
        )


def _holder(reader: Reader, kind: int, key: bytes) -> ClaimRow | None:
    claim = reader.claim(kind, key) if key else None
    return claim.row if claim is not None else None
