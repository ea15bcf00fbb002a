"""What the partition study counts, and the balances that its judge reads."""

from dataclasses import dataclass, field

from cloud.domain.judge import Account
from sync_protocol.accounts import CLASSES
from sync_protocol.ledger import transaction_from_body
from sync_protocol.rights_rule import RightsRule

ADVANCE_FEN = 2_000


@dataclass(frozen=True)
class Setting:
    """Which means are on."""

    slices: bool
    grants: bool
    advances: bool

    def rule(self) -> RightsRule:
        percent = 100 if self.slices else 0
        return RightsRule(1, percent, 0, ADVANCE_FEN if self.advances else 0, 0)


@dataclass
class Count:
    """Covered spends and how many of them were refused."""

    covered: int = 0
    refused: int = 0

    def percent(self) -> float:
        return 100 * self.refused / self.covered if self.covered else 0.0


@dataclass
class Result:
    """What one month came to."""

    setting: Setting
    usual_cut: Count = field(default_factory=Count)
    other_cut: Count = field(default_factory=Count)
    with_line: Count = field(default_factory=Count)
    drawn_fen: int = 0
    excess_fen: int = 0
    voids: int = 0
    ops: int = 0


class Balances:
    """Confirmed state as the judge reads it: balances alone, and members' parts by holder."""

    def __init__(self) -> None:
        self.amounts: dict[Account, int] = {}
        self._parts: dict[tuple[int, int | str], dict[tuple[int, int], int]] = {}

    def copy(self) -> "Balances":
        copied = Balances()
        copied.amounts = dict(self.amounts)
        copied._parts = {place: dict(parts) for place, parts in self._parts.items()}
        return copied

    def register(self, _kind: int, _key: int | str) -> None:
        return None

    def claim(self, _kind: int, _key: bytes) -> None:
        return None

    def is_erased(self, _subject: int | str) -> bool:
        return False

    def balance(self, _section: tuple[int, int], account: Account) -> int:
        return self.amounts.get(account, 0)

    def fold(self, body: object) -> None:
        for posting in transaction_from_body(body).postings:
            account = posting[:6]
            self.amounts[account] = self.amounts.get(account, 0) + posting[6]
            row = CLASSES[account[0]]
            if row.limited:
                parts = self._parts.setdefault(account[:2], {})
                parts[account[2:4]] = self.amounts[account] * row.side

    def of(self, member: int, code: int) -> dict[tuple[int, int], int]:
        """(node, epoch) -> amount on the normal side, of a member's parts."""
        return self._parts.get((code, member), {})

    def total(self, member: int, code: int) -> int:
        return sum(self.of(member, code).values())
