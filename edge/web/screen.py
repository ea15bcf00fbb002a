"""One look at the counter: who looks, in which language, at what."""

from dataclasses import dataclass

from edge.desk.answers import Answer, Session
from edge.desk.view_types import CounterView
from edge.domain.refusals import Refusal

TERMINAL = 1
"""One screen at each counter; more come with the issue «Box»."""


@dataclass(frozen=True, slots=True)
class Done:
    """What the screen's last command did; shown until the next tap or command."""

    answer: Answer
    at_ms: int


@dataclass(frozen=True, slots=True)
class Screen:
    """Who looks, in which language, at what."""

    language: str
    session: Session
    counter: CounterView
    done: Done | None = None
    refusal: Refusal | None = None
    version: str = ""
    """`<start>-<count>`: of two screens of one start of the box, the higher count is younger."""

    @property
    def shown_done(self) -> Done | None:
        """The last answer, unless a card was tapped since."""
        tap = self.counter.tap
        if self.done is None or (tap is not None and tap.at_ms > self.done.at_ms):
            return None
        return self.done

    def values(self) -> dict[str, object]:
        """What every template may name."""
        return {
            "session": self.session,
            "counter": self.counter,
            "member": self.counter.member,
            "ticket": self.counter.ticket,
            "truth": self.counter.truth,
            "done": self.shown_done,
            "refusal": self.refusal,
        }
