"""Private MQTT brokers on free ports of the loopback: Mosquitto, and NATS JetStream's gateway.

    with Mosquitto(folder) as broker:
        connect(broker.port)
        broker.kill()      # -9; the port stays its own
        broker.start()

A broker that is not installed raises `BrokerMissingError` with the remedy; nothing is skipped.
"""

import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

from tests.certificates import Certificate
from tests.ports import free_port

START_SECONDS = 60.0
POLL_SECONDS = 0.02


class BrokerMissingError(Exception):
    """The broker's program is not installed; the message says what to type."""


class Broker(ABC):
    """A broker of our own. It starts on entering and is gone, with all it queued, on leaving."""

    program: ClassVar[str]
    package: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        """`folder` is made if need be; it holds the broker's configuration, log and store."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.kills = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        return self.folder / f"{self.program}.log"

    @abstractmethod
    def command(self, program: str) -> list[str]:
        """Write the configuration and return the command line."""

    def start(self) -> None:
        """Start and wait until it takes connections."""
        program = shutil.which(self.program, path="/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin")
        if program is None:
            raise BrokerMissingError(f"{self.program} is missing. Run: apt install {self.package}")
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(self.command(program), stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log_text = self.log_path.read_text(errors="replace")
                raise RuntimeError(f"{self.program} does not start:\n{log_text}")
            time.sleep(POLL_SECONDS)

    def kill(self) -> None:
        """Kill it (-9): what it had only in memory is lost."""
        self.kills += 1
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in good order; a second call does nothing."""
        self._end(signal.SIGTERM)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Mosquitto(Broker):
    """The recommended broker, with the settings that the operations guide names."""

    program = "mosquitto"
    package = "mosquitto"

    def __init__(self, folder: Path, certificate: Certificate | None = None) -> None:
        """With a certificate it speaks TLS alone."""
        super().__init__(folder)
        self._certificate = certificate

    @property
    def url(self) -> str:
        return super().url.replace("mqtt:", "mqtts:" if self._certificate else "mqtt:")

    def command(self, program: str) -> list[str]:
        configuration = self.folder / "mosquitto.conf"
        shown = self._certificate
        configuration.write_text(
            f"listener {self.port} 127.0.0.1\n"
            "allow_anonymous true\n"
            "set_tcp_nodelay true\n"
            "persistence false\n"
            + (f"certfile {shown.certificate}\nkeyfile {shown.key}\nuser root\n" if shown else "")
        )
        return [program, "-c", str(configuration)]


class Nats(Broker):
    """NATS JetStream's MQTT 3.1.1 gateway: the broker that clusters."""

    program = "nats-server"
    package = "nats-server"

    def command(self, program: str) -> list[str]:
        configuration = self.folder / "nats.conf"
        configuration.write_text(
            f'listen: "127.0.0.1:{free_port()}"\n'
            'server_name: "cafebox-test"\n'
            f'jetstream {{ store_dir: "{self.folder / "jetstream"}" }}\n'
            f'mqtt {{ listen: "127.0.0.1:{self.port}" }}\n'
        )
        return [program, "-c", str(configuration)]
