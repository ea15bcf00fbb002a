"""The broker inside the hub: MQTT 3.1.1 by amqtt, on a thread and loop of its own.

Good for a first run and a small chain. It keeps nothing for those who are away, which the protocol
never needs. A larger chain sets `[broker] url` to Mosquitto or any other broker.
"""

import asyncio
import logging
import threading
from concurrent.futures import Future

from amqtt.broker import Broker
from amqtt.errors import AMQTTError
from amqtt.errors import BrokerError as AmqttBrokerError

START_TIMEOUT_S = 10


class BrokerError(Exception):
    """The broker could not be started; the words say what to do."""


class EmbeddedBroker:
    """An MQTT broker at (host, port). Its own loop, so that ingest and pages do not starve it."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._started: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="mqtt-broker")

    def start(self) -> None:
        """Start and wait until it listens; `BrokerError` if it cannot."""
        # It tells of every client and message at INFO.
        logging.getLogger("amqtt").setLevel(logging.WARNING)
        logging.getLogger("transitions").setLevel(logging.WARNING)
        # Why it does not start is said below, and without its traceback.
        logging.getLogger("amqtt.broker").setLevel(logging.CRITICAL)
        self._thread.start()
        try:
            self._started.result(START_TIMEOUT_S)
        except TimeoutError:
            raise BrokerError(
                f"no broker on {self.host}:{self.port} after {START_TIMEOUT_S} s: start again"
            ) from None
        finally:
            logging.getLogger("amqtt.broker").setLevel(logging.NOTSET)

    def stop(self) -> None:
        """Close every connection and end the thread."""
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        # amqtt takes an IPv6 address without brackets; with them it looks for a name. `::`: all.
        host = "" if self.host == "::" else self.host
        broker = Broker(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"{host}:{self.port}"}},
                "plugins": {
                    "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
                },
            }
        )
        try:
            await broker.start()
        except (AMQTTError, AmqttBrokerError, OSError) as error:
            self._stop = None
            self._started.set_exception(
                BrokerError(
                    f"no broker on {self.host}:{self.port} ({error}): free the port, or set"
                    " [broker] port to another"
                )
            )
            return
        self._started.set_result(None)
        await self._stop.wait()
        await broker.shutdown()
