"""Two slots, A and B: one is known to be good, the other takes the next version on trial.

    base/state.json    which slot is good, which is on trial and how often it may still start
    base/a, base/b     a version each, with its manifest.json

`state.json` is replaced in one rename, and is written only once what it names is whole on the
medium: a cut at any moment leaves a box that starts. A version on trial starts at most TRIES
times; unless it is confirmed by then, the good one starts again.
"""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgpack
from bundle import Manifest, read_manifest, sync

SLOTS = ("a", "b")
TRIES = 3
STATE_NAME = "state.json"
MANIFEST_NAME = "manifest.json"
STORE_COPY_SUFFIX = ".before-update"
SEQ_BITS = 48
IDENTITY_NODE = 1
SELECT_IDENTITY = "SELECT value FROM setting WHERE name = 'store.identity'"
SELECT_OWN_OPS = """
SELECT count(*), coalesce(max(key), 0) FROM op
WHERE key >> ? IN (SELECT number FROM author WHERE node = ?)
"""
"""These four know the shape of every version's store: edge/store/tables.py keeps it."""
NOTHING = Manifest("none", 0, 0, 0, 0, "any", 0, "")
"""What stands in an empty slot."""


class SlotsError(Exception):
    """The slots are not as this program left them; the words say what to do."""


class NoWayBackError(Exception):
    """The version on trial has taken entries that the good one cannot read."""


@dataclass(frozen=True, slots=True)
class State:
    """`trial` is empty when nothing is on trial; `tries_left` counts its starts down.

    `failed` is the version that was given up last, empty when none was.
    """

    good: str = ""
    trial: str = ""
    tries_left: int = 0
    failed: str = ""


class Slots:
    """The slots of one box; `store` is its database, whose shape a version may change."""

    def __init__(self, base: Path, store: Path) -> None:
        self._base = base
        self._store = store
        self._store_copy = store.with_name(store.name + STORE_COPY_SUFFIX)

    def state(self) -> State:
        """What is written down. Raises SlotsError."""
        path = self._base / STATE_NAME
        try:
            return State(**json.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            return State()
        except (ValueError, TypeError) as error:
            raise SlotsError(f"{path}: {error}. Provision this box again") from None

    def manifest(self, slot: str) -> Manifest:
        """Of what stands in a slot; NOTHING for an empty one. Raises BundleRefusedError."""
        try:
            return read_manifest((self._base / slot / MANIFEST_NAME).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return NOTHING

    def begin(self) -> Path:
        """Empty the slot that is not good, and return the folder to unpack the new version in."""
        state = self.state()
        self._write(replace(state, trial="", tries_left=0))
        slot = self._free(state)
        unpacked = self._base / f"{slot}.new"
        for left_over in (unpacked, self._base / slot):
            if left_over.exists():
                shutil.rmtree(left_over)
        sync(self._base)
        return unpacked

    def put_on_trial(self, manifest: Manifest) -> str:
        """Take what was unpacked into its slot, to be started next; return the slot.

        A first version is the good one at once.
        """
        state = self.state()
        slot = self._free(state)
        unpacked = self._base / f"{slot}.new"
        written = unpacked / MANIFEST_NAME
        written.write_bytes(manifest.to_bytes())
        sync(written)
        sync(unpacked)
        unpacked.rename(self._base / slot)
        sync(self._base)
        self._store_copy.unlink(missing_ok=True)
        if state.good:
            self._write(replace(state, trial=slot, tries_left=TRIES))
        else:
            self._write(State(good=slot))  # there is nothing to go back to
        return slot

    def next_start(self) -> Path:
        """The folder to start from now; a start on trial is written down before it happens.

        Raises SlotsError, NoWayBackError.
        """
        state = self.state()
        if state.trial and not state.tries_left:
            try:
                self.give_up()
            except NoWayBackError:
                return self._base / state.trial  # better than nothing: it reads the store
            state = self.state()
        if state.trial:
            self._copy_store(state)
            self._write(replace(state, tries_left=state.tries_left - 1))
            return self._base / state.trial
        if not state.good:
            raise SlotsError("no version is installed. Type: cafebox-update install FILE")
        return self._base / state.good

    def confirm(self) -> None:
        """The version on trial does its work: it is the good one now."""
        state = self.state()
        if state.trial:
            self._write(State(good=state.trial))
            self._store_copy.unlink(missing_ok=True)

    def give_up(self) -> None:
        """Go back to the good version; call it only while the box does not run.

        Raises NoWayBackError if entries would be lost by it, SlotsError if the store is in use.
        """
        state = self.state()
        if not state.trial:
            return
        failed = self.manifest(state.trial)
        if failed.store_step > self.manifest(state.good).store_step:
            self._put_store_back()
        self._write(State(good=state.good, failed=failed.version))

    def _free(self, state: State) -> str:
        return SLOTS[1] if state.good == SLOTS[0] else SLOTS[0]

    def _copy_store(self, state: State) -> None:
        """Before a version that changes the store's shape first starts, keep a copy."""
        changes = self.manifest(state.trial).store_step > self.manifest(state.good).store_step
        if not changes or not self._store.exists() or self._store_copy.exists():
            return
        unfinished = self._store_copy.with_suffix(".part")
        unfinished.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(self._store)) as store,
            closing(sqlite3.connect(unfinished)) as copy,
        ):
            store.backup(copy)
        owner = self._store.stat()
        os.chown(unfinished, owner.st_uid, owner.st_gid)
        unfinished.chmod(0o600)
        sync(unfinished)
        unfinished.rename(self._store_copy)
        sync(self._store_copy.parent)

    def _put_store_back(self) -> None:
        if not self._store_copy.exists():
            return  # it never came to its first start
        if _entries(self._store) != _entries(self._store_copy):
            raise NoWayBackError(
                "the new version has taken entries, which the old one cannot read."
                " Nothing was changed. Install a version that is newer than both"
            )
        _settle(self._store)
        self._store_copy.rename(self._store)
        sync(self._store.parent)

    def _write(self, state: State) -> None:
        unfinished = self._base / f"{STATE_NAME}.part"
        unfinished.write_text(json.dumps(asdict(state)), "utf-8")
        sync(unfinished)
        unfinished.replace(self._base / STATE_NAME)
        sync(self._base)


def _settle(store: Path) -> None:
    """Bring all of a store into its one file: a write-ahead log must not outlive its store."""
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    # The last one to close takes the log away (sqlite.org/wal.html).
    if store.with_name(store.name + "-wal").exists():
        raise SlotsError(f"{store} is in use. Type: systemctl stop cafebox")


def _entries(store: Path) -> tuple[int, int]:
    """How many ops the box has written into a store, and the last one's key."""
    with closing(sqlite3.connect(store)) as connection:
        packed = connection.execute(SELECT_IDENTITY).fetchone()
        if packed is None:
            return 0, 0
        node = msgpack.unpackb(packed[0])[IDENTITY_NODE]
        count, last = connection.execute(SELECT_OWN_OPS, (SEQ_BITS, node)).fetchone()
    return count, last
