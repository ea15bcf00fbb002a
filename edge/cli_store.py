"""`cafebox status`, `outbox`, `backup`, `refold`: what the store holds; the box may run."""

import argparse
import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import peewee

from edge import app
from edge.cli_output import DONE, REFUSED, Row, UsageError, count, print_table, print_values
from edge.cli_progress import progress
from edge.configuration import Configuration
from edge.desk.facts import chain_code
from edge.doctor import ask_health
from edge.store.backup import write_backup
from edge.store.errors import StoreError
from edge.store.integrity import damaged_file
from edge.store.opening import open_reader
from edge.store.reader import Reader
from edge.store.refold import refold
from sync_protocol.clock import stamp_ms
from sync_protocol.errors import ProtocolError
from sync_protocol.kinds import KINDS

OUTBOX_SHOWN = 50


def add_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add them to the parser."""
    add("status", "who this box is, how far it is in step with the hub, what waits")
    outbox = add("outbox", "the ops that the hub has not acknowledged: only this disk has them")
    outbox.add_argument("--limit", type=count, default=OUTBOX_SHOWN, help="rows to show")
    parked = "ops in the log that have no effect here yet: they wait for an update or for the hub"
    outbox.add_argument("--parked", action="store_true", help=parked)
    backup = add("backup", "write a consistent copy of the store, while it is in use", table=False)
    backup.add_argument("target", type=Path, help="file to write")
    add("refold", "fold the log anew and compare every row and balance with the store")


@contextmanager
def reading(configuration: Configuration) -> Iterator[Reader]:
    """Read the store, beside a running box or without one. Raises `StoreError`."""
    path = configuration.data_dir / app.STORE_NAME
    if not path.exists():
        raise StoreError(
            "no_store",
            f"{path} is not there yet. A new box: cafebox run. A box elsewhere: change to its"
            " folder, or type cafebox --config FILE ...",
        )
    reader = open_reader(path)
    with closing(reader.database):
        try:
            yield reader
        except (peewee.DatabaseError, sqlite3.DatabaseError, ProtocolError) as error:
            raise damaged_file(error) from error


def status(configuration: Configuration, options: argparse.Namespace) -> int:
    """Print how the box does; returns the exit code."""
    with reading(configuration) as reader:
        identity, waiting, cursor = reader.identity, reader.outbox(), reader.cursor()
        values: Row = {
            "chain": identity.chain,
            "cafe": identity.cafe,
            "node": identity.node,
            "epoch": identity.epoch,
            "own_seq": reader.own_head().seq,
            "acked_seq": reader.acked_seq(),
            "generation": cursor.generation,
            "position": cursor.position,
            "block_number": cursor.block_number,
            "ops_waiting": waiting.count,
            "oldest_waiting_ms": waiting.oldest_ms,
            "money_waiting_fen": waiting.money_fen,
            "spending_stopped": reader.stop_spending() or "",
            "left_over_ops": sum(left.last_seq - left.parent_seq for left in reader.left_overs()),
            "parked_ops": len(reader.waiting_ops()),
            "second_copy": str(configuration.second_copy_folder or "off"),
            "running": asyncio.run(ask_health(configuration)),
        }
    if options.json:
        print(json.dumps(values, ensure_ascii=False))
        return DONE
    health = values.pop("running")
    print_values(values)
    if isinstance(health, dict):
        print("\nAs the running box says:")
        print_values(health)
    else:
        print("\nNo box runs here: cafebox run")
    return DONE


def outbox(configuration: Configuration, options: argparse.Namespace) -> int:
    """Print what only this box has; returns the exit code."""
    with reading(configuration) as reader:
        if options.parked:
            return _parked(reader, options.json)
        ops = reader.own_ops(reader.acked_seq() + 1, options.limit)
        rows: list[Row] = [
            {
                "seq": op.header.seq,
                "at_ms": stamp_ms(op.header.stamp),
                "kind": _kind_name(op.header.kind),
                "actor": op.header.actor,
                "code": chain_code(op.ref()),
            }
            for op in ops
        ]
        waiting = reader.outbox()
    if options.json:
        print(json.dumps({"ops_waiting": waiting.count, "ops": rows}, ensure_ascii=False))
        return DONE
    print_table(rows, ("seq", "at_ms", "kind", "actor", "code"))
    print(f"{waiting.count} waiting, {waiting.money_fen} fen moved by them")
    return DONE


def _parked(reader: Reader, as_json: bool) -> int:
    """List what has no effect here yet: for an update of this box, or for a word of the hub."""
    rows: list[Row] = [
        {
            "position": op.position,
            "node": op.node,
            "epoch": op.epoch,
            "seq": op.seq,
            "kind": _kind_name(op.kind),
            "waits_for": "update" if op.parked else "hub",
        }
        for op in reader.waiting_ops()
    ]
    if as_json:
        print(json.dumps({"parked": rows}, ensure_ascii=False))
        return DONE
    print_table(rows, ("position", "node", "epoch", "seq", "kind", "waits_for"))
    print(f"{len(rows)} parked")
    return DONE


def _kind_name(kind: int) -> object:
    return KINDS[kind].name if kind in KINDS else kind


def backup(configuration: Configuration, options: argparse.Namespace) -> int:
    """Write a copy of the store; returns the exit code."""
    target = options.target.absolute()
    if not target.parent.is_dir() or target.is_dir():
        raise UsageError(f"{target}: name a file in a folder that is there")
    if target.resolve().parent == configuration.data_dir.resolve():
        raise UsageError(f"{target}: that is the box's own folder; name another one")
    with reading(configuration) as reader:
        write_backup(reader, target)
    print(target)
    return DONE


def refold_store(configuration: Configuration, options: argparse.Namespace) -> int:
    """Print whether the log still gives what the store holds; returns the exit code."""
    with reading(configuration) as reader:
        reader.connection.execute("BEGIN")
        with progress("refolding", as_json=options.json) as tell:
            report = refold(reader, tell)
    values: Row = {
        "equal": report.equal,
        "ops": report.ops,
        "pending_ops": report.pending_ops,
        "rows": report.rows,
        "differing": report.differing,
        "differences": report.differences,
        "state_hash": report.state_hash,
    }
    if options.json:
        print(json.dumps(values, ensure_ascii=False))
    else:
        print_values({name: values[name] for name in ("equal", "ops", "pending_ops", "rows")})
        for difference in report.differences:
            print(difference)
    return DONE if report.equal else REFUSED
