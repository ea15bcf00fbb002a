"""The hub's configuration: one TOML file, every key checked, every error with its remedy."""

import ssl
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

DEFAULT_FILE = "cafebox-hub.toml"
EMBEDDED = "embedded"

EXAMPLE = """\
# cafebox hub. Every key is optional; what stands here is the default.

[hub]
chain = "cafebox"            # name of the chain; fixed at the first run
data_dir = "hub-data"        # keys, database, snapshots; relative to this file
# database = "postgresql://user@host/name"   # default: SQLite in data_dir
listen_host = "127.0.0.1"    # pages and HTTP for boxes; "0.0.0.0": every network, "::": IPv6 too
listen_port = 8600
utc_offset_min = 480         # the chain's clock: minutes east of UTC
business_day_hour = 6        # a business day begins at this hour

[broker]
url = "embedded"             # or mqtt://user:password@host:1883, with TLS mqtts://host:8883
ca_file = ""                 # whose certificates mqtts: is believed by (PEM); "": the system's
                             # authorities. A box has the same key in its [hub]
host = "127.0.0.1"           # where the embedded broker listens
port = 18830
protocol = "5"               # of an external broker: "5" or "3.1.1"
boxes_url = ""               # what boxes are told at enrolment; "" : the url above

[grants]
amount_max = 0               # most that one grant moves, in the account's unit; 0: no cap
"""


class ConfigurationError(Exception):
    """A key is wrong; the words name it and say what to write."""


@dataclass(frozen=True, slots=True)
class HubSection:
    """[hub]"""

    chain: str = "cafebox"
    data_dir: str = "hub-data"
    database: str = ""
    listen_host: str = "127.0.0.1"
    listen_port: int = 8600
    utc_offset_min: int = 480
    business_day_hour: int = 6


@dataclass(frozen=True, slots=True)
class BrokerSection:
    """[broker]"""

    url: str = EMBEDDED
    ca_file: str = ""
    host: str = "127.0.0.1"
    port: int = 18830
    protocol: str = "5"
    boxes_url: str = ""


@dataclass(frozen=True, slots=True)
class GrantsSection:
    """[grants]"""

    amount_max: int = 0


@dataclass(frozen=True, slots=True)
class Configuration:
    """All sections; `folder` is what relative paths are relative to."""

    folder: Path
    hub: HubSection = HubSection()
    broker: BrokerSection = BrokerSection()
    grants: GrantsSection = GrantsSection()

    @property
    def data_dir(self) -> Path:
        return self.folder / self.hub.data_dir

    @property
    def database_url(self) -> str:
        return self.hub.database or f"sqlite:///{(self.data_dir / 'hub.sqlite').absolute()}"

    @property
    def address(self) -> str:
        """Where the pages are."""
        return f"http://{place_text(self.hub.listen_host, self.hub.listen_port)}/"

    @property
    def listens_at(self) -> tuple[str | None, int]:
        """Address and port of the pages; None for every address, IPv4's and IPv6's.

        `::` means all: asyncio would bind it to IPv6 alone.
        """
        host = self.hub.listen_host
        return None if host == "::" else host, self.hub.listen_port

    @property
    def broker_is_embedded(self) -> bool:
        return self.broker.url == EMBEDDED

    @property
    def broker_url(self) -> str:
        if self.broker_is_embedded:
            return f"mqtt://{place_text(self.broker.host, self.broker.port)}"
        return self.broker.url

    @property
    def broker_ca_file(self) -> Path | None:
        """Whose certificates the broker is believed by, None for the system's authorities."""
        return self.folder / self.broker.ca_file if self.broker.ca_file else None


def place_text(host: str, port: int) -> str:
    """A server's place as an address has it: IPv6 in brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker is, and whether by TLS. `username` and `password` are None for an open one."""

    host: str
    port: int
    username: str | None
    password: str | None
    is_tls: bool = False


PORTS = {"mqtt": 1883, "mqtts": 8883}
"""The usual ones (IANA), by scheme."""


def broker_address(url: str) -> BrokerAddress:
    """Return the parts of an mqtt:// or mqtts:// URL; `ConfigurationError` if it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme not in PORTS or not parts.hostname:
        raise ConfigurationError(
            f'[broker] url: {url!r} is no broker; write "embedded", "mqtt://host:1883" or "mqtts://host:8883"'
        )
    username = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    return BrokerAddress(parts.hostname, port, username, password, parts.scheme == "mqtts")


def load(path: Path) -> Configuration:
    """Return the configuration of a file; a missing file is all defaults.

    Raises `ConfigurationError`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Configuration(path.absolute().parent)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: {error}") from None
    sections = {"hub": HubSection, "broker": BrokerSection, "grants": GrantsSection}
    for name in tables:
        if name not in sections:
            raise ConfigurationError(
                f"{path}: [{name}] is unknown; sections are {', '.join(sections)}"
            )
    hub = HubSection(**_checked(path, "hub", HubSection, tables.get("hub", {})))
    broker = BrokerSection(**_checked(path, "broker", BrokerSection, tables.get("broker", {})))
    grants = GrantsSection(**_checked(path, "grants", GrantsSection, tables.get("grants", {})))
    _check_hub(hub)
    _check_broker(broker, path.absolute().parent)
    if grants.amount_max < 0:
        raise ConfigurationError("[grants] amount_max: write 0 for no cap, or a positive number")
    return Configuration(path.absolute().parent, hub, broker, grants)


def _checked(path: Path, name: str, section: type, table: object) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path}: {name} must be a section; write [{name}]")
    known = {field.name: type(field.default) for field in fields(section)}
    for key, value in table.items():
        if key not in known:
            raise ConfigurationError(
                f"{path}: [{name}] {key} is unknown; keys are {', '.join(known)}"
            )
        if type(value) is not known[key]:
            wanted = "a text in quotes" if known[key] is str else "a whole number"
            raise ConfigurationError(f"{path}: [{name}] {key}: write {wanted}")
    return table


def _check_hub(hub: HubSection) -> None:
    if not 1 <= len(hub.chain) <= 64 or any(letter in hub.chain for letter in "/+#"):
        raise ConfigurationError("[hub] chain: 1 to 64 characters, none of / + #")
    if hub.listen_host.startswith("["):
        raise ConfigurationError("[hub] listen_host: write an IPv6 address without brackets")
    if not 1 <= hub.listen_port <= 65535:
        raise ConfigurationError("[hub] listen_port: write a port from 1 to 65535")
    if not -1080 <= hub.utc_offset_min <= 1080:
        raise ConfigurationError("[hub] utc_offset_min: write -1080 to 1080, such as 480")
    if not 0 <= hub.business_day_hour <= 23:
        raise ConfigurationError("[hub] business_day_hour: write an hour from 0 to 23")
    if hub.database and not hub.database.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise ConfigurationError(
            "[hub] database: write sqlite:///FILE or postgresql://USER@HOST/NAME"
        )


def _check_broker(broker: BrokerSection, folder: Path) -> None:
    if broker.protocol not in ("5", "3.1.1"):
        raise ConfigurationError('[broker] protocol: write "5" or "3.1.1"')
    if not 1 <= broker.port <= 65535:
        raise ConfigurationError("[broker] port: write a port from 1 to 65535")
    if broker.url != EMBEDDED:
        broker_address(broker.url)
    if broker.ca_file:
        try:
            ssl.create_default_context(cafile=folder / broker.ca_file)
        except OSError as error:
            raise ConfigurationError(
                f"[broker] ca_file: {folder / broker.ca_file}: {error.strerror or error};"
                " name a file of certificates (PEM) that the hub may read, or none"
            ) from None
