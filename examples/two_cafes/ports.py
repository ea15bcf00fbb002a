"""The demo's ports, all on 127.0.0.1; tests move them to free ones."""

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True, slots=True)
class Ports:
    """What listens where. The `line_` ports are the boxes' ways to hub and broker."""

    hub: int = 8600
    counter_a: int = 8601
    counter_b: int = 8602
    panel: int = 8610
    line_hub_a: int = 8611
    line_hub_b: int = 8612
    broker: int = 18830
    line_broker_a: int = 18831
    line_broker_b: int = 18832

    @classmethod
    def free(cls) -> Self:
        """Ports that nobody uses now."""
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in fields(cls)]
        numbers = [listener.getsockname()[1] for listener in sockets]
        for listener in sockets:
            listener.close()
        return cls(*numbers)

    def moved(self, text: str) -> str:
        """A configuration with the default ports replaced by these."""
        numbers: Mapping[str, str] = {
            str(field.default): str(getattr(self, field.name)) for field in fields(self)
        }
        return re.sub(r"\b\d{4,5}\b", lambda found: numbers.get(found[0], found[0]), text)

    def taken(self) -> list[int]:
        """Those that another program listens on."""
        found = []
        for field in fields(self):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", getattr(self, field.name))) == 0:
                    found.append(getattr(self, field.name))
        return found
