"""What a command is given and gives back: Session, Answer, Outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.domain.refusals import Refusal

Value = None | bool | int | str | list["Value"] | dict[str, "Value"]
"""What an answer is made of: what JSON can hold, without floats."""


@dataclass(frozen=True, slots=True)
class Session:
    """Who works at which screen. `shift` is the shift that the log-in opened (a random id).

    `token` is the secret of the cookie; the desk keeps only its hash.
    """

    staff: int
    name: str
    role: str
    terminal: int
    shift: int
    token: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command did, after its commit. A repeat of the request gets the same answer.

    `values` are the command's own (see `edge.desk.commands`); `chain_code` names its main op for
    people (`3.1.52-7K3M9Q`), empty where the command wrote none. `repeated` is true for an answer
    given before.
    """

    command: str
    values: Mapping[str, Value] = field(default_factory=dict)
    chain_code: str = ""
    repeated: bool = False


Outcome = Answer | Refusal
"""A command returns one of these and raises only for faults of the box itself."""
