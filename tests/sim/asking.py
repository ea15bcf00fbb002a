"""Asks commands of a box's desk, tells the model what came back, and remembers what people learn.

What does not come back is asked again under the same id, by a customer who wants to know (I9).
"""

from collections.abc import Callable
from random import Random

from edge.desk.answers import Answer
from edge.domain.refusals import Refusal
from edge.store.errors import StoreError
from tests.sim.box import Box, BoxDiedError
from tests.sim.faults import Faults
from tests.sim.model import DONE, UNKNOWN, Asked, Model
from tests.sim.template import MEMBERS, OPENING_FEN, PRODUCTS


class Asking:
    """What people know: members, cards, sales, transfers, tags; and how they ask."""

    def __init__(
        self,
        boxes: dict[int, Box],
        model: Model,
        faults: Faults,
        random: Random,
        say: Callable[[str], None],
    ) -> None:
        self._boxes = boxes
        self._model = model
        self._faults = faults
        self._random = random
        self._say = say
        self._requests = 0
        for member in MEMBERS:
            model.wallet_fen[member] = OPENING_FEN
        self.members: list[int] = list(MEMBERS)
        self.erased: set[int] = set()
        self.cards: list[tuple[str, int]] = [
            (uid, member + 1_000) for member, uid in MEMBERS.items()
        ]
        self.sales: list[tuple[int, int, int, int]] = []
        """(place, sale, amount, member)"""
        self.transfers: list[tuple[int, int, list[tuple[str, int]]]] = []
        """(to cafe, transfer, lines)"""
        self.tags: list[tuple[int, str]] = []
        """(cafe, tag)"""
        self.refusals = 0
        self.done = 0

    def is_unknown_at(self, place: int) -> bool:
        """Whether somebody waits for an answer of a machine."""
        return any(
            asked.state == UNKNOWN and asked.place == place for asked in self._model.asked.values()
        )

    def ask_again(self) -> bool:
        """Ask after what is not known, where the box is up; True when all is known."""
        known = True
        for asked in self._model.asked.values():
            if asked.state == UNKNOWN:
                box = self._boxes[asked.place]
                if box.is_up:
                    self._perform(box, asked)
                known = known and asked.state != UNKNOWN
        return known

    # --- asking -----------------------------------------------------------------------------------

    def _ask(
        self,
        box: Box,
        name: str,
        tender: str = "",
        sent: dict[str, object] | None = None,
        /,
        **inputs: object,
    ) -> Answer | None:
        """Ask for a command; `sent` are the inputs where the model needs to know more."""
        self._requests += 1
        asked = Asked(
            f"request-{self._requests:06d}",
            box.place,
            box.cafe,
            name,
            {**(sent or {}), **inputs},
            tender=tender,
        )
        self._model.asked[asked.id] = asked
        return self._perform(box, asked)

    def _perform(self, box: Box, asked: Asked) -> Answer | None:
        asked.tries += 1
        ticket = box.ticket() if asked.name == "pay" else None
        if ticket is not None and asked.tries == 1:
            _note_ticket(asked, ticket)
        twice = self._faults.on("double_request") and self._random.random() < 0.25
        together = twice and self._random.random() < 0.5
        try:
            if together:
                outcomes = box.perform_twice(asked.name, asked.id, asked.inputs)
            else:
                outcomes = [box.perform(asked.name, asked.id, asked.inputs)]
                if twice:
                    outcomes.append(box.perform(asked.name, asked.id, asked.inputs))
        except BoxDiedError as error:
            asked.said_nothing_was_done = "did nothing" in error.words
            self._say(
                f"box {box.place}: {asked.name} {asked.id}: the box died, outcome unknown "
                f"{error.words}"
            )
            return None
        except StoreError as error:
            if error.code != "disk_full":
                raise
            # Refused before anything was done.
            self._say(f"box {box.place}: {asked.name} {asked.id}: {error.code}")
            if asked.tries == 1:
                asked.state = "refused"
            return None
        if ticket is not None and isinstance(outcomes[0], Answer) and not outcomes[0].repeated:
            _note_ticket(asked, ticket)  # the one that is open now, not at the first try
        for outcome in outcomes:
            self._model.note(asked, outcome)
        if twice and asked.state == DONE:
            self._faults.took_effect("double_request")
        outcome = outcomes[0]
        if isinstance(outcome, Refusal):
            self.refusals += 1
            self._say(f"box {box.place}: {asked.name} {asked.inputs}: refused, {outcome.code}")
            return None
        self.done += 1
        self._say(
            f"box {box.place}: {asked.name} {asked.inputs}: {outcome.chain_code} "
            f"{dict(outcome.values)}"
        )
        self._learn(asked, outcome)
        return outcome

    def _learn(self, asked: Asked, answer: Answer) -> None:
        """Remember what an answer told people; one emptied by an erasure tells nothing."""
        values = answer.values
        if not values:
            return
        if asked.name == "register_member":
            self.members.append(int(str(values["member"])))
        if asked.name in ("register_member", "issue_card") and asked.inputs.get("card_uid"):
            self.cards.append((str(asked.inputs["card_uid"]), int(str(values["card"]))))
        if asked.name in ("spend", "pay"):
            amount = int(str(values.get("amount_fen", values.get("total_fen"))))
            member = int(str(asked.inputs.get("member", 0)))
            self.sales.append((asked.place, int(str(values["sale"])), amount, member))
        if asked.name == "dispatch_transfer":
            lines = [(str(line[0]), int(str(line[1]))) for line in values["lines"]]
            transfer = int(str(values["transfer"]))
            self.transfers.append((int(str(asked.inputs["to_cafe"])), transfer, lines))
        if asked.name == "asset_receipt":
            self.tags.append((asked.cafe, str(values["tag"])))

    def _member(self) -> int | None:
        """Somebody: mostly one of the old members, whom all cafes know and contend for."""
        if self._random.random() < 0.6:
            return self._random.choice(list(MEMBERS))
        return self._random.choice(self.members[-4:])


def _note_ticket(asked: Asked, ticket: tuple[int, dict[str, int]]) -> None:
    """Note whose ticket is paid, and which counted products leave the shop."""
    member, lines = ticket
    asked.inputs["member"] = member
    asked.inputs["sold"] = [[sku, count] for sku, count in lines.items() if PRODUCTS[sku][2]]
