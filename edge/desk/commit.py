"""One command, one commit: read, decide, append, remember the answer; effects only afterwards."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from edge.desk import facts
from edge.desk.answers import Answer, Outcome, Session
from edge.desk.asked import Asked
from edge.desk.catalogue import Catalogue
from edge.desk.growth import with_tier_settled
from edge.desk.mains import Mains
from edge.desk.settings import DeskSettings
from edge.desk.table import COMMANDS
from edge.desk.tills import shift_at
from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    NewOp,
    PrintSlip,
    document_change,
)
from edge.domain.paper_codes import ReceiptCode, qr_text
from edge.domain.refusals import Refusal, refuse
from edge.domain.shift_totals import TENDER_OF
from edge.domain.shifts import shift_refusal
from edge.domain.stored_value import spendable_fen
from edge.effects.after_commit import Effects
from edge.effects.page_events import Region
from edge.effects.slips.job import SlipJob, to_bytes
from edge.store import audit
from edge.store.audit import Act, Subjects
from edge.store.store import Store
from edge.store.tables import PRINT_KEPT, PRINT_WAITING
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import TILL
from sync_protocol.kinds import AUDIT_MARK, KINDS, LEDGER
from sync_protocol.ops import OpRef

POSTINGS = 7
"""Their place in a transaction's body."""
TAP_ANSWERS = ("member", "points", "card")
"""What the box's own commands, a tap and a release that fell due, answer."""

SUBJECTS = (
    "member",
    "card",
    "sale",
    "top_up",
    "shift",
    "new_shift",
    "pass",
    "session",
    "seat",
    "identity_check",
    "transfer",
)
"""Values of an answer that name a record."""
ANCHORED = ("open_shift", "close_shift", "hand_over")
"""The commands whose row of the audit log is anchored."""

Decide = Callable[[WriteTransaction, Here], Judgement]


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody at a terminal wants a command done, once."""

    command: str
    id: str
    session: Session | None
    terminal: int
    approver: int = 0
    """Who approved it as a second person; 0: nobody."""
    subjects: Subjects = ()
    """The records that its inputs name, for the audit log."""

    @property
    def staff(self) -> int:
        """Who asks; 0 before the log-in."""
        return self.session.staff if self.session else 0

    def act(
        self, outcome: str, answer: Mapping[str, object] | None = None, op: OpRef | None = None
    ) -> Act:
        """What the audit log says of it: done with an answer and a main op, or denied by a code."""
        values = answer or {}
        made = tuple(
            (name, value)
            for name in SUBJECTS
            if isinstance(value := values.get(name), int) and (name, value) not in self.subjects
        )
        return Act(
            self.command,
            outcome,
            self.staff,
            self.terminal,
            self.approver,
            (*self.subjects, *made),
            op,
        )


class Committer:
    """Runs a command's decision inside one write of the store."""

    def __init__(
        self, store: Store, settings: DeskSettings, effects: Effects, asked: Asked
    ) -> None:
        self._store = store
        self._settings = settings
        self._effects = effects
        self.asked = asked
        self.catalogue = Catalogue()
        self.mains = Mains()

    async def commit(self, request: Request, decide: Decide, *regions: Region) -> Outcome:
        """Do a command once. `regions` are the parts of the page that it makes stale.

        A repeat of the request id gets the first answer; a refusal undoes what `decide` wrote.
        """

        def work(transaction: WriteTransaction) -> Outcome:
            kept = transaction.answer(request.id)
            if kept is not None:
                return _kept_answer(request, kept)
            if self.mains.failed_since_ms and request.session is not None:
                return refuse("power_failed")
            shift, no_money = _till(transaction, request)
            if no_money is not None and COMMANDS[request.command].needs_shift:
                return no_money
            at = replace(self.here(transaction), shift=shift)
            judgement = decide(transaction, at)
            if isinstance(judgement, Refusal):
                return judgement
            if no_money is not None and any(map(_takes_money, judgement.ops)):
                return no_money
            judgement = with_tier_settled(transaction, self.catalogue, at, judgement)
            answer = self.record(transaction, at, judgement, request)
            transaction.remember_answer(request.id, _to_bytes(answer), _subject_of(judgement))
            return answer

        outcome = await self._store.write(work)
        if isinstance(outcome, Answer) and not outcome.repeated:
            if "print_job" in outcome.values:
                self._effects.printer_queue.wake()
            self._effects.page_events.publish(*regions, Region.EVENTS, Region.TRUTH)
        return outcome

    def here(self, transaction: WriteTransaction) -> Here:
        """Where and when a write is decided, and whether there is a line."""
        now_ms = transaction.wall_ms()
        return facts.here(transaction, self._settings, now_ms, cut_off=not self.asked.line.up)

    def record(
        self, transaction: WriteTransaction, at: Here, decision: Decision, request: Request
    ) -> Answer:
        """Append a decision's ops, queue its slips, return the answer that its command promises."""
        session = request.session
        main: OpRef | None = None
        for new in decision.ops:
            shift = at.shift if new.shift is None else new.shift
            if not shift and _moves_cash(new):
                raise ValueError(f"{request.command} moves cash under no shift: needs_shift")
            op = transaction.append(
                new.kind, new.body, actor=request.staff, terminal=request.terminal, shift=shift
            )
            main = main or op.ref()
        code = facts.chain_code(main) if main is not None else ""
        values = dict(decision.values)
        command = COMMANDS.get(request.command)
        promised = command.answers if command is not None else TAP_ANSWERS
        member = _subject_of(decision)
        if member and "balance_fen" in promised:
            purse = facts.purse_of(transaction, at, member)
            at = self.asked.here_for(transaction, at, member)
            values |= {"balance_fen": purse.balance_fen, "spendable_fen": spendable_fen(at, purse)}
        for effect in decision.effects:
            if isinstance(effect, PrintSlip):
                slip_facts = dict(effect.facts)
                if "balance_fen" in values:
                    slip_facts["balance_fen"] = values["balance_fen"]
                number = str(slip_facts.get("number", ""))
                said = ReceiptCode(effect.slip, number, code)
                job = SlipJob(
                    effect.slip,
                    slip_facts,
                    self.catalogue.cafe_name(transaction),
                    at.now_ms,
                    at.utc_offset_min,
                    session.name if session else "",
                    code,
                    qr_text(self._settings.chain_key, said) if number and code else "",
                    self.catalogue.letterhead(transaction),
                )
                state = PRINT_WAITING if effect.at_once else PRINT_KEPT
                print_job = transaction.add_print_job(effect.slip, to_bytes(job), member, state)
                values["print_job"] = print_job
        kept = {name: values[name] for name in promised if name in values}
        if session is not None:
            audit.append(transaction, request.act(audit.DONE, kept, main))
            if request.command in ANCHORED:
                anchor(transaction, at, request.staff, request.terminal)
        return Answer(request.command, kept, code)  # type: ignore[arg-type]  # values are JSON's


def anchor(transaction: WriteTransaction, at: Here, staff: int, terminal: int) -> None:
    """Write where the audit log stands into the signed log."""
    number, hash = audit.head(transaction)
    key = audit.mark_key(transaction, number)
    values = {"number": number, "hash": hash, "at_ms": at.now_ms}
    op = document_change(at, AUDIT_MARK, key, facts.row(transaction, AUDIT_MARK, key), values)
    transaction.append(op.kind, op.body, actor=staff, terminal=terminal, shift=at.shift)


def _till(transaction: WriteTransaction, request: Request) -> tuple[int, Refusal | None]:
    """(the asker's open shift at the terminal or 0, why no money moves there or None)."""
    if request.session is None:
        return 0, None
    shift = shift_at(transaction, request.terminal)
    own = shift.id if shift is not None and shift.staff == request.staff else 0
    return own, shift_refusal(shift, request.staff)


def _takes_money(new: NewOp) -> bool:
    """Whether an op takes or gives money by a tender, under the shift of whoever asks."""
    return new.shift is None and any(code in TENDER_OF for code in _classes(new))


def _moves_cash(new: NewOp) -> bool:
    return TILL in _classes(new)


def _classes(new: NewOp) -> list[int]:
    """The classes of account that a ledger op posts to; none of another op."""
    if KINDS[new.kind].policy != LEDGER:
        return []
    return [posting[0] for posting in new.body[POSTINGS]]  # type: ignore[attr-defined]  # a list of lists


def _subject_of(decision: Decision) -> int:
    member = decision.values.get("member")
    return member if isinstance(member, int) else 0


def _to_bytes(answer: Answer) -> bytes:
    values = {"command": answer.command, "values": answer.values, "code": answer.chain_code}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def _kept_answer(request: Request, kept: bytes) -> Outcome:
    if not kept:  # emptied, since its member was erased
        return Answer(request.command, repeated=True)
    values = json.loads(kept)
    if values["command"] != request.command:
        return refuse("request_id_reused")
    answer = Answer(values["command"], values["values"], values["code"])
    return replace(answer, repeated=True)
