"""Open the hub's database, SQLite or PostgreSQL, by one URL.

    sqlite:///relative.sqlite   sqlite:////absolute/path.sqlite   postgresql://user@host/name

One connection writes (and, on SQLite, checkpoints): `open_writer`. All else reads through
`open_reader`. SQLite 3.7.0 to 3.51.2 can corrupt a WAL database when two connections write or
checkpoint at the same moment (https://sqlite.org/wal.html#walresetbug).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import peewee

from cloud.store.schema import KEYED_TABLES

SQLITE_CACHE_KB = 64 * 1024
SQLITE_CHECKPOINT_PAGES = 4000
"""16 MB of WAL between checkpoints: half the fsyncs of the default under load."""
BUSY_TIMEOUT_S = 5
_SQLITE_PREFIX = "sqlite:///"


class StoreError(Exception):
    """The database cannot be used; the words say what to do."""


class Database:
    """A peewee database with what differs between SQLite and PostgreSQL.

    `peewee` runs model queries (`query.execute(database.peewee)`); `execute` and `executemany` run
    the constant statements of `statements`, written with `?`.
    """

    def __init__(self, database: peewee.Database, path: Path | None, url: str) -> None:
        self.peewee: Any = database
        self.path = path
        self.url = url
        self._sql: dict[str, str] = {}

    @property
    def is_sqlite(self) -> bool:
        return self.path is not None

    def _translated(self, sql: str) -> str:
        if self.is_sqlite:
            return sql
        translated = self._sql.get(sql)
        if translated is None:
            translated = self._sql[sql] = sql.replace("?", "%s")
        return translated

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """Run a constant statement; returns the driver's cursor."""
        cursor = self.peewee.cursor()
        cursor.execute(self._translated(sql), parameters)
        return cursor

    def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a constant statement for each row."""
        self.peewee.cursor().executemany(self._translated(sql), rows)

    def rows(self, query: Any) -> list[Any]:
        """Return all rows of a model query."""
        return list(query.bind(self.peewee))

    def first(self, query: Any) -> Any:
        """Return the first row of a model query, or None."""
        for row in query.limit(1).bind(self.peewee):
            return row
        return None

    def run(self, query: Any) -> Any:
        """Run an insert, update or delete; returns what peewee returns."""
        return query.execute(self.peewee)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, roll back on any exception. SQLite takes the write lock at once."""
        begin = self.peewee.atomic("IMMEDIATE") if self.is_sqlite else self.peewee.atomic()
        with begin:
            yield

    @contextmanager
    def consistent_read(self) -> Iterator[None]:
        """Everything read within is of one moment."""
        if self.is_sqlite:
            begin = self.peewee.atomic("DEFERRED")
        else:
            begin = self.peewee.atomic(isolation_level="REPEATABLE READ")
        with begin:
            yield

    def create_tables(self, models: Sequence[type[peewee.Model]]) -> None:
        """Create the tables of `models` that are not there."""
        with self.peewee.bind_ctx(models):
            for model in models:
                # peewee's own place for a model's options; PostgreSQL has no such tables
                model._meta.without_rowid = self.is_sqlite and model in KEYED_TABLES  # noqa: SLF001  # peewee
            self.peewee.create_tables(models)

    def close(self) -> None:
        """Close this thread's connection."""
        if not self.peewee.is_closed():
            self.peewee.close()


def open_writer(url: str) -> Database:
    """Return the one database object that writes; its connection belongs to one thread."""
    if not url.startswith(_SQLITE_PREFIX):
        return _open_postgresql(url)
    path = sqlite_path(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    pragmas = {
        "journal_mode": "wal",
        "synchronous": "full",
        "secure_delete": "on",
        "cache_size": -SQLITE_CACHE_KB,
        "wal_autocheckpoint": SQLITE_CHECKPOINT_PAGES,
        "temp_store": "memory",
    }
    database = peewee.SqliteDatabase(str(path), pragmas=pragmas, timeout=BUSY_TIMEOUT_S)
    return Database(database, path, url)


def open_reader(url: str) -> Database:
    """Return a database object that only reads; each thread has a connection of its own."""
    if not url.startswith(_SQLITE_PREFIX):
        return _open_postgresql(url, "-c default_transaction_read_only=on")
    path = sqlite_path(url)
    if not path.exists():
        raise StoreError(f"{path} does not exist; start the hub once with `cafebox-hub run`")
    database = peewee.SqliteDatabase(
        f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S
    )
    return Database(database, path, url)


def sqlite_path(url: str) -> Path:
    """Return the file of an sqlite URL."""
    return Path(url.removeprefix(_SQLITE_PREFIX))


def _open_postgresql(url: str, options: str = "") -> Database:
    if not url.startswith(("postgresql://", "postgres://")):
        raise StoreError(f"database URL {url!r}: write sqlite:///FILE or postgresql://USER@HOST/DB")
    conninfo = "postgresql://" + url.split("://", 1)[1]
    arguments: dict[str, Any] = {"options": options} if options else {}
    database = peewee.PostgresqlDatabase(conninfo, prefer_psycopg3=True, **arguments)
    return Database(database, None, url)
