"""The conflict inbox: both sides of each case, what each choice would change, settling one."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from aiohttp import web

from cloud.domain.cases import CONCURRENT, EXCESS, LOST_CLAIM, OPEN, VOIDED
from cloud.domain.disputes import Case, ClaimMove, Dispute, Document, Option, examine
from cloud.domain.epochs import FENCED_EPOCH
from cloud.domain.refusals import Refusal
from cloud.hub.cases import StoredFacts, cases_of
from cloud.store.database import Database
from cloud.store.log import StoredEntry, find_op, read_op
from cloud.store.reports import is_member_of
from cloud.web import ledgers
from cloud.web.formats import day, money, short_id
from cloud.web.head_office import PERSON, Pages, form_text
from cloud.web.ledgers import OpView
from cloud.web.reading import cafe_names, number_of
from cloud.web.translations import chosen_language
from sync_protocol.accounts import account_text
from sync_protocol.claims import claim_from_body
from sync_protocol.expect import ID_MAX
from sync_protocol.kinds import (
    ASSET_CLAIM,
    CARD,
    CARD_CLAIM,
    CLAIM,
    KINDS,
    MEMBER,
    OPENING_CLAIM,
    TRANSACTION,
    field_index,
)
from sync_protocol.ledger import transaction_from_body
from sync_protocol.ops import OpRef

TYPES = (LOST_CLAIM, CONCURRENT, VOIDED, EXCESS, FENCED_EPOCH)
OPEN_SHOWN = 50
SETTLED_SHOWN = 20
IDENTITY_SHOWN = 4
"""Last characters of an identity number: enough to see that two differ."""
_CAFE_FIELDS = ("home_cafe", "from_cafe", "to_cafe", "cafe")


@dataclass(frozen=True, slots=True)
class Line:
    """A field as A wrote it, as B wrote it, and as it is now; empty for not set."""

    field: str
    a: str
    b: str
    now: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """What a choice would set: of which record, which field, from what to what."""

    record: str
    field: str
    now: str
    then: str


@dataclass(frozen=True, slots=True)
class OptionView:
    """One way to settle. `claim_to`: who would get the number; `merged`: (member, into)."""

    choice: str
    changes: tuple[ChangeLine, ...]
    claim_to: str
    merged: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a side's claim is for; `member` is 0 where it is no member.

    `has_page`: whoever looks may look the member up.
    """

    member: int
    has_page: bool
    words: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A debit beyond what was left: what of it the chain bears, in the account's unit."""

    account: str
    unit: str
    spent: int
    borne: int


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as the inbox shows it; `a` and `b` are the sides' ops, `parties` (A's, B's)."""

    case: int
    type: str
    kind_name: str
    status: str
    opened_ms: int
    age_minutes: int
    cafe: int
    subject: str
    member: int
    reason: str
    shortfalls: tuple[Shortfall, ...]
    a: tuple[OpView, ...]
    b: tuple[OpView, ...]
    parties: tuple[Party, ...]
    lines: tuple[Line, ...]
    options: tuple[OptionView, ...]
    has_changed: bool
    is_erased: bool
    seen: str
    settlement: str
    note: str
    settled_by: str
    settled_day: int

    @property
    def words_code(self) -> str:
        """What stands for the case's sentence among the terms."""
        by_kind, by_reason = self.type == LOST_CLAIM, self.type == FENCED_EPOCH
        return self.kind_name if by_kind else self.reason if by_reason else self.type

    @property
    def is_open(self) -> bool:
        return self.status == OPEN


async def inbox(request: web.Request) -> web.Response:
    """Open cases, the oldest first, of all types or one; then the last settled ones."""
    return await _show(request)


async def settle(request: web.Request) -> web.Response:
    """Settle one case."""
    pages = request.app[Pages.KEY]
    form = await request.post()
    case = number_of(request.match_info["case"], ID_MAX) or 0
    note, choice = form_text(form, "note"), form_text(form, "choice")
    seen, person = form_text(form, "seen"), request[PERSON]
    outcome = await pages.office.settle_case(case, choice, note, seen, person)
    if isinstance(outcome, Refusal):
        return await _show(request, outcome, {case: note})
    return await _show(request, settled_now=choice)


async def _show(
    request: web.Request,
    refusal: Refusal | None = None,
    notes: dict[int, str] | None = None,
    settled_now: str = "",
) -> web.Response:
    pages = request.app[Pages.KEY]
    wanted = request.query.get("type", "")
    wanted = wanted if wanted in TYPES else ""
    now_ms = pages.office.hub.surroundings.now_ms()
    language, person = chosen_language(request.cookies), request[PERSON]
    authors = pages.office.hub.authors()

    def read(database: Database) -> dict[str, object]:
        reading = _Reading(database, now_ms, language, person.cafes)
        known = cases_of(database, authors, person.cafes)
        waiting = sorted((one for one in known if one.status == OPEN), key=_age)
        settled = sorted((one for one in known if one.status != OPEN), key=_settled, reverse=True)
        shown = [one for one in waiting if wanted in ("", one.type)]
        return {
            "cases": [reading.view(one) for one in shown[:OPEN_SHOWN]],
            "more": max(0, len(shown) - OPEN_SHOWN),
            "settled": [reading.view(one) for one in settled[:SETTLED_SHOWN]],
            "counts": Counter(one.type for one in waiting),
            "types": TYPES,
            "chosen_type": wanted,
            "notes": notes or {},
            "settled_now": settled_now,
            "cafe_names": reading.cafe_names,
        }

    return pages.respond(request, "cases.html", await pages.read(read), refusal)


def _age(case: Case) -> int:
    return case.opened_ms


def _settled(case: Case) -> tuple[int, int]:
    return (case.settled_day, case.opened_ms)


class _Reading:
    """Puts cases into words from one moment of the store."""

    def __init__(
        self, database: Database, now_ms: int, language: str, own: Collection[int]
    ) -> None:
        self._database = database
        self._own = own
        self._now_ms = now_ms
        self._facts = StoredFacts(database)
        self.cafe_names = cafe_names(database, language)

    def view(self, case: Case) -> CaseView:
        """Return a case with everything that a person decides by."""
        dispute = examine(case, self._facts)
        kind = KINDS.get(case.kind)
        lines = tuple(
            Line(
                _label(one.document, one.field),
                *(self._value(one.field, value) for value in (one.a, one.b, one.now)),
            )
            for one in dispute.differences
        )
        parties = self._parties(dispute)
        members = [party.member for party in parties if party.member]
        member = members[0] if members else 0
        subject = ""
        if dispute.differences:
            document = dispute.differences[0].document
            subject = self._record(document)
            member = int(document[1]) if document[0] == MEMBER else member
        return CaseView(
            case.case,
            case.type,
            kind.name if kind is not None else "box",
            case.status,
            case.opened_ms,
            max(0, self._now_ms - case.opened_ms) // 60_000,
            case.cafe,
            subject or self._claimed(dispute) or " / ".join(party.words for party in parties),
            member,
            case.reason,
            self._shortfalls(case.op),
            self._side(self._with_opening(case, [op.ref() for op in dispute.a]))
            or self._spent_before(case),
            self._side(self._with_opening(case, [case.op])),
            parties,
            lines,
            tuple(self._option(option) for option in dispute.options),
            dispute.has_changed,
            dispute.is_erased,
            dispute.seen,
            case.settlement,
            case.note,
            ledgers.staff_name(self._database, case.settled_by),
            case.settled_day,
        )

    def _side(self, references: list[OpRef]) -> tuple[OpView, ...]:
        found = []
        for reference in references:
            stored = find_op(self._database, reference)
            view = None if stored is None else ledgers.op_at(self._database, stored.position)
            if view is not None:
                found.append(view)
        return tuple(found)

    def _with_opening(self, case: Case, references: list[OpRef]) -> list[OpRef]:
        """Return an opening's transaction instead of its claim: it stands right behind it."""
        if case.kind != OPENING_CLAIM:
            return references
        behind = [read_op(self._database, one.node, one.epoch, one.seq + 1) for one in references]
        found = [stored.entry.op for stored in behind if stored is not None]
        return [op.ref() for op in found if op is not None and op.header.kind == TRANSACTION]

    def _spent_before(self, case: Case) -> tuple[OpView, ...]:
        """Return what lowered an excess's accounts last before it: the other side of the excess."""
        stored = find_op(self._database, case.op) if case.type == EXCESS else None
        if stored is None:
            return ()
        positions = set()
        for posting, _amount in self._diverted(stored):
            spent = ledgers.lowered_before(self._database, posting, stored.position)
            positions.update(spent)
        views = [ledgers.op_at(self._database, one) for one in sorted(positions)]
        return tuple(view for view in views if view is not None)

    def _shortfalls(self, reference: OpRef) -> tuple[Shortfall, ...]:
        stored = find_op(self._database, reference)
        if stored is None:
            return ()
        return tuple(
            Shortfall(account_text(*posting[:5]), posting[5], abs(posting[6]), abs(amount))
            for posting, amount in self._diverted(stored)
        )

    def _diverted(self, stored: StoredEntry) -> list[tuple[ledgers.PostingRow, int]]:
        """Return the postings of an op that were diverted, each with how much of it."""
        op, diversions = stored.entry.op, stored.entry.annotation.diversions()
        if op is None or op.body is None or not diversions:
            return []
        postings = transaction_from_body(op.body).postings
        return [(postings[index], amount) for index, amount in diversions]

    def _option(self, option: Option) -> OptionView:
        changes = tuple(
            ChangeLine(
                self._record(change.document),
                _label(change.document, change.field),
                self._value(change.field, change.now),
                self._value(change.field, change.then),
            )
            for change in option.changes
        )
        merged = None
        if option.merged is not None:
            member, into = option.merged
            merged = (self._record((MEMBER, member)), self._record((MEMBER, into)))
        claim_to = self._receiver(option.claim) if option.claim is not None else ""
        return OptionView(option.choice, changes, claim_to, merged)

    def _receiver(self, claim: ClaimMove) -> str:
        if claim.kind == ASSET_CLAIM:
            return self.cafe_names.get(claim.cafe, "")
        return self._record((CARD if claim.kind == CARD_CLAIM else MEMBER, claim.subject))

    def _parties(self, dispute: Dispute) -> tuple[Party, ...]:
        """Whom A and B claimed for; none where the case is no claim of a member's."""
        if dispute.case.type != LOST_CLAIM or dispute.case.kind == ASSET_CLAIM:
            return ()
        kind = CARD if dispute.case.kind == CARD_CLAIM else MEMBER
        return tuple(self._party(kind, subject) for subject in dispute.subjects)

    def _party(self, kind: int, subject: int | str) -> Party:
        member = subject if isinstance(subject, int) else 0
        facts: list[tuple[str, str]] = []
        if kind == CARD:
            facts += self._fields(CARD, subject, ("label", "status", "issued_day"))
            row = self._facts.register(CARD, subject)
            value = row.value(field_index(CARD, "member")) if row is not None else None
            member = value if isinstance(value, int) else 0
        found = ledgers.member(self._database, member) if member else None
        if found is None:
            return Party(0, False, "", ())
        facts += self._fields(MEMBER, member, ("phone", "identity", "home_cafe", "joined_day"))
        facts.append(("balance", f"¥{money(found.balance_fen)}"))
        words = "" if found.is_erased else found.name
        has_page = not self._own or is_member_of(self._database, member, self._own)
        return Party(member, has_page, words, tuple(fact for fact in facts if fact[1]))

    def _fields(self, kind: int, key: int | str, fields: tuple[str, ...]) -> list[tuple[str, str]]:
        return [(field, self._field(kind, key, field)) for field in fields]

    def _field(self, kind: int, key: int | str, field: str) -> str:
        row = self._facts.register(kind, key)
        return self._value(field, None if row is None else row.value(field_index(kind, field)))

    def _claimed(self, dispute: Dispute) -> str:
        """Return the tag that was received twice; numbers of people are keyed hashes."""
        if dispute.case.kind != ASSET_CLAIM or dispute.b is None or dispute.b.body is None:
            return ""
        return claim_from_body(KINDS[ASSET_CLAIM], dispute.b.body).key.decode(errors="replace")

    def _record(self, document: Document) -> str:
        kind, key = document
        if kind == CARD:
            label = self._field(CARD, key, "label")
            return label or short_id(int(key))
        name = self._field(kind, key, "name") if _has_name(kind) else ""
        if isinstance(key, str):
            return f"{key} {name}".strip()
        return name or short_id(key)

    def _value(self, field: str, value: object) -> str:
        """Return a field's value as people read it; empty for not set."""
        if value is None or value == "":
            return ""
        if isinstance(value, bytes):
            return f"{len(value):,} B"
        if field == "identity":
            return "•" * 4 + str(value)[-IDENTITY_SHOWN:]
        if isinstance(value, int) and not isinstance(value, bool):
            if field.endswith("_day") or field == "birth_date":
                return day(value)
            if field.endswith("_fen"):
                return f"¥{money(value)}"
            if field in _CAFE_FIELDS:
                return self.cafe_names.get(value, str(value))
        return str(value)


def _label(document: Document, field: str) -> str:
    """Return the field's code among the terms: a thing has a name that is no person's."""
    return "thing_name" if field == "name" and document[0] != MEMBER else field


def _has_name(kind: int) -> bool:
    return KINDS[kind].policy != CLAIM and any(one.name == "name" for one in KINDS[kind].fields)
