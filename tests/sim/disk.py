"""A disk that forgets what was not synced, beneath SQLite itself.

A VFS (https://www.sqlite.org/vfs.html) that hands everything to the system's own and watches three
calls of the files in a `Drive`'s folder: write, truncate and sync. Between two syncs of a file it
remembers what was there before, so that `Drive.cut_power` can give back, sector by sector, the
old content of what nobody had synced. The stores know nothing of it: the fsyncs that count are
those that SQLite really makes under the pragmas that the stores really set.
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
    """What is not synced of one file: (offset, old bytes) of each write, in order."""

    __slots__ = ("fd", "undo")

    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_RDWR)
        self.undo: list[tuple[int, bytes, int]] = []

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


class Drive:
    """The folder of one machine's files. `died` is set once nothing more is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failure = DriveFailure()
        self.died = False
        self.took_effect: list[str] = []
        self.files: dict[str, _File] = {}
        folder.mkdir(parents=True, exist_ok=True)
        _DRIVES[os.fspath(folder)] = self

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
        self.died = True
        chance = random.choice((0.0, 0.0, 0.3, 0.7))
        return sum(file.lose(lambda: random.random() < chance) for file in self.files.values())

    def start(self) -> None:
        """The machine runs again."""
        self.died = False
        self.failure = DriveFailure()

    def unsynced_bytes(self) -> int:
        return sum(row[2] for file in self.files.values() for row in file.undo)

    def remove(self) -> None:
        """Let go of the folder; its files are the caller's."""
        _DRIVES.pop(os.fspath(self.folder), None)


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
        self._methods: dict[int, _IoMethods] = {}
        self._callbacks: list[Any] = []
        self._open_files: dict[int, tuple[Drive, _File]] = {}
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
        if code != SQLITE_OK or name is None:
            return code
        path = os.fsdecode(ctypes.string_at(name))
        drive = _DRIVES.get(path.rpartition("/")[0])
        if drive is None:
            return code
        place = ctypes.c_void_p.from_address(file)
        base = place.value or 0
        if base not in self._methods:
            self._methods[base] = self._watched(base)
        place.value = ctypes.addressof(self._methods[base])
        known = drive.files.get(path)
        if known is None:
            known = drive.files[path] = _File(path)
        self._open_files[file] = (drive, known)
        return code

    def _watched(self, base: int) -> _IoMethods:
        """Return a copy of the system's table of calls with ours in three places."""
        methods = _IoMethods()
        ctypes.memmove(ctypes.byref(methods), base, ctypes.sizeof(_IoMethods))
        if methods.version < 3:
            raise RuntimeError("SQLite's file methods are older than version 3")
        write_base = _Write(methods.calls[_WRITE])
        truncate_base = _Truncate(methods.calls[_TRUNCATE])
        sync_base = _Sync(methods.calls[_SYNC])
        close_base = _Close(methods.calls[_CLOSE])
        open_files = self._open_files

        def write(file: int, data: int, length: int, offset: int) -> int:
            drive, known = open_files[file]
            code = drive.write(known, offset, length)
            return code or int(write_base(file, data, length, offset))

        def truncate(file: int, size: int) -> int:
            drive, known = open_files[file]
            length = os.fstat(known.fd).st_size - size
            code = drive.write(known, size, length) if length > 0 else SQLITE_OK
            return code or int(truncate_base(file, size))

        def sync(file: int, flags: int) -> int:
            drive, known = open_files[file]
            # The system's own fsync of a tmpfs does nothing; it is called all the same.
            return drive.sync(known) or int(sync_base(file, flags))

        def close(file: int) -> int:
            open_files.pop(file, None)
            return int(close_base(file))

        for index, kind, call in (
            (_WRITE, _Write, write),
            (_TRUNCATE, _Truncate, truncate),
            (_SYNC, _Sync, sync),
            (_CLOSE, _Close, close),
        ):
            callback = kind(call)
            self._callbacks.append(callback)
            methods.calls[index] = ctypes.cast(callback, ctypes.c_void_p).value
        return methods


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
