"""What a cafe writes in a day, by the product's own rules: taps, top-ups, spends, sales, releases.

`CafeTraffic` plays the counter of one cafe against its memory and hands out each happening's
ops as the domain decides them; an `OpChain` gives them headers and hashes where there is no
store. The mix is that of an internet cafe: who comes is known and comes back, seats and drinks
are paid from stored value.
"""

import random
from dataclasses import dataclass, field

from edge.domain.business_day import business_day
from edge.domain.decision import Decision, Here, NewOp
from edge.domain.parts import Part
from edge.domain.points import EARN_RULE_DEFAULT
from edge.domain.products import Product
from edge.domain.refusals import Refusal
from edge.domain.sales import Fee, Payment, pay, sell_fee
from edge.domain.stored_value import Purse, release
from edge.domain.tenders import laid_by_one
from edge.domain.tickets import Ticket, TicketLine
from edge.domain.top_up import TopUp, Who, top_up
from edge.domain.visits import TapFacts, leave, tap, visit_key
from sync_protocol.accounts import FEN, POINTS, POINTS_HELD, WALLET
from sync_protocol.clock import HybridClock
from sync_protocol.kinds import CARD, KINDS, LEDGER, MEMBER, VISIT, field_index
from sync_protocol.ledger import REASON_SPEND
from sync_protocol.ops import OP_VERSION, TRUST_MEASURED, Header, Op, OpRef, genesis_hash, make_op
from sync_protocol.registers import RegisterRow, fold_write, write_from_body

START_MS = 1_780_000_000_000
DAY_MS = 24 * 3600 * 1000
UTC_OFFSET_MIN = 480
CUT_OVER_HOUR = 6
SAME_TAP_MS = 3000
HUB_REFERENCE = OpRef(0, 1, 1, bytes(8))
STAFF = 4_000_000_000_000_001
SHIFT = 4_100_000_000_000_001
SPEND = ("消费", "Spend")
PRODUCTS = tuple(
    Product(f"drink-{price}", "饮料", "Drink", price, 0, True, 100, True)
    for price in (300, 400, 500, 600, 800, 1000, 1200, 1500)
)


def draw_id(draw: random.Random) -> int:
    """Return a random id of 52 bits, as the product gives them."""
    return draw.getrandbits(52) | 1


@dataclass
class OpChain:
    """One author's log in memory: gives ops their headers and hashes."""

    chain: str
    node: int
    epoch: int
    now_ms: int = START_MS
    seq: int = 0
    hash: bytes = b""
    clock: HybridClock = field(default_factory=lambda: HybridClock(0))
    seen_position: int = 0

    def __post_init__(self) -> None:
        self.hash = genesis_hash(self.chain, self.node, self.epoch)

    def append(self, new: NewOp) -> Op:
        """Return the op that continues the chain."""
        self.seq += 1
        header = Header(
            OP_VERSION,
            new.kind,
            self.node,
            self.epoch,
            self.seq,
            self.clock.next(self.now_ms, 0),
            1,
            TRUST_MEASURED,
            1,
            0,
            self.seen_position,
            STAFF,
            1,
            SHIFT,
        )
        op = make_op(header, new.body, self.hash)
        self.hash = op.hash
        return op


class CafeTraffic:
    """One cafe's counter. Its members come and go; the same seed gives the same days."""

    def __init__(self, node: int, epoch: int, cafe: int, seed: int, members: int = 400) -> None:
        self.now_ms = START_MS
        self._node, self._epoch, self._cafe = node, epoch, cafe
        self._draw = random.Random(seed)
        self._members = [draw_id(self._draw) for _ in range(members)]
        self._cards = {member: draw_id(self._draw) for member in self._members}
        self._wallets = dict.fromkeys(self._members, 0)
        self._points = dict.fromkeys(self._members, 0)
        self._visits: dict[str, RegisterRow] = {}
        self._sales = 0

    def happen(self) -> tuple[NewOp, ...]:
        """Let some seconds pass and return the ops of what happens next."""
        happenings = (self._tap, self._spend, self._sell, self._top_up, self._leave)
        while True:
            # 3,000 ops a day of 16 hours: a happening every 36 s
            self.now_ms += self._draw.randrange(2_000, 70_000)
            happening = self._draw.choices(happenings, weights=(30, 25, 20, 15, 10))[0]
            judged = happening(self._draw.choice(self._members))
            if isinstance(judged, Decision) and judged.ops:
                return judged.ops

    def remember(self, op: Op) -> None:
        """Take up an op that was written: the next one on its document builds on it."""
        if op.header.kind == VISIT:
            write = write_from_body(KINDS[VISIT], op.body)
            key = str(write.key)
            row = self._visits.get(key)
            self._visits[key] = fold_write(row, write, op.header.stamp, op.ref(), [])

    def start_day(self, day: int) -> None:
        """Go to the morning of day 0, 1, ...; nobody is in the cafe."""
        self.now_ms = START_MS + day * DAY_MS
        self._visits.clear()

    @property
    def _here(self) -> Here:
        day = business_day(self.now_ms, UTC_OFFSET_MIN, CUT_OVER_HOUR)
        return Here(self._cafe, self._node, self._epoch, self.now_ms, day, UTC_OFFSET_MIN)

    def _visit_key(self, member: int) -> str:
        return visit_key(self._cafe, self._here.business_day, member)

    def _tap(self, member: int) -> Decision | Refusal:
        card = _row(CARD, {"member": member, "status": "active"})
        person = _row(MEMBER, {"name": "会员", "number": "8F3K2Q", "status": "active"})
        visit = self._visits.get(self._visit_key(member))
        facts = TapFacts(self._cards[member], member, card, person, visit, None, EARN_RULE_DEFAULT)
        judged = tap(self._here, facts, SAME_TAP_MS)
        if isinstance(judged, Decision):
            self._points[member] += int(str(judged.values["points"]))
        return judged

    def _payment(self, member: int, total_fen: int) -> Payment:
        self._sales += 1
        purse = Purse(self._wallets[member], (), subject=member)
        return Payment(draw_id(self._draw), self._sales, laid_by_one("wallet"), total_fen, purse)

    def _spend(self, member: int) -> Decision | Refusal:
        amount_fen = self._draw.randrange(1, 30) * 100
        payment = self._payment(member, amount_fen)
        customer = Ticket((), member, "会员")
        fee = Fee("", SPEND, amount_fen, REASON_SPEND)
        sold = sell_fee(self._here, customer, payment, EARN_RULE_DEFAULT, fee)
        return self._paid(member, sold)

    def _sell(self, member: int) -> Decision | Refusal:
        picked = self._draw.sample(PRODUCTS, self._draw.choice((1, 1, 1, 2, 3)))
        ticket = Ticket(tuple(TicketLine(product, 1) for product in picked), member, "会员")
        payment = self._payment(member, ticket.total_fen)
        return self._paid(member, pay(self._here, ticket, payment, EARN_RULE_DEFAULT))

    def _paid(self, member: int, judged: Decision | Refusal) -> Decision | Refusal:
        if isinstance(judged, Decision):
            self._wallets[member] -= int(str(judged.values["total_fen"]))
            self._points[member] += int(str(judged.values["points"]))
        return judged

    def _top_up(self, member: int) -> Decision | Refusal:
        amount_fen = self._draw.choice((2000, 5000, 5000, 10000, 20000))
        self._wallets[member] += amount_fen
        tender = self._draw.choice(("cash", "wechat", "wechat", "alipay"))
        self._sales += 1
        laid = laid_by_one(tender, f"R{self._sales}")
        who = Who(member, "会员", STAFF)
        wished = TopUp(draw_id(self._draw), self._sales, "", who, amount_fen, laid)
        return top_up(self._here, wished)

    def _leave(self, member: int) -> Decision | Refusal:
        """The member goes; what the cafe holds of them goes back to the hub."""
        left = leave(self._here, member, self._visits.get(self._visit_key(member)))
        if isinstance(left, Refusal):
            return left
        held = (
            Part(WALLET, member, 0, FEN, self._wallets[member]),
            Part(POINTS_HELD, member, 0, POINTS, self._points[member]),
        )
        back = release(self._here, member, held)
        self._wallets[member] = self._points[member] = 0
        return Decision((*left.ops, *back.ops))


def write_ops(
    traffic: CafeTraffic, chain: OpChain, count: int, *, ledger_only: bool = False
) -> list[Op]:
    """Return the next `count` ops of a cafe, or the next `count` ledger ops without the others."""
    found: list[Op] = []
    while len(found) < count:
        for new in traffic.happen():
            chain.now_ms = traffic.now_ms
            op = chain.append(new)
            traffic.remember(op)
            if not ledger_only or KINDS[op.header.kind].policy == LEDGER:
                found.append(op)
    if ledger_only:
        return found[:count]
    return found


def _row(kind: int, values: dict[str, object]) -> RegisterRow:
    entries: list[list[object] | None] = []
    for name, value in values.items():
        index = field_index(kind, name)
        entries += [None] * (index + 1 - len(entries))
        entries[index] = [value, 1, HUB_REFERENCE.row()]
    return RegisterRow(0, entries)
