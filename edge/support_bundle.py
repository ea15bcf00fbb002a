"""`cafebox support-bundle`: what an engineer needs to see of a box, and nothing that is a secret.

A tar.gz of texts: versions, configuration, the doctor's findings, health, metrics, how large the
store's tables are, and the log. No row of the store goes in. Of the log's lines numbers, codes and
places in the program stay; runs of digits, quoted words and what is not ASCII go.
"""

import asyncio
import io
import json
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import aiohttp

from edge import app
from edge.configuration import Configuration
from edge.doctor import ANSWER_S, ask_health, examine
from edge.second_copy.sealed_files import scan
from edge.store.errors import StoreError
from edge.store.opening import open_reader
from edge.store.tables import ALL_TABLES, LogOp
from sync_protocol.kinds import KINDS

LOG_LINES_MAX = 20_000
UNIT = "cafebox"
LIBRARIES = ("aiohttp", "aiomqtt", "cryptography", "peewee", "paho-mqtt")
SECRET_KEYS = ("key", "secret", "password", "token")
SECRET_EXTRAS = (*SECRET_KEYS, "pin", "phone", "identity")
"""Words in the names of what a line of the log may tell."""

_USER = re.compile(r"//[^/@\s]*@")
_HIDDEN = re.compile(r"\d{5,}|'[^']*'|\"[^\"]*\"|[^\x20-\x7e]+")
_CODE = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")
_FRAME = re.compile(r'File "([^"]+)", line (\d+), in (\S+)')
_ERROR = re.compile(r"^([A-Za-z_][\w.]*)(?::|$)")


async def write_bundle(
    configuration: Configuration, target: Path, log: Path | None = None
) -> list[str]:
    """Write the bundle; return the names of what it holds.

    `log` is read in place of the journal. Beside a running box or without one, and whatever is
    broken: what cannot be read is said in its place. Raises `OSError` where `target` cannot be
    written.
    """
    findings = [
        {"check": one.check, "ok": one.ok, "found": one.found, "remedy": one.remedy}
        for one in await examine(configuration)
    ]
    lines = await asyncio.to_thread(_log_lines, log)
    files = {
        "about.json": _json(about(configuration)),
        "configuration.json": _json(settings(configuration)),
        "doctor.json": _json(findings),
        "health.json": _json(await ask_health(configuration)),
        "metrics.txt": await _metrics(configuration),
        "store.json": _json(await asyncio.to_thread(statistics, configuration)),
        "log.jsonl": "".join(f"{clean_line(line)}\n" for line in lines),
    }
    with tarfile.open(target, "w:gz") as bundle:
        for name, text in files.items():
            data = _USER.sub("//", text).encode()
            entry = tarfile.TarInfo(f"cafebox-support/{name}")
            entry.size, entry.mtime = len(data), int(time.time())
            bundle.addfile(entry, io.BytesIO(data))
    return list(files)


def about(configuration: Configuration) -> dict[str, object]:
    """Which program runs on which machine, and which box it is."""
    values: dict[str, object] = {
        "software": app.SOFTWARE,
        "python": sys.version,
        "sqlite": sqlite3.sqlite_version,
        "system": platform.platform(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "written_s": int(time.time()),
    }
    try:
        answer = app.enrolment_of(configuration).answer
    except Exception as error:  # noqa: BLE001  # a bundle is wanted most where something is broken
        return values | {"identity": type(error).__name__}
    names = ("chain", "cafe", "node", "epoch", "generation")
    return values | {name: getattr(answer, name) for name in names}


def settings(configuration: Configuration) -> dict[str, object]:
    """The configuration without secrets."""
    sections = ("box", "hub", "counter", "second_copy", "log", "stacks")
    values: dict[str, object] = {}
    for name in sections:
        section = getattr(configuration, name)
        fields = {key: getattr(section, key) for key in section.__dataclass_fields__}
        values[name] = _without_secrets(fields)
    values["devices"] = [_without_secrets(table) for table in configuration.devices]
    return values


def _without_secrets(table: Mapping[str, object]) -> dict[str, object]:
    return {
        name: "(left out)"
        if any(word in name for word in SECRET_KEYS) and not name.endswith("_file")
        else value
        for name, value in table.items()
    }


def statistics(configuration: Configuration) -> dict[str, object]:
    """How large everything is, and how far the log goes."""
    path = configuration.data_dir / app.STORE_NAME
    values: dict[str, object] = {
        "files": {one.name: one.stat().st_size for one in sorted(configuration.data_dir.glob("*"))},
        "disk_free_bytes": shutil.disk_usage(configuration.data_dir).free,
        "second_copy": _second_copy(configuration.second_copy_folder),
    }
    if not path.exists():
        return values
    try:
        reader = open_reader(path)
    except Exception as error:  # noqa: BLE001  # as above
        return values | {"store": type(error).__name__}
    with closing(reader.database):
        try:
            execute = reader.connection.execute
            names = [table._meta.table_name for table in ALL_TABLES]  # noqa: SLF001  # peewee's own place for a model's name
            kinds = execute(f"SELECT kind, COUNT(*) FROM {LogOp._meta.table_name} GROUP BY kind")  # noqa: S608, SLF001  # as above
            outbox, cursor = reader.outbox(), reader.cursor()
            values |= {
                "rows": {
                    name: execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0]  # noqa: S608  # a table's name
                    for name in names
                },
                "ops": {
                    KINDS[kind].name if kind in KINDS else str(kind): count for kind, count in kinds
                },
                "own_seq": reader.own_head().seq,
                "acked_seq": reader.acked_seq(),
                "ops_waiting": outbox.count,
                "position": cursor.position,
                "block_number": cursor.block_number,
                "spending_stopped": reader.stop_spending() or "",
            }
        except (sqlite3.DatabaseError, StoreError, ValueError, LookupError) as error:
            values["store"] = type(error).__name__
    return values


def _second_copy(folder: Path | None) -> object:
    if folder is None:
        return "off"
    try:
        return [[file.path.name, file.last.last_seq, file.torn_bytes] for file in scan(folder)[0]]
    except OSError as error:
        return type(error).__name__


async def _metrics(configuration: Configuration) -> str:
    timeout = aiohttp.ClientTimeout(total=ANSWER_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as client,
            client.get(configuration.address + "metrics") as response,
        ):
            return await response.text()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return f"# the box does not answer: {type(error).__name__}\n"


def _log_lines(log: Path | None) -> Iterable[str]:
    if log is not None:
        return log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES_MAX:]
    journal = shutil.which("journalctl")
    if journal is None:
        return ["no journal on this machine"]
    words = [journal, "--unit", UNIT, "--output", "cat", "--lines", str(LOG_LINES_MAX), "--quiet"]
    result = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603  # no shell, no input
    return result.stdout.splitlines() or ["nothing that this user may read: type it with sudo"]


def clean_line(line: str) -> str:
    """Return a line of the log without what may be somebody's: see the module."""
    try:
        values = json.loads(line)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        return json.dumps({"line": _HIDDEN.sub("#", line)})
    kept: dict[str, object] = {}
    for name, value in values.items():
        if name in ("time", "level", "name"):
            kept[name] = str(value)
        elif name == "error":
            kept[name] = _trace(str(value))
        elif name == "event":
            kept[name] = _HIDDEN.sub("#", str(value))
        else:
            secret = any(word in name for word in SECRET_EXTRAS)
            kept[name] = value if _is_plain(value) and not secret else "#"
    return json.dumps(kept)


def _is_plain(value: object) -> bool:
    """Return whether a value is a measure or a code."""
    if isinstance(value, str):
        return bool(_CODE.fullmatch(value)) and not _HIDDEN.search(value)
    return isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 100_000)


def _trace(text: str) -> list[str]:
    """Return where an error came from and of which type it is: its words may quote anything."""
    found = [f"{Path(path).name}:{line} {name}" for path, line, name in _FRAME.findall(text)]
    named = _ERROR.match(text.splitlines()[-1]) if text.strip() else None
    return [*found, named.group(1) if named is not None else "#"]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n"
