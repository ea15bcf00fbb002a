"""What a command is given and gives back: Session, Answer, Outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.domain.refusals import Refusal
from edge.domain.staff import may

Value = None | bool | int | str | list["Value"] | dict[str, "Value"]
"""What an answer is made of: what JSON can hold, without floats."""


@dataclass(frozen=True, slots=True)
class Session:
    """Who works at which screen.

    `token` is the secret of the cookie; the desk keeps only its hash. `granted` and `taken` are
    the operations by which this person's rights differ from the role's.
    """

    staff: int
    name: str
    role: str
    terminal: int
    token: str = field(repr=False)
    granted: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()

    def may(self, operation: str) -> bool:
        """Whether this person may do an operation of `edge.domain.rights_table`."""
        return may(self.role, operation, self.granted, self.taken)


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
