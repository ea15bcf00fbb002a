"""`cafebox carry-out`, `rebuild`, `support-bundle`: sticks, and a dead box's successor."""

import argparse
import asyncio
import json
import secrets
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from edge import app, machine, rebuilding
from edge.cli_output import DONE, Row, print_table, print_values
from edge.cli_store import reading
from edge.configuration import Configuration
from edge.domain.refusals import ENGLISH
from edge.second_copy.carry_out import carry_out
from edge.second_copy.rebuild import Rebuilt
from edge.second_copy.sealed_files import SealedFile, Sealing
from edge.support_bundle import write_bundle
from edge.sync.enrolment import Enrolment


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
    """Make this box the successor of a dead one; returns the exit code."""

    def tell(what: str, done: int, total: int) -> None:
        print(f"{what}: {done} / {total}", file=sys.stderr)

    enrolment, rebuilt = asyncio.run(
        rebuilding.rebuild(configuration, options.code, options.source, tell)
    )
    values = _values(enrolment, rebuilt)
    unknown = [line.words(ENGLISH) for line in rebuilt.unknown]
    if options.json:
        print(json.dumps({**values, "unknown": unknown}, ensure_ascii=False))
        return DONE
    print_values({name: value for name, value in values.items() if name != "files"})
    for row in rebuilt.handed_in:
        place = f"epoch {row.file.first.epoch} ops {row.file.first.first_seq}"
        print(f"{row.file.path.name}: {row.status}, {place} to {row.file.last.last_seq}")
    print("Unknown, or still to be done:")
    for line in unknown:
        print(f"  {line}")
    print("Now: cafebox doctor, then cafebox run")
    return DONE


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
