"""`cafebox`: run the box, and what an operator asks of it.

Exit codes: 0 done; 1 refused, or a check found something; 2 wrong usage or configuration; 3 the
store, the identity, a device's configuration or a port stopped us.
"""

import argparse
import asyncio
import json
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path

import aiohttp

from edge import app, cli_copies, cli_devices, cli_lists, first_boot, machine
from edge.configuration import DEFAULT_FILE, Configuration, ConfigurationError, load
from edge.desk.facts import chain_code
from edge.doctor import Finding, ask_health, examine
from edge.drivers.errors import DeviceConfigurationError
from edge.example_configuration import EXAMPLE
from edge.log_format import set_up_logging
from edge.second_copy.rebuild import CopyRefusedError
from edge.store import audit
from edge.store.backup import write_backup
from edge.store.errors import StoreError
from edge.store.opening import open_reader
from edge.store.reader import Reader
from edge.store.refold import refold
from edge.sync.enrolment import EnrolmentError, enrol
from edge.sync.hub_http import HubHttp, HubRefusedError, HubUnreachableError
from edge.sync.line_switch import LineSwitch
from sync_protocol.clock import stamp_ms
from sync_protocol.errors import ProtocolError
from sync_protocol.kinds import KINDS

DONE, REFUSED, USAGE, STOPPED = 0, 1, 2, 3
OUTBOX_SHOWN = 50

DESCRIPTION = """\
The box at a cafe's counter: card readers, doors, printers, the counter page, and a store that
works for a week without a line.

Typical first steps:
  cafebox example-config > cafebox.toml     a configuration with every key explained
  cafebox enrol CODE                        get an identity; the hub prints CODE by
                                            cafebox-hub enrol-code --cafe NUMBER
  cafebox devices >>cafebox.toml            the devices that are attached, as tables of it
  cafebox doctor                            what is missing, and what to type
  cafebox run                               start; the counter page is at http://127.0.0.1:8601/,
                                            and the set-up page, if CODE was not entered here
While it runs:
  cafebox status                            how it does
  cafebox outbox                            what only this box has
  cafebox backup FILE                       a consistent copy
  cafebox carry-out FOLDER                  what only this box has, for a stick to the hub
  cafebox support-bundle FILE               what an engineer needs, without secrets
  cafebox audit verify                      whether the audit log is whole
  cafebox identity-checks --from DAY --to DAY --csv    who was checked, for an inspector
"""

EPILOG = """\
exit codes: 0 done; 1 refused, or a check found something; 2 wrong usage or configuration;
3 the store, the identity, a device's configuration or a port stopped us
"""

Row = dict[str, object]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cafebox",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--config",
        type=Path,
        default=Path(DEFAULT_FILE),
        help=f"configuration file (default: {DEFAULT_FILE}; a missing one is all defaults)",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, help_text: str, *, table: bool = True) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help_text, description=help_text)
        if table:
            command.add_argument("--json", action="store_true", help="print JSON")
        return command

    run = (
        "run until Ctrl-C or SIGTERM; a box that is not set up serves its set-up page first, and"
        " prints that page's address and PIN; logs go to standard error as JSON lines"
    )
    add("run", run, table=False)
    add("status", "who this box is, how far it is in step with the hub, what waits")
    outbox = add("outbox", "the ops that the hub has not acknowledged: only this disk has them")
    outbox.add_argument("--limit", type=int, default=OUTBOX_SHOWN, help="rows to show")
    parked = "ops in the log that have no effect here yet: they wait for an update or for the hub"
    outbox.add_argument("--parked", action="store_true", help=parked)
    backup = add("backup", "write a consistent copy of the store, while it is in use", table=False)
    backup.add_argument("target", type=Path, help="file to write")
    cli_devices.add_command(add)
    add("doctor", "check everything that the box needs; each finding says what to do")
    enrolment = add("enrol", "get this box's identity from the hub by a one-time code")
    enrolment.add_argument("code", help="the code that cafebox-hub enrol-code printed")
    enrolment.add_argument("--again", action="store_true", help="the next epoch of this same box")
    enrolment.add_argument("--hub", default="", help="the hub's address; also written to --config")
    audit = add("audit", "the audit log: show it, or check that nobody changed it")
    audit.add_argument("what", choices=("list", "verify"), help="what to do with it")
    for name in ("from", "to"):
        day = f"rows {name} this day on (yyyy-mm-dd, local)" if name == "from" else "up to this day"
        audit.add_argument(f"--{name}", dest=f"{name}_day", type=date.fromisoformat, help=day)
    cli_lists.add_commands(add)
    cli_copies.add_commands(add)
    add("refold", "fold the log anew and compare every row and balance with the store")
    add("example-config", "print a configuration with every key explained", table=False)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "example-config":
            print(EXAMPLE, end="")
            return DONE
        if options.command == "enrol" and options.hub:
            _write_hub_address(options.config, options.hub)
        configuration = load(options.config)
        return _COMMANDS[options.command](configuration, options)
    except (ConfigurationError, DeviceConfigurationError) as error:
        return _complain(error, USAGE)
    except (HubRefusedError, HubUnreachableError) as error:
        return _complain(error, REFUSED)
    except (CopyRefusedError, ProtocolError) as error:
        return _complain(error, REFUSED)
    except (StoreError, EnrolmentError, app.NotEnrolledError, OSError) as error:
        return _complain(error, STOPPED)


def _complain(error: BaseException, code: int) -> int:
    print(f"cafebox: {error}", file=sys.stderr)
    return code


def _run(configuration: Configuration, options: argparse.Namespace) -> int:
    set_up_logging(configuration.log.level)

    def tell(line: str) -> None:
        print(line, flush=True)

    asyncio.run(first_boot.run(options.config, configuration, tell))
    return DONE


def _status(configuration: Configuration, options: argparse.Namespace) -> int:
    with _reading(configuration) as reader:
        identity, outbox, cursor = reader.identity, reader.outbox(), reader.cursor()
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
            "ops_waiting": outbox.count,
            "oldest_waiting_ms": outbox.oldest_ms,
            "money_waiting_fen": outbox.money_fen,
            "spending_stopped": reader.stop_spending() or "",
            "left_over_ops": sum(left.last_seq - left.parent_seq for left in reader.left_overs()),
            "parked_ops": len(reader.waiting_ops()),
            "second_copy": str(configuration.second_copy_folder or "off"),
            "running": asyncio.run(ask_health(configuration)),
        }
    if options.json:
        print(json.dumps(values, ensure_ascii=False))
    else:
        _print_values(values)
    return DONE


def _outbox(configuration: Configuration, options: argparse.Namespace) -> int:
    with _reading(configuration) as reader:
        if options.parked:
            return _parked(reader, options.json)
        ops = reader.own_ops(reader.acked_seq() + 1, max(options.limit, 1))
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
        outbox = reader.outbox()
    if options.json:
        print(json.dumps({"ops_waiting": outbox.count, "ops": rows}, ensure_ascii=False))
        return DONE
    _print_table(rows, ("seq", "at_ms", "kind", "actor", "code"))
    print(f"{outbox.count} waiting, {outbox.money_fen} fen moved by them")
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
    _print_table(rows, ("position", "node", "epoch", "seq", "kind", "waits_for"))
    print(f"{len(rows)} parked")
    return DONE


def _kind_name(kind: int) -> object:
    return KINDS[kind].name if kind in KINDS else kind


def _backup(configuration: Configuration, options: argparse.Namespace) -> int:
    with _reading(configuration) as reader:
        write_backup(reader, options.target.absolute())
    print(options.target)
    return DONE


def _doctor(configuration: Configuration, options: argparse.Namespace) -> int:
    findings: Sequence[Finding] = asyncio.run(examine(configuration))
    if options.json:
        rows = [
            {"check": f.check, "ok": f.ok, "found": f.found, "remedy": f.remedy} for f in findings
        ]
        print(json.dumps(rows, ensure_ascii=False))
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.ok else 'FAIL'} {finding.check}: {finding.found}")
            if finding.remedy:
                print(f"     {finding.remedy}")
    return DONE if all(finding.ok for finding in findings) else REFUSED


def _devices(configuration: Configuration, options: argparse.Namespace) -> int:
    return DONE if cli_devices.devices(configuration, options) else REFUSED


def _enrol(configuration: Configuration, options: argparse.Namespace) -> int:
    answer = asyncio.run(_ask_identity(configuration, options.code, options.again))
    if options.json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        _print_values(answer)
        print("Now: cafebox doctor, then cafebox run")
    return DONE


async def _ask_identity(configuration: Configuration, code: str, again: bool) -> Row:
    configuration.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with aiohttp.ClientSession() as client:
        enrolment = await enrol(
            configuration.data_dir / app.IDENTITY_NAME,
            HubHttp(configuration.hub.url, client, LineSwitch()),
            code,
            hardware=machine.hardware_id(),
            software=app.SOFTWARE,
            random_bytes=secrets.token_bytes,
            again=again,
        )
    answer = enrolment.answer
    return {
        "chain": answer.chain,
        "cafe": answer.cafe,
        "node": answer.node,
        "epoch": answer.epoch,
        "broker": answer.broker,
    }


def _write_hub_address(path: Path, address: str) -> None:
    """Begin a configuration with the hub's address; one that says otherwise is left alone."""
    if not path.exists():
        path.write_text(f"[hub]\nurl = {json.dumps(address)}\n", encoding="utf-8")
    elif load(path).hub.url.rstrip("/") != address.rstrip("/"):
        raise ConfigurationError(
            f"{path}: hub.url is another address. Set url = {json.dumps(address)} under [hub],"
            " then enrol without --hub"
        )


def _refold(configuration: Configuration, options: argparse.Namespace) -> int:
    with _reading(configuration) as reader:
        reader.connection.execute("BEGIN")
        report = refold(reader)
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
        _print_values({name: values[name] for name in ("equal", "ops", "pending_ops", "rows")})
        for difference in report.differences:
            print(difference)
    return DONE if report.equal else REFUSED


def _audit(configuration: Configuration, options: argparse.Namespace) -> int:
    with _reading(configuration) as reader:
        if options.what == "verify":
            found = audit.faults(reader)
            number, hash = audit.head(reader)
            values: Row = {"whole": not found, "rows": number, "head": hash.hex()}
            faults = [{"fault": one.code, "from": one.number, "to": one.last} for one in found]
            if options.json:
                print(json.dumps({**values, "faults": faults}))
            else:
                _print_values(values)
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
            _print_table(rows, columns)
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


@contextmanager
def _reading(configuration: Configuration) -> Iterator[Reader]:
    """A read-only view of the store, beside a running box or without one."""
    path = configuration.data_dir / app.STORE_NAME
    if not path.exists():
        raise StoreError("no_store", f"{path} is not there yet. Type: cafebox run")
    reader = open_reader(path)
    with closing(reader.database):
        yield reader


def _print_values(values: Row) -> None:
    width = max(len(name) for name in values)
    for name, value in values.items():
        print(f"{name:<{width}}  {value}")


def _print_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    widths = {
        column: max([len(column), *(len(str(row[column])) for row in rows)]) for column in columns
    }
    header: Row = {column: column for column in columns}
    for row in (header, *rows):
        print("  ".join(f"{row[column]!s:<{widths[column]}}" for column in columns).rstrip())


def _identity_checks(configuration: Configuration, options: argparse.Namespace) -> int:
    with _reading(configuration) as reader:
        return cli_lists.identity_checks(reader, configuration.box, options, _print_table)


def _report(configuration: Configuration, options: argparse.Namespace) -> int:
    with _reading(configuration) as reader:
        return cli_lists.report(reader, configuration.box, options, _print_table)


def _import(configuration: Configuration, options: argparse.Namespace) -> int:
    return cli_lists.import_list(configuration, options)


def _carry_out(configuration: Configuration, options: argparse.Namespace) -> int:
    with _reading(configuration) as reader:
        rows = cli_copies.carry_out_rows(configuration, reader, options.folder)
    if options.json:
        print(json.dumps({"files": rows}))
    elif rows:
        _print_table(rows, ("file", "epoch", "first_seq", "last_seq"))
        print("At head office: cafebox-hub carry-in FOLDER. This box keeps all of it until then")
    else:
        print("The hub has everything: nothing to carry")
    return DONE


_COMMANDS: dict[str, Callable[[Configuration, argparse.Namespace], int]] = {
    "run": _run,
    "status": _status,
    "outbox": _outbox,
    "backup": _backup,
    "devices": _devices,
    "doctor": _doctor,
    "enrol": _enrol,
    "identity-checks": _identity_checks,
    "report": _report,
    "import": _import,
    "refold": _refold,
    "audit": _audit,
    "carry-out": _carry_out,
    "rebuild": cli_copies.rebuild,
    "support-bundle": cli_copies.support_bundle,
}

if __name__ == "__main__":
    sys.exit(main())
