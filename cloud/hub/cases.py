"""Conflict cases at the hub: their facts, for a page or within a block, and settling one."""

from collections.abc import Collection, Sequence

from cloud.domain.cases import LOST_CLAIM, OPEN
from cloud.domain.disputes import MERGE, Case, CaseFacts, Dispute, case_of_row, examine
from cloud.domain.epochs import fence_case
from cloud.domain.refusals import Refusal, refusal
from cloud.domain.settlements import Choice, settle, settled
from cloud.hub.builder import Proposal
from cloud.hub.draft import Draft, HubOps
from cloud.hub.registers import RandomBytes
from cloud.store import statements
from cloud.store.database import Database
from cloud.store.log import Author, find_op, read_op
from cloud.store.models import ErasedSubject
from cloud.store.reports import read_document, read_documents
from sync_protocol.claims import ClaimRow, claim_row_from_stored
from sync_protocol.codec import unpack
from sync_protocol.kinds import CASE
from sync_protocol.ops import Op, OpRef
from sync_protocol.registers import RegisterRow


class StoredFacts:
    """`CaseFacts` of a reader: what is committed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, kind: int, key: int | str) -> RegisterRow | None:
        return read_document(self._database, kind, key)

    def claim(self, kind: int, key: bytes) -> ClaimRow | None:
        stored = self._database.execute(statements.SELECT_CLAIM, (kind, key)).fetchone()
        return None if stored is None else claim_row_from_stored(unpack(bytes(stored[0])))

    def is_erased(self, subject: int | str) -> bool:
        query = ErasedSubject.select().where(ErasedSubject.subject == subject)
        return isinstance(subject, int) and self._database.first(query) is not None

    def op(self, node: int, epoch: int, seq: int) -> Op | None:
        stored = read_op(self._database, node, epoch, seq)
        return None if stored is None else stored.entry.op

    def op_of(self, reference: OpRef) -> Op | None:
        stored = find_op(self._database, reference)
        return None if stored is None else stored.entry.op


class DraftFacts(StoredFacts):
    """`CaseFacts` of a block in the making: the state as it stands so far."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(draft.database)
        self._state = draft.state

    def register(self, kind: int, key: int | str) -> RegisterRow | None:
        return self._state.register(kind, key)

    def claim(self, kind: int, key: bytes) -> ClaimRow | None:
        return self._state.claim(kind, key)

    def is_erased(self, subject: int | str) -> bool:
        return self._state.is_erased(subject)


def read_cases(database: Database) -> list[Case]:
    """Return every case, settled ones too."""
    return [
        case_of_row(key, row) for key, row in read_documents(database, CASE) if isinstance(key, int)
    ]


def cafes_of(database: Database, case: int, authors: Sequence[Author]) -> set[int]:
    """Return the cafes that a case is between; none for a case that there is not."""
    row = read_document(database, CASE, case)
    return set() if row is None else cafes_between(case_of_row(case, row), authors)


def cafes_between(found: Case, authors: Sequence[Author]) -> set[int]:
    """Return the cafes that a case is between."""
    sides = (found.op, found.against, *(base for _index, _wins, base in found.fields))
    nodes = {side.node for side in sides if side is not None}
    return {found.cafe} | {author.cafe for author in authors if author.node in nodes}


def cases_of(database: Database, authors: Sequence[Author], own: Collection[int]) -> list[Case]:
    """Return every case that one of the cafes `own` (none: of all) has, settled ones too."""
    found = read_cases(database)
    return [one for one in found if not own or cafes_between(one, authors) & set(own)]


def settlement(case: int, choice: Choice, random_bytes: RandomBytes) -> Proposal:
    """Return the proposal that settles a case as things stand when the block is made."""

    def decide(draft: Draft) -> HubOps | list[OpRef] | Refusal:
        row = draft.state.register(CASE, case)
        if row is None:
            return refusal("case_unknown")
        facts = DraftFacts(draft)
        dispute = examine(case_of_row(case, row), facts)
        ops = settle(dispute, choice, facts, random_bytes)
        if isinstance(ops, Refusal) or choice.choice != MERGE:
            return ops
        also = _between_the_same(draft, dispute, facts)
        return [*ops, *(settled(one, choice, facts, random_bytes) for one in also)]

    return Proposal(decide, choice.person)


def fence_settled(draft: Draft, node: int, epoch: int, choice: Choice) -> HubOps:
    """Return the op that says in a fenced epoch's case what two people decided; none without one.

    The last decision stands: a branch may be admitted first, and the epoch closed later.
    """
    key = fence_case(node, epoch)
    row = draft.state.register(CASE, key)
    if row is None:
        return []
    return [settled(case_of_row(key, row), choice, DraftFacts(draft), lambda _count: b"")]


def _between_the_same(draft: Draft, dispute: Dispute, facts: CaseFacts) -> list[Case]:
    """Return the other open cases that the same two people merge by: phone and identity number."""
    option = dispute.option(MERGE)
    found = []
    for key, row in read_documents(draft.database, CASE):
        case = case_of_row(int(key), draft.state.register(CASE, key) or row)
        if case.case == dispute.case.case or (case.type, case.status) != (LOST_CLAIM, OPEN):
            continue
        other = examine(case, facts).option(MERGE)
        if option is not None and other is not None and other.merged == option.merged:
            found.append(case)
    return found
