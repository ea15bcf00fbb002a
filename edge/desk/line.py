"""What the desk needs of the line to the hub; `edge.sync` is handed in by the composition root."""

from typing import Protocol


class Line(Protocol):
    """The session with the hub as the desk sees it. No call waits for the line."""

    @property
    def up(self) -> bool:
        """Whether the hub has welcomed this box and answers."""

    @property
    def since_ms(self) -> int:
        """When the line went up or down (milliseconds since 1970); 0: never up since the start."""

    @property
    def clock_offset_ms(self) -> int:
        """By how much this box's clock is behind the hub's, as last measured."""

    def request_grant(
        self,
        request_id: int,
        account_class: int,
        subject: int,
        unit: str,
        amount: int,
        purpose: str,
    ) -> None:
        """Ask the hub for rights; the answer comes as an op in the hub's log."""


class NoLine:
    """A box that never had a line: a new one, or a test's."""

    up = False
    since_ms = 0
    clock_offset_ms = 0

    def request_grant(
        self,
        request_id: int,
        account_class: int,
        subject: int,
        unit: str,
        amount: int,
        purpose: str,
    ) -> None:
        """Nobody is asked."""
