"""`python -m benchmarks [NAME ...]`: run benchmarks, print a table, write build/bench.json.

Exit code 0 means that all were measured, whether or not their targets are met.
"""

import argparse
import importlib
import sys
import time
from pathlib import Path

from benchmarks.measure import Line, progress, table, write_json

BENCHMARKS = {
    "wire": "bytes of an op on the wire",
    "ingest": "the hub's durable ops per second on one core",
    "drain": "10,000 ops made without a line: floor, product, PouchDB",
    "tap": "card tap to durable commit to relay, through pcscd",
    "tap_event": "card tap to event through pcscd, beside a bare status-change loop",
    "history": "tap and drain with 1,000,000 ops of history",
    "year": "a year of a 40-cafe chain on one box",
    "counter_page": "the counter page with 100,000 members and 2,000,000 ledger entries",
}
"""Name -> what it measures. Each is a module with `run() -> list[Line]`."""
OUTPUT = Path("build") / "bench.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    lines: list[Line] = []
    for name in names:
        progress(f"{name}: {BENCHMARKS[name]}")
        start = time.monotonic()
        lines += importlib.import_module(f"benchmarks.{name}").run()
        progress(f"  took {time.monotonic() - start:.0f} s")
    print(table(lines))
    write_json(lines, OUTPUT)
    missed = [line.name for line in lines if not line.met]
    if missed:
        print(f"Missed: {', '.join(missed)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
