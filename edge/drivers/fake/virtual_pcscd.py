"""A private pcscd with two virtual readers, for the demo and the tests; no root, no USB, no port.

pcscd's socket path is fixed when it is built (/run/pcscd). So it runs in mount and network
namespaces of its own, where that path is a folder of ours; programs outside reach the daemon by
`PCSCLITE_CSOCK_NAME`. USB drivers are out of its sight, so that it never takes a real reader.

    async with VirtualPcscd(folder) as pcscd:
        start_box(env=os.environ | pcscd.environment)    # port = pcscd.reader_names[0]
        pcscd.slots[0].insert(bytes.fromhex("04A1B2C3"))

Needs the packages pcscd and vsmartcard-vpcd, and unshare and mount (util-linux). Two readers are
what vpcd offers; more readers are more VirtualPcscd.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

from edge.drivers.fake.vpcd import CardSlot

READER_NAMES = ("Virtual PCD 00 00", "Virtual PCD 00 01")
VPCD_LIBRARY = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
READER_CONFIGURATION = """\
FRIENDLYNAME "Virtual PCD"
DEVICENAME /dev/null:0x8C7B
LIBPATH /usr/lib/pcsc/drivers/libifdvpcd.so
CHANNELID 0x8C7B
"""
# $1 is the folder that becomes /run/pcscd; the rest is the command to go on with
ENTER_ROOM = """\
exec 3< "$1" && shift &&
mount -t tmpfs none /run && mkdir /run/pcscd && mount --bind /proc/self/fd/3 /run/pcscd &&
mount --bind /usr/lib/pcsc/drivers/serial /usr/lib/pcsc/drivers && exec "$@" 3<&-
"""
START_SECONDS = 10.0
SOCKET_PATH_BYTES_MAX = 107  # unix(7)
REMEDY_PACKAGES = "apt install pcscd vsmartcard-vpcd, or run with DEVICES=fake"
REMEDY_NAMESPACES = "sysctl kernel.unprivileged_userns_clone=1, or run with DEVICES=fake"


class VirtualPcscdError(Exception):
    """The private pcscd could not be started; the message says what to do."""


class VirtualPcscd:
    """One private pcscd. `slots` are its readers' fields, `kill` and `start` its life."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made if need be; it belongs to this daemon alone."""
        self._folder = folder.resolve()
        self._socket_folder = self._folder / "run"
        self._requests: socket.socket | None = None
        self._lock = threading.Lock()
        self._room: subprocess.Popen[bytes] | None = None
        self.slots = (CardSlot(lambda: self._dial(b"0")), CardSlot(lambda: self._dial(b"1")))
        self.reader_names = READER_NAMES

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to reach this daemon."""
        return {"PCSCLITE_CSOCK_NAME": str(self._socket_folder / "pcscd.comm")}

    @property
    def log_path(self) -> Path:
        return self._folder / "pcscd.log"

    async def __aenter__(self) -> "VirtualPcscd":
        await asyncio.to_thread(self.open)
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.close)

    def open(self) -> None:
        """Make the namespaces and start the daemon. Raises VirtualPcscdError."""
        if not VPCD_LIBRARY.exists() or not Path("/usr/sbin/pcscd").exists():
            raise VirtualPcscdError(f"pcscd with vpcd is not installed. Run: {REMEDY_PACKAGES}")
        too_long = len(self.environment["PCSCLITE_CSOCK_NAME"].encode()) > SOCKET_PATH_BYTES_MAX
        if too_long or self._folder.is_relative_to("/run"):
            raise VirtualPcscdError(f"{self._folder}: choose a shorter folder, not below /run")
        shutil.rmtree(self._socket_folder, ignore_errors=True)
        self._socket_folder.mkdir(parents=True)
        configuration = self._folder / "reader.conf.d"
        configuration.mkdir(exist_ok=True)
        (configuration / "vpcd").write_text(READER_CONFIGURATION)
        ours, theirs = socket.socketpair()
        namespaces = ["--mount", "--net"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
        room = Path(__file__).with_name("pcscd_room.py")
        command = ["/usr/bin/unshare", *namespaces, "/bin/sh", "-c", ENTER_ROOM, "sh"]
        command += [str(self._socket_folder), sys.executable, "-I", str(room)]
        command += [str(configuration), str(self.log_path)]
        with theirs, self.log_path.open("wb") as log:
            self._room = subprocess.Popen(  # noqa: S603  fixed words and our own folder
                command,
                stdin=theirs.fileno(),
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the program that owns us
            )
        self._requests = ours
        try:
            self.start()
        except VirtualPcscdError:
            self.close()
            raise

    def close(self) -> None:
        """Take the cards away and end the daemon."""
        for slot in self.slots:
            slot.remove()
        with self._lock:
            requests, self._requests = self._requests, None
        if requests is not None:
            requests.close()
        if self._room is not None:
            self._room.wait()
            self._room = None

    def start(self) -> None:
        """Start the daemon (again) and wait until it answers. Raises VirtualPcscdError."""
        for stale in self._socket_folder.iterdir():
            stale.unlink()  # what a killed daemon left behind
        if not self._ask(b"S")[0]:
            log = self.log_path.read_text(errors="replace").strip()
            raise VirtualPcscdError(f"no namespaces: {log}. Run: {REMEDY_NAMESPACES}")
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            if time.monotonic() > deadline:
                raise VirtualPcscdError(f"pcscd does not start. See: {self.log_path}")
            time.sleep(0.005)

    def kill(self) -> None:
        """Kill the daemon (-9); cards stay where they lie."""
        self._ask(b"K")

    def _listens(self) -> bool:
        path = self.environment["PCSCLITE_CSOCK_NAME"]
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(path) == 0

    def _dial(self, slot: bytes) -> socket.socket:
        done, attached = self._ask(slot)
        if not done:
            raise ConnectionRefusedError(f"slot {slot.decode()}: pcscd is down")
        return socket.socket(fileno=attached[0])

    def _ask(self, request: bytes) -> tuple[bool, list[int]]:
        with self._lock:
            if self._requests is None:
                return False, []
            try:
                self._requests.sendall(request)
                answer, attached, _flags, _address = socket.recv_fds(self._requests, 1, 1)
            except OSError:
                return False, []
        return answer == b"+", attached
