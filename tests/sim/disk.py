"""A disk that forgets what was not synced, beneath SQLite itself.

A VFS (https://www.sqlite.org/vfs.html) that hands everything to the system's own and watches three
calls of the files in a `Drive`'s folder: write, truncate and sync. Between two syncs of a file it
remembers what was there before, so that `Drive.cut_power` can give back, sector by sector, the
old content of what nobody had synced. The stores know nothing of it: the fsyncs that count are
those that SQLite really makes under the pragmas that the stores really set.

A drive to which nothing is about to happen is not watched: its calls go straight to the system's.
What was written before a watch begins counts as synced, as if the system had just written back.
"""

import _sqlite3  # loaded, so that its library is in the map of the process
import ctypes
import ctypes.util
import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Self

SECTOR_BYTES = 512
VFS_NAME = b"cafebox-simulated-disk"

SQLITE_OK = 0
SQLITE_OPEN_READONLY = 1
SQLITE_FULL = 13
SQLITE_IOERR_WRITE = 10 | 3 << 8
SQLITE_IOERR_FSYNC = 10 | 4 << 8
SQLITE_IOERR_TRUNCATE = 10 | 6 << 8

_METHODS = 18
"""Function pointers of sqlite3_io_methods, version 3."""
_CLOSE, _WRITE, _TRUNCATE, _SYNC = 0, 2, 3, 4


class _IoMethods(ctypes.Structure):
    _fields_ = (("version", ctypes.c_int), ("calls", ctypes.c_void_p * _METHODS))


class _Vfs(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_int),
        ("file_bytes", ctypes.c_int),
        ("path_max", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("app_data", ctypes.c_void_p),
        ("open", ctypes.c_void_p),
        ("others", ctypes.c_void_p * 17),
    )


_Open = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_void_p,  # the name: SQLite keeps this very pointer, no copy of it will do
    ctypes.c_void_p,
    ctypes.c_int,
    ctypes.c_void_p,
)
_Close = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
_Write = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
)
_Truncate = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64)
_Sync = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)


class _File:
    """What is not synced of one file: (offset, old bytes) of each write, in order.

    It is opened at the first look into it: most files are never watched.
    """

    __slots__ = ("_fd", "_path", "undo")

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd: int | None = None
        self.undo: list[tuple[int, bytes, int]] = []

    @property
    def fd(self) -> int:
        if self._fd is None:
            self._fd = os.open(self._path, os.O_RDWR)
        return self._fd

    def is_gone(self) -> bool:
        """Whether the name is another file's by now: SQLite deletes its log at a good end."""
        if self._fd is None:
            return False  # nothing was looked at: nothing is remembered
        return os.fstat(self._fd).st_ino != os.stat(self._path).st_ino  # noqa: PTH116  # at each open

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def note(self, offset: int, length: int) -> None:
        """Remember what a write is about to replace, and how long the file was."""
        self.undo.append((offset, os.pread(self.fd, length, offset), length))

    def forget(self) -> None:
        self.undo.clear()

    def lose(self, keeps_sector: Callable[[], bool]) -> int:
        """Put old content back where `keeps_sector` says no; return how many bytes were lost.

        From the newest write backwards: a sector whose newer content reached the disk stays.
        """
        kept: set[int] = set()
        lost = 0
        for offset, old, length in reversed(self.undo):
            for start in range(offset - offset % SECTOR_BYTES, offset + length, SECTOR_BYTES):
                if start in kept:
                    continue
                if keeps_sector():
                    kept.add(start)
                    continue
                first, last = max(start, offset), min(start + SECTOR_BYTES, offset + length)
                before = old[first - offset : last - offset]
                # Beyond the old end of the file the sector was never written: zeros.
                os.pwrite(self.fd, before.ljust(last - first, b"\0"), first)
                lost += last - first
        self.forget()
        return lost


class DriveFailure:
    """What goes wrong next, each told by when it has taken effect."""

    __slots__ = ("fill", "fsync", "writes_left")

    def __init__(self) -> None:
        self.writes_left: int | None = None
        """Writes and fsyncs until the machine dies."""
        self.fsync = False
        """The next fsync reports EIO."""
        self.fill = False
        """There is no more room."""

    @property
    def armed(self) -> bool:
        return self.fsync or self.fill or self.writes_left is not None


class Drive:
    """The folder of one machine's files. `died` is set once nothing more is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failure = DriveFailure()
        self.died = False
        self.took_effect: list[str] = []
        self.files: dict[str, _File] = {}
        self.open_files: dict[int, _Handle] = {}
        self._watched = False
        folder.mkdir(parents=True, exist_ok=True)
        _DRIVES[os.fspath(folder)] = self

    @property
    def watched(self) -> bool:
        return self._watched

    def watch(self) -> None:
        """From now on every write and fsync is seen, and may fail or be lost."""
        if not self._watched:
            self._watched = True
            for handle in self.open_files.values():
                handle.show(watched=True)

    def unwatch(self) -> None:
        """Nothing is about to happen: let calls go straight to the system."""
        self._watched = False
        for handle in self.open_files.values():
            handle.show(watched=False)
        for file in self.files.values():
            file.forget()

    def die_at_write(self, writes: int) -> None:
        """The machine dies `writes` writes and fsyncs from now."""
        self.watch()
        self.failure.writes_left = writes

    def fail_fsync(self) -> None:
        """The next fsync reports EIO."""
        self.watch()
        self.failure.fsync = True

    def fill(self) -> None:
        """There is no more room, until `start` or `failure.fill` is taken back."""
        self.watch()
        self.failure.fill = True

    def relent(self) -> None:
        """What was to go wrong does not."""
        self.failure = DriveFailure()
        if not self.died:
            self.unwatch()

    def die(self) -> None:
        """Nothing more is written."""
        self.watch()
        self.died = True

    def _count_down(self) -> None:
        failure = self.failure
        if failure.writes_left is not None:
            failure.writes_left -= 1
            if failure.writes_left < 0:
                self.died = True

    def write(self, file: _File, offset: int, length: int) -> int:
        """Decide on a write or truncation; returns SQLite's code."""
        self._count_down()
        if self.died:
            return SQLITE_IOERR_WRITE
        if self.failure.fill:
            self.took_effect.append("disk_full")
            return SQLITE_FULL
        file.note(offset, length)
        return SQLITE_OK

    def sync(self, file: _File) -> int:
        """Decide on an fsync."""
        self._count_down()
        if self.died:
            return SQLITE_IOERR_FSYNC
        if self.failure.fsync:
            self.failure.fsync = False
            self.took_effect.append("fsync_error")
            return SQLITE_IOERR_FSYNC
        file.forget()
        return SQLITE_OK

    def cut_power(self, random: Random) -> int:
        """Lose what was not synced, by chance; return how many bytes. Nothing more is written."""
        self.die()
        chance = random.choice((0.0, 0.0, 0.3, 0.7))
        return sum(file.lose(lambda: random.random() < chance) for file in self.files.values())

    def start(self) -> None:
        """The machine runs again, and nothing is wrong with it."""
        self.died = False
        self.failure = DriveFailure()
        self.unwatch()

    def file(self, path: str) -> _File:
        """Return what is remembered of a file; of another one of its name nothing is."""
        known = self.files.get(path)
        if known is None or known.is_gone():
            if known is not None:
                known.close()
            known = self.files[path] = _File(path)
        return known

    def forget_files(self) -> None:
        """The files are others now: what is there counts as synced."""
        for file in self.files.values():
            file.close()
        self.files.clear()

    def unsynced_bytes(self) -> int:
        return sum(row[2] for file in self.files.values() for row in file.undo)

    def remove(self) -> None:
        """Let go of the folder; its files are the caller's."""
        self.forget_files()
        _DRIVES.pop(os.fspath(self.folder), None)


class _Handle:
    """One open file of SQLite's: where its table of calls is named, and the two it may name."""

    __slots__ = ("_place", "_plain", "_watched", "drive", "file")

    def __init__(
        self, drive: Drive, file: _File, place: ctypes.c_void_p, plain: int, watched: int
    ) -> None:
        self.drive = drive
        self.file = file
        self._place = place
        self._plain = plain
        self._watched = watched

    def show(self, *, watched: bool) -> None:
        self._place.value = self._watched if watched else self._plain


_DRIVES: dict[str, Drive] = {}
_KEPT: list[object] = []
"""What SQLite may call until the process ends: a connection can outlive the `with`."""


class SimulatedDisk:
    """Registers the VFS as SQLite's default for as long as it is entered."""

    _entered: "SimulatedDisk | None" = None

    def __init__(self) -> None:
        self._sqlite = ctypes.CDLL(_sqlite_library())
        self._sqlite.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        self._sqlite.sqlite3_vfs_find.argtypes = (ctypes.c_char_p,)
        self._base = self._sqlite.sqlite3_vfs_find(None)
        self._vfs = _Vfs()
        ctypes.memmove(ctypes.byref(self._vfs), self._base, ctypes.sizeof(_Vfs))
        self._vfs.name = VFS_NAME
        self._vfs.next = None
        self._open_base = _Open(self._vfs.open)
        self._open = _Open(self._opened)
        self._vfs.open = ctypes.cast(self._open, ctypes.c_void_p).value
        self._methods: dict[int, tuple[_IoMethods, _IoMethods]] = {}
        self._callbacks: list[Any] = []
        self._open_files: dict[int, _Handle] = {}
        _KEPT.append(self)

    def __enter__(self) -> Self:
        self._sqlite.sqlite3_vfs_register(ctypes.byref(self._vfs), 1)
        return self

    def __exit__(self, *_: object) -> None:
        self._sqlite.sqlite3_vfs_unregister(ctypes.byref(self._vfs))
        self._sqlite.sqlite3_vfs_register(self._base, 1)

    def _opened(
        self, vfs: int, name: int | None, file: int, flags: int, out_flags: int | None
    ) -> int:
        code = int(self._open_base(vfs, name, file, flags, out_flags))
        if code != SQLITE_OK or name is None or flags & SQLITE_OPEN_READONLY:
            return code
        path = os.fsdecode(ctypes.string_at(name))
        drive = _DRIVES.get(path.rpartition("/")[0])
        if drive is None:
            return code
        place = ctypes.c_void_p.from_address(file)
        base = place.value or 0
        if base not in self._methods:
            self._methods[base] = self._tables(base)
        plain, watched = self._methods[base]
        known = drive.file(path)
        handle = _Handle(drive, known, place, ctypes.addressof(plain), ctypes.addressof(watched))
        handle.show(watched=drive.watched)
        self._open_files[file] = drive.open_files[file] = handle
        return code

    def _tables(self, base: int) -> tuple[_IoMethods, _IoMethods]:
        """Return copies of the system's table of calls: with ours for close alone, and for all."""
        plain, watched = _IoMethods(), _IoMethods()
        for table in (plain, watched):
            ctypes.memmove(ctypes.byref(table), base, ctypes.sizeof(_IoMethods))
        if plain.version < 3:
            raise RuntimeError("SQLite's file methods are older than version 3")
        write_base = _Write(plain.calls[_WRITE])
        truncate_base = _Truncate(plain.calls[_TRUNCATE])
        sync_base = _Sync(plain.calls[_SYNC])
        close_base = _Close(plain.calls[_CLOSE])
        open_files = self._open_files

        def write(file: int, data: int, length: int, offset: int) -> int:
            handle = open_files[file]
            code = handle.drive.write(handle.file, offset, length)
            return code or int(write_base(file, data, length, offset))

        def truncate(file: int, size: int) -> int:
            handle = open_files[file]
            length = os.fstat(handle.file.fd).st_size - size
            code = handle.drive.write(handle.file, size, length) if length > 0 else SQLITE_OK
            return code or int(truncate_base(file, size))

        def sync(file: int, flags: int) -> int:
            handle = open_files[file]
            # The system's own fsync of a tmpfs does nothing; it is called all the same.
            return handle.drive.sync(handle.file) or int(sync_base(file, flags))

        def close(file: int) -> int:
            handle = open_files.pop(file, None)
            if handle is not None:
                handle.drive.open_files.pop(file, None)
            return int(close_base(file))

        closes = _Close(close)
        ours = {
            _WRITE: _Write(write),
            _TRUNCATE: _Truncate(truncate),
            _SYNC: _Sync(sync),
            _CLOSE: closes,
        }
        self._callbacks += ours.values()
        plain.calls[_CLOSE] = ctypes.cast(closes, ctypes.c_void_p).value
        for index, callback in ours.items():
            watched.calls[index] = ctypes.cast(callback, ctypes.c_void_p).value
        return plain, watched


def _sqlite_library() -> str:
    """Return the SQLite that Python's own module is linked with."""
    with Path("/proc/self/maps").open() as maps:
        for line in maps:
            path = line.rsplit(maxsplit=1)[-1]
            if "libsqlite3.so" in path:
                return path
    raise RuntimeError(
        f"{_sqlite3.__file__} has SQLite built in: the simulator needs a Python that is linked "
        "with libsqlite3 (Debian: apt-get install python3)"
    )
