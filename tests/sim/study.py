"""What rights are worth while lines are cut: five cafes, 200 members, a simulated month.

    python -m tests.sim.study [--seed 1] [--json]

Each cafe is cut off at random for about a sixth of the time. Members go mostly to one cafe,
sometimes to others, top up where they are, and spend; on one visit in four they try to spend all
that they have, and more. Boxes and hub decide by the product's own pure rules, the hub judges every
op by the product's judge; what is left out is the store, the session and people's patience.

A spend is *covered* if the member has the money, wherever it is held. Counted are the covered
spends that a counter refused. A member must never have spent above what was topped up plus the
limit of advances: `excess_fen` is by how much the worst one did, `voids` how many ops the judge
voided.
"""

import argparse
import heapq
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from cloud.domain.advances import limit_change, repayment
from cloud.domain.grants import GrantPolicy, Holding, decide_grant, grant_transaction, without
from cloud.domain.judge import Author, judge
from cloud.domain.refusals import Refusal as HubRefusal
from cloud.domain.slices import slice_moves, slice_request, usual_cafe
from edge.domain.advances import Advance
from edge.domain.decision import Decision, Here
from edge.domain.parts import Part, leave
from edge.domain.points import EarnRule
from edge.domain.refusals import Refusal
from edge.domain.sales import Fee, Payment, sell_fee
from edge.domain.stored_value import Holding as Held
from edge.domain.stored_value import purse, release
from edge.domain.tenders import laid_by_one
from edge.domain.tickets import Ticket
from edge.domain.top_up import TopUp, Who, top_up
from sync_protocol.accounts import ADVANCE_RIGHT, FEN, RECEIVABLE, WALLET
from sync_protocol.annotations import APPLIED
from sync_protocol.kinds import KINDS, LEDGER, TRANSACTION
from sync_protocol.ledger import REASON_SPEND, Transaction
from sync_protocol.ops import HUB, Header, genesis_hash, make_op
from tests.sim.study_counts import Balances, Count, Result, Setting

CAFES = 5
MEMBERS = 200
DAYS = 30
DAY_MIN = 24 * 60
OPENS_MIN, CLOSES_MIN = 10 * 60, 26 * 60
NIGHT_MIN = 6 * 60
UP_MEAN_MIN, DOWN_MEAN_MIN = 20 * 60, 4 * 60
VISITS_A_DAY = 0.6
USUAL_SHARE = 0.85
RELEASE_AFTER_MIN = 6 * 60
DEBTS_EVERY_MIN = 10
START = datetime(2026, 3, 1, tzinfo=UTC)
NO_POINTS = EarnRule(0, 0, 0)
NOBODY = ("", "")


@dataclass
class Box:
    """One cafe: while cut off it goes by what it saw last and by its own ops."""

    cafe: int
    up: bool = True
    seen: Balances = field(default_factory=Balances)
    waiting: list[tuple[int, list[object]]] = field(default_factory=list)
    last_seen: dict[int, int] = field(default_factory=dict)


class Month:
    """One simulated month under one setting."""

    def __init__(self, setting: Setting, seed: int, days: int = DAYS) -> None:
        self.days = days
        self.result = Result(setting)
        self.rule = setting.rule()
        self.grants = setting.grants
        self.random = Random(f"{seed} members")
        self.lines = Random(f"{seed} lines")
        self.state = Balances()
        self.boxes = {cafe: Box(cafe) for cafe in range(1, CAFES + 1)}
        self.usual: dict[int, int] = {}
        self.visits: dict[int, dict[int, list[int]]] = {}
        self.topped_up: dict[int, int] = {}
        self.spent: dict[int, int] = {}
        self.now_min = 0
        self._seqs: dict[int, int] = {}
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()

    # --- time -------------------------------------------------------------------------------------

    def at(self, minute: int, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (minute, next(self._order), what))

    def run(self) -> Result:
        for box in self.boxes.values():
            self._plan_cut(box)
        for day in range(self.days):
            self.at(day * DAY_MIN + NIGHT_MIN, self._night)
        for minute in range(0, self.days * DAY_MIN, DEBTS_EVERY_MIN):
            self.at(minute, self._upkeep)
        for member in range(1, MEMBERS + 1):
            home = self.random.randint(1, CAFES)
            for day in range(self.days):
                if self.random.random() < VISITS_A_DAY:
                    self._plan_visit(member, home, day)
        while self._events:
            self.now_min, _, what = heapq.heappop(self._events)
            if self.now_min < self.days * DAY_MIN:
                what()
        for box in self.boxes.values():
            self._mend(box)
        for member, fen in self.spent.items():
            excess = fen - self.topped_up.get(member, 0) - self.rule.advance_limit_fen
            self.result.excess_fen = max(self.result.excess_fen, excess)
        return self.result

    def _plan_visit(self, member: int, home: int, day: int) -> None:
        elsewhere = self.random.random() >= USUAL_SHARE
        others = [cafe for cafe in self.boxes if cafe != home]
        cafe = self.random.choice(others) if elsewhere else home
        minute = day * DAY_MIN + self.random.randint(OPENS_MIN, CLOSES_MIN)
        self.at(minute, lambda: self._tap(self.boxes[cafe], member))
        greedy = self.random.random() < 0.25
        tops_up = self.random.random() < 0.8
        tops_up_fen = self.random.choice((5_000, 10_000, 20_000))
        self.at(minute + 1, lambda: self._top_up_if_low(cafe, member, tops_up, tops_up_fen))
        for _ in range(self.random.randint(1, 3)):
            amount_fen = self.random.randint(5, 40) * 100
            minute += self.random.randint(5, 90)
            self.at(minute, lambda fen=amount_fen: self._spend(cafe, member, fen))
        if greedy:
            self.at(minute + 5, lambda: self._spend_all(cafe, member))

    def _plan_cut(self, box: Box) -> None:
        minute = self.now_min + round(self.lines.expovariate(1 / UP_MEAN_MIN))
        self.at(minute, lambda: self._cut(box))

    def _cut(self, box: Box) -> None:
        box.up = False
        box.seen = self.state.copy()
        minute = self.now_min + round(self.lines.expovariate(1 / DOWN_MEAN_MIN)) + 1

        def mend() -> None:
            self._mend(box)
            self._plan_cut(box)

        self.at(minute, mend)

    def _mend(self, box: Box) -> None:
        box.up = True
        for kind, body in box.waiting:
            self._judge(box.cafe, kind, body)
        box.waiting.clear()

    # --- ops --------------------------------------------------------------------------------------

    def _judge(self, node: int, kind: int, body: list[object]) -> None:
        seq = self._seqs[node] = self._seqs.get(node, 0) + 1
        header = Header(1, kind, node, 1, seq, seq, 1, 2, 1, 0, 0, 0, 1, 0)
        op = make_op(header, body, genesis_hash("study", node, 1))
        judged = judge(op, Author(node), seq, self.state)
        self.result.ops += 1
        if judged.annotation.verdict == APPLIED:
            self.state.fold(body)
        else:
            self.result.voids += 1

    def _by_hub(self, transaction: Transaction | None) -> None:
        if transaction is not None:
            self._judge(HUB, TRANSACTION, transaction.body())

    def _by_box(self, box: Box, decision: Decision) -> None:
        for op in decision.ops:
            if KINDS[op.kind].policy != LEDGER:
                continue
            if box.up:
                self._judge(box.cafe, op.kind, op.body)
            else:
                box.seen.fold(op.body)
                box.waiting.append((op.kind, op.body))

    def _day(self) -> int:
        moment = START + timedelta(minutes=self.now_min - NIGHT_MIN)
        return moment.year * 10000 + moment.month * 100 + moment.day

    def _here(self, box: Box) -> Here:
        now_ms = self.now_min * 60_000
        return Here(box.cafe, box.cafe, 1, now_ms, self._day(), 0, cut_off=not box.up)

    def _here_for(self, box: Box, member: int) -> Here:
        """As without a line where the tap's request left the hub with nothing more to bring."""
        in_vain = self.grants and not self.state.of(member, WALLET).get((0, 0), 0)
        return replace(self._here(box), cut_off=not box.up or in_vain)

    def _view(self, box: Box) -> Balances:
        return self.state if box.up else box.seen

    # --- what members do --------------------------------------------------------------------------

    def _tap(self, box: Box, member: int) -> None:
        box.last_seen[member] = self.now_min
        days = self.visits.setdefault(member, {}).setdefault(box.cafe, [])
        if self._day() not in days:
            days.append(self._day())
        if box.up and self.grants:
            self._grant(box, member)

    def _grant(self, box: Box, member: int) -> None:
        """The tap's request: what the hub holds, then what others release when it recalls."""
        for other in self.boxes.values():
            holder = (other.cafe, 1)
            held = self.state.of(member, WALLET).get(holder, 0)
            if other is not box and other.up and held:
                part = Part(WALLET, member, 0, FEN, held)
                self._by_box(other, release(self._here(other), member, (part,)))
        at_hub = self.state.of(member, WALLET).get((0, 0), 0)
        holding = Holding(WALLET, member, 0, FEN, at_hub)
        debt_fen = self.state.of(member, RECEIVABLE).get((0, 0), 0)
        asked = self.state.total(member, WALLET)
        moves = decide_grant(without([holding], debt_fen), asked, GrantPolicy()) if asked else []
        if moves and not isinstance(moves, HubRefusal):
            day = (self._day(), 0)
            self._by_hub(grant_transaction(moves, box.cafe, 1, self.now_min, *day))
        self._repay(member)

    def _top_up_if_low(self, cafe: int, member: int, wants: bool, amount_fen: int) -> None:
        if not wants or self._has(member) >= 1_500:
            return
        box = self.boxes[cafe]
        advance = self._purse(box, member).advance
        wished = TopUp(
            self.now_min, 1, "", Who(member), amount_fen, laid_by_one("cash"), None, advance
        )
        decision = top_up(self._here(box), wished)
        assert isinstance(decision, Decision)
        self._by_box(box, decision)
        self.topped_up[member] = self.topped_up.get(member, 0) + amount_fen

    def _has(self, member: int) -> int:
        """What a member has, wherever it is held and whoever knows of it."""
        return self.topped_up.get(member, 0) - self.spent.get(member, 0)

    def _purse(self, box: Box, member: int):
        view, own = self._view(box), (box.cafe, 1)
        holdings = tuple(
            Held(*holder, NOBODY, fen) for holder, fen in view.of(member, WALLET).items()
        )
        rights = view.of(member, ADVANCE_RIGHT).get(own, 0)
        debts = view.of(member, RECEIVABLE)
        advance = Advance(
            (Part(ADVANCE_RIGHT, member, 0, FEN, rights),) if rights else (),
            (Part(RECEIVABLE, member, 0, FEN, debts[own]),) if debts.get(own) else (),
            sum(fen for holder, fen in debts.items() if holder != own),
        )
        return purse(self._here(box), holdings, (), advance, subject=member)

    def _spend(self, cafe: int, member: int, amount_fen: int) -> bool:
        box = self.boxes[cafe]
        box.last_seen[member] = self.now_min
        covered = amount_fen <= self._has(member)
        held = self._purse(box, member)
        payment = Payment(self.now_min, 1, laid_by_one("wallet"), amount_fen, held)
        fee = Fee("", NOBODY, amount_fen, REASON_SPEND)
        customer = Ticket((), member)
        decision = sell_fee(self._here_for(box, member), customer, payment, NO_POINTS, fee)
        done = not isinstance(decision, Refusal)
        if covered:
            count = self._count(box, member)
            count.covered += 1
            count.refused += not done
        if isinstance(decision, Decision):
            self.result.drawn_fen += max(amount_fen - max(held.here_fen, 0), 0)
            self._by_box(box, decision)
            self.spent[member] = self.spent.get(member, 0) + amount_fen
        return done

    def _spend_all(self, cafe: int, member: int) -> None:
        """All that the member has, and then whatever else the counter lets go."""
        if self._has(member) > 0:
            self._spend(cafe, member, self._has(member))
        for amount_fen in (2_000, 500, 100, 1):
            while amount_fen > self._has(member) and self._spend(cafe, member, amount_fen):
                pass

    def _count(self, box: Box, member: int) -> Count:
        if box.up:
            return self.result.with_line
        at_usual = self.usual.get(member, 0) == box.cafe
        return self.result.usual_cut if at_usual else self.result.other_cut

    # --- what boxes and hub do by themselves ------------------------------------------------------

    def _upkeep(self) -> None:
        for box in self.boxes.values():
            view, own = self._view(box), (box.cafe, 1)
            for member in range(1, MEMBERS + 1):
                parts = []
                debt = view.of(member, RECEIVABLE).get(own, 0)
                if debt and box.up:
                    parts.append(Part(RECEIVABLE, member, 0, FEN, debt))
                right = view.of(member, ADVANCE_RIGHT).get(own, 0)
                usual = self.usual.get(member, 0) == box.cafe
                if right and not usual:
                    parts.append(Part(ADVANCE_RIGHT, member, 0, FEN, right))
                parts += self._due(box, member, usual)
                if parts:
                    self._by_box(box, release(self._here(box), member, parts))

    def _due(self, box: Box, member: int, usual: bool) -> list[Part]:
        fen = self._view(box).of(member, WALLET).get((box.cafe, 1), 0)
        gone = self.now_min - box.last_seen.get(member, 0) >= RELEASE_AFTER_MIN
        if not fen or not gone:
            return []
        part = Part(WALLET, member, 0, FEN, fen)
        kept = self.rule.slice_of(self._view(box).total(member, WALLET), True) if usual else 0
        return leave((part,), kept)

    def _repay(self, member: int) -> None:
        debt_fen = self.state.of(member, RECEIVABLE).get((0, 0), 0)
        at_hub = self.state.of(member, WALLET).get((0, 0), 0)
        if debt_fen and at_hub:
            money = [Holding(WALLET, member, 0, FEN, at_hub)]
            self._by_hub(repayment([(member, debt_fen)], money, self._day(), 0))

    def _night(self) -> None:
        day = (self._day(), 0)
        for member in range(1, MEMBERS + 1):
            self._repay(member)
            cafe = usual_cafe(self.visits.get(member, {}), self.usual.get(member, 0))
            if not cafe:
                continue
            self.usual[member] = cafe
            granted = self.state.total(member, ADVANCE_RIGHT) + self.state.total(member, RECEIVABLE)
            at_hub = self.state.of(member, ADVANCE_RIGHT).get((0, 0), 0)
            limit = self.rule.advance_limit_fen
            self._by_hub(limit_change(member, limit, granted, at_hub, (cafe, 1), day))
            held = self.state.of(member, WALLET)
            hub = [Holding(WALLET, member, 0, FEN, held.get((0, 0), 0))]
            has = {(WALLET, FEN): self.state.total(member, WALLET)}
            there = {(WALLET, FEN): held.get((cafe, 1), 0)}
            moves = slice_moves(hub, has, there, self.rule)
            if moves:
                request = slice_request(self._day(), member)
                self._by_hub(grant_transaction(moves, cafe, 1, request, *day))


SETTINGS = [
    Setting(slices, grants, advances)
    for grants in (False, True)
    for slices in (False, True)
    for advances in (False, True)
]


def table(results: list[Result]) -> str:
    """The results as a table of docs/PROTOCOL.md."""
    lines = [
        "| grants on tap | slices | advances | usual cafe, cut off | other cafe, cut off "
        "| with a line |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        setting = result.setting
        means = (setting.grants, setting.slices, setting.advances)
        cells = ["on" if one else "off" for one in means]
        counts = (result.usual_cut, result.other_cut, result.with_line)
        cells += [f"{one.percent():.1f} % of {one.covered:,}" for one in counts]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = [Month(setting, options.seed).run() for setting in SETTINGS]
    if not options.json:
        print(table(results))
    summary = {
        "ops": sum(result.ops for result in results),
        "voids": sum(result.voids for result in results),
        "excess_fen": max(result.excess_fen for result in results),
        "drawn_fen": results[-1].drawn_fen,
        "refused_at_usual_cafe_percent": round(results[-1].usual_cut.percent(), 2),
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
