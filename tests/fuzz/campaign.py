"""Runs targets, watches memory and time, and makes a finding as short as it gets."""

import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.fuzz.draw import Draw
from tests.fuzz.targets import Target

FRAME_CPU_SECONDS_MAX = 5.0
"""One frame of a peer may not hold up the others for longer."""
FRAME_GROWTH_MAX_MB = 256
"""By so much may one frame raise the greatest memory that the process has taken."""
MINIMISE_SECONDS = 20.0
PROGRESS_SECONDS = 5.0


@dataclass
class Finding:
    """`frames` in hex are what a fresh run takes, in this order, to fail in this way."""

    target: str
    error: str
    frames: list[str]


@dataclass
class Result:
    seed: int
    frames: int = 0
    seconds: float = 0.0
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    peak_mb: int = 0
    grown_mb: int = 0
    slowest_ms: int = 0


def peak_kb() -> int:
    """Return the greatest resident memory that the process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def failure_of(action: Callable[[], object]) -> str | None:
    """Return what an action raised and where, None for nothing."""
    try:
        action()
    except Exception as error:  # noqa: BLE001 - whatever comes out is what is looked for
        frames = traceback.extract_tb(error.__traceback__)
        where = " < ".join(f"{f.filename.rsplit('/', 2)[-1]}:{f.name}" for f in frames[-1:-4:-1])
        return f"{type(error).__name__}: {str(error)[:200]} in {where}"
    return None


def kind_of(failure: str | None) -> str:
    """Return the part of a failure that a shorter frame must keep: its type and its place."""
    if failure is None:
        return ""
    return failure.split(":", 1)[0] + failure.rsplit(" in ", 1)[-1]


class Campaign:
    """`frames` frames in all, dealt out to `(target, weight)` by weight; stops at a finding.

    `begin_frame` is called before each frame, to set a watch on one that never ends.
    """

    def __init__(
        self,
        targets: Sequence[tuple[Target, float]],
        frames: int,
        seed: int,
        begin_frame: Callable[[], object] = lambda: None,
    ) -> None:
        self._targets = targets
        self._frames = frames
        self._begin_frame = begin_frame
        self._draw = Draw(seed)
        self._told_s = time.monotonic()
        self.result = Result(seed)

    def run(self) -> Result:
        begun_s = time.monotonic()
        begun_kb = peak_kb()
        total = sum(weight for _target, weight in self._targets)
        shares = [int(self._frames * weight / total) for _target, weight in self._targets]
        shares[0] += self._frames - sum(shares)
        for (target, _weight), share in zip(self._targets, shares, strict=True):
            self.result.counts[target.name] = Counter()
            self._fuzz(target, share)
            if self.result.findings:
                break
        self.result.seconds = time.monotonic() - begun_s
        self.result.peak_mb = peak_kb() // 1024
        self.result.grown_mb = (peak_kb() - begun_kb) // 1024
        return self.result

    def _fuzz(self, target: Target, frames: int) -> None:
        left = frames
        while left > 0 and not self.result.findings:
            run = target.start()
            sent: list[bytes] = []
            for _ in range(min(left, target.frames)):
                sent.append(run.make(self._draw))
                left -= 1
                if not self._take(target, run, sent):
                    return
                if run.is_over():
                    break
            failure = failure_of(run.finish)
            if failure is not None:
                self._find(target, failure, sent)

    def _take(self, target: Target, run: Target, sent: list[bytes]) -> bool:
        """Have the run take the last frame; returns whether all was well."""
        self._begin_frame()
        kb, cpu_s = peak_kb(), time.process_time()
        failure = failure_of(lambda: self._count(target, run.take(sent[-1])))
        spent_s = time.process_time() - cpu_s
        grown_mb = (peak_kb() - kb) // 1024
        self.result.frames += 1
        self.result.slowest_ms = max(self.result.slowest_ms, round(spent_s * 1000))
        if failure is None and spent_s > FRAME_CPU_SECONDS_MAX:
            failure = f"TooSlow: {spent_s:.1f} s"
        if failure is None and grown_mb > FRAME_GROWTH_MAX_MB:
            failure = f"TooMuchMemory: {grown_mb} MB more"
        if failure is not None:
            self._find(target, failure, sent)
        self._tell(target)
        return failure is None

    def _count(self, target: Target, word: str) -> None:
        self.result.counts[target.name][word] += 1

    def _find(self, target: Target, failure: str, sent: list[bytes]) -> None:
        frames = minimised(target, sent, kind_of(failure))
        self.result.findings.append(
            Finding(target.name, failure, [frame.hex() for frame in frames])
        )

    def _tell(self, target: Target) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= PROGRESS_SECONDS:
            self._told_s = now_s
            done = f"{self.result.frames:,} of {self._frames:,} frames, {target.name}"
            print(done, file=sys.stderr, flush=True)


def replay(target: Target, frames: Sequence[bytes]) -> str | None:
    """Return how a fresh run of `target` fails on `frames`, None if it does not."""
    run = target.start()

    def take_all() -> None:
        for frame in frames:
            run.take(frame)
        run.finish()

    return failure_of(take_all)


def minimised(target: Target, sent: list[bytes], kind: str) -> list[bytes]:
    """Return fewer and shorter frames that fail in the same way, or all as they are."""
    deadline_s = time.monotonic() + MINIMISE_SECONDS
    if kind_of(replay(target, sent)) != kind:
        return sent

    def fails(frames: list[bytes]) -> bool:
        return time.monotonic() < deadline_s and kind_of(replay(target, frames)) == kind

    frames = _without(sent, lambda kept: fails(list(kept)))
    for index, frame in enumerate(frames):
        shorter = _without(
            list(frame),
            lambda kept, index=index: fails([*frames[:index], bytes(kept), *frames[index + 1 :]]),
        )
        frames[index] = bytes(shorter)
    return frames


def _without(items: list, fails: Callable[[list], bool]) -> list:
    """Drop ever smaller runs of items as long as it still fails (Zeller 2002, delta debugging)."""
    size = max(len(items) // 2, 1)
    while size:
        at = 0
        while at < len(items):
            fewer = items[:at] + items[at + size :]
            if fewer and fails(fewer):
                items = fewer
            else:
                at += size
        size //= 2
    return items
