"""Debiting stored value: bonus credit and wallet in the written order, within limits, with a PIN.

Everything that is paid from a balance goes through `debit_postings`: tickets, sessions, passes,
fees. The limits are those of the rule `spending` and the member's own; what a member spent today
is known as far as other cafes' entries have come here. The limit above which a PIN is asked, and
that of an old list of lost cards, count what was spent before on the same day: paying twice below
a limit is as paying once above it. A debit that a PIN or a second person proved counts no more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edge.domain.advances import drawn
from edge.domain.approvals import approval_needed
from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    Posting,
    document_change,
    read_int,
)
from edge.domain.lost_cards import NEVER_STALE, LostListRule, lost_list_refusal
from edge.domain.parts import Part, lowered, take, total
from edge.domain.refusals import Refusal, refuse
from edge.domain.stored_value import Purse, spend_refusal
from sync_protocol.kinds import MEMBER
from sync_protocol.ledger import (
    REASON_CARD_FEE,
    REASON_MEMBERSHIP_FEE,
    REASON_PASS_SALE,
    REASON_PREPAYMENT,
    REASON_REFUND,
    REASON_SALE,
    REASON_SESSION,
    REASON_SPEND,
    REASON_VOID,
)
from sync_protocol.registers import RegisterRow

WALLET_TENDER = "wallet"
BONUS_TENDER = "bonus"
"""The line of a payment that bonus credit paid; its reference is the month of its expiry."""
STORED_VALUE_TENDERS = (WALLET_TENDER, BONUS_TENDER)

VOUCH = "vouch_for_member"
"""The right of a second person who stands in for a card's PIN."""
LOOSEN_LIMIT = "loosen_limit"
"""The right of a second person who lets a member's own limit be raised or taken away."""

BONUS_FIRST = "bonus_first"
WALLET_FIRST = "wallet_first"
IN_PROPORTION = "in_proportion"

SPENDING_REASONS = (
    REASON_SPEND,
    REASON_SALE,
    REASON_SESSION,
    REASON_PASS_SALE,
    REASON_CARD_FEE,
    REASON_MEMBERSHIP_FEE,
    REASON_PREPAYMENT,
)
"""Entries that count against the limit of a day."""
GIVING_BACK_REASONS = (REASON_REFUND, REASON_VOID)
"""Entries that count against those, where they give stored value back."""


@dataclass(frozen=True, slots=True)
class Spending:
    """The rule in force, and what it must know of this member and this sale.

    Limits of 0 are none. `own_daily_limit_fen` is the member's own; `spent_today_fen` what the
    member spent on this business day, `unproved_today_fen` as far as neither a PIN nor a second
    person vouched for it. `card_has_pin`: a PIN can be asked for; `pin_correct`: it
    was typed and is right; `approved`: a second person vouches for the member instead.
    """

    version: int = 0
    order: str = BONUS_FIRST
    daily_limit_fen: int = 0
    single_limit_fen: int = 0
    pin_above_fen: int = 0
    own_daily_limit_fen: int = 0
    spent_today_fen: int = 0
    unproved_today_fen: int = 0
    card_has_pin: bool = False
    pin_correct: bool = False
    approved: bool = False
    lost_list: LostListRule = NEVER_STALE
    lost_list_age_ms: int = 0

    @property
    def day_limit_fen(self) -> int:
        """The tighter of the chain's and the member's own limit of a day; 0 for none."""
        limits = [fen for fen in (self.daily_limit_fen, self.own_daily_limit_fen) if fen]
        return min(limits, default=0)

    @property
    def left_today_fen(self) -> int | None:
        """What the limits leave for one sale now; None where nothing bounds it."""
        bounds = []
        if self.day_limit_fen:
            bounds.append(max(self.day_limit_fen - self.spent_today_fen, 0))
        if self.single_limit_fen:
            bounds.append(self.single_limit_fen)
        if self.lost_list.is_stale(self.lost_list_age_ms):
            bounds.append(max(self.lost_list.offline_limit_fen - self.unproved_today_fen, 0))
        return min(bounds, default=None)


SPENDING_DEFAULT = Spending()
"""Bonus credit first, no limits, no PIN."""


def spending_rule(version: int, row: Mapping[str, Any]) -> Spending:
    """The rule `spending` of its row."""
    return Spending(
        version,
        row["order"],
        row["daily_limit_fen"],
        row["single_limit_fen"],
        row["pin_above_fen"],
    )


@dataclass(frozen=True, slots=True)
class Debit:
    """Stored value to be taken: postings that come to `amount_fen` in debit, and their lines."""

    postings: tuple[Posting, ...]
    lines: list[list[object]]
    wallet_fen: int
    bonus_fen: int


def limit_refusal(amount_fen: int, spending: Spending) -> Refusal | None:
    """Why an amount is beyond what may be spent at once or today, None where it is not."""
    unproved_fen = spending.unproved_today_fen + amount_fen
    stale = lost_list_refusal(spending.lost_list, spending.lost_list_age_ms, unproved_fen)
    if stale is not None:
        return stale
    if 0 < spending.single_limit_fen < amount_fen:
        return refuse(
            "spend_above_limit", amount_fen=amount_fen, limit_fen=spending.single_limit_fen
        )
    day_fen = spending.day_limit_fen
    if day_fen and spending.spent_today_fen + amount_fen > day_fen:
        return refuse(
            "spend_above_daily_limit",
            limit_fen=day_fen,
            spent_fen=max(spending.spent_today_fen, 0),
            left_fen=max(day_fen - spending.spent_today_fen, 0),
        )
    proved = spending.pin_correct or spending.approved
    if 0 < spending.pin_above_fen < unproved_fen and not proved:
        if not spending.card_has_pin:
            return approval_needed(VOUCH)
        return refuse("card_pin_needed", limit_fen=spending.pin_above_fen)
    return None


def set_limit(
    here: Here, member: int, row: RegisterRow | None, limit_fen: int, approver: int, salt: bytes
) -> Judgement:
    """A member's own limit of a day, 0 for none; to loosen one needs a second person."""
    before_fen = read_int(MEMBER, row, "daily_limit_fen")
    loosened = before_fen and (limit_fen == 0 or limit_fen > before_fen)
    if loosened and not approver:
        return approval_needed(LOOSEN_LIMIT)
    values = {"member": member, "limit_fen": limit_fen}
    if limit_fen == before_fen:
        return Decision(values=values)
    change = document_change(here, MEMBER, member, row, {"daily_limit_fen": limit_fen}, salt)
    return Decision((change,), values=values)


def debit_postings(
    here: Here, purse: Purse, amount_fen: int, spending: Spending
) -> Debit | Refusal:
    """Take an amount of a member's bonus credit and wallet, or say why not.

    What is short at this node is drawn as an advance, where one may be drawn. The caller posts the
    other side, and `taken_for_chain(here, -amount_fen)`.
    """
    refusal = spend_refusal(here, purse, amount_fen) or limit_refusal(amount_fen, spending)
    if refusal is not None:
        return refusal
    bonus_fen = _bonus_share(purse, amount_fen, spending.order)
    wallet_fen = amount_fen - bonus_fen
    held_fen = min(wallet_fen, max(purse.here_fen, 0))
    bonus = take(purse.bonus, bonus_fen)
    postings = [*lowered(here, bonus), *lowered(here, take(purse.wallet_parts, held_fen))]
    if wallet_fen > held_fen:
        postings += drawn(here, purse.advance, wallet_fen - held_fen)
    lines: list[list[object]] = [[WALLET_TENDER, wallet_fen, ""]] if wallet_fen else []
    lines += _bonus_lines(bonus)
    return Debit(tuple(postings), lines, wallet_fen, bonus_fen)


def _bonus_share(purse: Purse, amount_fen: int, order: str) -> int:
    """How much of a debit bonus credit pays; what the wallet cannot pay falls to it in any case."""
    bonus_fen, wallet_fen = purse.bonus_here_fen, max(purse.here_fen, 0)
    if order == BONUS_FIRST:
        return min(amount_fen, bonus_fen)
    least_fen = min(max(amount_fen - wallet_fen, 0), bonus_fen)
    if order == WALLET_FIRST or not bonus_fen:
        return least_fen
    return max(least_fen, min(amount_fen * bonus_fen // (bonus_fen + wallet_fen), bonus_fen))


def _bonus_lines(bonus: Iterable[Part]) -> list[list[object]]:
    by_month: dict[int, list[Part]] = {}
    for part in bonus:
        by_month.setdefault(part.month, []).append(part)
    return [
        [BONUS_TENDER, total(parts), str(month) if month else ""]
        for month, parts in by_month.items()
    ]
