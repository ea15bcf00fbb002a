"""Facts for domain tests: one cafe, one moment; and the checks that every decision owes."""

from collections.abc import Mapping

from edge.domain.advances import NO_ADVANCE, Advance
from edge.domain.decision import Decision, Here, Judgement, NewOp
from edge.domain.points import EarnRule
from edge.domain.refusals import Refusal
from edge.domain.sales import Fee, Payment, sell_fee
from edge.domain.tenders import laid_by_one
from edge.domain.tickets import Ticket
from edge.domain.top_up import TopUp, Who
from edge.domain.top_up_rule import TopUpRule
from sync_protocol.claims import claim_from_body
from sync_protocol.codec import pack, unpack
from sync_protocol.kinds import CLAIM, KINDS, LEDGER, REGISTER, field_index
from sync_protocol.ledger import REASON_SPEND, Transaction, fault_of, transaction_from_body
from sync_protocol.ops import Header
from sync_protocol.registers import RegisterRow, write_from_body

CAFE, NODE, EPOCH = 3, 7, 2
OTHER_CAFE, OTHER_NODE = 4, 8
NOW_MS = 1_794_000_000_000
TODAY = 20261106
MEMBER = 812
HERE = Here(CAFE, NODE, EPOCH, NOW_MS, TODAY, 480)
SALT = b"s" * 16
NO_LIMITS = TopUpRule(minimum_fen=1, maximum_fen=5_000_000)


def row(kind: int, values: Mapping[str, object], cafe: int = CAFE) -> RegisterRow:
    """A document with these fields, each set by an op of its own."""
    entries: list[list[object] | None] = []
    for name, value in values.items():
        index = field_index(kind, name)
        while len(entries) <= index:
            entries.append(None)
        entries[index] = [value, 5 << 16, [NODE, EPOCH, index + 1, bytes(8)]]
    return RegisterRow(cafe, entries)


def check(op: NewOp) -> Transaction | None:
    """Check what the protocol demands of an op alone; return its transaction if it is one."""
    kind = KINDS[op.kind]
    body = unpack(pack(op.body))
    if kind.policy == REGISTER:
        write_from_body(kind, body)
    elif kind.policy == CLAIM:
        claim_from_body(kind, body)
    elif kind.policy == LEDGER:
        transaction = transaction_from_body(body)
        header = Header(1, op.kind, NODE, EPOCH, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)
        assert fault_of(header, transaction, CAFE) is None
        return transaction
    return None


def transactions(judgement: Decision | Refusal) -> list[Transaction]:
    """The transactions of a decision, each op checked; fails on a refusal."""
    assert isinstance(judgement, Decision), judgement
    checked = [check(op) for op in judgement.ops]
    return [transaction for transaction in checked if transaction is not None]


def moved(
    judgement: Decision | Refusal, code: int, holder: tuple[int, int] = (0, 0)
) -> dict[str, int]:
    """Unit -> what a decision posts to a class with a holder, debit positive."""
    sums: dict[str, int] = {}
    for transaction in transactions(judgement):
        for posted, _subject, node, epoch, _month, unit, amount in transaction.postings:
            if posted == code and (node, epoch) == holder:
                sums[unit] = sums.get(unit, 0) + amount
    return sums


def spend(here: Here, payment: Payment, rule: EarnRule) -> Judgement:
    """A debit of stored value for something that is no product."""
    fee = Fee("", ("消费", "Spend"), payment.expected_total_fen, REASON_SPEND)
    return sell_fee(here, Ticket((), MEMBER, "王"), payment, rule, fee)


def cash_top_up(amount_fen: int, advance: Advance = NO_ADVANCE) -> TopUp:
    """A wished top-up in cash."""
    who = Who(MEMBER, "王", 1, 2)
    return TopUp(88, 1, "A-1", who, amount_fen, laid_by_one("cash"), None, advance)


def code_of(judgement: object) -> str:
    """The code of a refusal; fails on anything else."""
    assert isinstance(judgement, Refusal), judgement
    return judgement.code
