"""Tells the service manager that the box is ready, and goes on telling it that it lives.

sd_notify(3) and sd_watchdog_enabled(3): datagrams to the socket that NOTIFY_SOCKET names. Without
one nobody is told anything. A sign of life means that the loop turns and that the store's writer
answers; a box in which either hangs falls silent and is started anew.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

READY = b"READY=1"
ALIVE = b"WATCHDOG=1"
STOPPING = b"STOPPING=1"
SIGNS_IN_TIME = 3
"""Signs of life in the time after which the service manager loses patience."""


@dataclass(frozen=True, slots=True)
class ServiceManager:
    """`address` is empty where there is none; `patience_s` is 0 where it sets no watchdog."""

    address: str = ""
    patience_s: float = 0.0

    @classmethod
    def of(cls, environment: Mapping[str, str], process: int) -> "ServiceManager":
        """The one that started this process, by its environment."""
        address = environment.get("NOTIFY_SOCKET", "")
        meant = environment.get("WATCHDOG_PID", str(process)) == str(process)
        patience_us = int(environment.get("WATCHDOG_USEC", "0")) if meant else 0
        return cls(address, patience_us / 1_000_000)

    def tell(self, message: bytes) -> None:
        """Send one message. Raises OSError if the service manager is gone."""
        if not self.address:
            return
        # "@" stands for the zero byte of an abstract address.
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(message, address)

    async def show_life(self, answers: Callable[[], Awaitable[object]]) -> None:
        """Send signs of life until cancelled, each once `answers` has returned."""
        while self.patience_s:
            await answers()
            self.tell(ALIVE)
            await asyncio.sleep(self.patience_s / SIGNS_IN_TIME)
