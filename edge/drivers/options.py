"""Options of a driver: a frozen dataclass read from a configuration table, checked key by key.

    @dataclass(frozen=True, slots=True)
    class Options:
        pin: int = option(low=0, high=27)                 # no default: the key must be there
        hold_ms: int = option(3000, low=50, high=30_000)

Types are `int`, `bool`, `str`, and `tuple[str, ...]` for a list of its choices. An unknown key, a
missing key, a wrong type and a value out of range are each a DeviceConfigurationError that names
the key and the remedy.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, field, fields
from typing import Any, TypeVar, get_type_hints

from edge.drivers.errors import DeviceConfigurationError

OptionsType = TypeVar("OptionsType")


def option(
    default: object = MISSING,
    *,
    low: int | None = None,
    high: int | None = None,
    choices: tuple[object, ...] = (),
) -> Any:
    """A field with its limits; `low` and `high` bound an int, or the length of a str."""
    limits = {"low": low, "high": high, "choices": choices}
    if default is MISSING:
        return field(metadata=limits)
    return field(default=default, metadata=limits)


def read_options(
    options_type: type[OptionsType], table: Mapping[str, object], where: str
) -> OptionsType:
    """Build `options_type` from a table; `where` is the table's place, such as `devices[0]`."""
    known = {known_field.name: known_field for known_field in fields(options_type)}  # type: ignore[arg-type]  # dataclasses have no type of their own
    types = get_type_hints(options_type)
    for key in table:
        if key not in known:
            raise DeviceConfigurationError(
                f"{where}.{key}", "unknown key", f"Remove it, or use one of: {', '.join(known)}"
            )
    values = {}
    for key, known_field in known.items():
        if key in table:
            values[key] = _checked(table[key], types[key], known_field, f"{where}.{key}")
        elif known_field.default is MISSING:
            raise DeviceConfigurationError(
                f"{where}.{key}", "missing", f"Add {key} = {_allowed(types[key], known_field)}"
            )
    return options_type(**values)


def _checked(value: object, expected: type, known_field: "Field[Any]", key: str) -> object:
    allowed = _allowed(expected, known_field)
    limits = known_field.metadata
    if expected == tuple[str, ...]:
        if not isinstance(value, list) or not all(item in limits["choices"] for item in value):
            raise DeviceConfigurationError(key, f"{value!r} is not allowed", f"Set {allowed}")
        return tuple(value)
    if type(value) is not expected:  # not isinstance: True is no int here
        raise DeviceConfigurationError(
            key, f"{value!r} is of type {type(value).__name__}", f"Set {allowed}"
        )
    size = len(value) if isinstance(value, str) else value
    too_low = limits["low"] is not None and isinstance(size, int) and size < limits["low"]
    too_high = limits["high"] is not None and isinstance(size, int) and size > limits["high"]
    not_a_choice = limits["choices"] and value not in limits["choices"]
    if too_low or too_high or not_a_choice:
        raise DeviceConfigurationError(key, f"{value!r} is not allowed", f"Set {allowed}")
    return value


def _allowed(expected: type, known_field: "Field[Any]") -> str:
    """What a person may write, in words."""
    limits = known_field.metadata
    if limits["choices"]:
        return "one of " + ", ".join(repr(choice) for choice in limits["choices"])
    if expected is bool:
        return "true or false"
    if expected is int:
        return f"a whole number, {limits['low']} to {limits['high']}"
    if limits["low"]:
        return "a text that is not empty"
    return "a text"
