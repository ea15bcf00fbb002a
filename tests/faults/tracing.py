"""Faults at a process's system calls, by strace: see strace(1), "Tampering".

strace counts calls apart for each thread and each call's name, from the moment it is attached. So
whoever traces attaches when only one thread is about to write, and names a boundary by the call
and its number.
"""

import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

WRITES = ("pwrite64", "fdatasync", "fsync", "ftruncate", "unlink", "fallocate", "rename")
"""The calls by which SQLite changes what is on the disk, beside the shared memory of its index."""
ATTACH_SECONDS = 60.0
DETACH_SECONDS = 2.0
POLL_SECONDS = 0.001


class FaultNotInjectedError(Exception):
    """The fault cannot be injected here; the message says what to type."""


@dataclass(frozen=True)
class Boundary:
    """The moment before the n-th `call` of the traced thread."""

    call: str
    number: int

    def __str__(self) -> str:
        return f"{self.call} {self.number}"


@dataclass
class Trace:
    """What strace saw; whole once `traced` has ended."""

    path: Path

    def injected(self) -> int:
        """Return how many calls were made to fail."""
        return sum(injected for _call, injected in self._lines())

    def written_after_failure(self) -> int:
        """Return how many writes followed the first call that was made to fail."""
        lines = list(self._lines())
        first = next((at for at, (_, injected) in enumerate(lines) if injected), len(lines))
        return sum(call == "pwrite64" for call, _ in lines[first + 1 :])

    def boundaries(self) -> list[Boundary]:
        """Return every boundary, in the order of the calls."""
        seen: Counter[str] = Counter()
        found = []
        for call, _injected in self._lines():
            seen[call] += 1
            found.append(Boundary(call, seen[call]))
        return found

    def _lines(self) -> Iterator[tuple[str, bool]]:
        for line in self.path.read_text().splitlines():
            call = line.partition(" ")[2].strip().partition("(")[0]
            if call in WRITES:
                yield call, line.endswith("(INJECTED)")


def killing(boundary: Boundary) -> str:
    """Return what makes strace kill (-9) at a boundary, before the call is made."""
    return f"{boundary.call}:signal=SIGKILL:when={boundary.number}"


def failing(boundary: Boundary, error: str, *, for_good: bool = False) -> str:
    """Return what makes strace fail a call with an errno's name, once or from then on."""
    return f"{boundary.call}:error={error}:when={boundary.number}{'+' if for_good else ''}"


@contextmanager
def traced(process_id: int, output: Path, injections: tuple[str, ...] = ()) -> Iterator[Trace]:
    """Trace all threads of a process while the body runs, and inject what `killing` or `failing`
    returned."""
    program = shutil.which("strace")
    if program is None:
        raise FaultNotInjectedError("strace is missing. Run: apt install strace")
    words = [program, "--follow-forks", "--quiet=all", f"--trace={','.join(WRITES)}"]
    words += [f"--inject={injection}" for injection in injections]
    words += ["--signal=none", f"--output={output}", f"--attach={process_id}"]
    tracer = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        _wait_until_attached(process_id, tracer)
        yield Trace(output)
    finally:
        _end(tracer, process_id)


def _end(tracer: "subprocess.Popen[str]", process_id: int) -> None:
    """Let go of what still runs; of a process that it killed strace may wait for ever."""
    if _is_alive(process_id):
        tracer.terminate()
        with suppress(subprocess.TimeoutExpired):
            tracer.communicate(timeout=DETACH_SECONDS)
    tracer.kill()
    tracer.communicate()


def _is_alive(process_id: int) -> bool:
    try:
        status = Path(f"/proc/{process_id}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return "\nState:\tZ" not in status


def _wait_until_attached(process_id: int, tracer: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + ATTACH_SECONDS
    while not _is_traced(process_id):
        if tracer.poll() is not None or time.monotonic() > deadline:
            tracer.kill()
            raise FaultNotInjectedError(f"strace does not attach: {tracer.communicate()[1]}")
        time.sleep(POLL_SECONDS)


def _is_traced(process_id: int) -> bool:
    for status in Path(f"/proc/{process_id}/task").glob("*/status"):
        if "\nTracerPid:\t0\n" in status.read_text():
            return False
    return True
