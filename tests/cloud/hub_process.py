"""The hub as a process of its own, started by its command line: to be killed and started again."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from cloud.store.database import open_reader
from tests.cloud.remote_box import HubUnderTest
from tests.ports import free_port

COMMAND = [sys.executable, "-m", "cloud.cli"]
ROOT = Path(__file__).parents[2]


class HubProcess:
    def __init__(self, folder, broker_url=None, database_url=None):
        self.folder = folder
        self.config = folder / "cafebox-hub.toml"
        self.port, self.broker_port = free_port(), free_port()
        self.broker_url = broker_url or f"mqtt://127.0.0.1:{self.broker_port}"
        broker = f'url = "{broker_url}"' if broker_url else f"port = {self.broker_port}"
        self.database_url = database_url or f"sqlite:///{folder / 'data' / 'hub.sqlite'}"
        database = f'database = "{database_url}"\n' if database_url else ""
        self.config.write_text(
            f'[hub]\nchain = "test"\ndata_dir = "data"\nlisten_port = {self.port}\n{database}'
            f"[broker]\n{broker}\n"
        )
        self.process = None
        self.facts = {}

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def start(self, kill_point=""):
        environment = {**os.environ, "CAFEBOX_KILL_POINT": kill_point}
        with (self.folder / "hub.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "--config", str(self.config), "--json", "run"],
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                cwd=ROOT,
            )
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError((self.folder / "hub.log").read_text())
        self.facts = json.loads(line)

    def wait(self):
        """Wait for the process to end; returns its exit code (negative: a signal)."""
        self.process.stdout.close()
        return self.process.wait(60)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        if self.process is not None:
            self.wait()

    def command(self, *arguments):
        """Run a command; returns (exit code, answer as JSON or text on standard error)."""
        result = subprocess.run(
            [*COMMAND, "--config", str(self.config), "--json", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            timeout=60,
        )
        if result.stdout:
            return result.returncode, json.loads(result.stdout)
        return result.returncode, result.stderr

    def reader(self):
        return open_reader(self.database_url)

    def under_test(self):
        return _CommandedHub(None, self.url, self.broker_url, process=self)


class _CommandedHub(HubUnderTest):
    """A hub whose codes come from the command line."""

    def __init__(self, office, url, broker_url, process):
        super().__init__(office, url, broker_url)
        self.process = process

    async def enrol(self, cafe, code=None, key=None):
        if code is None:
            _, answer = self.process.command("enrol-code", "--cafe", str(cafe))
            code = answer["code"]
        return await super().enrol(cafe, code, key)
