"""A virtual device's plug: in an outlet or out of it, and the thread that reads what it is sent."""

import threading
import time
from collections.abc import Callable

from edge.drivers.fake.outlets import Outlet

WAIT_S = 0.02
STALL_S = 0.005


class Plug:
    """Out until `put_in`. Thread-safe, but for two who put it in or pull it at the same time."""

    def __init__(self, outlet: Outlet, name: str, on_data: Callable[[bytes], None]) -> None:
        """`on_data` is called in a thread called `name`, for all that comes while it is in."""
        self._outlet, self._name, self._on_data = outlet, name, on_data
        self._lock = threading.Lock()
        self._is_in = False
        self._thread: threading.Thread | None = None
        self.stalled = False
        """Whether the device takes no bytes."""

    def put_in(self) -> None:
        """Under the same port as before; once it is in, do nothing."""
        if self._thread is None:
            self._outlet.plug()
            self._is_in = True
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def pull(self) -> bool:
        """Pull it, and wait for the thread; whether it was in."""
        thread, self._thread = self._thread, None
        if thread is None:
            return False
        with self._lock:
            self._is_in = False
        thread.join()
        self._outlet.unplug()
        return True

    def write(self, data: bytes) -> None:
        """Send to the box, if the plug is in."""
        with self._lock:
            if self._is_in:
                self._outlet.write(data)

    def _run(self) -> None:
        while self._is_in:
            if self.stalled:
                time.sleep(STALL_S)
            elif self._outlet.wait(WAIT_S):
                self._on_data(self._outlet.read())
