"""The peer of the drain: PouchDB → express-pouchdb → PouchDB, three stores and two processes."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import progress
from benchmarks.workload import records, workload

PEER = Path(__file__).parent / "peers" / "pouchdb"
RUN_SECONDS = 300.0
NPM = ("npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund")
# Its libraries print deprecations of Node.js on every start.
ENVIRONMENT = {"NODE_NO_WARNINGS": "1"}


@dataclass(frozen=True)
class PouchTimes:
    """Seconds for the writes into the first box, to the hub, and into the second box."""

    write_s: float
    up_s: float
    down_s: float
    documents: int


def install() -> None:
    """Install the locked packages, once."""
    if not (PEER / "node_modules" / ".package-lock.json").exists():
        progress("  installing PouchDB from its lock file")
        subprocess.run(NPM, cwd=PEER, check=True)


def measure_pouchdb(folder: Path) -> PouchTimes:
    """Do the workload with PouchDB in `folder`."""
    install()
    folder.mkdir(parents=True, exist_ok=True)
    work = folder / "workload.json"
    work.write_text(json.dumps(records(workload())))
    environment = os.environ | ENVIRONMENT
    hub = subprocess.Popen(
        ["node", "peer.js", "hub", str(folder / "hub")],
        cwd=PEER,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert hub.stdout is not None
        port = json.loads(hub.stdout.readline())["port"]
        url = f"http://127.0.0.1:{port}"
        answer = subprocess.run(
            ["node", "peer.js", "boxes", str(folder / "boxes"), url, str(work)],
            cwd=PEER,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=RUN_SECONDS,
            env=environment,
        )
    finally:
        hub.terminate()
        hub.wait()
    return PouchTimes(**json.loads(answer.stdout.splitlines()[-1]))
