"""Updates on trial: what is refused, what is confirmed, what goes back, and cuts at each step."""

import http.server
import os
import re
import secrets
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from edge.store.identity import Clock, Identity
from edge.store.migrations import STEPS
from edge.store.store import Store
from sync_protocol.kinds import TRANSACTION
from tests.edge.store.bodies import top_up
from tests.firmware.conftest import DEADLINE_S, ROOT, Machine, Workshop, run_update

CALLS = ("write", "fsync", "mkdir", "mkdirat", "rename", "unlink", "unlinkat", "rmdir")
"""By which the program changes the disk."""
KILLED = 137
NOW_STEP = STEPS[-1][0]


def confirmed(machine: Machine, bundle: Path) -> None:
    """Install a version, start it, and let it be found well."""
    assert machine.install(bundle).returncode == 0
    machine.start()
    with health(200) as url:
        assert machine.run("confirm", "--url", url, "--within", 9, "--steady", 0).returncode == 0


@contextmanager
def health(status: int, *nonsense: bytes) -> Iterator[str]:
    """A box's /healthz on a port of its own; at first it says what is no HTTP."""
    said = iter(nonsense)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if (words := next(said, None)) is not None:
                self.wfile.write(words)
                return
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/healthz"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, workshop: Workshop) -> Machine:
    """A box that runs version 1; copy it."""
    machine = Machine(tmp_path_factory.mktemp("template") / "machine", workshop.keys)
    confirmed(machine, workshop.bundle(1))
    return machine


@pytest.fixture
def used_machine(template: Machine, tmp_path: Path) -> Machine:
    return copied(template, tmp_path / "used")


def copied(template: Machine, folder: Path) -> Machine:
    shutil.copytree(template.folder, folder, symlinks=True)
    return Machine(folder, template.keys)


def unsigned(data: bytes) -> bytes:
    end = 8 + int.from_bytes(data[4:8], "big")
    return data[:end] + bytes(64) + data[end + 64 :]


def of_other_order(data: bytes) -> bytes:
    return data.replace(b'"order": 2', b'"order": 9')


def with_other_payload(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (unsigned, "unsigned"),
        (of_other_order, "wrong_key"),
        (with_other_payload, "damaged"),
        (lambda data: data[:-1], "damaged"),
        (lambda data: data + b"x", "damaged"),
        (lambda data: data[:90], "not_a_bundle"),
        (lambda _data: b"", "not_a_bundle"),
    ],
    ids=["unsigned", "order", "payload", "shorter", "longer", "cut", "empty"],
)
def test_a_bundle_that_was_changed_is_refused(
    used_machine: Machine, workshop: Workshop, change: Callable[[bytes], bytes], code: str
) -> None:
    machine = used_machine
    bad = machine.folder / "bad.cafebox"
    bad.write_bytes(change(workshop.bundle(2).read_bytes()))
    refused = machine.install(bad)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"{code}: ")
    assert machine.start() == "version 1"


@pytest.mark.covers("A306")
@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"order": 0}, "not_newer"),
        ({"order": 1}, "not_newer"),
        ({"order": 2, "days": 0}, "expired"),
        ({"order": 2, "machine": "toaster"}, "wrong_machine"),
    ],
)
def test_a_bundle_that_is_not_for_now_and_here_is_refused(
    used_machine: Machine, workshop: Workshop, options: dict[str, int], code: str
) -> None:
    machine = used_machine
    refused = machine.install(workshop.bundle(**options))
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"{code}: ")
    assert machine.status()["trial"] == ""
    assert machine.start() == "version 1"


@pytest.mark.covers("A306")
def test_a_bundle_of_another_key_is_refused(machine: Machine, workshop: Workshop) -> None:
    other = machine.folder / "other.key"
    assert run_update("new-key", other).returncode == 0
    refused = machine.install(workshop.bundle(1, key=other))
    assert refused.returncode == 1
    assert refused.stderr.startswith("wrong_key: ")
    assert other.stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_sealed_is_said_and_leaves_the_bundle_before(
    workshop: Workshop, tmp_path: Path
) -> None:
    """The public half of a key looks like a private one, and anybody may have it."""
    bundle = workshop.bundle(1)
    whole = bundle.read_bytes()
    words = tmp_path / "words.key"
    words.write_text("no key")
    public = workshop.keys / "release.pub"
    order = ("--version", "1", "--order", "1", "--store-step", "9")
    for tree, key, said in (
        (tmp_path, public, "no private key"),
        (tmp_path, words, "no private key"),
        (tmp_path / "nowhere", workshop.key, "nowhere: there is no such folder"),
    ):
        refused = run_update("seal", tree, bundle, "--key", key, *order)
        assert (refused.returncode, said in refused.stderr) == (1, True), refused.stderr
        assert "Traceback" not in refused.stderr
    assert bundle.read_bytes() == whole
    assert run_update("new-key", tmp_path / "release.pub").returncode == 1
    assert not (tmp_path / "release.pub").exists()


def test_a_box_is_not_provisioned_for_an_address_that_is_none(tmp_path: Path) -> None:
    key = tmp_path / "release.pub"
    key.write_text("ab" * 32)
    for hub, bundle, said in (
        ("hub:8600", key, "write it like http://host:8600"),
        ("http://hub:8600", tmp_path / "nothing", "nothing: there is no such file"),
    ):
        words = [ROOT / "firmware_scripts" / "provision", "--hub", hub, "--key", key]
        refused = subprocess.run(
            [sys.executable, "-B", *map(str, words), "--bundle", str(bundle), "--dry-run"],
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE_S,
        )
        assert refused.returncode == 2
        assert (said if os.geteuid() == 0 else "sudo") in refused.stderr


def test_a_payload_that_leaves_its_slot_is_refused(
    machine: Machine, workshop: Workshop, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to("/etc")
    refused = machine.install(workshop.sealed(tree, 1))
    assert refused.returncode == 1
    assert refused.stderr.startswith("payload_unsafe: ")


@pytest.mark.covers("A143", "A299")
def test_a_version_is_on_trial_until_it_is_well(used_machine: Machine, workshop: Workshop) -> None:
    machine = used_machine
    machine.install(workshop.bundle(2))
    assert machine.start() == "version 2"
    with health(200, b"nonsense\r\n\r\n") as url:
        said = machine.run("confirm", "--url", url, "--within", 60, "--steady", 0)
    assert said.stdout == "2 is the good one now\n"
    assert [machine.start() for _ in range(5)] == ["version 2"] * 5


@pytest.mark.covers("A299")
def test_a_version_that_is_never_confirmed_starts_three_times(
    used_machine: Machine, workshop: Workshop
) -> None:
    machine = used_machine
    machine.install(workshop.bundle(2))
    starts = [machine.start() for _ in range(5)]
    assert starts == ["version 2"] * 3 + ["version 1"] * 2
    assert machine.status()["failed"] == "2"
    assert machine.install(workshop.bundle(2)).returncode == 0, "a mended line may try it again"


def boundaries(log: str) -> list[tuple[str, int]]:
    """Each call of a traced run, by its name and number."""
    seen: Counter[str] = Counter()
    found = []
    for call in re.findall(r"^\d+ +(\w+)\(", log, re.MULTILINE):
        seen[call] += 1
        found.append((call, seen[call]))
    return found


def traced(output: Path, cut: tuple[str, int] | None = None) -> tuple[str, ...]:
    """What traces a program's writes, and kills it before the one that `cut` names."""
    program = shutil.which("strace")
    if program is None:
        pytest.fail("strace is missing. Type: apt install strace")
    words = [program, "-f", "-qq", "-e", f"trace={','.join(CALLS)}", "-o", str(output)]
    if cut is not None:
        words += ["-e", f"inject={cut[0]}:signal=SIGKILL:when={cut[1]}"]
    return tuple(words)


Step = Callable[[Machine, tuple[str, ...]], "subprocess.CompletedProcess[str]"]


@pytest.mark.covers("A299")
@pytest.mark.parametrize("name", ["install", "select", "confirm"])
def test_a_box_starts_after_a_cut_at_each_step(
    used_machine: Machine, tmp_path: Path, workshop: Workshop, name: str
) -> None:
    second, third = workshop.bundle(2), workshop.bundle(3)
    if name != "install":
        used_machine.install(second)
    with health(200) as url:
        steps: dict[str, Step] = {
            "install": lambda machine, wrapper: machine.install(second, wrapper),
            "select": lambda machine, wrapper: machine.run(
                "select", "--link", machine.folder / "slot", wrapper=wrapper
            ),
            "confirm": lambda machine, wrapper: machine.run(
                "confirm", "--url", url, "--within", 9, "--steady", 0, wrapper=wrapper
            ),
        }
        whole = copied(used_machine, tmp_path / "whole")
        assert steps[name](whole, traced(tmp_path / "calls")).returncode == 0
        cuts = boundaries((tmp_path / "calls").read_text())
        assert len(cuts) >= 5, cuts
        for number, cut in enumerate(cuts):
            machine = copied(used_machine, tmp_path / f"cut-{number}")
            ended = steps[name](machine, traced(tmp_path / "log", cut))
            assert ended.returncode in (KILLED, -9), (cut, ended)
            assert machine.start() in ("version 1", "version 2"), cut
            if number % 4 == 0:
                again = machine.install(third)
                assert again.returncode == 0, (cut, again.stderr)
                assert machine.start() == "version 3", cut
            shutil.rmtree(machine.folder)


@pytest.fixture
def store(machine: Machine) -> Iterator[Store]:
    """The box's store, used by the version before."""
    clock = Clock(lambda: 1_780_000_000_000, lambda: 0, b"boot-of-test")
    identity = Identity("chain", 3, 1, 3)
    opened = Store.open(machine.store, identity, clock, secrets.token_bytes)
    yield opened
    opened.close()


def reshape(path: Path) -> None:
    """What the next version does to the store at its first start."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE of_the_next_version (x)")
        connection.execute("INSERT INTO migration VALUES (?, 'next')", (NOW_STEP + 1,))
        connection.commit()


def shapes(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master").fetchall()
    return ("of_the_next_version",) in rows


async def _give_way(machine: Machine, workshop: Workshop, store: Store) -> None:
    """An old version with entries; a new one that reshapes the store at its first start."""
    await store.write(lambda write: write.append(TRANSACTION, top_up(3, 77, 500)))
    store.close()
    confirmed(machine, workshop.bundle(1, store_step=NOW_STEP))
    machine.install(workshop.bundle(2, store_step=NOW_STEP + 1))
    machine.start()


@pytest.mark.covers("A299")
async def test_the_store_goes_back_with_the_version_that_reshaped_it(
    machine: Machine, workshop: Workshop, store: Store
) -> None:
    await _give_way(machine, workshop, store)
    reshape(machine.store)
    assert [machine.start() for _ in range(3)] == ["version 2", "version 2", "version 1"]
    assert not shapes(machine.store)
    identity = Identity("chain", 3, 1, 3)
    clock = Clock(lambda: 1_780_000_000_000, lambda: 0, b"boot-of-test")
    with (
        closing(Store.open(machine.store, identity, clock, secrets.token_bytes)) as opened,
        opened.read() as reader,
    ):
        assert reader.own_head().seq == 2


async def test_entries_that_the_old_version_cannot_read_keep_the_new_one(
    machine: Machine, workshop: Workshop, store: Store
) -> None:
    await _give_way(machine, workshop, store)
    reshape(machine.store)
    with closing(sqlite3.connect(machine.store)) as connection:
        connection.execute(
            "INSERT INTO op SELECT key + 1, kind, position, effective, verdict, detail, money_fen,"
            " header, body, body_hash, hash FROM op ORDER BY key DESC LIMIT 1"
        )
        connection.commit()
    assert [machine.start() for _ in range(4)] == ["version 2"] * 4
    assert shapes(machine.store)
