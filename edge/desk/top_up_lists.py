"""Many top-ups at once: a list of members or cards, tried first, then approved by one person."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.payments import Payments, Tendered
from edge.desk.people import find_members
from edge.desk.purses import top_up_rule_of
from edge.desk.top_ups import TopUpsDesk
from edge.domain.amounts import fen_of_yuan
from edge.domain.approvals import approval_needed
from edge.domain.decision import Decision, Here, Judgement, NewOp, PrintSlip
from edge.domain.refusals import Refusal, refuse
from edge.effects.page_events import Region
from edge.store.transaction import WriteTransaction

TOP_UP_MANY = "top_up_many"
LINES_MAX = 100


class TopUpListsDesk:
    """The command that tops many members up."""

    def __init__(
        self, committer: Committer, payments: Payments, top_ups: TopUpsDesk, chain_key: bytes
    ) -> None:
        self._committer = committer
        self._payments = payments
        self._top_ups = top_ups
        self._chain_key = chain_key

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {TOP_UP_MANY: self.top_up_many}

    async def top_up_many(
        self,
        request: Request,
        lines: Sequence[tuple[str, object]],
        dry_run: bool,
        note: str,
        **paying: Any,
    ) -> Outcome:
        """Top up each line's member by its yuan; a line that is refused stops no other one.

        All that is done is one commit with one approval. A dry run says what would be.
        """
        tendered = await self._payments.tendered(0, **paying)
        if isinstance(tendered, Refusal):
            return tendered

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            if not lines:
                return refuse("field_missing", field="lines")
            if not dry_run:
                if not request.approver:
                    return approval_needed(TOP_UP_MANY)
                refusal = self._payments.note(transaction, request, tendered, transaction.new_id())
                if refusal is not None:
                    return refusal
            asked = replace(request, approver=request.approver or request.staff)
            seen: set[int] = set()
            done = [self._one(transaction, at, asked, line, tendered, note, seen) for line in lines]
            return _together(done, dry_run=dry_run)

        return await self._committer.commit(request, decide, Region.TAP)

    def _one(
        self,
        transaction: WriteTransaction,
        at: Here,
        request: Request,
        line: tuple[str, object],
        tendered: Tendered,
        note: str,
        seen: set[int],
    ) -> tuple[dict[str, object], tuple[NewOp, ...]]:
        """A line's row and ops; a person stands in a list once, as `seen` has them."""
        who, typed = line
        found = find_members(transaction, at, self._chain_key, who)
        row: dict[str, object] = {"who": who, "yuan": str(typed), "name": "", "amount_fen": 0}
        if len(found) != 1:
            code = "row_member_unknown" if not found else "row_member_several"
            return _failed(row, refuse(code, who=who)), ()
        row["name"] = found[0].name
        amount_fen = fen_of_yuan(typed)
        if isinstance(amount_fen, Refusal):
            return _failed(row, amount_fen), ()
        person = facts.person_of(transaction, found[0].member)
        if person in seen:
            return _failed(row, refuse("line_repeated", item=who)), ()
        seen.add(person)
        rule = top_up_rule_of(transaction, self._committer.catalogue)
        judgement = self._top_ups.decided(
            transaction,
            at,
            request,
            (found[0].member, amount_fen, None, note),
            tendered,
            rule,
            noted=False,
        )
        if isinstance(judgement, Refusal):
            return _failed(row, judgement), ()
        values = judgement.values
        row |= {name: values[name] for name in ("amount_fen", "bonus_fen", "number")}
        return {**row, "code": "", "zh": "", "en": ""}, judgement.ops


def _failed(row: Mapping[str, object], refusal: Refusal) -> dict[str, object]:
    words = {language: refusal.words(language) for language in ("zh", "en")}
    return {**row, "bonus_fen": 0, "number": "", "code": refusal.code, **words}


def _together(
    done: Sequence[tuple[dict[str, object], tuple[NewOp, ...]]], *, dry_run: bool
) -> Judgement:
    rows = [row for row, _ in done]
    good = [row for row in rows if not row["code"]]
    values: dict[str, object] = {
        "rows": rows,
        "done": len(good),
        "failed": len(rows) - len(good),
        "amount_fen": sum(int(str(row["amount_fen"])) for row in good),
        "bonus_fen": sum(int(str(row["bonus_fen"])) for row in good),
        "dry_run": dry_run,
    }
    if dry_run or not good:
        return Decision(values=values)
    ops = tuple(op for _, made in done for op in made)
    return Decision(ops, (PrintSlip("top_up_list", values),), values)
