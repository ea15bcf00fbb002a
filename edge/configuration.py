"""The box's configuration: one TOML file, every key checked, every error with its remedy."""

import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from edge.desk.settings import DeskSettings
from edge.domain.business_day import CUT_OVER_HOUR_MAX, UTC_OFFSET_MIN_MAX
from edge.domain.refusals import CHINESE, LANGUAGES
from edge.drivers.errors import DeviceConfigurationError
from edge.drivers.options import option, read_options
from edge.drivers.stacks import SYSTEM

DEFAULT_FILE = "cafebox.toml"

SectionType = TypeVar("SectionType")


class ConfigurationError(Exception):
    """A key is wrong; the words name it and say what to write."""


@dataclass(frozen=True, slots=True)
class BoxSection:
    """[box]"""

    data_dir: str = option("box-data", low=1)
    listen_host: str = option("127.0.0.1", low=1)
    listen_port: int = option(8601, low=1, high=65535)
    language: str = option(CHINESE, choices=LANGUAGES)
    utc_offset_min: int = option(480, low=-UTC_OFFSET_MIN_MAX, high=UTC_OFFSET_MIN_MAX)
    business_day_hour: int = option(6, low=0, high=CUT_OVER_HOUR_MAX)


@dataclass(frozen=True, slots=True)
class HubSection:
    """[hub]"""

    url: str = option("http://127.0.0.1:8600", low=1)
    broker_url: str = option("")
    protocol: str = option("3.1.1", choices=("3.1.1", "5"))
    ca_file: str = option("")


@dataclass(frozen=True, slots=True)
class CounterSection:
    """[counter]"""

    same_tap_ms: int = option(3000, low=0, high=60_000)
    release_after_min: int = option(360, low=1, high=7 * 24 * 60)
    tailgating_s: int = option(0, low=0, high=300)


@dataclass(frozen=True, slots=True)
class SecondCopySection:
    """[second_copy]"""

    folder: str = option("")
    other_disk: bool = option(True)


@dataclass(frozen=True, slots=True)
class LogSection:
    """[log]"""

    level: str = option("info", choices=("debug", "info", "warning", "error"))


@dataclass(frozen=True, slots=True)
class StacksSection:
    """[stacks]"""

    pcsc: str = option(SYSTEM, low=1)
    gpio: str = option(SYSTEM, low=1)


@dataclass(frozen=True, slots=True)
class Configuration:
    """All sections; `folder` is what relative paths are relative to.

    `devices` are tables that `edge.drivers.registry` reads and checks.
    """

    folder: Path
    box: BoxSection
    hub: HubSection
    counter: CounterSection
    second_copy: SecondCopySection
    log: LogSection
    stacks: StacksSection
    devices: tuple[Mapping[str, object], ...]

    @property
    def address(self) -> str:
        """Where the counter page is."""
        return f"http://{place_text(self.box.listen_host, self.box.listen_port)}/"

    @property
    def listens_at(self) -> tuple[str | None, int]:
        """Address and port of the counter page; None for every address, IPv4's and IPv6's."""
        return _bound(self.box.listen_host), self.box.listen_port

    @property
    def data_dir(self) -> Path:
        """Where identity, keys and store lie."""
        return self.folder / self.box.data_dir

    @property
    def ca_file(self) -> Path | None:
        """Whose certificates the hub and the broker are believed by, None for the system's."""
        return self.folder / self.hub.ca_file if self.hub.ca_file else None

    @property
    def second_copy_folder(self) -> Path | None:
        """Where the second copy is kept, None for nowhere."""
        return self.folder / self.second_copy.folder if self.second_copy.folder else None

    def desk_settings(self, chain_key: bytes) -> DeskSettings:
        """The settings of the desk; `chain_key` comes from enrolment."""
        return DeskSettings(
            chain_key,
            self.box.utc_offset_min,
            self.box.business_day_hour,
            self.counter.same_tap_ms,
            self.counter.release_after_min * 60_000,
            self.counter.tailgating_s * 1000,
        )


def place_text(host: str, port: int) -> str:
    """A server's place as an address has it: IPv6 in brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _bound(host: str) -> str | None:
    """`::` means all: asyncio would bind it to IPv6 alone."""
    return None if host == "::" else host


_SECTIONS = ("box", "hub", "counter", "second_copy", "log", "stacks")


def load(path: Path) -> Configuration:
    """The configuration of a file; a missing file is all defaults, without devices.

    Raises `ConfigurationError`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}. Make it a readable UTF-8 file") from None
    try:
        return read(text, path.absolute().parent)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None


def read(text: str, folder: Path) -> Configuration:
    """The configuration of a text. Raises `ConfigurationError`."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{error}. Compare with: cafebox example-config") from None
    for name in tables:
        if name not in (*_SECTIONS, "devices"):
            known = ", ".join(_SECTIONS)
            raise ConfigurationError(f"[{name}]: unknown. Use {known} or [[devices]]")
    devices = tables.get("devices", [])
    if not isinstance(devices, list) or not all(isinstance(table, dict) for table in devices):
        raise ConfigurationError("devices: not tables. Write [[devices]] above each one")
    return Configuration(
        folder,
        _checked_box(_section(BoxSection, tables, "box")),
        _checked_hub(_section(HubSection, tables, "hub"), folder),
        _section(CounterSection, tables, "counter"),
        _section(SecondCopySection, tables, "second_copy"),
        _section(LogSection, tables, "log"),
        _section(StacksSection, tables, "stacks"),
        tuple(devices),
    )


def _section(section_type: type[SectionType], tables: dict[str, object], name: str) -> SectionType:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise ConfigurationError(f"{name}: not a section. Write [{name}] above its keys")
    try:
        return read_options(section_type, table, name)
    except DeviceConfigurationError as error:
        raise ConfigurationError(f"{error.key}: {error.reason}. {error.hint}") from None


def _checked_box(box: BoxSection) -> BoxSection:
    if not _can_be_host(box.listen_host) or box.listen_host.startswith("["):
        raise ConfigurationError(
            f"box.listen_host: {box.listen_host!r} is no address."
            ' Set "127.0.0.1", "0.0.0.0" or, with IPv6, "::" (without brackets)'
        )
    return box


def _checked_hub(hub: HubSection, folder: Path) -> HubSection:
    if not _is_address(hub.url, ("http", "https")):
        raise ConfigurationError(f'hub.url: {hub.url!r} is no address. Set "http://host:8600"')
    if hub.broker_url and not _is_address(hub.broker_url, ("mqtt", "mqtts")):
        raise ConfigurationError(
            f"hub.broker_url: {hub.broker_url!r} is no broker."
            ' Set "mqtt://host:1883", or "" for what the hub said'
        )
    if hub.ca_file:
        try:
            ssl.create_default_context(cafile=folder / hub.ca_file)
        except OSError as error:
            raise ConfigurationError(
                f"hub.ca_file: {folder / hub.ca_file}: {error.strerror or error}."
                " Name a file of certificates (PEM) that the box may read, or none"
            ) from None
    return hub


def _is_address(url: str, schemes: tuple[str, ...]) -> bool:
    """Whether it has one of the schemes, a host that can be one, and a port that can be one."""
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and parts.port != 0 and _can_be_host(parts.hostname or "")
    except ValueError:
        return False


def _can_be_host(name: str) -> bool:
    """Whether a name can be looked up, as `hub..lan` cannot."""
    try:
        return bool(name.encode("idna"))
    except UnicodeError:
        return False
