"""What people do: customers and cashiers of all cafes, drawn by seed.

Commands go to the real desk of a box; what the desk has no command for is written as documents.
"""

from collections.abc import Callable
from random import Random

from edge.desk import facts
from edge.desk.view_types import TapOutcome
from edge.domain.decision import document_change
from edge.domain.members import keyed_hash
from edge.store.errors import StoreError
from edge.store.transaction import WriteTransaction
from sync_protocol.codec import pack
from sync_protocol.kinds import CARD, CARD_CLAIM, CARD_STATUS, MEMBER
from tests.sim import documents
from tests.sim.asking import Asking
from tests.sim.box import CHAIN_KEY, SETTINGS, Box, BoxDiedError
from tests.sim.faults import Faults
from tests.sim.model import Model
from tests.sim.template import PRODUCTS

TENDERS = ("cash", "card", "wechat", "alipay")
AMOUNTS_FEN = (100, 1_000, 2_550, 5_000, 10_000)
SPENDS_FEN = (100, 300, 700, 1_500, 4_000)
PHONES = tuple(f"139000000{number:02d}" for number in range(30))
IDENTITIES = ("11010519491231002X", "440308199901101512", "110101199003070030")
CARD_UIDS = tuple(f"04A1B2C3{number:02X}" for number in range(24))
TAGS = tuple(f"PC-{number:03d}" for number in range(8))


class Workload(Asking):
    """Draws what is done next, and by whom."""

    def __init__(
        self,
        boxes: dict[int, Box],
        model: Model,
        faults: Faults,
        random: Random,
        say: Callable[[str], None],
        held_at_hub: Callable[[int, bytes], bytes | None],
        favours: tuple[str, ...] = (),
    ) -> None:
        super().__init__(boxes, model, faults, random, say)
        self._held_at_hub = held_at_hub
        self._actions: list[tuple[Callable[[Box], None], int]] = [
            (self._tap, 16),
            (self._register, 8),
            (self._top_up, 12),
            (self._spend, 22),
            (self._sell, 7),
            (self._refund, 6),
            (self._show, 6),
            (self._ask_slice, 6),
            (self._look_at_claim, 4),
            (self._issue_card, 4),
            (self._receive_goods, 4),
            (self._issue_goods, 2),
            (self._dispatch, 7),
            (self._receive, 14),
            (self._new_asset, 4),
            (self._lend_asset, 3),
            (self._release, 3),
            (self._edit_member, 7),
            (self._edit_card, 7),
            (self._leave, 2),
            (self._write_any, 12),
            (self._keep_up, 3),
        ]
        self._choices = [action for action, _ in self._actions]
        self._weights = [
            weight * (10 if action.__name__ in favours else 1) for action, weight in self._actions
        ]

    def act(self) -> None:
        """Somebody does something at a cafe whose box is up."""
        up = [box for box in self._boxes.values() if box.is_up]
        if not up:
            return
        box = self._random.choice(up)
        action = self._random.choices(self._choices, self._weights)[0]
        action(box)

    # --- what people do ---------------------------------------------------------------------------

    def _tap(self, box: Box) -> None:
        if not self.cards:
            self._register(box)
            return
        uid, _card = self._random.choice(self.cards)
        try:
            view = box.tap(bytes.fromhex(uid))
        except BoxDiedError:
            self._say(f"box {box.place}: tap of {uid}: the box died")
            return
        if view.outcome is TapOutcome.WELCOME:
            self.done += 1
        self._say(f"box {box.place}: tap of {uid}: {view.outcome}")

    def _register(self, box: Box) -> None:
        random = self._random
        inputs: dict[str, object] = {"name": f"会员{random.randint(1, 99)}", "consent": True}
        if random.random() < 0.6:
            inputs["phone"] = random.choice(PHONES)
        if random.random() < 0.15:
            inputs["identity"] = random.choice(IDENTITIES)
        if random.random() < 0.6:
            inputs["card_uid"] = random.choice(CARD_UIDS)
        self._ask(box, "register_member", **inputs)

    def _top_up(self, box: Box) -> None:
        member = self._member()
        if member is not None:
            tender = self._random.choice(TENDERS)
            amount = self._random.choice(AMOUNTS_FEN)
            paid = {"tender": tender, "tender_reference": f"R{self._requests:08d}"}
            self._ask(box, "top_up", tender, member=member, amount_fen=amount, **paid)

    def _spend(self, box: Box) -> None:
        member = self._member()
        if member is not None:
            amount = self._random.choice(SPENDS_FEN)
            self._ask(box, "spend", "wallet", member=member, amount_fen=amount)

    def _sell(self, box: Box) -> None:
        random = self._random
        member = self._member() if random.random() < 0.6 else None
        sku = random.choice(tuple(PRODUCTS))
        quantity = random.randint(1, 3)
        if self._ask(box, "abandon") is None or not box.is_up:
            return
        if member and self._ask(box, "set_ticket_member", member=member) is None:
            return
        if not box.is_up:
            return
        answer = self._ask(box, "add_line", sku=sku, quantity=quantity)
        if answer is None or not box.is_up:
            return
        tender = random.choice((*TENDERS, "wallet", "wallet")) if member else "cash"
        total = answer.values["total_fen"]
        paid = {"tender": tender, "tender_reference": f"R{self._requests:08d}"}
        self._ask(box, "pay", tender, expected_total_fen=total, **paid)

    def _refund(self, box: Box) -> None:
        sales = [sale for sale in self.sales[-20:] if sale[0] == box.place]
        if sales:
            _node, sale, total, member = self._random.choice(sales)
            amount = self._random.choice((total, max(total // 2, 1), total + 1))
            self._ask(
                box, "refund", "", {"of_member": member}, sale=sale, amount_fen=amount, reason="x"
            )

    def _show(self, box: Box) -> None:
        member = self._member()
        if member is not None:
            self._ask(box, "show_member", member=member)

    def _ask_slice(self, box: Box) -> None:
        """Ask for some of a member's money; the request may well be repeated."""
        member = self._member()
        if member is not None:
            request_id = self._random.getrandbits(50) + 1
            for _ in range(2 if self._faults.on("double_request") else 1):
                box.ask_rights(request_id, member, self._random.choice((50, 100, 500)))

    def _look_at_claim(self, box: Box) -> None:
        """What a page shows as confirmed is the hub's. A card's number is never given up."""
        if not self.cards:
            return
        uid, _card = self._random.choice(self.cards[-4:])
        key = keyed_hash(CHAIN_KEY, uid)
        claim = box.claim(CARD_CLAIM, key)
        if claim is not None and claim.confirmed:
            held = self._held_at_hub(CARD_CLAIM, key)
            if held is not None and held != pack(claim.row.subject):
                self._model.wrong_words.append(f"box {box.place}: card {uid} is shown as won")

    def _issue_card(self, box: Box) -> None:
        member = self._member()
        if member is not None:
            uid = self._random.choice(CARD_UIDS)
            self._ask(box, "issue_card", member=member, card_uid=uid)

    def _receive_goods(self, box: Box) -> None:
        sku = self._random.choice(("cola", "noodles"))
        self._ask(box, "goods_receipt", lines=[[sku, self._random.randint(1, 20)]])

    def _issue_goods(self, box: Box) -> None:
        cause = self._random.choice(("used", "lost"))
        self._ask(box, "goods_issue", lines=[["cola", self._random.randint(1, 3)]], cause=cause)

    def _dispatch(self, box: Box) -> None:
        random = self._random
        others = sorted({other.cafe for other in self._boxes.values()} - {box.cafe})
        inputs: dict[str, object] = {"to_cafe": random.choice(others)}
        if random.random() < 0.7:
            inputs["lines"] = [["cola", random.randint(1, 5)]]
        mine = [tag for cafe, tag in self.tags if cafe == box.cafe]
        if mine and ("lines" not in inputs or random.random() < 0.5):
            inputs["tags"] = random.choice(mine)
        self._ask(box, "dispatch_transfer", **inputs)

    def _receive(self, box: Box) -> None:
        if not self.transfers:
            return
        row = self._random.choice(self.transfers[-4:])
        cafe, transfer, lines = row
        if self._random.random() < 0.9:  # else somebody tries at a cafe that it is not for
            box = next(other for other in self._boxes.values() if other.cafe == cafe)
        if not box.is_up:
            return
        arrived, tags = [], []
        for unit, quantity in lines:
            got = max(quantity - self._random.choice((0, 0, 0, 1)), 0)
            if unit.startswith("asset:") and got:
                tags.append(unit.removeprefix("asset:"))
            elif got:
                arrived.append([unit.removeprefix("item:"), got])
        answer = self._ask(
            box, "receive_transfer", transfer=transfer, lines=arrived, tags=" ".join(tags)
        )
        if answer is not None:
            self.transfers.remove(row)
            self.tags.extend((box.cafe, tag) for tag in tags)

    def _new_asset(self, box: Box) -> None:
        tag = self._random.choice(TAGS)
        self._ask(box, "asset_receipt", tag=tag, name="键盘", type="keyboard")

    def _lend_asset(self, box: Box) -> None:
        mine = [tag for cafe, tag in self.tags if cafe == box.cafe]
        member = self._member()
        if mine and member is not None:
            tag = self._random.choice(mine)
            if self._random.random() < 0.6:
                self._ask(box, "asset_issue", tag=tag, user=member)
            else:
                self._ask(box, "asset_return", tag=tag)

    def _release(self, box: Box) -> None:
        member = self._member()
        if member is not None:
            self._ask(box, "release", member=member)

    def _leave(self, box: Box) -> None:
        member = self._member()
        if member is not None:
            self._ask(box, "leave", member=member)

    # What the desk has no command for yet: changes of documents, through the store's own writes.

    def _edit_member(self, box: Box) -> None:
        member = self._member()
        note = f"note {self._random.randint(1, 5)}"
        tier = self._random.choice(("silver", "gold"))
        fields: dict[str, object] = {"note": note}
        if self._random.random() < 0.4:
            fields["tier"] = tier
        if member is not None:
            self._edit(box, MEMBER, member, fields)

    def _edit_card(self, box: Box) -> None:
        if self.cards:
            _uid, card = self._random.choice(self.cards[-2:])
            status = self._random.choice(CARD_STATUS[:3])
            self._edit(box, CARD, card, {"status": status})

    def _keep_up(self, box: Box) -> None:
        """What a box does each night: drop what it need not keep."""
        if box.line is not None and box.line.up:
            box.guard(box.line.keep_up)

    def _write_any(self, box: Box) -> None:
        """A document or claim of any kind of the table that no command above writes."""
        random = self._random
        written: list[str] = []

        def work(transaction: WriteTransaction) -> None:
            at = facts.here(transaction, SETTINGS, transaction.wall_ms())
            op = documents.draw(transaction, at, random)
            if op is not None:
                transaction.append(op.kind, op.body)
                written.append(f"{op.kind} {op.body}")

        try:
            box.write(work)
        except (BoxDiedError, StoreError):
            return
        for words in written:
            self.done += 1
            self._say(f"box {box.place}: wrote {words}")

    def _edit(self, box: Box, kind: int, key: int, fields: dict[str, object]) -> None:
        def work(transaction: WriteTransaction) -> bool:
            row = facts.row(transaction, kind, key)
            if row is None or row.entries is None:
                return False
            at = facts.here(transaction, SETTINGS, transaction.wall_ms())
            op = document_change(at, kind, key, row, fields, transaction.new_salt(kind))
            transaction.append(op.kind, op.body)
            return True

        try:
            done = box.write(work)
        except (BoxDiedError, StoreError):
            return
        if done:
            self.done += 1
            self._say(f"box {box.place}: set {fields} of {kind}/{key}")
