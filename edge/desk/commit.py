"""One command, one commit: read, decide, append, remember the answer; effects only afterwards."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from edge.desk import facts
from edge.desk.answers import Answer, Outcome, Session
from edge.desk.asked import Asked
from edge.desk.catalogue import Catalogue
from edge.desk.growth import with_tier_settled
from edge.desk.settings import DeskSettings
from edge.desk.table import COMMANDS
from edge.desk.tills import shift_at
from edge.domain.decision import Decision, Here, Judgement, PrintSlip
from edge.domain.refusals import Refusal, refuse
from edge.domain.shifts import shift_refusal
from edge.domain.stored_value import spendable_fen
from edge.effects.after_commit import Effects
from edge.effects.page_events import Region
from edge.effects.slips.job import SlipJob, to_bytes
from edge.store.store import Store
from edge.store.transaction import WriteTransaction

TAP_ANSWERS = ("member", "points")
"""What the box's own commands, a tap and a release that fell due, answer."""

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

    @property
    def staff(self) -> int:
        """Who asks; 0 before the log-in."""
        return self.session.staff if self.session else 0


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

    async def commit(self, request: Request, decide: Decide, *regions: Region) -> Outcome:
        """Do a command once. `regions` are the parts of the page that it makes stale.

        A repeat of the request id gets the first answer; a refusal undoes what `decide` wrote.
        """

        def work(transaction: WriteTransaction) -> Outcome:
            kept = transaction.answer(request.id)
            if kept is not None:
                return _kept_answer(request, kept)
            at = self._here_of(transaction, request)
            if isinstance(at, Refusal):
                return at
            judgement = decide(transaction, at)
            if isinstance(judgement, Refusal):
                return judgement
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

    def _here_of(self, transaction: WriteTransaction, request: Request) -> Here | Refusal:
        """`here` with the asker's open shift; a refusal where the command needs one."""
        at = self.here(transaction)
        if request.session is None:
            return at
        shift = shift_at(transaction, request.terminal)
        refusal = shift_refusal(shift, request.staff)
        if refusal is not None:
            return refusal if COMMANDS[request.command].needs_shift else at
        return replace(at, shift=shift.id if shift is not None else 0)

    def record(
        self, transaction: WriteTransaction, at: Here, decision: Decision, request: Request
    ) -> Answer:
        """Append a decision's ops, queue its slips, return the answer that its command promises."""
        session = request.session
        code = ""
        for new in decision.ops:
            shift = at.shift if new.shift is None else new.shift
            op = transaction.append(
                new.kind, new.body, actor=request.staff, terminal=request.terminal, shift=shift
            )
            code = code or facts.chain_code(op.ref())
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
                job = SlipJob(
                    effect.slip,
                    slip_facts,
                    self.catalogue.cafe_name(transaction),
                    at.now_ms,
                    at.utc_offset_min,
                    session.name if session else "",
                    code,
                )
                values["print_job"] = transaction.add_print_job(effect.slip, to_bytes(job), member)
        kept = {name: values[name] for name in promised if name in values}
        return Answer(request.command, kept, code)  # type: ignore[arg-type]  # values are JSON's


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
