"""What can be done at the counter: the row of an action, and which of them a screen offers.

The rows stand in `edge.web.works`, by topic. Those with a key are buttons of the right column, in
the order of their keys; all that can be done now are in the palette (Ctrl K); the work `more` lists
everything that the person may do. What a role may not do is not offered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from edge.web.screen import Screen


class Needs(StrEnum):
    """What must be on the screen before an action makes sense."""

    NOTHING = ""
    MEMBER = "member"
    TICKET_LINES = "ticket_lines"
    SHIFT = "shift"
    NO_SHIFT = "no_shift"

    def met(self, screen: Screen) -> bool:
        """Whether it is on this screen."""
        match self:
            case Needs.NOTHING:
                return True
            case Needs.MEMBER:
                return screen.counter.member is not None
            case Needs.TICKET_LINES:
                return bool(screen.counter.ticket.lines)
            case Needs.SHIFT:
                return screen.counter.truth.shift is not None
            case Needs.NO_SHIFT:
                return screen.counter.truth.shift is None


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do: it leads to a `work`, with a query if any, or is a `command` without inputs.

    `words` is a message id, `operation` a right of `edge.domain.rights_table`. `key` is `F3` for a
    button, `Shift+F3` for a button that a short screen leaves out, empty for none. A key with a
    `field` moves to that field where the page has it. `kind` is the look: primary or danger.
    """

    name: str
    words: str
    operation: str
    needs: Needs = Needs.NOTHING
    work: str = ""
    command: str = ""
    key: str = ""
    field: str = ""
    kind: str = ""

    @property
    def path(self) -> str:
        """Where the work is read."""
        return f"/show/{self.work}"


@dataclass(frozen=True, slots=True)
class Offered:
    """The actions that one person has at one screen."""

    by_topic: Mapping[str, tuple[Action, ...]]
    """All that the role may do."""
    now: tuple[Action, ...]
    """Those of them that can be done now, in the order of their keys."""


def offered(actions: Mapping[str, tuple[Action, ...]], screen: Screen) -> Offered:
    """What of `actions` (topic -> rows) the screen offers."""
    by_topic = {
        topic: tuple(action for action in rows if screen.session.may(action.operation))
        for topic, rows in actions.items()
    }
    now = [action for rows in by_topic.values() for action in rows if action.needs.met(screen)]
    now.sort(key=lambda action: _place(action.key))
    return Offered({topic: rows for topic, rows in by_topic.items() if rows}, tuple(now))


def _place(key: str) -> tuple[int, int]:
    """`F2` before `F10` before `Shift+F2` before none."""
    shifted, _, function = key.rpartition("+")
    number = int(function[1:]) if function.startswith("F") else 0
    return (2 if not key else 1 if shifted else 0, number)
