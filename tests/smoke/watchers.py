"""Two that only look: what crosses the broker, and when one box has applied another's ops."""

import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as mqtt

from sync_protocol.errors import ProtocolError
from sync_protocol.frames import unpack_frame
from sync_protocol.messages import Push, unpack_message
from sync_protocol.topics import up_topics

LOOK_SECONDS = 0.005
EPOCH = 1
RECONNECT_SECONDS = 1


@dataclass
class PushWatcher:
    """Counts the bytes of batches on their way to the hub, and the ops in them."""

    chain: str
    port: int
    pushed_bytes: int = 0
    pushed_ops: int = 0
    _client: mqtt.Client | None = None

    def open(self) -> None:
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        client.on_connect = lambda *_: client.subscribe(up_topics(self.chain), qos=0)
        client.on_message = lambda _client, _data, message: self._hear(message.payload)
        client.reconnect_delay_set(RECONNECT_SECONDS, RECONNECT_SECONDS)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        self._client = client

    def close(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()

    @property
    def bytes_per_op(self) -> float:
        return self.pushed_bytes / max(self.pushed_ops, 1)

    def _hear(self, payload: bytes) -> None:
        try:
            message = unpack_message(payload)
            if isinstance(message, Push):
                self.pushed_ops += len(unpack_frame(message.frame))
                self.pushed_bytes += len(payload)
        except ProtocolError:
            return  # what the hub would quarantine has no size of interest


@dataclass
class ArrivalWatcher:
    """Notes when a box has committed each further op of another node, by looking at its file."""

    store: Path
    node: int
    arrivals: list[tuple[int, int]] = field(default_factory=list)
    """(monotonic ns, last seq of the node that is there), rising."""
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def open(self) -> None:
        self._thread = threading.Thread(target=self._look, name=f"arrivals:{self.node}")
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def arrived_ns(self, seq: int) -> int | None:
        """Return when op `seq` was there, None if it never was."""
        return next((at_ns for at_ns, last in self.arrivals if last >= seq), None)

    def _look(self) -> None:
        with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)) as reader:
            known = 0
            while not self._stopping.wait(LOOK_SECONDS):
                row = reader.execute(
                    "SELECT seq FROM author WHERE node = ? AND epoch = ?", (self.node, EPOCH)
                ).fetchone()
                if row is not None and row[0] > known:
                    known = row[0]
                    self.arrivals.append((time.monotonic_ns(), known))
