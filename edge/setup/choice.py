"""What a technician chose: devices of the file that stay, devices found, one named by hand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from edge.discovery.found import Found, Option
from edge.discovery.listing import name_of
from edge.discovery.serial_ports import USES
from edge.discovery.tables import Table, device_tables
from edge.domain.refusals import Refusal, refuse

PORT_LENGTH_MAX = 255
BAUDS = (9600, 19200, 38400, 57600, 115_200)
"""Of serial printers; the first is what they mostly leave the works with."""
BY_HAND = tuple(USES)
"""(kind, driver) of what a person may name the port of."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A use of what stands at `place`; `settings` are numbers that only a person can know."""

    kind: str
    driver: str
    place: str
    settings: Mapping[str, int] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.driver, self.place


@dataclass(frozen=True, slots=True)
class Choice:
    """`kept` are places of tables in the file; `by_hand` names a port that no finder told."""

    kept: frozenset[int]
    chosen: tuple[Chosen, ...] = ()
    by_hand: Chosen | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where something hangs, and what it may be."""

    place: str
    label: str
    uses: tuple[Found, ...]

    @property
    def is_one_device(self) -> bool:
        """Whether it is one of its uses at most; else each use has pins of its own."""
        return not any(is_pin(name) for one in self.uses for name in one.options)


def is_pin(option: str) -> bool:
    return option.startswith("pin")


def settings_of(found: Found) -> dict[str, Option]:
    """What a person may have to set, with what it is unless they do."""
    if (found.kind, found.driver) == ("receipt_printer", "serial"):
        return {"baud": found.options.get("baud", BAUDS[0])}
    return {name: value for name, value in found.options.items() if is_pin(name)}


def places_of(found: Iterable[Found], tables: Sequence[Mapping[str, object]]) -> list[Place]:
    """What was found and stands in no table yet."""
    grouped: dict[str, list[Found]] = {}
    for one in found:
        if not name_of(one, tables):
            grouped.setdefault(one.place, []).append(one)
    return [Place(place, uses[0].label, tuple(uses)) for place, uses in grouped.items()]


def new_tables(
    choice: Choice, found: Sequence[Found], kept_names: Iterable[str]
) -> list[tuple[str, Table]] | Refusal:
    """The tables to add, each with what the device calls itself."""
    known = {(one.kind, one.driver, one.place): one for one in found}
    wanted: list[Found] = []
    for chosen in choice.chosen:
        one = known.get(chosen.key)
        if one is None:
            return refuse("setup_device_gone", place=chosen.place)
        wanted.append(_with_settings(one, chosen.settings))
    if choice.by_hand is not None:
        by_hand = _by_hand(choice.by_hand)
        if isinstance(by_hand, Refusal):
            return by_hand
        wanted.append(by_hand)
    tables = device_tables(wanted, frozenset(kept_names))
    return [(one.label, table) for one, table in zip(wanted, tables, strict=True)]


def _by_hand(chosen: Chosen) -> Found | Refusal:
    options = USES.get((chosen.kind, chosen.driver))
    if options is None or not chosen.place.startswith("/") or len(chosen.place) > PORT_LENGTH_MAX:
        return refuse("setup_port", port=chosen.place[:PORT_LENGTH_MAX])
    known = {"port": chosen.place, **options}
    found = Found(chosen.kind, chosen.driver, known, chosen.place, "entered by hand at set-up")
    return _with_settings(found, chosen.settings)


def _with_settings(found: Found, settings: Mapping[str, int]) -> Found:
    known = settings_of(found)
    changed = {name: value for name, value in settings.items() if name in known}
    return replace(found, options={**found.options, **changed})
