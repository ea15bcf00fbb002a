"""Members: registering, changing, reviewing, identifying; notes and consent."""

from collections.abc import Awaitable, Callable
from typing import Any

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.card_issue import CardIssue, Wanted
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.people import identified
from edge.desk.settings import DeskSettings
from edge.domain.applications import (
    CHANGE_LOCKED,
    Authority,
    add_note,
    approve_member,
    change_member,
    reject_member,
    renew_consent,
)
from edge.domain.decision import Decision, Here, Judgement, read_text
from edge.domain.members import (
    Application,
    CheckedApplication,
    Conditions,
    MemberKeys,
    check_application,
    conditions,
    document_key,
    keyed_hash,
    register_member,
)
from edge.domain.refusals import Refusal
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.claims import ClaimRow
from sync_protocol.kinds import IDENTITY_CLAIM, MEMBER, PHONE_CLAIM
from sync_protocol.registers import RegisterRow

SALTS = 5

Show = Callable[[Request, int], Awaitable[Outcome]]
"""Puts a member on the screen of who asks."""


class MembersDesk:
    """The commands about who is a member and what is known of them."""

    def __init__(
        self,
        store: Store,
        settings: DeskSettings,
        committer: Committer,
        card_issue: CardIssue,
        show: Show,
        wall_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._settings = settings
        self._wall_ms = wall_ms
        self._chain_key = settings.chain_key
        self._committer = committer
        self._card_issue = card_issue
        self._show = show

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "register_member": self.register_member,
            "change_member": self.change_member,
            "approve_member": self.approve_member,
            "reject_member": self.reject_member,
            "add_member_note": self.add_member_note,
            "renew_consent": self.renew_consent,
            "identify_member": self.identify_member,
        }

    async def register_member(
        self,
        request: Request,
        *,
        card_uid: str,
        card_number: str,
        card_type: str,
        tender: str,
        tender_reference: str,
        **typed: Any,
    ) -> Outcome:
        """Register a person; `typed` are the fields of an `Application`.

        With `card_uid` (hex) or `card_number` (of a blank card) the card is issued in the same
        commit, its fee and deposit are taken, and it can be used at once.
        """
        application = Application(**typed)
        wanted = Wanted(card_uid, card_number, "", card_type)
        tendered = await self._card_issue.tendered(tender, tender_reference)
        if isinstance(tendered, Refusal):
            return tendered

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            asked = self._conditions(transaction)
            checked = check_application(application, at.business_day, asked)
            if isinstance(checked, Refusal):
                return checked
            member = transaction.new_id()
            salts = [transaction.new_salt(MEMBER) for _ in range(3)]
            keys = self._keys(transaction, checked)
            registered = register_member(at, member, checked, keys, salts, asked.consent)
            if isinstance(registered, Refusal) or not wanted.given:
                return registered
            issued = self._card_issue.decide(
                transaction, at, request, member, checked.values(), wanted, tendered
            )
            if isinstance(issued, Refusal):
                return issued
            return Decision(
                registered.ops + issued.ops,
                issued.effects,
                {**registered.values, **issued.values},
            )

        return await self._committer.commit(request, decide, Region.TAP)

    async def change_member(
        self, request: Request, *, member: int, reason: str, **typed: Any
    ) -> Outcome:
        """Set a member's data to what the form says; approved data only with authority."""
        application = Application(consent=True, **typed)
        session = request.session
        may_unlock = session is not None and session.may(CHANGE_LOCKED)

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            row = facts.row(transaction, MEMBER, member)
            asked = self._conditions(transaction)
            checked = check_application(application, at.business_day, asked)
            if isinstance(checked, Refusal):
                return checked
            keys = self._keys(transaction, checked, row)
            authority = Authority(
                request.approver or request.staff, may_unlock or request.approver > 0, reason
            )
            salts = [transaction.new_salt(MEMBER) for _ in range(SALTS)]
            return change_member(at, member, row, checked, keys, authority, salts)

        return await self._committer.commit(request, decide, Region.TAP)

    async def approve_member(self, request: Request, member: int) -> Outcome:
        """Approve what was entered of a member; from then on it is locked."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            row, salt = facts.row(transaction, MEMBER, member), transaction.new_salt(MEMBER)
            return approve_member(at, member, row, request.staff, salt)

        return await self._committer.commit(request, decide, Region.TAP)

    async def reject_member(self, request: Request, member: int, reason: str) -> Outcome:
        """Refuse an application."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            row, salt = facts.row(transaction, MEMBER, member), transaction.new_salt(MEMBER)
            return reject_member(at, member, row, reason, salt)

        return await self._committer.commit(request, decide, Region.TAP)

    async def add_member_note(
        self, request: Request, member: int, about: str, text: str
    ) -> Outcome:
        """Write down what was done for a member, or what they said."""
        author = request.session.name if request.session else ""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            row, salt = facts.row(transaction, MEMBER, member), transaction.new_salt(MEMBER)
            return add_note(at, member, row, about, text, author, salt)

        return await self._committer.commit(request, decide)

    async def renew_consent(self, request: Request, member: int) -> Outcome:
        """The member agreed to the terms that are in force now."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            row, salt = facts.row(transaction, MEMBER, member), transaction.new_salt(MEMBER)
            return renew_consent(at, member, row, self._conditions(transaction).consent, salt)

        return await self._committer.commit(request, decide, Region.TAP)

    async def identify_member(self, request: Request, text: str) -> Outcome:
        """Put the one on the screen whose card number, phone or member number was typed."""
        with self._store.read() as reader:
            (counter,) = self._committer.catalogue.rules(reader, "counter")
            day = facts.here(reader, self._settings, self._wall_ms()).business_day
            swipe_only = bool(counter["swipe_only"])
            found = identified(reader, self._chain_key, day, text, swipe_only=swipe_only)
        return found if isinstance(found, Refusal) else await self._show(request, found)

    def _conditions(self, reader: Reader) -> Conditions:
        rules = self._committer.catalogue.rules
        return conditions(
            rules(reader, "company")[0],
            rules(reader, "counter")[0],
            rules(reader, "custom_fields"),
            rules(reader, "categories"),
        )

    def _keys(
        self, reader: Reader, application: CheckedApplication, row: RegisterRow | None = None
    ) -> MemberKeys:
        phone_key = self._key(application.phone)
        identity_key = self._key(application.identity_key)
        return MemberKeys(
            phone_key,
            _holder(reader, PHONE_CLAIM, phone_key),
            identity_key,
            _holder(reader, IDENTITY_CLAIM, identity_key),
            self._key(read_text(MEMBER, row, "phone")),
            self._key(
                document_key(
                    read_text(MEMBER, row, "identity_kind"), read_text(MEMBER, row, "identity")
                )
            ),
        )

    def _key(self, normal: str) -> bytes:
        return keyed_hash(self._chain_key, normal) if normal else b""


def _holder(reader: Reader, kind: int, key: bytes) -> ClaimRow | None:
    claim = reader.claim(kind, key) if key else None
    return claim.row if claim is not None else None
