"""What waits for the hub's writer: messages of nodes in turn, and calls from this process.

Bounded for each node: one that floods loses its own messages (and sends them again later), never
another's.
"""

import threading
from collections import deque
from collections.abc import Callable

NODE_MESSAGES_MAX = 64
"""More than the window that the hub announces, with greetings and clock answers on top."""
NODE_BYTES_MAX = 8 * 1024 * 1024
MESSAGES_MAX = 20_000
BYTES_MAX = 256 * 1024 * 1024
"""Of all nodes together, known or not: what the hub's memory must hold at the most."""


class Inbox:
    """Filled from any thread, emptied by the writer. Nodes take turns, one message each."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._turns: deque[int] = deque()
        self._messages: dict[int, deque[bytes]] = {}
        self._bytes: dict[int, int] = {}
        self._calls: deque[Callable[[], None]] = deque()
        self._count = 0
        self._total_bytes = 0

    def put(self, node: int, data: bytes) -> bool:
        """Add a node's message; False where too many of that node's wait."""
        with self._changed:
            queue = self._messages.get(node)
            if queue is None:
                queue = self._messages[node] = deque()
            waiting_bytes = self._bytes.get(node, 0) + len(data)
            if len(queue) >= NODE_MESSAGES_MAX or waiting_bytes > NODE_BYTES_MAX:
                return False
            if self._count >= MESSAGES_MAX or self._total_bytes + len(data) > BYTES_MAX:
                if not queue:
                    del self._messages[node]
                return False
            if not queue:
                self._turns.append(node)
            queue.append(data)
            self._bytes[node] = waiting_bytes
            self._count += 1
            self._total_bytes += len(data)
            self._changed.notify()
        return True

    def call(self, function: Callable[[], None]) -> None:
        """Have the writer call `function` before its next block."""
        with self._changed:
            self._calls.append(function)
            self._changed.notify()

    def next_message(self) -> tuple[int, bytes] | None:
        """Return (node, message) of the node whose turn it is, or None."""
        with self._changed:
            if not self._turns:
                return None
            node = self._turns.popleft()
            queue = self._messages[node]
            data = queue.popleft()
            self._count -= 1
            self._total_bytes -= len(data)
            if queue:
                self._turns.append(node)
                self._bytes[node] -= len(data)
            else:
                del self._messages[node], self._bytes[node]
            return node, data

    def take_calls(self) -> list[Callable[[], None]]:
        """Return what `call` was given, in order."""
        with self._changed:
            calls = list(self._calls)
            self._calls.clear()
            return calls

    def waiting(self) -> int:
        """Return how many messages wait."""
        return self._count

    def is_empty(self) -> bool:
        """Return whether nothing waits."""
        return not self._count and not self._calls

    def wait(self, timeout_s: float) -> None:
        """Return as soon as something waits, at the latest after `timeout_s`."""
        with self._changed:
            self._changed.wait_for(lambda: not self.is_empty(), timeout_s)
