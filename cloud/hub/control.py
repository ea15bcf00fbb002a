"""The operator's commands, by name: run by the hub itself, asked over a socket in its data folder.

Only whoever may write the data folder can open the socket. Where no hub runs, the CLI runs the
same commands on a hub of its own for the moment.
"""

import asyncio
from base64 import b64decode
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from cloud.domain.product_list import read_products
from cloud.domain.refusals import Refusal
from cloud.domain.rule_file import FileFault, file_of, rules_of_file
from cloud.hub import rules
from cloud.hub.aliases import merge
from cloud.hub.cafes import NAMES
from cloud.hub.http import refused
from cloud.hub.hub import HubStoppedError
from cloud.hub.office import HeadOffice
from cloud.hub.product_list import import_products
from cloud.store import quarantine
from cloud.store.database import StoreError
from cloud.store.reports import read_rights_rule
from sync_protocol.errors import ProtocolError
from sync_protocol.kinds import RULE
from sync_protocol.ops import OpRef
from sync_protocol.rights_rule import (
    LIMIT_FEN_MAX,
    MONTHS_MAX,
    RIGHTS_RULE_KEY,
    rights_rule,
)
from sync_protocol.sealed_copy import STATUSES

SOCKET_NAME = "control.sock"
BODY_BYTES_MAX = 64 * 1024 * 1024
"""A list of 50,000 products."""
CARRIED = (*STATUSES.values(), "refused")
"""What becomes of a sealed file."""
BAD_ARGUMENT, FAILED, STOPPED = "argument", "failed", "stopped"
"""Codes of answers that are no refusal: what was typed, the store or disk, the hub's writer."""
OPERATOR = 0
"""The actor of what is done from the command line: the hub itself."""

Arguments = dict[str, object]
Answer = dict[str, object] | Refusal


class ArgumentError(Exception):
    """An argument is missing or of another type."""


def _text(arguments: Arguments, name: str, default: str | None = None) -> str:
    value = arguments.get(name, default)
    if not isinstance(value, str):
        raise ArgumentError(f"{name}: a text is needed")
    return value


def _number(arguments: Arguments, name: str, default: int | None = None) -> int:
    value = arguments.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentError(f"{name}: a whole number is needed")
    return value


def _references(outcome: list[OpRef] | OpRef | Refusal) -> Answer:
    if isinstance(outcome, Refusal):
        return outcome
    references = outcome if isinstance(outcome, list) else [outcome]
    return {"ops": [str(reference) for reference in references]}


async def _status(office: HeadOffice, _arguments: Arguments) -> Answer:
    head = office.hub.head()
    lines = office.hub.lines()
    nodes = [
        {
            "node": author.node,
            "epoch": author.epoch,
            "cafe": author.cafe,
            "standing": author.standing,
            "seq": author.seq,
            "complete_ms": author.complete_ms,
            "heard_ms": lines[author.node].heard_ms if author.node in lines else 0,
        }
        for author in office.hub.authors()
        if author.node
    ]
    return {
        "chain": head.chain,
        "generation": head.generation,
        "position": head.position,
        "block_number": head.block_number,
        "block_hash": head.block_hash.hex(),
        "recovery": await office.recovery(),
        "nodes": nodes,
    }


async def _add_cafe(office: HeadOffice, arguments: Arguments) -> Answer:
    for name in ("code", "name"):
        if not _text(arguments, name).strip():
            raise ArgumentError(f"{name}: it is empty; write something")
    values: dict[str, object] = {
        "code": _text(arguments, "code"),
        "name": _text(arguments, "name"),
        "name_en": _text(arguments, "name_en", ""),
        "open": True,
    }
    made = await office.add_cafe(values, OPERATOR)
    return made if isinstance(made, Refusal) else {"cafe": made}


async def _rename_cafe(office: HeadOffice, arguments: Arguments) -> Answer:
    names = {name: _text(arguments, name) for name in NAMES if name in arguments}
    if not names or not names.get("name", "-").strip():
        raise ArgumentError("name: it is empty; write something")
    cafe = _number(arguments, "cafe")
    return await office.cafes.rename(cafe, names, OPERATOR) or {"cafe": cafe}


async def _close_cafe(office: HeadOffice, arguments: Arguments) -> Answer:
    cafe = _number(arguments, "cafe")
    return await office.cafes.close(cafe, OPERATOR) or {"cafe": cafe}


async def _reopen_cafe(office: HeadOffice, arguments: Arguments) -> Answer:
    cafe = _number(arguments, "cafe")
    return await office.cafes.reopen(cafe, OPERATOR) or {"cafe": cafe}


async def _add_staff(office: HeadOffice, arguments: Arguments) -> Answer:
    cafes = arguments.get("cafes", [])
    if not isinstance(cafes, list) or not all(isinstance(cafe, int) for cafe in cafes):
        raise ArgumentError("cafes: a list of cafe numbers is needed")
    made = await office.add_staff(
        _text(arguments, "name"),
        _text(arguments, "role"),
        cafes,
        (_text(arguments, "password", ""), _text(arguments, "pin", "")),
        OPERATOR,
    )
    return made if isinstance(made, Refusal) else {"staff": made}


async def _enrol_code(office: HeadOffice, arguments: Arguments) -> Answer:
    made = await office.create_code(
        _number(arguments, "cafe"), _text(arguments, "name", ""), _number(arguments, "node", 0)
    )
    return made if isinstance(made, Refusal) else {"code": made}


async def _quarantine(office: HeadOffice, arguments: Arguments) -> Answer:
    limit = _number(arguments, "limit", 20)
    rows = await asyncio.to_thread(quarantine.recent, office.hub.reader, limit)
    return {
        "messages": [
            {
                "node": row.node,
                "received_ms": row.received_ms,
                "reason": row.reason,
                "detail": row.detail,
                "size": row.size,
                "sha256": row.digest.hex(),
            }
            for row in rows
        ]
    }


async def _backup(office: HeadOffice, arguments: Arguments) -> Answer:
    target = Path(_text(arguments, "target"))
    return {"block_number": await office.back_up(target), "target": str(target)}


async def _erase_member(office: HeadOffice, arguments: Arguments) -> Answer:
    return _references(await office.erase(_number(arguments, "member"), OPERATOR))


async def _node_status(office: HeadOffice, arguments: Arguments) -> Answer:
    node, status = _number(arguments, "node"), _text(arguments, "status")
    return _references(await office.set_node_status(node, status, OPERATOR))


async def _close_epoch(office: HeadOffice, arguments: Arguments) -> Answer:
    approvers = (_number(arguments, "first_staff"), _number(arguments, "second_staff"))
    return _references(
        await office.close_epoch(_number(arguments, "node"), _number(arguments, "epoch"), approvers)
    )


async def _merge_members(office: HeadOffice, arguments: Arguments) -> Answer:
    gone, into = _number(arguments, "member"), _number(arguments, "into")
    random_bytes = office.hub.surroundings.random_bytes
    return _references(await office.hub.propose(merge(gone, into, OPERATOR, random_bytes)))


async def _set_rights(office: HeadOffice, arguments: Arguments) -> Answer:
    if not arguments:
        raise ArgumentError("nothing to set: see cafebox-hub set-rights --help")
    rule = await asyncio.to_thread(read_rights_rule, office.hub.reader)
    values: list[object] = [
        _number(arguments, "slice_percent", rule.slice_percent),
        _number(arguments, "slice_max_fen", rule.slice_max_fen),
        _number(arguments, "advance_limit_fen", rule.advance_limit_fen),
        _number(arguments, "points_months", rule.points_months),
    ]
    if rights_rule(1, values).values() != values:
        raise ArgumentError(
            f"percent: 0 to 100; fen: 0 to {LIMIT_FEN_MAX}; months: 0 to {MONTHS_MAX}"
        )
    document = {"version": rule.version + 1, "values": values}
    return _references(await office.set_fields(RULE, RIGHTS_RULE_KEY, document, OPERATOR))


async def _rules(office: HeadOffice, _arguments: Arguments) -> Answer:
    return {"toml": file_of(await asyncio.to_thread(rules.in_force, office.hub.reader))}


async def _publish_rules(office: HeadOffice, arguments: Arguments) -> Answer:
    cafes = await asyncio.to_thread(rules.cafe_numbers, office.hub.reader)
    file = rules_of_file(_text(arguments, "text"), cafes)
    if file.faults:
        return Refusal(
            "rule_faults",
            "; ".join(f"{_place_text(found)}: {found.fault.refusal.zh}" for found in file.faults),
            "; ".join(f"{_place_text(found)}: {found.fault.refusal.en}" for found in file.faults),
        )
    return _references(await rules.publish(office.hub, file.rules, OPERATOR, file.seen))


def _place_text(found: FileFault) -> str:
    row = str(found.fault.row) if found.fault.row else ""
    return " ".join(part for part in (found.key or "TOML", row, found.fault.column) if part)


async def _import_products(office: HeadOffice, arguments: Arguments) -> Answer:
    columns, rows = arguments.get("columns"), arguments.get("rows")
    if not isinstance(columns, list) or not isinstance(rows, list):
        raise ArgumentError("columns, rows: the lines of a list are needed")
    products, problems = read_products(columns, [(int(number), cells) for number, cells in rows])
    answer: dict[str, object] = {
        "rows": len(rows),
        "imported": 0,
        "problems": [
            f"{one.row} {one.column or '-'}: {one.refusal.zh} · {one.refusal.en}"
            for one in problems
        ],
    }
    if arguments.get("dry_run") or (problems and not arguments.get("leave_out")):
        return answer
    written = await import_products(office.hub, products, OPERATOR)
    return written if isinstance(written, Refusal) else {**answer, "imported": written}


async def _recover(office: HeadOffice, _arguments: Arguments) -> Answer:
    await office.recover()
    return await office.recovery()


async def _excuse(office: HeadOffice, arguments: Arguments) -> Answer:
    approvers = (_number(arguments, "first_staff"), _number(arguments, "second_staff"))
    node = _number(arguments, "node")
    return await office.excuse(node, approvers) or {"excused": node}


async def _branches(office: HeadOffice, _arguments: Arguments) -> Answer:
    return {"branches": await office.left_overs()}


async def _admit_branch(office: HeadOffice, arguments: Arguments) -> Answer:
    approvers = (_number(arguments, "first_staff"), _number(arguments, "second_staff"))
    return _references(await office.admit_branch(_number(arguments, "branch"), approvers))


async def _carry_in(office: HeadOffice, arguments: Arguments) -> Answer:
    """Take sealed files, given as [[name, base64], ...]; each says for itself what became of it."""
    files = arguments.get("files")
    if not isinstance(files, list):
        raise ArgumentError("files: a list of files is needed")
    rows: list[dict[str, object]] = []
    for name, text in files:
        row: dict[str, object] = {"file": name}
        try:
            answer = await office.hub.take_carried(b64decode(text))
        except ProtocolError as error:
            rows.append({**row, "status": "refused", "new_ops": 0, "fault": str(error)})
            continue
        if isinstance(answer, Refusal):
            return answer
        status = STATUSES[answer.status]
        row |= {"status": status, "up_to_seq": answer.seq, "new_ops": answer.new_ops}
        rows.append({**row, "fault": answer.fault})
    counts = Counter(str(row["status"]) for row in rows)
    new_ops = sum(answer["new_ops"] for answer in rows if isinstance(answer["new_ops"], int))
    return {"new_ops": new_ops, **{name: counts[name] for name in CARRIED}, "files": rows}


COMMANDS: dict[str, Callable[[HeadOffice, Arguments], Awaitable[Answer]]] = {
    "status": _status,
    "add-cafe": _add_cafe,
    "rename-cafe": _rename_cafe,
    "close-cafe": _close_cafe,
    "reopen-cafe": _reopen_cafe,
    "add-staff": _add_staff,
    "enrol-code": _enrol_code,
    "quarantine": _quarantine,
    "backup": _backup,
    "erase-member": _erase_member,
    "node-status": _node_status,
    "close-epoch": _close_epoch,
    "recover": _recover,
    "excuse": _excuse,
    "branches": _branches,
    "admit-branch": _admit_branch,
    "carry-in": _carry_in,
    "merge-members": _merge_members,
    "set-rights": _set_rights,
    "rules": _rules,
    "publish-rules": _publish_rules,
    "import-products": _import_products,
}


async def run_command(office: HeadOffice, name: str, arguments: Arguments) -> Answer:
    """Run one command. Raises `ArgumentError`, `StoreError` or `ProtocolError`."""
    return await COMMANDS[name](office, arguments)


def control_app(office: HeadOffice) -> web.Application:
    """Return the application that listens on the socket."""

    async def handle(request: web.Request) -> web.StreamResponse:
        name = request.match_info["command"]
        if name not in COMMANDS:
            return web.json_response({"code": "command_unknown", "en": name}, status=404)
        try:
            answer = await run_command(office, name, await request.json())
        except (ArgumentError, ProtocolError) as error:
            return web.json_response({"code": BAD_ARGUMENT, "en": str(error)}, status=400)
        except (StoreError, OSError) as error:
            return web.json_response({"code": FAILED, "en": str(error)}, status=500)
        except HubStoppedError as error:
            return web.json_response({"code": STOPPED, "en": str(error)}, status=503)
        return refused(answer) if isinstance(answer, Refusal) else web.json_response(answer)

    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app.router.add_post("/{command}", handle)
    return app
