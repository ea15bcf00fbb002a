"""Identity checks at the counter: recorded before a session, in a commit of their own.

A minor is refused, and the refusal must stay on record: so the check is committed first, whatever
comes of the session.
"""

from dataclasses import dataclass, replace

from edge.desk import facts, session_facts
from edge.desk.answers import Answer, Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.settings import DeskSettings
from edge.domain.decision import Decision, Here, Judgement, read_int, read_text
from edge.domain.identity_checks import (
    CheckRecord,
    NewCheck,
    Papers,
    check_refusal,
    checked_papers,
    papers_of_member,
    record_check,
    record_of_row,
)
from edge.domain.members import keyed_hash, member_refusal
from edge.domain.refusals import Refusal, refuse
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import IDENTITY_CHECK, MEMBER, SEAT

RECORD = "check_identity"
PAGE = 1_000
DOCUMENT_FIELDS = ("name", "document_kind", "document_number", "birth_date")
"""Inputs of commands that a document is typed into, in the order of `Typed`."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a cashier typed of a document; nothing for a member whose own is on file."""

    name: str = ""
    document_kind: str = ""
    document_number: str = ""
    birth_date: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not self.document_number


class IdentityChecksDesk:
    """Records checks, and says who may sit down."""

    def __init__(self, settings: DeskSettings, committer: Committer) -> None:
        self._chain_key = settings.chain_key
        self._committer = committer

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {RECORD: self.check_identity}

    async def check_identity(
        self,
        request: Request,
        *,
        member: int,
        name: str,
        document_kind: str,
        document_number: str,
        birth_date: int,
        seat: int,
    ) -> Outcome:
        """Record that somebody's document was looked at; the answer says whether they may sit."""
        typed = Typed(name, document_kind, document_number, birth_date)

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            return self._decide(transaction, at, request, member, typed, seat)

        return await self._committer.commit(request, decide, Region.SEATS)

    async def ensure(self, request: Request, member: int, typed: Typed, seat: int) -> int | Refusal:
        """The check of today on which this person sits down, recorded now where there is none.

        A second commit of the same request, under an id that no request of a page can have.
        """
        own = replace(request, command=RECORD, id=f"{request.id}.check")

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            return self._decide(transaction, at, own, member, typed, seat)

        outcome = await self._committer.commit(own, decide, Region.SEATS)
        if isinstance(outcome, Refusal):
            return outcome
        return self._allowed(outcome)

    def _allowed(self, outcome: Answer) -> int | Refusal:
        check = int(str(outcome.values["identity_check"]))
        age = int(str(outcome.values["minimum_age"]))
        if outcome.values["outcome"] == "passed":
            return check
        return refuse("under_age_refused", age=age)

    def _decide(
        self,
        transaction: WriteTransaction,
        at: Here,
        request: Request,
        member: int,
        typed: Typed,
        seat: int,
    ) -> Judgement:
        member = facts.person_of(transaction, member) if member else 0
        papers = self._papers(transaction, at, member, typed)
        if isinstance(papers, Refusal):
            return papers
        person = papers.person(self._keyed)
        rule = session_facts.counter_rule(transaction, self._committer.catalogue)
        minimum_age = rule["minimum_age"]
        values: dict[str, object] = {"member": member, "minimum_age": minimum_age}
        known = session_facts.check_of_person(transaction, person, at.business_day)
        if known is not None:
            outcome = read_text(IDENTITY_CHECK, known[1], "outcome")
            values |= {"identity_check": known[0], "outcome": outcome}
            return Decision(values=values)
        new = NewCheck(
            transaction.new_id(),
            member,
            papers,
            person,
            seat,
            request.staff,
            transaction.clock_reading().trust,
            transaction.new_salt(IDENTITY_CHECK),
        )
        recorded = record_check(at, new, minimum_age)
        return Decision(recorded.ops, values={**values, **recorded.values})

    def _papers(self, reader: Reader, at: Here, member: int, typed: Typed) -> Papers | Refusal:
        """The document that was looked at; a member's own must be the one on file."""
        row = facts.row(reader, MEMBER, member) if member else None
        refusal = member_refusal(row) if member else None
        if refusal is not None:
            return refusal
        known = papers_of_member(row) if member else None
        if typed.is_empty:
            return known or refuse("identity_document_missing")
        name = typed.name or read_text(MEMBER, row, "name")
        papers = checked_papers(
            name, typed.document_kind, typed.document_number, typed.birth_date, at.business_day
        )
        if isinstance(papers, Refusal) or known is None:
            return papers
        if (papers.kind, papers.number) != (known.kind, known.number):
            return refuse("identity_of_another")
        return known

    def _keyed(self, document: str) -> bytes:
        return keyed_hash(self._chain_key, document)


def check_today(reader: Reader, at: Here, check: int, member: int) -> Refusal | None:
    """Why a member, or a walk-in (0), does not sit down on a check; None where they may."""
    row = facts.row(reader, IDENTITY_CHECK, check)
    refusal = check_refusal(row, at.business_day)
    if refusal is None and member:
        papers = papers_of_member(facts.row(reader, MEMBER, facts.person_of(reader, member)))
        number = read_text(IDENTITY_CHECK, row, "document_number")
        if papers is not None and papers.number != number:
            return refuse("identity_of_another")
    return refusal


def person_of_check(reader: Reader, check: int) -> str:
    """Whose check it is, by the keyed hash; empty where it is not known."""
    return read_text(IDENTITY_CHECK, facts.row(reader, IDENTITY_CHECK, check), "person")


def checks_between(reader: Reader, from_day: int, to_day: int) -> list[CheckRecord]:
    """The checks of some business days, in the order of time."""
    found = []
    after: int | str | None = None
    while page := list(reader.registers(IDENTITY_CHECK, after=after, limit=PAGE)):
        after = page[-1].key
        for document in page:
            row = document.shown
            if from_day <= read_int(IDENTITY_CHECK, row, "business_day") <= to_day:
                seat = facts.row(reader, SEAT, read_int(IDENTITY_CHECK, row, "seat"))
                checker = facts.staff_name(reader, read_int(IDENTITY_CHECK, row, "checker"))
                seat_name = read_text(SEAT, seat, "name")
                found.append(record_of_row(int(document.key), row, seat_name, checker))
    return sorted(found, key=lambda record: (record.checked_ms, record.check))
