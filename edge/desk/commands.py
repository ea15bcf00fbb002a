"""What a command of the counter is: its name, its inputs, the right that it needs, its handler.

The commands themselves stand in `edge.desk.table`, the one list that page, API and tests share.

`Desk.perform(name, session, request_id, inputs)` checks the inputs against its row. Inputs come
as JSON or as form text: an id or quantity may be `7` or `"7"`, lines may be a list or JSON text.
An amount may come as whole fen under its own name (`amount_fen`) or as typed yuan under the name
with `_yuan` (`amount_yuan="12.5"`).
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from edge.desk.answers import Outcome

Handler = Callable[..., Coroutine[Any, Any, Outcome]]
"""Does a command: takes a `Request` and the command's inputs by name."""
Handlers = Mapping[str, Handler]
"""Command -> the method that does it."""


class Input(StrEnum):
    """The type of an input."""

    ID = "id"
    """A record's number, 1 to 2^53 - 1."""
    AMOUNT = "amount"
    """Money in fen; the domain checks it."""
    AMOUNT_OR_NONE = "amount_or_none"
    """Money in fen, 0 where none was typed or zero."""
    QUANTITY = "quantity"
    """A count of pieces; the domain checks it."""
    TEXT = "text"
    """At most 200 characters, stripped."""
    FLAG = "flag"
    """true or false; form text `on`, `true` and `1` are true."""
    LINES = "lines"
    """[[text, quantity], ...], at most 100."""
    TENDERS = "tenders"
    """[[tender, fen, reference], ...] of a payment, at most TENDERS_MAX; 0 fen: the rest of it.
    As typed yuan under the name with `_yuan`."""
    DAY = "day"
    """yyyymmdd as a number, or `yyyy-mm-dd`; 0 or empty for none."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input of a command; what is not required has its type's empty value."""

    name: str
    type: Input
    required: bool = True


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the counter.

    `operation` is the right that it needs (a row of `edge.domain.rights_table`), empty for what
    nobody needs a log-in for. `answers` names the values of its Answer. `approval` is the right
    that a second person needs who approves it: then the command takes APPROVER_INPUTS too, and its
    decision finds who approved in `Request.approver` (0: nobody did). One that cannot do without
    refuses by `edge.domain.approvals.approval_needed`. `needs_shift`: it takes or gives money, and
    whoever asks must have opened a shift at the terminal.
    """

    name: str
    operation: str
    parameters: tuple[Parameter, ...]
    answers: tuple[str, ...]
    approval: str = ""
    needs_shift: bool = False


APPROVER, APPROVER_PIN = "approver", "approver_pin"
APPROVER_INPUTS = f" {APPROVER}:id? {APPROVER_PIN}:text?"
"""A second person at the counter and their PIN, checked by the desk and never handed on."""


PAYING = "tender:text? tender_reference:text? received_fen:amount? tenders:tenders? tapped_card:id?"
"""How something is paid: by one `tender`, of which `received_fen` may be more in cash, or by
several `tenders`. A reference that was taken before is refused; a second person may let it pass.
With `tapped_card`, the card whose tap it is for, it is refused while another lies on the reader."""


def command(
    name: str,
    operation: str,
    inputs: str,
    answers: str,
    *,
    approval: str = "",
    needs_shift: bool = False,
) -> Command:
    """A row from words: `name:type`, a trailing `?` for what may be left out."""
    parameters = []
    for word in (inputs + APPROVER_INPUTS if approval else inputs).split():
        field, type_name = word.rstrip("?").split(":")
        parameters.append(Parameter(field, Input(type_name), not word.endswith("?")))
    return Command(
        name, operation, tuple(parameters), tuple(answers.split()), approval, needs_shift
    )
