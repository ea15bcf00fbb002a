"""`python -m tests.fuzz --frames 1000000 --json [--seed N]`: the campaign; 1 at a finding.

`--replay TARGET HEX...` takes a finding's frames again and shows where they fail.
"""

import argparse
import json
import logging
import resource
import signal
import sys
import time

from tests.fuzz.campaign import Campaign, Result, replay
from tests.fuzz.every_target import every_target

ADDRESS_SPACE_BYTES = 2 << 30
"""Of the whole process: whoever wants more gets a MemoryError, which is a finding."""
HANG_SECONDS = 60


def _hung(_number: int, _frame: object) -> None:
    raise TimeoutError(f"one frame took {HANG_SECONDS} s")


def summary(result: Result) -> dict[str, object]:
    """Return what the last line says."""
    return {
        "seed": result.seed,
        "frames": result.frames,
        "seconds": round(result.seconds, 1),
        "frames_per_second": round(result.frames / max(result.seconds, 0.001)),
        "peak_mb": result.peak_mb,
        "grown_mb": result.grown_mb,
        "slowest_frame_ms": result.slowest_ms,
        "targets": {name: counts.total() for name, counts in result.counts.items()},
        "rejects": {
            name: dict(counts.most_common(12)) for name, counts in result.counts.items() if counts
        },
        "findings": [vars(finding) for finding in result.findings],
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=None, help="default: the time")
    parser.add_argument("--json", action="store_true", help="one line of JSON and nothing else")
    parser.add_argument("--replay", nargs="+", metavar=("TARGET", "HEX"))
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    if arguments.replay:
        name, *frames = arguments.replay
        target = {target.name: target for target, _weight in every_target()}[name]
        failure = replay(target, [bytes.fromhex(frame) for frame in frames])
        print(failure or "no failure")
        return 1 if failure else 0
    signal.signal(signal.SIGALRM, _hung)
    seed = int(time.time()) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", file=sys.stderr, flush=True)
    watch = lambda: signal.alarm(HANG_SECONDS)  # noqa: E731 - a name for one argument
    result = Campaign(every_target(), arguments.frames, seed, watch).run()
    signal.alarm(0)
    facts = summary(result)
    if arguments.json:
        print(json.dumps(facts))
    else:
        for name, value in facts.items():
            print(f"{name}: {value}")
    return 1 if result.findings else 0


if __name__ == "__main__":
    sys.exit(main())
