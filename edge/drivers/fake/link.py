"""A line of text between a box and the virtual devices around it: a Unix socket that is redialled.

The virtual world (demo, tests) listens and outlives the box; the fake stack inside the box
dials, and dials again when the world restarts. Each line is one fact in ASCII. The greeting
brings a box that has just started up to date.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

REDIAL_SECONDS = 0.1

OnLine = Callable[[str], None]


class _Peers:
    """The connections of one end; lines go out whole, to all of them.

    The owner's own lock guards them, so that a greeting and the facts after it keep their order.
    """

    def __init__(self, lock: AbstractContextManager[object]) -> None:
        self._lock = lock
        self._links: list[socket.socket] = []

    def add(self, link: socket.socket, greeting: Callable[[], list[str]]) -> None:
        with self._lock:
            self._links.append(link)
            for line in greeting():
                _send(link, line)

    def send(self, line: str) -> None:
        with self._lock:
            for link in self._links:
                _send(link, line)

    def remove(self, link: socket.socket) -> None:
        with self._lock:
            self._links.remove(link)

    @property
    def nobody(self) -> bool:
        """Whether nobody is connected."""
        with self._lock:
            return not self._links

    def hang_up(self) -> None:
        with self._lock:
            for link in self._links:
                with contextlib.suppress(OSError):  # the other end was first
                    link.shutdown(socket.SHUT_RDWR)

    def serve(
        self, link: socket.socket, on_line: OnLine, greeting: Callable[[], list[str]]
    ) -> None:
        """Read lines until the other end hangs up."""
        self.add(link, greeting)
        try:
            with link, link.makefile("r", encoding="ascii") as lines:
                for line in lines:
                    on_line(line.rstrip("\n"))
        except OSError:
            return  # a reset is a hang-up
        finally:
            self.remove(link)


def _send(link: socket.socket, line: str) -> None:
    with contextlib.suppress(OSError):  # its reader ends by itself
        link.sendall(line.encode("ascii") + b"\n")


class Listener:
    """The virtual world's end."""

    def __init__(
        self,
        path: Path,
        on_line: OnLine,
        greeting: Callable[[], list[str]],
        lock: AbstractContextManager[object],
        on_alone: Callable[[], None] | None = None,
    ) -> None:
        """`lock` is the re-entrant lock that guards what `greeting` tells.

        `on_alone` is called when the last box has hung up, or died.
        """
        self._path, self._on_line, self._greeting = path, on_line, greeting
        self._on_alone = on_alone
        self._peers = _Peers(lock)
        path.unlink(missing_ok=True)
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()
        self._thread = threading.Thread(target=self._accept, name=f"listen:{path.name}")
        self._thread.daemon = True
        self._thread.start()

    @property
    def nobody(self) -> bool:
        """Whether no box is connected."""
        return self._peers.nobody

    def send(self, line: str) -> None:
        """Tell every box that is connected."""
        self._peers.send(line)

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()
        self._peers.hang_up()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        while True:
            try:
                link, _address = self._server.accept()
            except OSError:
                return  # closed
            threading.Thread(
                target=self._serve, args=(link,), name=f"serve:{self._path.name}", daemon=True
            ).start()

    def _serve(self, link: socket.socket) -> None:
        self._peers.serve(link, self._on_line, self._greeting)
        if self._on_alone is not None and self._peers.nobody:
            self._on_alone()


class Dialler:
    """The box's end."""

    def __init__(
        self,
        path: Path,
        on_line: OnLine,
        greeting: Callable[[], list[str]],
        lock: AbstractContextManager[object],
    ) -> None:
        """`lock` is the re-entrant lock that guards what `greeting` tells."""
        self._path, self._on_line, self._greeting = path, on_line, greeting
        self._peers = _Peers(lock)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._dial, name=f"dial:{path.name}", daemon=True)
        self._thread.start()

    def send(self, line: str) -> None:
        """Tell the virtual world, if it is there."""
        self._peers.send(line)

    def close(self) -> None:
        self._stopping.set()
        self._peers.hang_up()
        self._thread.join()

    def _dial(self) -> None:
        while not self._stopping.is_set():
            link = socket.socket(socket.AF_UNIX)
            if link.connect_ex(str(self._path)) == 0:
                self._peers.serve(link, self._on_line, self._greeting)
            link.close()
            self._stopping.wait(REDIAL_SECONDS)
