"""The configuration with other devices: as text, and as the box will read it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from edge.configuration import Configuration, ConfigurationError, read
from edge.discovery.found import Found
from edge.domain.refusals import Refusal, refuse
from edge.setup.choice import Choice, new_tables
from edge.setup.configuration_text import with_devices, without_devices


def with_choice(
    text: str,
    folder: Path,
    tables: Sequence[Mapping[str, object]],
    choice: Choice,
    found: Sequence[Found],
) -> tuple[str, Configuration] | Refusal:
    """`tables` are those of `text`; the choice names some of them, and some of what was found."""
    kept_names = [
        str(table.get("name", "")) for place, table in enumerate(tables) if place in choice.kept
    ]
    added = new_tables(choice, found, kept_names)
    if isinstance(added, Refusal):
        return added
    gone = frozenset(range(len(tables))) - choice.kept
    changed = with_devices(without_devices(text, gone), added)
    try:
        configuration = read(changed, folder)
    except ConfigurationError as error:
        return refuse("setup_device_refused", why=str(error))
    if len(configuration.devices) != len(choice.kept) + len(added):
        why = "devices: write each as a table [[devices]]"
        return refuse("setup_device_refused", why=why)
    return changed, configuration
