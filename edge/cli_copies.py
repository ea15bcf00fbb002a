"""`cafebox carry-out`, `rebuild`, `support-bundle`: sticks, and a dead box's successor."""

import argparse
import asyncio
import json
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from edge import app, machine
from edge.cli_output import DONE, Row, print_table, print_values
from edge.cli_store import reading
from edge.configuration import Configuration
from edge.durable_file import replace_durably, sync_folder
from edge.second_copy.carry_out import carry_out
from edge.second_copy.rebuild import (
    REBUILDING_NAME,
    Rebuilt,
    begin_counter,
    files_of,
    hand_in,
    take_state,
)
from edge.second_copy.sealed_files import SealedFile, Sealing
from edge.store.backup import check_backup
from edge.store.errors import StoreError
from edge.store.opening import open_reader
from edge.store.store import Store
from edge.support_bundle import write_bundle
from edge.sync.enrolment import Enrolment, EnrolmentError, enrol, load_enrolment
from edge.sync.hub_http import HubHttp, Signer
from edge.sync.line_switch import LineSwitch
from edge.sync.settings import SyncSettings

DEAD_SUFFIX = "dead"
SIDE_FILES = ("-wal", "-shm")
"""What SQLite keeps beside a database."""


def add_commands(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add them to the parser."""
    carry = add("carry-out", "write what the hub has not to a stick, sealed; the box may run")
    carry.add_argument("folder", type=Path, help="for cafebox-hub carry-in at head office")
    made = add("rebuild", "make this box the successor of one whose store is lost")
    code = "as cafebox-hub enrol-code --cafe NUMBER --node NODE printed it; left out to go on"
    made.add_argument("code", nargs="?", default="", help=f"{code} with a rebuild that broke off")
    made.add_argument("--from", dest="source", type=Path, help="the dead box's second copy")
    bundle = add("support-bundle", "write what an engineer needs to a tar.gz, without secrets")
    bundle.add_argument("target", type=Path, help="file to write")
    bundle.add_argument("--log", type=Path, help="the box's log, where it is not in the journal")


def carry_out_files(configuration: Configuration, options: argparse.Namespace) -> int:
    """Write what the hub has not, sealed; returns the exit code."""
    enrolment = app.enrolment_of(configuration)
    sealing = Sealing.of(enrolment, machine.wall_ms, secrets.token_bytes)
    with reading(configuration) as reader:
        rows = [file_row(file) for file in carry_out(reader, options.folder, sealing)]
    if options.json:
        print(json.dumps({"files": rows}))
    elif rows:
        print_table(rows, ("file", "epoch", "first_seq", "last_seq"))
        print("At head office: cafebox-hub carry-in FOLDER. This box keeps all of it until then")
    else:
        print("The hub has everything: nothing to carry")
    return DONE


def file_row(file: SealedFile) -> Row:
    """Return what a person is shown of a sealed file."""
    return {
        "file": file.path.name,
        "epoch": file.first.epoch,
        "first_seq": file.first.first_seq,
        "last_seq": file.last.last_seq,
    }


def support_bundle(configuration: Configuration, options: argparse.Namespace) -> int:
    """Write a support bundle; returns the exit code."""
    names = asyncio.run(write_bundle(configuration, options.target, options.log))
    if options.json:
        print(json.dumps({"file": str(options.target.absolute()), "holds": names}))
    else:
        print(f"{options.target.absolute()}: {', '.join(names)}")
    return DONE


# --- rebuild --------------------------------------------------------------------------------------


def rebuild(configuration: Configuration, options: argparse.Namespace) -> int:
    """Make this box the successor of a dead one; returns the exit code.

    Raises what `cafebox` names: `StoreError` where the store is whole, `EnrolmentError`, and what
    the hub or the folder refuse. Whatever breaks off, the same command goes on with it.
    """
    rebuilt, values = asyncio.run(_rebuild(configuration, options.code, options.source))
    if options.json:
        print(json.dumps({**values, "unknown": rebuilt.unknown}, ensure_ascii=False))
        return DONE
    print_values({name: value for name, value in values.items() if name != "files"})
    for row in rebuilt.handed_in:
        place = f"epoch {row.file.first.epoch} ops {row.file.first.first_seq}"
        print(f"{row.file.path.name}: {row.status}, {place} to {row.file.last.last_seq}")
    print("Unknown, or still to be done:")
    for line in rebuilt.unknown:
        print(f"  {line}")
    print("Now: cafebox doctor, then cafebox run")
    return DONE


async def _rebuild(
    configuration: Configuration, code: str, source: Path | None
) -> tuple[Rebuilt, Row]:
    configuration.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    store_path = configuration.data_dir / app.STORE_NAME
    _refuse_whole(store_path)
    path = configuration.data_dir / REBUILDING_NAME
    for name in SIDE_FILES:
        path.with_name(path.name + name).unlink(missing_ok=True)
    replace_durably(path, b"")
    async with aiohttp.ClientSession() as client:
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
            files = files_of(source, identity.chain, identity.node, rebuilt)
            await hand_in(http, files, rebuilt)
        else:
            rebuilt.unknown.append("what the dead box wrote and the hub has not: no copy was given")
        hardware = machine.hardware_id()
        clock = machine.machine_clock()
        with Store.open(path, identity, clock, secrets.token_bytes, hardware) as store:
            login = app.broker_login(configuration, enrolment)
            snapshot_path = configuration.data_dir / app.SNAPSHOT_NAME
            settings = SyncSettings(login, app.SOFTWARE, hardware, snapshot_path)
            rebuilt.position = await take_state(store, enrolment, http, settings, secrets.randbelow)
            await begin_counter(store, rebuilt)
    _set_aside(store_path)
    path.replace(store_path)
    sync_folder(configuration.data_dir)
    epoch = identity.epoch - 1
    rebuilt.unknown.append(
        f"what the dead box held stays with its epoch until two managers write that off, on head"
        f" office's page Boxes or by: cafebox-hub close-epoch {identity.node} {epoch}"
        " --approved-by STAFF --and-by STAFF"
    )
    return rebuilt, _values(enrolment, rebuilt)


def _values(enrolment: Enrolment, rebuilt: Rebuilt) -> Row:
    identity = enrolment.identity
    until = datetime.fromtimestamp(rebuilt.copied_until_ms / 1000, UTC).isoformat()
    return {
        "chain": identity.chain,
        "cafe": identity.cafe,
        "node": identity.node,
        "epoch": identity.epoch,
        "new_ops": rebuilt.new_ops,
        "copied_until": until if rebuilt.copied_until_ms else "",
        "position": rebuilt.position,
        "files": [
            {**file_row(row.file), "status": row.status, "fault": row.fault}
            for row in rebuilt.handed_in
        ],
    }


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
