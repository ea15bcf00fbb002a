"""Reads a command's inputs by its row of the table; what is wrong is a refusal by its field."""

import json
import re
from collections.abc import Mapping

from edge.desk.commands import Command, Input, Parameter
from edge.domain.amounts import check_amount, fen_of_yuan
from edge.domain.business_day import date_of, day_number
from edge.domain.refusals import Refusal, refuse
from edge.domain.tenders import TENDERS_MAX, Laid
from sync_protocol.expect import ID_MAX

TEXT_LENGTH_MAX = 200
LINES_MAX = 100
LINES_JSON_LENGTH_MAX = 20_000

_EMPTY: Mapping[Input, object] = {
    Input.ID: 0,
    Input.AMOUNT: 0,
    Input.AMOUNT_OR_NONE: 0,
    Input.QUANTITY: 1,
    Input.TEXT: "",
    Input.FLAG: False,
    Input.LINES: (),
    Input.TENDERS: (),
    Input.DAY: 0,
}


def read_inputs(command: Command, inputs: Mapping[str, object]) -> dict[str, object] | Refusal:
    """The command's arguments by name, or the first field that is wrong.

    Fields that the command does not know are ignored: forms carry some of their own.
    """
    arguments: dict[str, object] = {}
    for parameter in command.parameters:
        value = read_input(parameter, inputs)
        if isinstance(value, Refusal):
            return value
        arguments[parameter.name] = value
    return arguments


def read_input(parameter: Parameter, inputs: Mapping[str, object]) -> object:
    """One argument, or the refusal that says what is wrong with it."""
    if parameter.type in (Input.AMOUNT, Input.AMOUNT_OR_NONE):
        return _read_amount(parameter, inputs)
    if parameter.type is Input.TENDERS:
        return _read_tenders(parameter, inputs)
    value = inputs.get(parameter.name)
    if value is None or value == "":
        if parameter.required and parameter.type is not Input.FLAG:
            return refuse("field_missing", field=parameter.name)
        return _EMPTY[parameter.type]
    if parameter.type is Input.QUANTITY:
        return value
    read = _READERS[parameter.type](value)
    if read is None:
        return refuse("field_invalid", field=parameter.name)
    if isinstance(read, str) and len(read) > TEXT_LENGTH_MAX:
        return refuse("field_too_long", field=parameter.name, limit=TEXT_LENGTH_MAX)
    if read == "" and parameter.required:
        return refuse("field_missing", field=parameter.name)
    return read


def _read_amount(parameter: Parameter, inputs: Mapping[str, object]) -> int | Refusal:
    amount = _typed_amount(parameter, inputs)
    none = {"amount_missing"} if not parameter.required else set()
    if parameter.type is Input.AMOUNT_OR_NONE:
        none = {"amount_missing", "amount_zero"}
    return 0 if isinstance(amount, Refusal) and amount.code in none else amount


def _typed_amount(parameter: Parameter, inputs: Mapping[str, object]) -> int | Refusal:
    typed = inputs.get(parameter.name.removesuffix("_fen") + "_yuan")
    if typed is not None:
        return fen_of_yuan(typed)
    value = inputs.get(parameter.name)
    return check_amount(value)


def _read_tenders(parameter: Parameter, inputs: Mapping[str, object]) -> tuple[Laid, ...] | Refusal:
    """Lines of a payment; an amount that is left empty is the rest of what is due."""
    typed = inputs.get(parameter.name + "_yuan")
    rows = _json_list(typed if typed is not None else inputs.get(parameter.name, []))
    if rows is None or len(rows) > TENDERS_MAX:
        return refuse("field_invalid", field=parameter.name)
    laid = []
    for row in rows:
        if not isinstance(row, list) or len(row) not in (2, 3):
            return refuse("field_invalid", field=parameter.name)
        code, reference = _read_text(row[0]), _read_text(row[2]) if len(row) == 3 else ""
        if not code or reference is None or max(len(code), len(reference)) > TEXT_LENGTH_MAX:
            return refuse("field_invalid", field=parameter.name)
        amount_fen: int | Refusal = 0
        if row[1] not in ("", None) and (row[1] != 0 or row[1] is False):
            amount_fen = fen_of_yuan(row[1]) if typed is not None else check_amount(row[1])
        if isinstance(amount_fen, Refusal):
            return amount_fen
        laid.append(Laid(code, amount_fen, reference))
    return tuple(laid)


def _json_list(value: object) -> list[object] | None:
    """A list, or the JSON text of one; None for anything else."""
    if value == "":
        return []
    if isinstance(value, str):
        if len(value) > LINES_JSON_LENGTH_MAX:
            return None
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return value if isinstance(value, list) else None


def _read_id(value: object) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"\d{1,16}", value.strip(), re.ASCII):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= ID_MAX:
        return value
    return None


def _read_text(value: object) -> str | None:
    """Return the text; None for one that no op can hold (U+0000, half a surrogate pair of JSON)."""
    if not isinstance(value, str) or re.search("[\x00\ud800-\udfff]", value):
        return None
    return value.strip()


def _read_flag(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    words = {"on": True, "true": True, "1": True, "false": False, "0": False}
    return words.get(value) if isinstance(value, str) else None


def _read_lines(value: object) -> tuple[tuple[str, object], ...] | None:
    rows = _json_list(value)
    if rows is None or len(rows) > LINES_MAX:
        return None
    lines: list[tuple[str, object]] = []
    for line in rows:
        if not isinstance(line, list) or len(line) != 2 or not isinstance(line[0], str):
            return None
        item = line[0].strip()
        if not item or len(item) > 60:
            return None
        lines.append((item, line[1]))
    return tuple(lines)


def _read_day(value: object) -> int | None:
    if value in (0, "0"):
        return 0
    if isinstance(value, str):
        digits = value.strip().replace("-", "")
        if not re.fullmatch(r"\d{8}", digits, re.ASCII):
            return None
        value = int(digits)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    day = date_of(value)
    return day_number(day) if day is not None else None


_READERS = {
    Input.ID: _read_id,
    Input.TEXT: _read_text,
    Input.FLAG: _read_flag,
    Input.LINES: _read_lines,
    Input.DAY: _read_day,
}
