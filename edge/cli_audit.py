"""`cafebox audit`: shows the audit log, or checks that nobody changed it."""

import argparse
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone

from edge.cli_output import DONE, REFUSED, Row, check_days, day, print_table, print_values
from edge.cli_store import reading
from edge.configuration import Configuration
from edge.desk.facts import chain_code
from edge.store import audit


def add_command(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add it to the parser."""
    command = add("audit", "the audit log: show it, or check that nobody changed it")
    command.add_argument("what", choices=("list", "verify"), help="what to do with it")
    for name, words in (
        ("from", "rows from this day on (yyyy-mm-dd, local)"),
        ("to", "up to this day"),
    ):
        command.add_argument(f"--{name}", dest=f"{name}_day", type=day, help=words)


def audit_log(configuration: Configuration, options: argparse.Namespace) -> int:
    """Print the audit log, or whether it is whole; returns the exit code."""
    check_days(options.from_day, options.to_day)
    with reading(configuration) as reader:
        if options.what == "verify":
            found = audit.faults(reader)
            number, hash = audit.head(reader)
            values: Row = {"whole": not found, "rows": number, "head": hash.hex()}
            faults = [{"fault": one.code, "from": one.number, "to": one.last} for one in found]
            if options.json:
                print(json.dumps({**values, "faults": faults}))
            else:
                print_values(values)
                for fault in faults:
                    print("  ".join(str(value) for value in fault.values()))
            return REFUSED if found else DONE
        zone = timezone(timedelta(minutes=configuration.box.utc_offset_min))
        rows = [
            _audit_row(entry)
            for entry in audit.entries(
                reader,
                from_ms=_day_ms(options.from_day, zone, 0),
                to_ms=_day_ms(options.to_day, zone, 1) or 1 << 62,
            )
        ]
        if options.json:
            for row in rows:
                print(json.dumps(row))
        else:
            columns = ("number", "at", "staff", "approver", "terminal", "command", "outcome", "op")
            print_table(rows, columns)
    return DONE


def _day_ms(day: date | None, zone: timezone, days: int) -> int:
    if day is None:
        return 0
    start = datetime.combine(day + timedelta(days=days), time(), zone)
    return int(start.timestamp() * 1000)


def _audit_row(entry: audit.AuditEntry) -> Row:
    act = entry.act
    return {
        "number": entry.number,
        "at": datetime.fromtimestamp(entry.at_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        "clock_trust": entry.trust,
        "staff": act.staff,
        "approver": act.approver,
        "terminal": act.terminal,
        "command": act.command,
        "outcome": act.outcome,
        "subjects": [list(subject) for subject in act.subjects],
        "op": chain_code(act.op) if act.op is not None else "",
        "hash": entry.hash.hex(),
    }
