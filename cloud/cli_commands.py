"""`cafebox-hub`: run the hub, and what an operator does to it.

Exit codes: 0 done; 1 refused, or a check found a difference; 2 wrong usage or configuration;
3 the store, a key file, a port or the broker stopped us; 130 Ctrl-C.
"""

import argparse
import asyncio
import json
import os
import sys
from base64 import b64encode
from pathlib import Path

import aiohttp

from cloud import app
from cloud.broker import BrokerError
from cloud.cli_progress import progress
from cloud.configuration import DEFAULT_FILE, EXAMPLE, Configuration, ConfigurationError, load
from cloud.domain.product_list import ALIASES
from cloud.domain.refusals import Refusal
from cloud.domain.rights import ROLES
from cloud.hub import control
from cloud.hub.keys import KeyFileError, load_keys, verifier
from cloud.store.database import StoreError, open_reader
from cloud.store.refold import refold
from cloud.web.sheets import SheetError, read_sheet
from sync_protocol.errors import ProtocolError
from sync_protocol.sealed_copy import FILE_SUFFIX

DONE, REFUSED, USAGE, STOPPED = 0, 1, 2, 3

DESCRIPTION = """\
The hub of a chain of cafes: one log, its boxes, head office.

Typical first steps:
  cafebox-hub run                                   start; prints the pages' address and a password
  cafebox-hub add-cafe --code A --name 一号店        make a cafe; prints its number
  cafebox-hub enrol-code --cafe 1 --name counter    a one-time code for the box of cafe 1
On the box:
  cafebox enrol --hub http://HOST:8600 CODE

Commands reach a running hub through its data folder; where none runs, they open the store
themselves for the moment.
"""

EPILOG = """\
exit codes: 0 done; 1 refused, or a check found a difference; 2 wrong usage or configuration;
3 the store, a key file, a port or the broker stopped us; 130 Ctrl-C
"""


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, words: str
) -> argparse.ArgumentParser:
    """Add a command; its own help says what it does, and `--json` may stand behind it too."""
    command = commands.add_parser(name, help=words, description=words)
    json_words = "print one JSON object"
    command.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=json_words)
    return command


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cafebox-hub",
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
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add(commands, "run", "run until Ctrl-C or SIGTERM")
    _add(commands, "status", "the log's head and every box")
    _add(commands, "example-config", "print a configuration with every key explained")
    _add(commands, "refold", "refold the log from nothing and compare with the store")
    cafe = _add(commands, "add-cafe", "make a cafe")
    cafe.add_argument("--code", required=True, help="short code, unique in the chain")
    cafe.add_argument("--name", required=True)
    cafe.add_argument("--name-en", dest="name_en", default="")
    _add_cafe_commands(commands)
    person = _add(commands, "add-staff", "add a person")
    person.add_argument("--name", required=True)
    person.add_argument("--role", choices=sorted(ROLES), required=True)
    person.add_argument("--cafe", dest="cafes", type=int, action="append", default=[])
    person.add_argument(
        "--password", default="", help="for head office, as long as the rule `security` asks"
    )
    person.add_argument("--pin", default="", help="for counters, 4 to 12 digits")
    code = _add(commands, "enrol-code", "a one-time code for a box")
    code.add_argument("--cafe", type=int, required=True)
    code.add_argument("--name", default="", help="what the box is called")
    code.add_argument("--node", type=int, default=0, help="an existing box: its next epoch")
    kept = _add(commands, "quarantine", "messages that were not taken, and why")
    kept.add_argument("--limit", type=int, default=20, help="how many, newest first")
    copy = _add(commands, "backup", "copy the store while it is in use")
    copy.add_argument("target", help="file to write")
    erase = _add(commands, "erase-member", "erase a person's data everywhere, for good")
    erase.add_argument("member", type=int, help="the member's id")
    erase.add_argument("--yes", action="store_true", required=True, help="it cannot be undone")
    status = _add(commands, "node-status", "fence, revoke or reactivate a box")
    status.add_argument("node", type=int)
    status.add_argument("status", choices=("active", "fenced", "revoked"))
    merge = _add(commands, "merge-members", "make two members one person")
    merge.add_argument("member", type=int, help="the id that is merged away")
    merge.add_argument("into", type=int, help="the id that stays")
    rights = _add(commands, "set-rights", "slices, advances, expiry of points")
    rights.add_argument("--slice-percent", type=int, help="kept at the usual cafe")
    rights.add_argument("--slice-max-fen", type=int, help="at the most; 0: no bound")
    rights.add_argument("--advance-limit-fen", type=int, help="of each member; 0: none")
    rights.add_argument("--points-months", type=int, help="until points expire; 0: never")
    _add(commands, "rules", "print the rules that hold as a file (TOML)")
    publish = _add(commands, "publish-rules", "publish the rules of such a file")
    publish.add_argument("file", type=Path, help="rules that it leaves out stay as they are")
    products = _add(commands, "import-products", "products of an old system's list")
    products.add_argument("file", type=Path, help="CSV (UTF-8 or GB18030) or XLSX")
    products.add_argument("--dry-run", action="store_true", help="only list every problem")
    leave_out = "import the other rows although some have problems"
    products.add_argument("--leave-out", action="store_true", help=leave_out)
    _add_epoch_commands(commands)
    return parser


def _add_cafe_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add what is done with a cafe that there is."""
    rename = _add(commands, "rename-cafe", "call a cafe by another name")
    rename.add_argument("--name")
    rename.add_argument("--name-en", dest="name_en")
    close = _add(commands, "close-cafe", "close a cafe for good: its boxes are sent away")
    close.add_argument("--yes", action="store_true", required=True, help="its boxes sell no more")
    reopen = _add(commands, "reopen-cafe", "open a closed cafe again; its boxes need new codes")
    for command in (rename, close, reopen):
        command.add_argument("--cafe", type=int, required=True, help="its number")


def _add_epoch_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add what is done for boxes that have no line, died, were copied or came back."""
    carry = _add(commands, "carry-in", "take what a box sealed on a stick")
    carry.add_argument("paths", type=Path, nargs="+", help="files, or folders of them")
    close = _add(commands, "close-epoch", "write a dead box's epoch off")
    close.add_argument("node", type=int)
    close.add_argument("epoch", type=int)
    _add(commands, "recover", "after putting a backup back: let boxes bring the rest")
    excuse = _add(commands, "excuse", "recover without a box that cannot report")
    excuse.add_argument("node", type=int)
    _add(commands, "branches", "what boxes handed in that does not continue the log")
    admit = _add(commands, "admit-branch", "bring such entries into the log as written")
    admit.add_argument("branch", type=int, help="its id, as `branches` lists it")
    for command in (close, excuse, admit):
        command.add_argument("--approved-by", dest="first_staff", type=int, required=True)
        command.add_argument("--and-by", dest="second_staff", type=int, required=True)


def perform(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code = _chosen(options)
        sys.stdout.flush()
    except (ConfigurationError, control.ArgumentError, UnicodeDecodeError, SheetError) as error:
        return _complain(error, USAGE)
    except BrokenPipeError:
        # Whoever read our output has gone; the interpreter would complain of it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return STOPPED
    except (StoreError, KeyFileError, BrokerError, ProtocolError) as error:
        return _complain(error, STOPPED)
    except OSError as error:
        return _complain(_words_of(error), STOPPED)
    return code


def _chosen(options: argparse.Namespace) -> int:
    if options.command == "example-config":
        print(EXAMPLE, end="")
        return DONE
    configuration = load(options.config)
    if options.command == "run":
        return _run(configuration, options.json)
    if options.command == "refold":
        return _refold(configuration, options.json)
    given = {
        key: value
        for key, value in vars(options).items()
        if key not in ("command", "config", "json", "yes") and value is not None
    }
    if options.command == "backup":
        given["target"] = str(Path(options.target).absolute())
    if options.command == "carry-in":
        given = {"files": _sealed_files(options.paths)}
    if options.command == "publish-rules":
        given = {"text": options.file.read_text(encoding="utf-8")}
    if options.command == "import-products":
        sheet = read_sheet(given.pop("file").read_bytes(), ALIASES)
        given |= {"columns": list(sheet.columns), "rows": [list(row) for row in sheet.rows]}
    return asyncio.run(_command(configuration, options.command, given, options.json))


def _words_of(error: OSError) -> str:
    what = error.strerror or str(error) or type(error).__name__
    return what if error.filename is None else f"{error.filename2 or error.filename}: {what}"


def _complain(words: object, code: int) -> int:
    print(f"cafebox-hub: {words}", file=sys.stderr)
    return code


def _run(configuration: Configuration, as_json: bool) -> int:
    app.set_up_logging()

    def started(running: app.Running) -> None:
        facts: dict[str, object] = {"pages": running.url, "broker": running.broker_url}
        if running.admin_password is not None:
            facts["admin"] = app.ADMIN_NAME
            facts["password"] = running.admin_password
        _print(facts, as_json)

    try:
        asyncio.run(app.run_until_signalled(configuration, started))
    except BaseExceptionGroup as group:
        failures = group.subgroup(app.HubFailedError)
        if failures is None:
            raise
        return _complain(failures, STOPPED)
    return DONE


def _refold(configuration: Configuration, as_json: bool) -> int:
    keys = load_keys(configuration.data_dir / app.KEYS_NAME)
    database = open_reader(configuration.database_url)
    with progress("refolding", as_json=as_json) as tell:
        result = refold(database, verifier(keys.public_bytes), tell)
    database.close()
    _print(
        {
            "equal": result.equal,
            "ops": result.ops,
            "blocks": result.blocks,
            "without_content": result.without_content,
            "differences": result.difference_count,
            "first_differences": result.differences,
        },
        as_json,
    )
    return DONE if result.equal else REFUSED


async def _command(
    configuration: Configuration, name: str, given: dict[str, object], as_json: bool
) -> int:
    answer = await _ask_running(configuration, name, given)
    if answer is None:
        line = app.make_line(configuration)
        async with app.open_office(configuration, line, lambda _error: None) as office:
            outcome = await control.run_command(office, name, given)
        refused = isinstance(outcome, Refusal)
        if isinstance(outcome, Refusal):
            answer = {"code": outcome.code, "zh": outcome.zh, "en": outcome.en}
        else:
            answer = outcome
    else:
        refused = "code" in answer and "en" in answer
        if refused and answer["code"] == control.BAD_ARGUMENT:
            raise control.ArgumentError(answer["en"])
        if refused and answer["code"] in (control.FAILED, control.STOPPED):
            raise StoreError(str(answer["en"]))
    _print(answer, as_json)
    refused |= bool(answer.get("problems") or answer.get("gap") or answer.get("refused"))
    return REFUSED if refused else DONE


def _sealed_files(paths: list[Path]) -> list[list[str]]:
    """Return [name, base64] of each sealed file, in an order in which one continues the other."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob(f"*{FILE_SUFFIX}")) if path.is_dir() else [path]
    if not found:
        raise FileNotFoundError(f"no *{FILE_SUFFIX} in {', '.join(str(path) for path in paths)}")
    found.sort(key=lambda path: path.name)
    return [[path.name, b64encode(path.read_bytes()).decode()] for path in found]


async def _ask_running(
    configuration: Configuration, name: str, given: dict[str, object]
) -> dict[str, object] | None:
    """Return a running hub's answer, None if none runs here."""
    path = configuration.data_dir / control.SOCKET_NAME
    connector = aiohttp.UnixConnector(str(path))
    # A backup or a list takes as long as it takes.
    no_end = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=no_end) as session:
        try:
            async with session.post(f"http://hub/{name}", json=given) as response:
                answer: dict[str, object] = await response.json()
                return answer
        except aiohttp.ClientConnectorError:
            return None
        except aiohttp.ContentTypeError:
            raise StoreError("the hub could not do it; its log says why") from None
        except aiohttp.ClientConnectionError:
            raise StoreError(
                "the hub ended meanwhile, and may have done it; see by: cafebox-hub status"
            ) from None


def _print(facts: dict[str, object], as_json: bool) -> None:
    if as_json:
        print(json.dumps(facts, ensure_ascii=False), flush=True)
        return
    if not facts:
        print("done")
    for key, value in facts.items():
        if key == "toml":
            print(value, end="")
        elif isinstance(value, list):
            print(f"{key}:" if value else f"{key}: none")
            for item in value:
                print(f"  {_line(item)}")
        else:
            print(f"{key}: {value}")
    sys.stdout.flush()


def _line(item: object) -> str:
    if not isinstance(item, dict):
        return str(item)
    return "  ".join(f"{name} {value}" for name, value in item.items())
