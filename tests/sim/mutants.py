"""Planted bugs, each patched into the running program for a hunt, and taken out again.

A mutant changes the text of one or more functions and puts the result where the function was, also
where other modules have imported it. A text that is no longer there fails loudly: the mutant then
has to be written anew for the code as it is. Nothing of this is in the product's own files.
"""

import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.sim.runner import runner
from tests.sim.world import Plan

PACKAGES = ("sync_protocol", "edge", "cloud", "tests")


@dataclass(frozen=True, slots=True)
class Edit:
    """Where a text stands ("module:Class.function"), the text, and what replaces it."""

    where: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One planted bug. `subtle`: a run without faults or liars passes with it."""

    name: str
    invariant: str
    edits: tuple[Edit, ...]
    subtle: bool = False

    @property
    def faults(self) -> frozenset[str]:
        """The kinds of fault that bring it to light, where it needs any."""
        return frozenset(NEEDS.get(self.name, ()))


@dataclass(frozen=True, slots=True)
class Outcome:
    """The seed that caught a mutant, None if none did, and what it violated."""

    mutant: Mutant
    seed: int | None
    violation: str


def _mutant(
    name: str, invariant: str, *edits: tuple[str, str, str], subtle: bool = False
) -> Mutant:
    return Mutant(name, invariant, tuple(Edit(*edit) for edit in edits), subtle)


UNSYNCED = 'pragmas={**_WRITER_PRAGMAS, "synchronous": "off"}'

MUTANTS: tuple[Mutant, ...] = (
    # I1
    _mutant(
        "fold forgets the seventh posting",
        "I1",
        (
            "sync_protocol.fold:fold_transaction",
            "amount in postings:",
            "amount in postings[:6]:",
        ),
        subtle=True,
    ),
    _mutant(
        "pending amounts stay after they are confirmed",
        "I1",
        ("edge.store.apply:_Application._fold_ledger", "-posting[6]", "0"),
    ),
    _mutant(
        "a transaction that sums below zero passes",
        "I1",
        ("sync_protocol.ledger:fault_of", "if total:", "if total > 0:"),
        subtle=True,
    ),
    # I2
    _mutant(
        "the hub acks before it commits",
        "I2",
        (
            "cloud.hub.worker:Worker._take_batch",
            "self._round.batches.append((session, batch))",
            "self._round.batches.append((session, batch)); "
            "self._handle(session, session.committed(event.ops[-1].header.seq, "
            "event.ops[-1].hash))",
        ),
    ),
    _mutant(
        "a box trims its outbox when it has sent",
        "I2",
        (
            "sync_protocol.node_session:NodeSession.push",
            "self._next_seq = last.header.seq + 1",
            "self._next_seq = last.header.seq + 1\n"
            "    self.acked_seq, self.acked_hash = last.header.seq, last.hash\n"
            "    self._in_flight = []",
        ),
        subtle=True,
    ),
    _mutant(
        "a batch of which some is known is taken as known",
        "I2",
        (
            "sync_protocol.hub_session:HubSession.history_known",
            "if common == self.taken_seq and ops[-1].header.seq > common:",
            "if ops[-1].header.seq > common:\n"
            "        self._set_watermark(ops[-1].header.seq, ops[-1].hash); "
            "events = self._ack()\n"
            "    if False:",
        ),
        subtle=True,
    ),
    _mutant(
        "a box's commits are not synced",
        "I2",
        ("edge.store.store:Store.open", "pragmas=_WRITER_PRAGMAS", UNSYNCED),
        subtle=True,
    ),
    _mutant(
        "the hub's commits are not synced",
        "I2",
        ("cloud.store.database:open_writer", '"synchronous": "full"', '"synchronous": "off"'),
        subtle=True,
    ),
    # I3
    _mutant(
        "requests are not remembered",
        "I3",
        (
            "edge.store.transaction:WriteTransaction.remember_answer",
            "self._execute(statements.INSERT_ANSWER, values)",
            "pass",
        ),
    ),
    _mutant(
        "a repeated grant request is granted again",
        "I3",
        ("cloud.hub.grants:GrantCase._record", "if self.repeated:", "if True:"),
        subtle=True,
    ),
    _mutant(
        "a batch that came before is taken again",
        "I3",
        (
            "sync_protocol.hub_session:HubSession._check",
            "return self._compare(push, rows, data)",
            'return self._take(push, self._ops_of(push, rows, push.first_seq - 1, b""))',
        ),
    ),
    _mutant(
        "a request's answer is kept in memory alone",
        "I3",
        (
            "edge.store.reader:Reader.answer",
            "row = self._execute(statements.SELECT_ANSWER, (request_id,)).fetchone()",
            "row = self._execute(statements.SELECT_ANSWER, (request_id,)).fetchone() "
            "if getattr(getattr(self, 'own', None), 'segment_recorded', True) else None",
        ),
        subtle=True,
    ),
    # I4
    _mutant(
        "the hub trusts the wall clock of a box",
        "I4",
        (
            "sync_protocol.clock:effective_stamp",
            "min(max(corrected, 0), stamp_of(hub_ms, 0xFFFF))",
            "max(corrected, 0)",
        ),
        subtle=True,
    ),
    _mutant(
        "what an author had seen does not order its ops",
        "I4",
        (
            "sync_protocol.clock:effective_stamp",
            "max(capped, previous_effective + 1, seen_effective + 1)",
            "max(capped, previous_effective + 1)",
        ),
        subtle=True,
    ),
    _mutant(
        "a concurrent edit wins unseen",
        "I4",
        (
            "sync_protocol.registers:compare",
            "if entry is None or change.base == current_ref:",
            "if True:",
        ),
        subtle=True,
    ),
    _mutant(
        "the later of two card statuses wins, not the safer",
        "I4",
        ("sync_protocol.registers:_wins", "if field.ranks is not None:", "if False:"),
        subtle=True,
    ),
    _mutant(
        "a lost claim opens no case",
        "I4",
        (
            "cloud.domain.judge:_judge_claim",
            "lost_claim(op, claim.subject, holder.reference)",
            "None",
        ),
        subtle=True,
    ),
    _mutant(
        "a box sets fields that lost",
        "I4",
        (
            "edge.store.apply:_Application._fold_register",
            "write, annotation, op.ref())",
            "write, Annotation(annotation.effective, 1), op.ref())",
        ),
        subtle=True,
    ),
    _mutant(
        "a box keeps the claims of an erased member",
        "I4",
        (
            "edge.store.confirmed:ConfirmedState.personal_rows_of",
            "return documents, claims",
            "return documents, []",
        ),
        subtle=True,
    ),
    _mutant(
        "the second claim of a key wins as well",
        "I4",
        (
            "sync_protocol.claims:holder_against",
            "row.subject != write.subject",
            "row.subject == write.subject",
        ),
        subtle=True,
    ),
    _mutant(
        "a box counts no claim in its state hash",
        "I4",
        (
            "edge.store.confirmed:ConfirmedState._flush_claim",
            "claim_hash(kind, key, row)",
            "0",
        ),
    ),
    # I5
    _mutant(
        "signatures of batches are not checked",
        "I5",
        (
            "sync_protocol.hub_session:HubSession._check_signature",
            "if self._verify is None or not self._verify(push.signature, signed):",
            "if False:",
        ),
        subtle=True,
    ),
    _mutant(
        "signatures of blocks are not checked",
        "I5",
        (
            "sync_protocol.block_follower:BlockFollower._take",
            "if not self._verify(message.signature, block_signing_bytes(self.chain, last.hash)):",
            "if False:",
        ),
        subtle=True,
    ),
    _mutant(
        "a revoked node is heard on",
        "I5",
        (
            "cloud.hub.worker:Worker._take_batch",
            "if author is None or author.standing != CURRENT:",
            "if author is None:",
        ),
        ("cloud.hub.worker:Worker._greet", "if author.standing != CURRENT:", "if False:"),
        ("cloud.hub.worker:Worker._publish", "author.standing != CURRENT", "False"),
        subtle=True,
    ),
    _mutant(
        "a transaction in another cafe's name counts",
        "I5",
        (
            "sync_protocol.ledger:fault_of",
            "if header.node != HUB and transaction.cafe != author_cafe:",
            "if False:",
        ),
        subtle=True,
    ),
    _mutant(
        "another cafe's document may be written",
        "I5",
        ("sync_protocol.registers:fault_of", "if write.cafe != author_cafe:", "if False:"),
        subtle=True,
    ),
    _mutant(
        "a box may write what is head office's",
        "I5",
        ("sync_protocol.registers:fault_of", "if kind.author == HUB_ONLY:", "if False:"),
        subtle=True,
    ),
    _mutant(
        "a box may erase",
        "I5",
        (
            "cloud.domain.judge:_judge_system",
            "if kind.author == HUB_ONLY and op.header.node != HUB:",
            "if False:",
        ),
        subtle=True,
    ),
    # I6
    _mutant(
        "anybody may lower what another holds",
        "I6",
        ("sync_protocol.ledger:_may_lower", "return node == header.node and", "return True or"),
        subtle=True,
    ),
    _mutant(
        "the hub lets an account go below zero",
        "I6",
        (
            "cloud.domain.judge:_excess",
            "if row.limited and amount * row.side < 0 and after * row.side < 0:",
            "if False:",
        ),
        subtle=True,
    ),
    _mutant(
        "a box spends what others hold",
        "I6",
        (
            "edge.domain.stored_value:spend_refusal",
            "if amount_fen <= spendable_fen(here, purse):",
            "if amount_fen <= purse.balance_fen:",
        ),
        (
            "edge.store.transaction:WriteTransaction._add_pending",
            "if row.limited and",
            "if False and",
        ),
    ),
    # I7
    _mutant(
        "a stub does not advance its author's chain",
        "I7",
        (
            "sync_protocol.blocks:entry_from_wire",
            "heads.advance(node, epoch, seq, hash)\n        return Entry(",
            "return Entry(",
        ),
    ),
    _mutant(
        "a work that was undone leaves its numbers used",
        "I7",
        (
            "edge.store.own_log:OwnLog.return_to",
            "self.head, self._hybrid.last",
            "_, self._hybrid.last",
        ),
        subtle=True,
    ),
    _mutant(
        "an op follows the last op of another position",
        "I7",
        (
            "edge.store.transaction:WriteTransaction._append",
            "own.head.hash, hash_of_body",
            "own.head.hash if own.head.seq % 7 else bytes(32), hash_of_body",
        ),
    ),
    # I8
    _mutant(
        "a message that is none stops the hub",
        "I8",
        (
            "sync_protocol.hub_session:HubSession.receive",
            "return self._quarantine(error, data)",
            "raise",
        ),
        subtle=True,
    ),
    _mutant(
        "a malformed body stops the judge",
        "I8",
        (
            "cloud.domain.judge:judge",
            'return _void(op, kind, effective, "malformed")',
            "raise",
        ),
        subtle=True,
    ),
    _mutant(
        "an op of a kind that nobody knows stops the judge",
        "I8",
        ("cloud.domain.judge:judge", "KINDS.get(op.header.kind)", "KINDS[op.header.kind]"),
        subtle=True,
    ),
    _mutant(
        "one bad batch ends its node's session for good",
        "I8",
        (
            "sync_protocol.hub_session:HubSession._quarantine",
            "return events + self._reject(error.code) if self.state in (SYNCING, COMPARING) "
            "else events",
            "return events + self.fence(FENCED_UNKNOWN_NODE)",
        ),
        subtle=True,
    ),
    # I9
    _mutant(
        "a claim is shown as won before the hub has it",
        "I9",
        (
            "edge.store.reader:Reader.claim",
            "pending is None or pending == confirmed)",
            "True)",
        ),
        subtle=True,
    ),
    _mutant(
        "a repeat is answered without its op",
        "I9",
        (
            "edge.desk.commit:_kept_answer",
            'values["code"]',
            '""',
        ),
    ),
    _mutant(
        "a failed fsync is told as nothing done",
        "I9",
        (
            "edge.store.writer:Writer._commit",
            "if isinstance(told, StoreStoppedError):",
            "if False:",
        ),
        subtle=True,
    ),
)

_LOSSES = ("message_lost", "message_doubled", "message_delayed", "hub_killed_before_ack")
_APART = ("partition", "half_open", "message_delayed")
NEEDS: dict[str, tuple[str, ...]] = {
    "a transaction that sums below zero passes": ("forged_op",),
    "a box trims its outbox when it has sent": ("message_lost",),
    "a batch of which some is known is taken as known": _LOSSES,
    "a box's commits are not synced": ("box_power_cut",),
    "the hub's commits are not synced": ("hub_power_cut",),
    "requests are not remembered": ("double_request",),
    "a repeated grant request is granted again": ("double_request",),
    "a batch that came before is taken again": _LOSSES,
    "a request's answer is kept in memory alone": ("box_fsync_error", "box_killed_at_write"),
    "a work that was undone leaves its numbers used": ("box_disk_full",),
    "the hub trusts the wall clock of a box": ("clock_30_years",),
    "what an author had seen does not order its ops": ("forged_op",),
    "a concurrent edit wins unseen": _APART,
    "the later of two card statuses wins, not the safer": _APART,
    "a lost claim opens no case": _APART,
    "a box sets fields that lost": _APART,
    "the second claim of a key wins as well": _APART,
    "signatures of batches are not checked": ("wrong_signature",),
    "signatures of blocks are not checked": ("forged_block",),
    "a revoked node is heard on": ("revoked_node",),
    "a transaction in another cafe's name counts": ("other_cafe",),
    "another cafe's document may be written": ("other_cafe",),
    "a box may write what is head office's": ("forged_op",),
    "a box may erase": ("forged_op",),
    "anybody may lower what another holds": ("forged_op",),
    "the hub lets an account go below zero": ("forged_op",),
    "a message that is none stops the hub": ("poison_message",),
    "a malformed body stops the judge": ("forged_op",),
    "an op of a kind that nobody knows stops the judge": ("unknown_kind",),
    "one bad batch ends its node's session for good": ("poison_message", "wrong_signature"),
    "a claim is shown as won before the hub has it": _APART,
    "a repeat is answered without its op": ("double_request",),
    "a failed fsync is told as nothing done": ("box_fsync_error",),
}
"""Mutant -> the kinds of fault that a hunt for it is made of; none for the others."""
FAVOURS: dict[str, tuple[str, ...]] = {
    "a concurrent edit wins unseen": ("_edit_member",),
    "the later of two card statuses wins, not the safer": ("_edit_card",),
    "a box sets fields that lost": ("_edit_member", "_edit_card"),
    "a lost claim opens no case": ("_issue_card",),
    "the second claim of a key wins as well": ("_issue_card",),
    "a claim is shown as won before the hub has it": ("_issue_card", "_look_at_claim"),
    "a box keeps the claims of an erased member": ("_register",),
    "a repeated grant request is granted again": ("_ask_slice", "_release"),
}
"""Mutant -> what people do most in a hunt for it."""
LIES = frozenset(
    {
        "forged_op",
        "other_cafe",
        "wrong_signature",
        "forged_block",
        "unknown_kind",
        "poison_message",
        "revoked_node",
    }
)


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """Have a mutant in the program while entered."""
    with ExitStack() as undo:
        for edit in mutant.edits:
            _plant(edit, undo)
        yield


def _plant(edit: Edit, undo: ExitStack) -> None:
    module_name, _, path = edit.where.partition(":")
    module = importlib.import_module(module_name)
    owner: Any = module
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original = inspect.getattr_static(owner, name)
    text = textwrap.dedent(inspect.getsource(getattr(original, "__func__", original)))
    if edit.old not in text:
        raise LookupError(f"{edit.where} no longer says {edit.old!r}: write the mutant anew")
    scope: dict[str, Any] = {}
    changed = text.replace(edit.old, edit.new)
    exec(compile(changed, f"<mutant of {edit.where}>", "exec"), module.__dict__, scope)
    replacement = scope[name]
    for holder, attribute in _holders(owner, name, original, is_method=bool(parents)):
        setattr(holder, attribute, replacement)
        undo.callback(setattr, holder, attribute, original)


def _holders(owner: Any, name: str, original: object, *, is_method: bool) -> list[tuple[Any, str]]:
    """Return every place that has the function: its owner, and modules that imported it."""
    holders = [(owner, name)]
    if is_method:
        return holders
    for module in list(sys.modules.values()):
        package = getattr(module, "__name__", "").partition(".")[0]
        if package not in PACKAGES or module is owner:
            continue
        holders += [
            (module, attribute) for attribute, value in vars(module).items() if value is original
        ]
    return holders


def hunt(mutant: Mutant, seeds: int) -> Outcome:
    """Run seeds with a mutant planted until one is violated that is not without it."""
    for seed in range(seeds):
        plan = _plan(mutant, seed)
        with planted(mutant), runner() as runs:
            violations = runs.run(plan).violations
        if violations and not _fails_without(plan):
            return Outcome(mutant, seed, violations[0].strip().replace("\n", " "))
    return Outcome(mutant, None, "")


def _fails_without(plan: Plan) -> bool:
    """Whether a plan fails by itself; with a runner of its own, whose template no bug has built."""
    with runner() as runs:
        return bool(runs.run(plan).violations)


def _plan(mutant: Mutant, seed: int) -> Plan:
    """Return a plan that looks for this bug: its kinds of fault, and more of who brings it out."""
    faults = mutant.faults
    liar_share = 0.45 if faults & LIES else 0.0
    office_share = 0.15 if mutant.name == "a box keeps the claims of an erased member" else 0.04
    return Plan(
        seed,
        faults,
        2 + seed % 2,
        liar_share=liar_share,
        office_share=office_share,
        favours=FAVOURS.get(mutant.name, ()),
    )
