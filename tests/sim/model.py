"""What the outside saw: every request and its answer, and the totals that follow from them.

The model knows nothing of ops, logs or folding. It adds up what receipts and screens said, and the
checkers compare the hub with that. A request whose answer was lost is *unknown*; the customer asks
again under the same id until it is known (I9).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.desk.answers import Answer, Outcome
from edge.domain.refusals import Refusal

UNKNOWN = "unknown"
DONE = "done"
REFUSED = "refused"

POINTS_PER_VISIT = 5
VIEWS = ("show_member",)
"""Commands that write nothing: a repeat simply does it again."""


@dataclass(slots=True)
class Asked:
    """One request of one person, at the machine at `place`. `answer` is the first that came."""

    id: str
    place: int
    cafe: int
    name: str
    inputs: dict[str, object]
    state: str = UNKNOWN
    answer: Answer | None = None
    tries: int = 0
    tender: str = ""
    """What paid, for a command that moves money."""
    said_nothing_was_done: bool = False


@dataclass(slots=True)
class Model:
    """Totals as the outside has them."""

    asked: dict[str, Asked] = field(default_factory=dict)
    wallet_fen: Counter[int] = field(default_factory=Counter)
    """Stored value and bonus credit: people pay with both as one."""
    points: Counter[int] = field(default_factory=Counter)
    """Without those of check-ins."""
    tills_fen: Counter[tuple[int, str]] = field(default_factory=Counter)
    """(cafe, tender) -> taken less given back."""
    stock: Counter[tuple[int, str]] = field(default_factory=Counter)
    """(cafe, sku) -> pieces, in the shop."""
    transit: Counter[tuple[int, str]] = field(default_factory=Counter)
    """(transfer, unit) -> pieces that were sent and are not taken out."""
    check_ins: Counter[int] = field(default_factory=Counter)
    """Member -> check-ins that a screen showed points for."""
    unknown_taps: Counter[int] = field(default_factory=Counter)
    acked: dict[tuple[int, int], int] = field(default_factory=dict)
    """(node, epoch) -> the last op that the box was told is at the hub."""
    faults_of_answers: list[str] = field(default_factory=list)
    wrong_words: list[str] = field(default_factory=list)
    """What a screen said of an outcome and what was not so."""
    unsure_cafes: set[int] = field(default_factory=set)
    """Cafes that did something for a member who was erased before anybody heard how much."""

    def note(self, asked: Asked, outcome: Outcome) -> None:
        """Take an answer or a refusal."""
        if isinstance(outcome, Refusal):
            if asked.state == UNKNOWN:
                asked.state = REFUSED
            return
        if asked.state == DONE:
            self._compare(asked, outcome)
            return
        asked.state = DONE
        asked.answer = outcome
        if asked.said_nothing_was_done and outcome.repeated:
            self.wrong_words.append(f"{asked.name} {asked.id}: «did nothing», but it was done")
        if _is_emptied(outcome):
            self.unsure_cafes.add(asked.cafe)
            return
        self._add_up(asked, outcome.values)

    def _compare(self, asked: Asked, again: Answer) -> None:
        first = asked.answer
        if _is_emptied(again) or asked.name in VIEWS:
            return
        if first is None or dict(first.values) != dict(again.values):
            self.faults_of_answers.append(
                f"{asked.name} {asked.id}: first {first and dict(first.values)}, "
                f"then {dict(again.values)}"
            )
        elif not again.repeated or first.chain_code != again.chain_code:
            self.faults_of_answers.append(f"{asked.name} {asked.id} was done twice")

    def _add_up(self, asked: Asked, values: Mapping[str, object]) -> None:
        add = getattr(self, f"_add_{asked.name}", None)
        if add is not None:
            add(asked, values)

    def _add_top_up(self, asked: Asked, values: Mapping[str, object]) -> None:
        amount = _int(values, "amount_fen")
        self.wallet_fen[_int(values, "member")] += amount + _int(values, "bonus_fen")
        self.tills_fen[asked.cafe, asked.tender] += amount

    def _add_spend(self, _asked: Asked, values: Mapping[str, object]) -> None:
        member = _int(values, "member")
        self.wallet_fen[member] -= _int(values, "amount_fen")
        self.points[member] += _int(values, "points")

    def _add_pay(self, asked: Asked, values: Mapping[str, object]) -> None:
        member = asked.inputs.get("member", 0)
        total = _int(values, "total_fen")
        if asked.tender == "wallet":
            self.wallet_fen[int(str(member))] -= total
        else:
            self.tills_fen[asked.cafe, asked.tender] += total
        if member:
            self.points[int(str(member))] += _int(values, "points")
        self._move(asked, asked.inputs["sold"], -1)

    def _add_refund(self, asked: Asked, values: Mapping[str, object]) -> None:
        amount, member = _int(values, "amount_fen"), int(str(asked.inputs["of_member"]))
        if values["tender"] in ("wallet", "bonus"):
            self.wallet_fen[member] += amount
        else:
            self.tills_fen[asked.cafe, str(values["tender"])] -= amount
        if member:
            self.points[member] -= _int(values, "points")

    def _add_goods_receipt(self, asked: Asked, values: Mapping[str, object]) -> None:
        self._move(asked, values["lines"], 1)

    def _add_goods_issue(self, asked: Asked, values: Mapping[str, object]) -> None:
        self._move(asked, values["lines"], -1)

    def _add_dispatch_transfer(self, asked: Asked, values: Mapping[str, object]) -> None:
        for unit, quantity in _lines(values["lines"]):
            self.transit[_int(values, "transfer"), unit] += quantity
            if unit.startswith("item:"):
                self.stock[asked.cafe, unit.removeprefix("item:")] -= quantity

    def _add_receive_transfer(self, asked: Asked, values: Mapping[str, object]) -> None:
        transfer = int(str(asked.inputs["transfer"]))
        for place in list(self.transit):
            if place[0] == transfer:
                del self.transit[place]
        for unit, quantity in _lines(values["received"]):
            if not unit.startswith("asset:"):
                self.stock[asked.cafe, unit.removeprefix("item:")] += quantity

    def _move(self, asked: Asked, lines: object, sign: int) -> None:
        for sku, quantity in _lines(lines):
            self.stock[asked.cafe, sku] += sign * quantity


def _is_emptied(answer: Answer) -> bool:
    """Whether a kept answer was emptied with its member: all that is left is that it was done."""
    return answer.repeated and not answer.values and not answer.chain_code


def _int(values: Mapping[str, object], name: str) -> int:
    value = values[name]
    assert isinstance(value, int)
    return value


def _lines(lines: object) -> list[tuple[str, int]]:
    assert isinstance(lines, (list, tuple))
    return [(str(line[0]), int(line[1])) for line in lines]
