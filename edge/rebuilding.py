"""A dead box's successor, from its identity to a store that a counter can begin with.

Typed as `cafebox rebuild`, or asked for on the set-up page.
"""

import asyncio
import secrets
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from edge import app, machine
from edge.configuration import Configuration
from edge.domain.refusals import Sentence
from edge.durable_file import replace_durably, sync_folder
from edge.second_copy.rebuild import (
    REBUILDING_NAME,
    Rebuilt,
    Tell,
    begin_counter,
    files_of,
    hand_in,
    take_state,
)
from edge.store.backup import check_backup
from edge.store.errors import StoreError
from edge.store.opening import open_reader
from edge.store.store import Store
from edge.sync.enrolment import Enrolment, EnrolmentError, enrol, load_enrolment
from edge.sync.hub_http import HubHttp, Signer
from edge.sync.line_switch import LineSwitch
from edge.sync.settings import SyncSettings
from edge.sync.tls import http_client

DEAD_SUFFIX = "dead"
SIDE_FILES = ("-wal", "-shm")
"""What SQLite keeps beside a database."""


async def rebuild(
    configuration: Configuration, code: str, source: Path | None, tell: Tell
) -> tuple[Enrolment, Rebuilt]:
    """Make this box the successor of one whose store is lost.

    `code` is left out where the box has its identity, `source` where there is no second copy.
    Raises `StoreError` where the store is whole, `EnrolmentError`, `CopyRefusedError`,
    `ConfigurationError`, `ProtocolError`, OSError, and what the hub refuses. Whatever breaks off,
    the same call without the code goes on with it.
    """
    configuration.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    store_path = configuration.data_dir / app.STORE_NAME
    _refuse_whole(store_path)
    path = configuration.data_dir / REBUILDING_NAME
    for name in SIDE_FILES:
        path.with_name(path.name + name).unlink(missing_ok=True)
    replace_durably(path, b"")
    async with http_client(configuration.ca_file) as client:
        try:
            enrolment = await _identity(configuration, client, code)
        except BaseException:
            if not _is_enrolled(configuration):
                path.unlink()  # nothing has begun
            raise
        identity = enrolment.identity
        signer = Signer(identity, enrolment.sign)
        http = HubHttp(configuration.hub.url, client, LineSwitch(), signer)
        rebuilt = Rebuilt()
        if source is not None:
            files = await asyncio.to_thread(
                files_of, source, identity.chain, identity.node, rebuilt
            )
            await hand_in(http, files, rebuilt, tell)
        else:
            rebuilt.unknown.append(Sentence("rebuilt_without_copy"))
        hardware = machine.hardware_id()
        clock = machine.machine_clock()
        with Store.open(path, identity, clock, secrets.token_bytes, hardware) as store:
            login = app.broker_login(configuration, enrolment)
            snapshot_path = configuration.data_dir / app.SNAPSHOT_NAME
            settings = SyncSettings(login, app.SOFTWARE, hardware, snapshot_path)
            rebuilt.position = await take_state(
                store, enrolment, http, settings, secrets.randbelow, tell
            )
            await begin_counter(store, rebuilt)
    _set_aside(store_path)
    path.replace(store_path)
    sync_folder(configuration.data_dir)
    epoch = identity.epoch - 1
    rebuilt.unknown.append(Sentence("rebuilt_held", {"node": identity.node, "epoch": epoch}))
    return enrolment, rebuilt


async def _identity(
    configuration: Configuration, client: aiohttp.ClientSession, code: str
) -> Enrolment:
    path = configuration.data_dir / app.IDENTITY_NAME
    try:
        before = load_enrolment(path)
    except EnrolmentError:
        if not code:
            raise
        _move(path)
        before = None
    if not code:
        if before is None:
            raise EnrolmentError(
                "this box has no identity yet. On the hub: cafebox-hub enrol-code --cafe NUMBER"
                " --node NODE. Then here: cafebox rebuild --from FOLDER CODE"
            )
        return before
    return await enrol(
        path,
        HubHttp(configuration.hub.url, client, LineSwitch()),
        code,
        hardware=machine.hardware_id(),
        software=app.SOFTWARE,
        random_bytes=secrets.token_bytes,
        again=before is not None,
    )


def _is_enrolled(configuration: Configuration) -> bool:
    try:
        return load_enrolment(configuration.data_dir / app.IDENTITY_NAME) is not None
    except EnrolmentError:
        return True


def _refuse_whole(path: Path) -> None:
    """Refuse to replace a store that a box can run on."""
    if not path.exists():
        return
    try:
        reader = open_reader(path)
        with closing(reader.database):
            check_backup(reader)
    except (StoreError, sqlite3.DatabaseError, ValueError):
        return
    raise StoreError(
        "store_whole",
        f"{path} is whole and needs no rebuilding; for a fenced box type: cafebox enrol CODE"
        " --again",
    )


def _set_aside(path: Path) -> None:
    """Keep what is left of a damaged store under another name: somebody may read it yet."""
    for name in ("", *SIDE_FILES):
        old = path.with_name(path.name + name)
        if old.exists():
            _move(old)


def _move(path: Path) -> None:
    stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    path.replace(path.with_name(f"{path.name}.{DEAD_SUFFIX}-{stamp}"))
