"""Import of an old system's members and balances: checked whole, then written in batches.

A list with problems is not imported, unless the rows that have one are to be left out. What was
imported before is skipped, so that a list which broke off is simply imported again.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from edge.desk import facts
from edge.desk.purses import points_month
from edge.desk.rules import rules_in_force
from edge.desk.settings import DeskSettings
from edge.domain.decision import Here, NewOp
from edge.domain.imports import (
    BALANCES,
    REQUIRED,
    NewBalance,
    NewMember,
    Problem,
    member_id,
    member_ops,
    opening,
    read_balances,
    read_members,
)
from edge.domain.members import Conditions, MemberKeys, conditions, keyed_hash, keys_refusal
from edge.domain.refusals import Refusal, refuse
from edge.store import audit
from edge.store.audit import Act
from edge.store.reader import Reader
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import OPENING
from sync_protocol.claims import opening_key
from sync_protocol.kinds import IDENTITY_CLAIM, MEMBER, OPENING_CLAIM, PHONE_CLAIM

BATCH = 100
"""Rows of one commit: some 20 ms, the longest that a tap waits behind an import."""
PROBLEMS_SHOWN = 500

Rows = Sequence[tuple[int, Mapping[str, str]]]
New = NewMember | NewBalance


@dataclass(slots=True)
class Progress:
    """How far an import has come; `problems` are all of a dry run's."""

    what: str
    total: int
    dry_run: bool
    checked: bool = False
    written: int = 0
    skipped: int = 0
    problems: list[Problem] = field(default_factory=list)
    refusal: Refusal | None = None
    finished: bool = False

    @property
    def done(self) -> int:
        """Rows that were gone through."""
        return self.written + self.skipped


@dataclass(frozen=True, slots=True)
class Asked:
    """What to import: the rows of a file, whether to write, and rows with problems left out."""

    what: str
    columns: tuple[str, ...]
    rows: Rows
    dry_run: bool = True
    leave_out: bool = False


class Imports:
    """One import at a time."""

    def __init__(self, store: Store, settings: DeskSettings, wall_ms: Callable[[], int]) -> None:
        self._store = store
        self._settings = settings
        self._wall_ms = wall_ms
        self._task: asyncio.Task[Progress] | None = None
        self.progress: Progress | None = None

    def start(self, asked: Asked, staff: int, terminal: int) -> Refusal | None:
        """Begin in the background; refused while another one runs."""
        if self._task is not None and not self._task.done():
            return refuse("import_running")
        self._task = asyncio.get_running_loop().create_task(self.run(asked, staff, terminal))
        return None

    async def run(self, asked: Asked, staff: int = 0, terminal: int = 0) -> Progress:
        """Check, and write unless it is a dry run or there are problems."""
        progress = self.progress = Progress(asked.what, len(asked.rows), asked.dry_run)
        missing = [name for name in REQUIRED[asked.what] if name not in asked.columns]
        if missing:
            progress.refusal = refuse("import_columns", columns=", ".join(missing))
            progress.finished = True
            return progress
        new, progress.problems = await asyncio.to_thread(self._checked, asked)
        progress.checked = True
        if progress.problems and not asked.leave_out and not asked.dry_run:
            progress.refusal = refuse("import_problems", count=len(progress.problems))
        elif not asked.dry_run:
            for start in range(0, len(new), BATCH):
                await self._write(progress, new[start : start + BATCH], staff, terminal)
        progress.finished = True
        return progress

    # --- checking -----------------------------------------------------------------------------

    def _checked(self, asked: Asked) -> tuple[list[New], list[Problem]]:
        with self._store.read() as reader:
            if asked.what == BALANCES:
                balances, problems = read_balances(
                    asked.rows, lambda number: self._member(reader, number) > 0
                )
                return list(balances), problems
            at = self._here(reader)
            tiers = frozenset(row["code"] for row in rules_in_force(reader, "tiers"))
            members, problems = read_members(
                asked.rows, at.business_day, _conditions(reader), tiers
            )
            for one in members:
                problems += self._taken(reader, one)
            bad = {problem.row for problem in problems}
            problems.sort(key=lambda problem: problem.row)
            return [one for one in members if one.row not in bad], problems

    def _taken(self, reader: Reader, new: NewMember) -> Iterator[Problem]:
        """What another member has already: the number, the phone, the document."""
        member = member_id(self._settings.chain_key, new.number)
        refusal = keys_refusal(member, self._keys(reader, new))
        if refusal is not None:
            column = "phone" if refusal.code == "phone_taken" else "identity"
            yield Problem(new.row, column, refusal)
        for document in reader.registers_where(MEMBER, "number", new.number, limit=2):
            if document.key != member:
                yield Problem(new.row, "number", refuse("import_number_taken"))

    def _member(self, reader: Reader, number: str) -> int:
        """The member of a number, as imported or as registered here; 0 for none."""
        member = member_id(self._settings.chain_key, number)
        if facts.row(reader, MEMBER, member) is not None:
            return member
        for document in reader.registers_where(MEMBER, "number", number, limit=1):
            return int(document.key)
        return 0

    def _keys(self, reader: Reader, new: NewMember) -> MemberKeys:
        def key(normal: str) -> bytes:
            return keyed_hash(self._settings.chain_key, normal) if normal else b""

        phone, identity = key(new.application.phone), key(new.application.identity_key)
        phone_claim = reader.claim(PHONE_CLAIM, phone) if phone else None
        identity_claim = reader.claim(IDENTITY_CLAIM, identity) if identity else None
        return MemberKeys(
            phone,
            phone_claim.row if phone_claim is not None else None,
            identity,
            identity_claim.row if identity_claim is not None else None,
        )

    def _here(self, reader: Reader) -> Here:
        return facts.here(reader, self._settings, self._wall_ms(), spends=False)

    # --- writing ------------------------------------------------------------------------------

    async def _write(
        self, progress: Progress, batch: Sequence[New], staff: int, terminal: int
    ) -> None:
        def work(transaction: WriteTransaction) -> tuple[int, int, list[Problem]]:
            at = self._here(transaction)
            written, problems = 0, []
            for one in batch:
                ops = self._ops(transaction, at, one)
                if isinstance(ops, Refusal):
                    problems.append(Problem(one.row, "", ops))
                    continue
                for op in ops:
                    transaction.append(op.kind, op.body, actor=staff, terminal=terminal)
                written += 1 if ops else 0
            if written:
                act = Act(f"import_{progress.what}", audit.DONE, staff, terminal, 0, (), None)
                audit.append(transaction, act)
            return written, len(batch) - written, problems

        written, skipped, problems = await self._store.write(work)
        progress.written += written
        progress.skipped += skipped
        progress.problems += problems

    def _ops(self, transaction: WriteTransaction, at: Here, new: New) -> list[NewOp] | Refusal:
        """The ops of a row; none where it was imported before."""
        if isinstance(new, NewBalance):
            member = self._member(transaction, new.number)
            opened = any(balance.shown for _, balance in transaction.balances_of(OPENING, member))
            if opened or transaction.claim(OPENING_CLAIM, opening_key(member)) is not None:
                return []
            month = points_month(transaction, at.business_day)
            return list(opening(at, member, new, month, transaction.new_id()))
        member = member_id(self._settings.chain_key, new.number)
        if facts.row(transaction, MEMBER, member) is not None:
            return []
        one, two, three = (transaction.new_salt(MEMBER) for _ in range(3))
        return member_ops(at, member, new, self._keys(transaction, new), (one, two, three))


def _conditions(reader: Reader) -> Conditions:
    """What a member of the list must hold; own fields of head office are filled in later."""
    return conditions(
        rules_in_force(reader, "company")[0],
        rules_in_force(reader, "counter")[0],
        (),
        tuple(rules_in_force(reader, "categories")),
    )
