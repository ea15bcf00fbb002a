"""What a work is asked for, and what it gives its template."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from edge.desk.desk import Desk
from edge.web.screen import Screen
from sync_protocol.expect import ID_MAX

TICKET = "ticket"
"""The work that Esc leads back to."""

Facts = dict[str, object]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a work is asked for: the screen, the query of its address, the form's last values."""

    desk: Desk
    screen: Screen
    query: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)


def id_of(text: str) -> int:
    """A record's number out of an address or a form, 0 for none and for what can be none."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(ID_MAX))
    return int(text) if is_number and int(text) <= ID_MAX else 0


Work = Callable[[Asked], Awaitable[Facts]]
"""Reads the facts that its template shows; changes nothing."""


async def values_only(asked: Asked) -> Facts:
    """A form of the member or ticket on the screen, with what was typed before a refusal."""
    return {"values": asked.values}
