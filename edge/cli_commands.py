"""`cafebox`: run the box, and what an operator asks of it.

Exit codes: 0 done; 1 refused, or a check found something; 2 wrong usage or configuration; 3 the
store, the identity, a device's configuration or a port stopped us; 130 Ctrl-C (`edge/cli.py`).
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from edge import (
    app,
    cli_audit,
    cli_copies,
    cli_devices,
    cli_enrolment,
    cli_lists,
    cli_store,
    first_boot,
)
from edge.cli_output import DONE, REFUSED, STOPPED, USAGE, UsageError, words_of
from edge.configuration import DEFAULT_FILE, Configuration, ConfigurationError, load
from edge.doctor import Finding, examine
from edge.drivers.errors import DeviceConfigurationError
from edge.example_configuration import EXAMPLE
from edge.log_format import set_up_logging
from edge.second_copy.rebuild import CopyRefusedError
from edge.store.errors import StoreError
from edge.sync.enrolment import EnrolmentError
from edge.sync.hub_http import HubRefusedError, HubUnreachableError
from sync_protocol.errors import ProtocolError

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
3 the store, the identity, a device's configuration or a port stopped us; 130 Ctrl-C
"""

BEGINNERS = ("run", "enrol")
"""Commands that may begin without the configuration file that was named."""


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
        help=f"configuration file (default: {DEFAULT_FILE}, or all defaults where none is)",
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
    cli_store.add_commands(add)
    cli_devices.add_command(add)
    add("doctor", "check everything that the box needs; each finding says what to do")
    cli_enrolment.add_command(add)
    cli_audit.add_command(add)
    cli_lists.add_commands(add)
    cli_copies.add_commands(add)
    add("example-config", "print a configuration with every key explained", table=False)
    return parser


def perform(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code = _chosen(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has gone; the interpreter would complain of it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return STOPPED
    except (ConfigurationError, DeviceConfigurationError, UsageError) as error:
        return _complain(error, USAGE)
    except HubUnreachableError as error:
        return _complain(
            f"{error}. Compare hub.url with the hub's address: cafebox doctor", REFUSED
        )
    except (HubRefusedError, CopyRefusedError, ProtocolError) as error:
        return _complain(error, REFUSED)
    except OSError as error:
        return _complain(words_of(error), STOPPED)
    except (StoreError, EnrolmentError, app.NotEnrolledError) as error:
        return _complain(error, STOPPED)
    return code


def _chosen(options: argparse.Namespace) -> int:
    if options.command == "example-config":
        print(EXAMPLE, end="")
        return DONE
    named = options.config != Path(DEFAULT_FILE)
    if named and options.command not in BEGINNERS and not options.config.exists():
        raise ConfigurationError(f"{options.config}: there is no such file. Compare the path")
    return _COMMANDS[options.command](load(options.config), options)


def _complain(words: object, code: int) -> int:
    print(f"cafebox: {words}", file=sys.stderr)
    return code


def _run(configuration: Configuration, options: argparse.Namespace) -> int:
    set_up_logging(configuration.log.level)

    def tell(line: str) -> None:
        print(line, flush=True)

    asyncio.run(first_boot.run(options.config, configuration, tell))
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


_COMMANDS: dict[str, Callable[[Configuration, argparse.Namespace], int]] = {
    "run": _run,
    "status": cli_store.status,
    "outbox": cli_store.outbox,
    "backup": cli_store.backup,
    "devices": cli_devices.devices,
    "doctor": _doctor,
    "enrol": cli_enrolment.enrol_box,
    "identity-checks": cli_lists.identity_checks,
    "report": cli_lists.report,
    "import": cli_lists.import_list,
    "refold": cli_store.refold_store,
    "audit": cli_audit.audit_log,
    "carry-out": cli_copies.carry_out_files,
    "rebuild": cli_copies.rebuild,
    "support-bundle": cli_copies.support_bundle,
}
