"""A separate reader: refolds a store's op log and compares every row with its projections.

It opens the SQLite files read-only, shares no code with the stores, and folds by
`sync_protocol.fold` into dictionaries: the hub's log from nothing, a box's log from the rows that
it keeps of its last manifest. It recomputes each op's hash on the way. Every difference is a line
of text; none means equal.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sync_protocol.annotations import DEFERRED, Annotation, annotation_from_row
from sync_protocol.claims import ClaimRow
from sync_protocol.codec import pack, unpack
from sync_protocol.expect import expect_list
from sync_protocol.fold import State, fold_op
from sync_protocol.kinds import KINDS, LATE_VERDICT
from sync_protocol.ops import (
    Op,
    OpRef,
    body_hash,
    genesis_hash,
    header_from_row,
    op_hash,
    ref_from_row,
)
from sync_protocol.registers import RegisterRow
from sync_protocol.snapshot import (
    BALANCE,
    CLAIM,
    ERASED,
    REGISTER,
    balance_of,
    claim_of,
    erased_of,
    register_of,
)
from sync_protocol.state_hash import (
    StateHash,
    balance_hash,
    claim_hash,
    register_hash,
    section_of,
)

Section = tuple[int, int]
Account = tuple[int, int | str, int, int, int, str]
Sums = dict[Section, bytes]
SEQ_BITS = 48
DIFFERENCES_SHOWN = 20


@dataclass
class Folded(State):
    """The state that a log folds to."""

    registers: dict[tuple[int, int | str], RegisterRow] = field(default_factory=dict)
    claims: dict[tuple[int, bytes], ClaimRow] = field(default_factory=dict)
    balances: dict[tuple[Section, Account], int] = field(default_factory=dict)
    erased: set[int] = field(default_factory=set)

    def register(self, kind: int, key: int | str) -> RegisterRow | None:
        return self.registers.get((kind, key))

    def set_register(self, kind: int, key: int | str, row: RegisterRow) -> None:
        self.registers[kind, key] = row

    def claim(self, kind: int, key: bytes) -> ClaimRow | None:
        return self.claims.get((kind, key))

    def set_claim(self, kind: int, key: bytes, row: ClaimRow | None) -> None:
        if row is None:
            self.claims.pop((kind, key), None)
        else:
            self.claims[kind, key] = row

    def add(self, section: Section, account: Account, amount: int) -> None:
        place = (section, account)
        self.balances[place] = self.balances.get(place, 0) + amount

    def erase(self, subject: int) -> None:
        self.erased.add(subject)
        for (kind, key), row in list(self.registers.items()):
            if KINDS[kind].personal and key == subject:
                self.registers[kind, key] = RegisterRow(row.cafe, None)
        for (kind, claimed), holder in list(self.claims.items()):
            if KINDS[kind].personal and holder.subject == subject:
                del self.claims[kind, claimed]

    def sums(self) -> Sums:
        """Return the state hash of every section, computed afresh."""
        total = StateHash()
        for (kind, key), row in self.registers.items():
            total.replace(section_of(kind, row.cafe), 0, register_hash(kind, key, row))
        for (kind, claimed), holder in self.claims.items():
            total.replace(section_of(kind, holder.cafe), 0, claim_hash(kind, claimed, holder))
        for (section, account), amount in self.balances.items():
            total.replace(section, 0, balance_hash(account, amount))
        return {section: value.to_bytes(32, "big") for section, value in total.sums.items()}

    def rows(self) -> dict[bytes, bytes]:
        """Return name -> row of all that is not empty, both packed, to compare with a store's."""
        found: dict[bytes, bytes] = {}
        for (kind, key), row in self.registers.items():
            found[pack(["register", kind, key])] = pack(row.row())
        for (kind, claimed), holder in self.claims.items():
            found[pack(["claim", kind, claimed])] = pack(holder.row())
        for (_, account), amount in self.balances.items():
            if amount:
                found[pack(["balance", *account])] = pack(amount)
        return found


@dataclass(frozen=True)
class LoggedOp:
    """An op at its place in the hub's log. `op` is None for a stub."""

    position: int
    node: int
    epoch: int
    seq: int
    hash: bytes
    op: Op | None
    annotation: Annotation


@dataclass(frozen=True)
class Refold:
    """What a refold found: differences, the state hashes that the store keeps, and its ops."""

    differences: list[str]
    sums: Sums
    ops: int


def open_read_only(path: Path) -> sqlite3.Connection:
    """Open a store's file without ever writing to it."""
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def refold_hub(path: Path) -> Refold:
    """Refold the hub's log from nothing."""
    with closing(open_read_only(path)) as store:
        chain = store.execute("SELECT chain FROM log_head").fetchone()[0]
        log = list(_hub_log(store))
        differences = _chain_faults(chain, log, {})
        folded = Folded()
        _fold(folded, log, own_cafe=0)
        stored = _hub_rows(store)
        sums = {
            (kind, cafe): bytes(value)
            for kind, cafe, value in store.execute("SELECT kind, cafe, sum FROM section_sum")
            if any(value)  # a section of zero is one without rows
        }
    _adopt_tombstones(folded, stored)
    differences += _row_differences(folded.rows(), stored)
    differences += sum_differences(folded.sums(), sums, "refold", "projection")
    return Refold(differences, sums, len(log))


def refold_box(path: Path, chain: str, cafe: int) -> Refold:
    """Refold a box's log from the rows of its last manifest, or from nothing where it has none."""
    with closing(open_read_only(path)) as store:
        authors = {
            number: (node, epoch)
            for number, node, epoch in store.execute("SELECT number, node, epoch FROM author")
        }
        log = list(_box_log(store, authors))
        folded = Folded()
        opening = _fold_opening(folded, store)
        known = {}
        if opening:  # what is older than the opening rows was dropped: start at what is kept
            for entry in log:
                known.setdefault((entry.node, entry.epoch), (entry.seq - 1, None))
        differences = _chain_faults(chain, log, known)
        _fold(folded, [entry for entry in log if entry.position > opening], own_cafe=cafe)
        stored, pending = _box_rows(store)
        sums = {
            (kind, of): bytes(value)
            for kind, of, value in store.execute("SELECT kind, cafe, sum FROM state_section")
            if any(value)
        }
    differences += [f"still pending: {name}" for name in pending]
    _adopt_tombstones(folded, stored)
    differences += _row_differences(folded.rows(), stored)
    differences += sum_differences(folded.sums(), sums, "refold", "projection")
    return Refold(differences, sums, len(log))


def read_hub_log(path: Path) -> list[LoggedOp]:
    """Return the hub's whole log."""
    with closing(open_read_only(path)) as store:
        return list(_hub_log(store))


def applied_position(path: Path) -> int:
    """Return the place in the hub's log up to which a box has applied it."""
    with closing(open_read_only(path)) as store:
        row = store.execute("SELECT MAX(position) FROM op").fetchone()
    return int(row[0] or 0)


def hub_position(path: Path) -> int:
    """Return the end of the hub's log."""
    with closing(open_read_only(path)) as store:
        return int(store.execute("SELECT position FROM log_head").fetchone()[0])


def ops_waiting(path: Path) -> int:
    """Return how many own ops of a box the hub has not judged yet."""
    with closing(open_read_only(path)) as store:
        row = store.execute("SELECT COUNT(*) FROM op WHERE position IS NULL").fetchone()
    return int(row[0])


def sum_differences(left: Sums, right: Sums, left_name: str, right_name: str) -> list[str]:
    """Return the sections in which two sets of state hashes differ."""
    return [
        f"state hash of section {section}: {left_name} and {right_name} differ"
        for section in sorted(left.keys() | right.keys())
        if left.get(section) != right.get(section)
    ]


def _hub_log(store: sqlite3.Connection) -> Iterator[LoggedOp]:
    rows = store.execute(
        "SELECT position, node, epoch, seq, header, body, body_hash, hash, effective, verdict,"
        " detail FROM log_op ORDER BY position"
    )
    for position, node, epoch, seq, header, body, hash_of_body, hash, *said in rows:
        op = Op(
            header_from_row(unpack(header)),
            None if body is None else unpack(body),
            bytes(hash_of_body),
            bytes(hash),
        )
        yield LoggedOp(position, node, epoch, seq, bytes(hash), op, _annotation(said))


def _box_log(store: sqlite3.Connection, authors: dict[int, tuple[int, int]]) -> Iterator[LoggedOp]:
    rows = store.execute(
        "SELECT position, key, header, body, body_hash, hash, effective, verdict, detail"
        " FROM op WHERE position IS NOT NULL ORDER BY position"
    )
    for position, key, header, body, hash_of_body, hash, *said in rows:
        node, epoch = authors[key >> SEQ_BITS]
        op = None
        if header is not None:
            value = None if body is None else unpack(body)
            digest = body_hash(value) if value is not None else bytes(hash_of_body)
            op = Op(header_from_row(unpack(header)), value, digest, bytes(hash))
        seq = key & ((1 << SEQ_BITS) - 1)
        yield LoggedOp(position, node, epoch, seq, bytes(hash), op, _annotation(said))


def _annotation(said: list[object]) -> Annotation:
    effective, verdict, detail = said
    value = unpack(detail) if isinstance(detail, bytes) else None
    return annotation_from_row([effective, verdict, value])


def _chain_faults(
    chain: str, log: list[LoggedOp], known: dict[tuple[int, int], tuple[int, bytes | None]]
) -> list[str]:
    """Return where positions or an author's chain of hashes do not hold.

    `known`: (seq, hash) of authors whose older ops are gone; None for a hash that is not kept.
    """
    heads = dict(known)
    faults = []
    before = log[0].position - 1 if known and log else 0
    for entry in log:
        author = (entry.node, entry.epoch)
        name = f"{entry.node}.{entry.epoch}.{entry.seq}"
        if entry.position != before + 1:
            faults.append(f"position {entry.position} follows {before}")
        before = entry.position
        seq, hash = heads.get(author, (0, genesis_hash(chain, *author)))
        if entry.seq != seq + 1:
            faults.append(f"op {name} follows seq {seq}")
        op = entry.op
        if op is not None:
            if op.body is not None and body_hash(op.body) != op.hash_of_body:
                faults.append(f"op {name}: the body is not the one that was hashed")
            if hash is not None:
                digest = op_hash(pack(op.header.row()), hash, op.hash_of_body)
                if digest != entry.hash:
                    faults.append(f"op {name}: the chain of hashes does not hold")
        heads[author] = (entry.seq, entry.hash)
    return faults


def _fold(folded: Folded, log: list[LoggedOp], own_cafe: int) -> None:
    deferred: dict[tuple[int, int, int], Op] = {}
    for entry in log:
        op = entry.op
        if op is None or op.header.kind not in KINDS:
            continue
        if entry.annotation.verdict == DEFERRED:
            deferred[entry.node, entry.epoch, entry.seq] = op
        elif op.header.kind == LATE_VERDICT and op.body is not None:
            values = expect_list(op.body, "late verdict", 3, 3)
            reference: OpRef = ref_from_row(values[0])
            word = annotation_from_row([entry.annotation.effective, values[1], values[2]])
            late = deferred.pop((reference.node, reference.epoch, reference.seq))
            fold_op(folded, late, word, own_cafe)
        else:
            fold_op(folded, op, entry.annotation, own_cafe)


def _adopt_tombstones(folded: Folded, stored: dict[bytes, bytes]) -> None:
    """Take over the tombstones of erased people: the ops that made the rows have no bodies left."""
    for packed_name, packed_row in stored.items():
        word, kind, key = expect_list(unpack(packed_name), "name", 3, 7)[:3]
        row = unpack(packed_row)
        if word == "register" and isinstance(row, list) and row[1] is None and key in folded.erased:
            folded.registers.setdefault((kind, key), RegisterRow(row[0], None))


def _fold_opening(folded: Folded, store: sqlite3.Connection) -> int:
    """Take the opening rows; return the position at whose end they stand, 0 for none."""
    rows = store.execute("SELECT name, row FROM opening_row").fetchall()
    setting = store.execute("SELECT value FROM setting WHERE name = 'store.opening'").fetchone()
    if setting is None:
        if rows:
            raise LookupError("opening rows without the position at which they stand")
        return 0
    for packed_name, packed_row in rows:
        name = expect_list(unpack(packed_name), "name", 2, 9)
        row = expect_list(unpack(packed_row), "row", 0, 3)
        form = name[0]
        if form == REGISTER:
            kind, key, register = register_of(name, row)
            folded.registers[kind, key] = register
        elif form == CLAIM:
            kind, claimed, holder = claim_of(name, row)
            folded.claims[kind, claimed] = holder
        elif form == BALANCE:
            section, account, amount = balance_of(name, row)
            folded.balances[section, account] = amount
        elif form == ERASED:
            folded.erased.add(erased_of(name))
    position = expect_list(unpack(setting[0]), "opening", 1, 9)[0]
    if not isinstance(position, int):
        raise TypeError("the opening's position is no number")
    return position


def _hub_rows(store: sqlite3.Connection) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for kind, key, row in store.execute("SELECT kind, key, row FROM register_document"):
        found[pack(["register", kind, unpack(key)])] = bytes(row)
    for kind, key, row in store.execute("SELECT kind, key, row FROM claim_holder"):
        found[pack(["claim", kind, bytes(key)])] = bytes(row)
    for subject, code, unit, node, epoch, month, amount in store.execute(
        "SELECT subject, code, unit, node, epoch, month, amount FROM balance WHERE amount <> 0"
    ):
        name = ["balance", code, unpack(subject), node, epoch, month, unit]
        found[pack(name)] = pack(amount)
    return found


def _box_rows(store: sqlite3.Connection) -> tuple[dict[bytes, bytes], list[str]]:
    """Return (confirmed rows, names of what still has a pending side)."""
    found: dict[bytes, bytes] = {}
    pending = []
    for table, word in (("document", "register"), ("claimed_key", "claim")):
        for kind, key, confirmed, waiting in store.execute(
            f"SELECT kind, key, confirmed, pending FROM {table}"
        ):
            if confirmed is not None:
                found[pack([word, kind, key])] = bytes(confirmed)
            if waiting is not None:
                pending.append(f"{word} {kind}/{key!r}")
    for *account, confirmed, waiting in store.execute(
        "SELECT account_class, subject, node, epoch, month, unit, confirmed, pending"
        " FROM account_balance"
    ):
        if confirmed:
            found[pack(["balance", *account])] = pack(confirmed)
        if waiting:
            pending.append(f"balance {account}")
    return found, pending


def _row_differences(refolded: dict[bytes, bytes], stored: dict[bytes, bytes]) -> list[str]:
    differing = [
        name for name in refolded.keys() | stored.keys() if refolded.get(name) != stored.get(name)
    ]
    shown = [
        f"{unpack(name)}: refold {_value(refolded.get(name))}, stored {_value(stored.get(name))}"
        for name in sorted(differing)[:DIFFERENCES_SHOWN]
    ]
    if len(differing) > DIFFERENCES_SHOWN:
        shown.append(f"and {len(differing) - DIFFERENCES_SHOWN} rows more")
    return shown


def _value(packed: bytes | None) -> str:
    return "nothing" if packed is None else repr(unpack(packed))
