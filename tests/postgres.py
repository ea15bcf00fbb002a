"""A private PostgreSQL cluster in a temporary folder, on a free port of the loopback."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from tests.ports import free_port

USER = "postgres"
START_SECONDS = 60.0


class PostgresMissingError(Exception):
    """PostgreSQL is not installed; the message says what to type."""


def _programs() -> Path:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not versions:
        raise PostgresMissingError("PostgreSQL is missing. Run: apt install postgresql")
    return versions[-1]


class Cluster:
    """`with Cluster() as cluster: cluster.new_database()` returns a URL of an empty database.

    Run by root the server belongs to the user `postgres`, since PostgreSQL refuses to be root.
    """

    def __init__(self) -> None:
        self._programs = _programs()
        self._folder = Path(tempfile.mkdtemp(prefix="cafebox-postgres-"))
        self._port = free_port()
        self._count = 0
        self._server: subprocess.Popen[bytes] | None = None
        self._is_root = os.geteuid() == 0

    @property
    def data_folder(self) -> Path:
        return self._folder / "data"

    def _run_as(self) -> dict[str, int]:
        if not self._is_root:
            return {}
        entry = pwd.getpwnam(USER)
        return {"user": entry.pw_uid, "group": entry.pw_gid}

    def __enter__(self) -> Self:
        if self._is_root:
            shutil.chown(self._folder, USER, USER)
        init = [
            str(self._programs / "initdb"),
            f"--pgdata={self.data_folder}",
            f"--username={USER}",
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
        ]
        subprocess.run(init, check=True, capture_output=True, cwd="/", **self._run_as())
        with (self._folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                [
                    str(self._programs / "postgres"),
                    "-D",
                    str(self.data_folder),
                    "-c",
                    "listen_addresses=127.0.0.1",
                    "-c",
                    f"port={self._port}",
                    "-c",
                    f"unix_socket_directories={self._folder}",
                    "-c",
                    "fsync=off",  # what is tested here is not the disk
                ],
                stdout=log,
                stderr=log,
                cwd="/",
                **self._run_as(),
            )
        deadline = time.monotonic() + START_SECONDS
        ready = [str(self._programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(self._port)]
        while subprocess.run(ready, capture_output=True, check=False).returncode != 0:
            if self._server.poll() is not None or time.monotonic() > deadline:
                text = (self._folder / "log").read_text(errors="replace")
                raise RuntimeError(f"PostgreSQL does not start:\n{text}")
            time.sleep(0.05)
        return self

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        self._count += 1
        name = f"hub{self._count}"
        create = [
            str(self._programs / "createdb"),
            "-h",
            "127.0.0.1",
            "-p",
            str(self._port),
            "-U",
            USER,
            name,
        ]
        subprocess.run(create, check=True, capture_output=True)
        return f"postgresql://{USER}@127.0.0.1:{self._port}/{name}"

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)  # at once, whoever is connected
            self._server.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
