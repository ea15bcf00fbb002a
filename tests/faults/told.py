"""What a process under faults told the world, as it came up the pipe, step by step.

Before each step it waits for a word, so that whoever traces it can attach where one thread alone
is about to write.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from edge.desk.answers import Answer
from tests.faults.tracing import Trace, traced

END = "end"
STEP_SECONDS = 60.0
PRELOADED = ["tests.faults.counter_flows", "tests.faults.apply_flow"]
"""What the server that forks the processes has imported: a start takes 20 ms instead of 600."""


class StuckError(Exception):
    """A process neither told anything nor ended."""


@dataclass
class Told:
    """Answers by request id, codes of refusals, the outside's effects in order, positions."""

    answers: dict[str, Answer] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    effects: list[str] = field(default_factory=list)
    position: int = 0
    finished: bool = False

    def take(self, message: tuple[Any, ...]) -> None:
        """Take what came up the pipe."""
        name, *values = message
        if name == "answered":
            self.answers[values[0]] = values[1]
        elif name == "refused":
            self.refusals[values[0]] = values[1]
        elif name == "effect":
            self.effects.append(values[0])
        elif name == "applied":
            self.position = values[0]
        else:
            raise ValueError(f"nobody knows what {name} is")


def step(pipe: Connection, name: str) -> None:
    """Say which step comes next, and wait for the word to go on. In the process under faults."""
    pipe.send(("step", name))
    if name != END:
        pipe.recv()


def observe(
    play: Callable[..., None],
    arguments: tuple[object, ...],
    traced_step: str = "",
    output: Path = Path("/dev/null"),
    injections: tuple[str, ...] = (),
) -> tuple[Told, Trace]:
    """Run `play(*arguments, pipe)` in a process of its own, one step of it under strace."""
    context = get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    pipe, its_end = context.Pipe()
    process = context.Process(target=play, args=(*arguments, its_end))
    process.start()
    its_end.close()
    told = Told()
    try:
        with pipe, ExitStack() as tracing:
            _follow(pipe, told, process.pid or 0, tracing, (traced_step, output, injections))
    finally:
        process.join(STEP_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
    return told, Trace(output)


def _follow(
    pipe: Connection,
    told: Told,
    process_id: int,
    tracing: ExitStack,
    wanted: tuple[str, Path, tuple[str, ...]],
) -> None:
    traced_step, output, injections = wanted
    while True:
        if not pipe.poll(STEP_SECONDS):
            raise StuckError(f"nothing came for {STEP_SECONDS:.0f} s after {told}")
        try:
            message = pipe.recv()
        except (EOFError, ConnectionResetError):
            return
        if message[0] != "step":
            told.take(message)
            continue
        tracing.close()
        if message[1] == END:
            told.finished = True
            return
        if message[1] == traced_step:
            tracing.enter_context(traced(process_id, output, injections))
        pipe.send("go")
