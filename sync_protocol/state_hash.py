"""A hash of confirmed state that is kept as rows change, and compared between nodes.

Per section, the sum modulo 2^256 of SHA-256(canonical row): order does not matter, a changed row
costs one subtraction and one addition, and equal sums mean equal rows (AdHash, Bellare and
Micciancio 1997: a check against faults between nodes that trust each other's code, not a
commitment against a forger).

A section is (kind, cafe), cafe being `CHAIN_WIDE` where the kind reaches every node. Balances
stand in the sections of their ledger kind: (TRANSACTION, 0) and (CAFE_TRANSACTION, cafe). A zero
balance counts as no row.
"""

from hashlib import sha256

from sync_protocol.claims import ClaimRow
from sync_protocol.codec import pack_decoded
from sync_protocol.kinds import CAFE, KINDS
from sync_protocol.registers import RegisterRow

CHAIN_WIDE = 0
_MODULUS_MASK = (1 << 256) - 1


def _sum_of(row: list[object]) -> int:
    return int.from_bytes(sha256(pack_decoded(row)).digest(), "big")


def register_hash(kind: int, key: "int | str", row: "RegisterRow | None") -> int:
    """Return a document's share of its section's sum; 0 for no row or a tombstone.

    A tombstone does not count: who learns of an erased document by an op without a body knows no
    more of it than that it is gone.
    """
    if row is None or row.entries is None:
        return 0
    return _sum_of([kind, key, row.row()])


def claim_hash(kind: int, key: bytes, row: "ClaimRow | None") -> int:
    """Return a claim's share of its section's sum; 0 for a free key."""
    return 0 if row is None else _sum_of([kind, key, row.row()])


def packed_row_hash(kind: int, key: "int | str | bytes", packed_row: bytes) -> int:
    """Return the share of a row that counts (no tombstone) from its canonical bytes, as stored.

    They stand in those of [kind, key, row], whose head is 0x93, as they are.
    """
    head = b"\x93" + pack_decoded([kind, key])[1:]
    return int.from_bytes(sha256(head + packed_row).digest(), "big")


def balance_hash(account: "tuple[int, int | str, int, int, int, str]", amount: int) -> int:
    """Return a balance's share of its section's sum; 0 for a zero balance."""
    return 0 if amount == 0 else _sum_of([list(account), amount])


def section_of(kind: int, cafe: int) -> "tuple[int, int]":
    """Return the section of a register or claim row of `kind` that `cafe` owns."""
    return (kind, cafe if KINDS[kind].reach == CAFE else CHAIN_WIDE)


class StateHash:
    """The sums of all sections: `sums[(kind, cafe)]`, a section without rows has none."""

    __slots__ = ("sums",)

    def __init__(self, sums: "dict[tuple[int, int], int] | None" = None) -> None:
        self.sums = {} if sums is None else dict(sums)

    def replace(self, section: "tuple[int, int]", old: int, new: int) -> None:
        """Count a row's change from share `old` to share `new`."""
        total = (self.sums.get(section, 0) - old + new) & _MODULUS_MASK
        if total:
            self.sums[section] = total
        else:
            self.sums.pop(section, None)

    def rows(self) -> "list[list[object]]":
        """Return [[kind, cafe, 32 bytes], ...] in order of (kind, cafe), as a manifest has it."""
        rows: list[list[object]] = []
        for section in sorted(self.sums):
            rows.append([section[0], section[1], self.sums[section].to_bytes(32, "big")])
        return rows
