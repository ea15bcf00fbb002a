"""Head office: what it does on any day, and when boxes were copied or the hub was restored."""

from collections.abc import Callable
from random import Random

from cloud.domain.epochs import closing
from cloud.domain.erasure import decide_erasure
from cloud.domain.judge import CLOSED, CURRENT
from cloud.domain.refusals import Refusal
from cloud.hub import enrolment, left_overs
from cloud.hub.builder import Proposal
from cloud.hub.draft import Draft, HubOps
from cloud.hub.office import _approval_fault, _held_by
from cloud.hub.worker import Worker
from sync_protocol.accounts import ADVANCE_BOOK, ADVANCE_RIGHT, FEN
from sync_protocol.http_api import EnrolRequest
from sync_protocol.kinds import ALIAS, MEMBER, NODE, PRODUCT, RULE, TRANSACTION, field_index
from sync_protocol.ledger import REASON_GRANT, Transaction
from sync_protocol.ops import OpRef
from sync_protocol.registers import Change, RegisterWrite
from tests.sim import documents
from tests.sim.asking import Asking
from tests.sim.hub import UTC_OFFSET_MIN, Hub
from tests.sim.lies import LIAR
from tests.sim.signing import Key
from tests.sim.template import MANAGER, MEMBERS, NODES

APPROVERS = (MANAGER, MANAGER + 1)
BUSINESS_DAY = 20260528
BONUS_TIERS = {"version": 1, "values": [[2_500, 300, 0, 0, 2], [5_000, 900, 0, 0, 0]]}
"""(from fen, bonus fen, points, lucky points, months until the bonus expires)"""


class HeadOffice:
    """Proposes to the hub; what the hub loses with its process is proposed again, or never was."""

    def __init__(
        self,
        hub: Hub,
        people: Asking,
        places: list[int],
        random: Random,
        say: Callable[[str], None],
    ) -> None:
        self._hub = hub
        self._people = people
        self._places = places
        self._random = random
        self._say = say

    # --- by itself --------------------------------------------------------------------------------

    def act(self) -> None:
        """Do one of the things that head office does on any day."""
        random, people = self._random, self._people
        draw = random.random()
        new = people.members[len(MEMBERS) :]
        if draw < 0.2 and new:
            member = random.choice(new)
            people.erased.add(member)
            self._say(f"head office erases {member}")
            self._hub.propose(lambda draft: _erasure(draft, member))
        elif draw < 0.35:
            member = random.choice(people.members)
            node = random.choice(self._places)
            limit_fen = random.choice((500, 2_000))
            self._say(f"head office lets node {node} advance {limit_fen} to {member}")
            self._hub.propose(lambda _: _advance_right(member, node, limit_fen))
        elif draw < 0.5:
            price = random.choice((450, 500, 550))
            self._say(f"head office sets the price of cola to {price}")
            self._hub.propose(lambda draft: _change(draft, PRODUCT, "cola", price_fen=price))
        elif draw < 0.6:
            version = random.randint(2, 9)
            self._hub.propose(
                lambda draft: _change(draft, RULE, "points", version=version, values=[[1, 5]])
            )
        elif draw < 0.7 and new:
            member, into = random.choice(new), random.choice(list(MEMBERS))
            self._say(f"head office merges {member} into {into}")
            self._hub.propose(lambda draft: _merge(draft, member, into))
        else:
            stream = Random(random.random())
            self._hub.propose(lambda draft: documents.draw_for_hub(draft, stream))

    def give_bonus(self) -> None:
        """From now on top-ups bring bonus credit."""
        self._hub.propose(lambda draft: _change(draft, RULE, "top_up_tiers", **BONUS_TIERS))

    def revoke_liar(self) -> None:
        """Take the liar's epoch away, while it is connected."""
        self._say("head office revokes the liar")
        self._hub.propose(lambda draft: _change(draft, NODE, LIAR, status="revoked"))

    # --- two people -------------------------------------------------------------------------------

    def close_epoch(self, node: int, epoch: int) -> None:
        """Close an epoch: what it holds returns to the hub's part."""
        self._say(f"head office closes epoch {node}.{epoch}")

        def decide(draft: Draft) -> HubOps | list[OpRef] | Refusal:
            if not any(author.epoch == epoch for author in draft.authors_of(node)):
                return []
            author = draft.author(node, epoch)
            if author.standing in (CLOSED, CURRENT):
                return []
            held = _held_by(draft, node, epoch)
            return closing(node, epoch, author.seq, APPROVERS, held, BUSINESS_DAY, UTC_OFFSET_MIN)

        self._hub.propose(decide)

    def enrol(self, node: int, code: str, key: Key) -> int | None:
        """Give a node its next epoch under `key`; the epoch once the hub has it, else None.

        To be asked again until it is there.
        """
        worker = self._hub.worker
        if worker is None or worker.recovery.under_way:
            return None
        for (known, epoch), author in worker.builder.authors.items():
            if known == node and author.public_key == key.public:
                return epoch
        self._say(f"head office enrols node {node} again")

        def propose() -> None:
            database = worker.builder.database
            known = database.execute(
                "SELECT 1 FROM enrolment_code WHERE code_hash = ?", (enrolment.code_hash(code),)
            ).fetchone()
            if known is None:
                now_ms = self._hub.clock.wall_ms()
                enrolment.keep_code(database, code, NODES[node], node, f"box {node}", now_ms)
            request = EnrolRequest(code, key.public, b"", "sim")
            case = enrolment.Enrolment(request, self._random.randbytes)
            worker.propose(case.proposal(), lambda _: None)

        self._hub.call(propose)
        return None

    def admit_branches(self) -> None:
        """Admit whatever boxes have handed in wholly of epochs that left the log."""
        worker = self._hub.worker
        if worker is None or worker.recovery.under_way:
            return
        waiting = [
            left_over
            for left_over, _node, branch_epoch, seq, last_seq in _left_overs(worker)
            if branch_epoch is None and seq == last_seq
        ]
        for left_over in waiting:
            self._say(f"two people admit branch {left_over}")

            def check(draft: Draft) -> Refusal | None:
                return _approval_fault(draft, APPROVERS)

            proposal = left_overs.admission(left_over, APPROVERS, check, _tell_nobody)
            self._hub.call(lambda proposal=proposal: worker.propose(proposal, _done))
        if not waiting and self.has_open_branches():
            self._hub.serve(lambda worker: worker.append_branches())

    def has_open_branches(self) -> bool:
        """Whether something was handed in that is not in the log yet."""
        worker = self._hub.worker
        if worker is None:
            return True
        for _left_over, node, branch_epoch, _seq, last_seq in _left_overs(worker):
            if branch_epoch is None:
                return True
            author = worker.builder.authors.get((node, branch_epoch))
            if author is None or author.seq < last_seq:
                return True
        return False

    def excuse(self, node: int) -> None:
        """Have the hub recover without a node."""
        self._say(f"two people excuse node {node}")
        self._hub.serve(lambda worker: worker.excuse(node, APPROVERS))


def _left_overs(worker: Worker) -> list[tuple[int, int, int | None, int, int]]:
    """(id, node, branch's epoch, seq that is here, last seq) of all that was handed in."""
    sql = "SELECT id, node, branch_epoch, seq, last_seq FROM left_over"
    return worker.builder.database.execute(sql).fetchall()


def _tell_nobody(_draft: Draft, _node: int, _epoch: int) -> HubOps:
    """Nobody here sees to the case that the fence opened."""
    return []


def _done(_proposal: Proposal) -> None:
    """What came of it is looked up."""


def _erasure(draft: Draft, member: int) -> HubOps | Refusal:
    rows = [draft.state.register(MEMBER, member)]
    return decide_erasure(member, rows, draft.state.is_erased(member))


def _merge(draft: Draft, member: int, into: int) -> HubOps:
    """Have two members read as one, once and for all."""
    if draft.state.register(ALIAS, member) is not None:
        return []
    return _change(draft, ALIAS, member, into=into)


def _advance_right(member: int, node: int, limit_fen: int) -> HubOps:
    """Return the op that raises what a node may advance to a member."""
    postings: list[tuple[int, int | str, int, int, int, str, int]] = [
        (ADVANCE_BOOK, member, 0, 0, 0, FEN, limit_fen),
        (ADVANCE_RIGHT, member, node, 1, 0, FEN, -limit_fen),
    ]
    body = Transaction(0, REASON_GRANT, BUSINESS_DAY, UTC_OFFSET_MIN, 0, 0, None, postings).body()
    return [(TRANSACTION, body)]


def _change(draft: Draft, kind: int, key: int | str, **values: object) -> HubOps:
    """Return the op of head office that sets fields on the base of what they are now."""
    row = draft.state.register(kind, key)
    changes = []
    for name, value in values.items():
        index = field_index(kind, name)
        entry = row.entry(index) if row is not None else None
        changes.append(Change(index, value, entry[2] if entry is not None else None))
    changes.sort(key=lambda change: change.index)
    return [(kind, RegisterWrite(b"", key, 0, changes).body())]
