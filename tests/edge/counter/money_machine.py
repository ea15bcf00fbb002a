"""A counter that hypothesis works at: what every machine over its commands shares.

To bring operations of your own under the properties, write a mixin with `@rule` methods over
`CounterMachine` in your test module, and name it among the bases of the machine there. A rule asks
by `self.ask(command, ...)` (a refusal is as good as an answer) or `self.do(...)` (it must be done).
What must come back exactly goes between `before = self.books()` and `self.assert_books(before)`.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from edge.desk.answers import Answer
from edge.domain.refusals import Refusal
from edge.store.facts import Account
from sync_protocol.accounts import DUE_FROM_CAFE, FEN, class_of
from sync_protocol.kinds import CAFE, RULE
from sync_protocol.rules import RULES
from tests.edge.desk.counter import CASHIER, MANAGER, PIN, Counter, furnish, open_counter

APPROVED = {"approver": MANAGER, "approver_pin": PIN}
MEMBERS = 2


class CounterMachine(RuleBasedStateMachine):
    """A real desk on a real store, with two members and an open shift; its books must hold."""

    rules_published: ClassVar[Mapping[str, list[dict[str, object]]]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="cafebox-machine-"))
        self.requests = 0

    @initialize()
    def open(self) -> None:
        """Open the counter, publish the machine's rules, register the members."""
        self.counter: Counter = self.run(self._open())
        uids = (bytes.fromhex("04A1B2C3"), bytes.fromhex("04A1B2C4"))
        self.members = [self.run(self.counter.member(uid)) for uid in uids]

    async def _open(self) -> Counter:
        counter = await self.stack.enter_async_context(open_counter(self.folder))
        await furnish(counter)
        for name, rows in self.rules_published.items():
            columns = RULES[name].columns
            values = [[row.get(one.name, one.default) for one in columns] for row in rows]
            await counter.hub.document(RULE, name, {"version": 3, "values": values})
        counter.desk.log_applied()
        await counter.log_in(CASHIER)
        return counter

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run work on the machine's loop."""
        return self.loop.run_until_complete(work)

    def ask(self, command: str, /, **inputs: object) -> Answer | Refusal:
        """Ask for a command; it may be refused."""
        return self.run(self.counter.ask(command, **inputs))

    def do(self, command: str, /, **inputs: object) -> Mapping[str, Any]:
        """Do a command that must not be refused; its values."""
        return self.run(self.counter.do(command, **inputs)).values

    def books(self) -> dict[Account, int]:
        """Every account that is not zero, debit positive."""
        with self.counter.store.read() as reader:
            rows = reader.connection.execute(
                "SELECT account_class, subject, node, epoch, month, unit, confirmed + pending"
                " FROM account_balance WHERE confirmed + pending <> 0"
            ).fetchall()
        return {tuple(row[:6]): row[6] for row in rows}

    def assert_books(self, before: Mapping[Account, int]) -> None:
        """All accounts stand as they did."""
        now = self.books()
        changed = {
            account: (before.get(account, 0), now.get(account, 0))
            for account in {*before, *now}
            if before.get(account, 0) != now.get(account, 0)
        }
        assert not changed, changed

    @invariant()
    def every_ledger_is_at_zero_sum(self) -> None:
        """Per unit, and for money in the cafe's book and in the chain's each by itself."""
        sums: dict[tuple[str, bool], int] = {}
        for account, amount in self._books_if_open().items():
            unit = account[5]
            of_cafe = class_of(account[0]).reach == CAFE and account[0] != DUE_FROM_CAFE
            own_book = unit == FEN and of_cafe
            sums[unit, own_book] = sums.get((unit, own_book), 0) + amount
        assert not any(sums.values()), sums

    @invariant()
    def no_limited_account_is_below_zero(self) -> None:
        """On its normal side, whoever holds it."""
        for account, amount in self._books_if_open().items():
            row = class_of(account[0])
            assert not row.limited or amount * row.side >= 0, (account, amount)

    @invariant()
    def papers_agree_with_the_ledger(self) -> None:
        """Every document of the day, and each member's account."""
        if not hasattr(self, "members"):
            return
        views = self.counter.desk.money_views
        assert self.run(views.reconciled_cafe()).differences == ()
        for member in self.members:
            assert self.run(views.reconciled_member(member)).differences == ()

    def _books_if_open(self) -> dict[Account, int]:
        return self.books() if hasattr(self, "members") else {}

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.loop.close()
        shutil.rmtree(self.folder)
