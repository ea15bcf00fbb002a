"""A box's disk that is full, read-only or flips a bit: refused before it is called done, or found.

The full disk is a small tmpfs of its own; the read-only one is the same, remounted.
"""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edge.desk.answers import Answer
from edge.domain.refusals import Refusal
from edge.store.backup import check_backup
from edge.store.errors import StoreError
from edge.store.opening import open_reader
from edge.store.refold import refold
from edge.store.tables import ALL_TABLES
from tests.edge.desk.counter import BOX, EPOCH, Counter, furnish, open_counter
from tests.faults.report import Report, tell
from tests.faults.scale import Scale
from tests.faults.tracing import FaultNotInjectedError

DISK_BYTES = 12 * 1024 * 1024
FREE_STEPS = 24
FREE_STEP_BYTES = 12 * 1024
AMOUNT_FEN = 100
BOOKS = frozenset({"op", "document", "claimed_key", "account_balance", "state_section"})
"""Tables whose every bit is vouched for by a hash or by the refold. Beside them: the heads of
authors (the hub and the next block tell), kept answers and receipts (each has a check, which who
reads it looks at), the index of who is named where, the hub's signatures."""
COPIED_COLUMNS = {"op": ("kind", "money_fen")}
"""What stands in a row's header and body too."""
FULL = "disk_full"


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a tmpfs of DISK_BYTES; it is gone at the end."""
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={DISK_BYTES}", "cafebox-faults", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(*arguments: str) -> None:
    result = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if result.returncode:
        words = (
            f"no tmpfs can be mounted ({result.stderr.strip()}). Run as root, or in: unshare -rm"
        )
        raise FaultNotInjectedError(words)


async def run(folder: Path, scale: Scale) -> Report:
    """Fill the disk, take the right to write away, flip bits."""
    report = Report()
    with small_disk(folder / "full") as disk:
        await _fill(disk, report)
    with small_disk(folder / "readonly") as disk:
        await _read_only(disk, report)
    await _flip_bits(folder, scale.bit_flips, report)
    return report


# --- full -----------------------------------------------------------------------------------------


async def _fill(disk: Path, report: Report) -> None:
    """Leave less and less room; each top-up is done and there, or refused and not there."""
    filler = disk / "filler"
    async with _stocked(disk) as (counter, member):
        done = 0
        for step in reversed(range(FREE_STEPS)):
            _fill_up(disk, filler, step * FREE_STEP_BYTES)
            for _ in range(3):
                outcome = await _top_up(counter, member)
                done += isinstance(outcome, Answer)
                if isinstance(outcome, Refusal):
                    report.expect(outcome.code == FULL, f"a full disk is called {outcome.code}")
                    report.injected("disk_full")
            _expect_wallet(counter, member, done, report, "full disk")
        filler.unlink()
        outcome = await _top_up(counter, member)
        report.expect(isinstance(outcome, Answer), f"with room again: {outcome}")
        done += 1
    async with open_counter(disk) as counter:
        _expect_wallet(counter, member, done, report, "after the full disk")
        with counter.store.read() as reader:
            for difference in refold(reader).differences:
                report.violated(f"full disk: refold: {difference}")


def _fill_up(disk: Path, filler: Path, free_bytes: int) -> None:
    """Grow or shrink the filler until so many bytes are left."""
    status = os.statvfs(disk)
    room = status.f_bavail * status.f_frsize
    size = filler.stat().st_size if filler.exists() else 0
    with filler.open("ab") as file:
        wanted = max(size + room - free_bytes, 0)
        if wanted > size:
            os.posix_fallocate(file.fileno(), 0, wanted)
        else:
            file.truncate(wanted)


# --- read-only ------------------------------------------------------------------------------------


async def _read_only(disk: Path, report: Report) -> None:
    """A box on a disk that is mounted read-only does not start, and says why."""
    async with _stocked(disk) as (_counter, member):
        pass
    _mount("-o", "remount,ro", str(disk))
    try:
        async with open_counter(disk):
            report.violated("a box starts on a read-only disk")
    except (StoreError, OSError) as error:
        tell(f"read-only: {error}")
        report.injected("disk_read_only")
    _mount("-o", "remount,rw", str(disk))
    async with open_counter(disk) as counter:
        _expect_wallet(counter, member, 0, report, "writable again")


# --- bits -----------------------------------------------------------------------------------------


async def _flip_bits(folder: Path, flips: int, report: Report) -> None:
    """Flip one bit of the file at a time: found at the start or by the refold, or nothing of what
    the file says has changed."""
    home = folder / "whole"
    home.mkdir()
    async with _stocked(home) as (counter, member):
        for _ in range(20):
            await _top_up(counter, member)
        await counter.hub.confirm_all()
        await _top_up(counter, member)
    async with open_counter(home):
        pass  # a start checks the chains only from where the one before ended
    before = _contents(home / "box.db")
    draw = random.Random(1)
    copy = folder / "flipped"
    tell(f"{flips} bits to flip")
    for _ in range(flips):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(home, copy)
        path = copy / "box.db"
        data = bytearray(path.read_bytes())
        bit = draw.randrange(len(data) * 8)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        report.injected("bit_flipped")
        if await _find_damage(copy, report):
            report.injected("bit_flip_found")
            continue
        changed = [name for name, rows in _contents(path).items() if rows != before[name]]
        if set(changed) & BOOKS:
            report.violated(f"bit {bit} flipped in {changed} and nobody found it")
        report.injected("bit_flip_beside_the_books" if changed else "bit_flip_harmless")


async def _find_damage(copy: Path, report: Report) -> bool:
    """Return whether the start, the doctor's check or the refold finds anything wrong.

    Whatever finds it says so in words.
    """
    started = False
    try:
        async with open_counter(copy) as counter:
            started = True
            with counter.store.read() as reader:
                check_backup(reader)
                return not refold(reader).equal
    except StoreError:
        return True
    except Exception as error:  # noqa: BLE001  # what a flipped bit may raise is the question
        what = "the refold" if started else "the start"
        report.violated(f"a flipped bit breaks {what} off: {type(error).__name__}: {error}")
        return True


def _contents(path: Path) -> dict[str, list[object]]:
    """Return every row of every table but the settings, which each start writes."""
    reader = open_reader(path)
    with closing(reader.database):
        connection = reader.connection
        connection.text_factory = bytes  # a flipped bit may leave text that is none
        contents: dict[str, list[object]] = {}
        for table in ALL_TABLES:
            name = table._meta.table_name
            copied = COPIED_COLUMNS.get(name, ())
            columns = [c.column_name for c in table._meta.sorted_fields if c.name not in copied]
            if name != "setting":
                rows = connection.execute(f"SELECT {', '.join(columns)} FROM {name}")
                contents[name] = sorted(rows.fetchall(), key=repr)
        return contents


# --- a counter with a member who has nothing ------------------------------------------------------


class _Stocked:
    """Opens a counter, furnishes it, logs in and registers a member."""

    def __init__(self, folder: Path) -> None:
        self._opened = open_counter(folder)

    async def __aenter__(self) -> tuple[Counter, int]:
        counter = await self._opened.__aenter__()
        await furnish(counter)
        await counter.log_in()
        return counter, await counter.member()

    async def __aexit__(self, *failure: object) -> None:
        await self._opened.__aexit__(*failure)


def _stocked(folder: Path) -> _Stocked:
    return _Stocked(folder)


async def _top_up(counter: Counter, member: int) -> Answer | Refusal:
    return await counter.ask("top_up", member=member, amount_fen=AMOUNT_FEN, tender="cash")


def _expect_wallet(counter: Counter, member: int, done: int, report: Report, what: str) -> None:
    shown = counter.shown((10, member, BOX, EPOCH, 0, "fen"))
    if shown != -done * AMOUNT_FEN:
        report.violated(f"{what}: {done} top-ups were answered, and {-shown} fen are there")
