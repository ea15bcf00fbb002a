"""A device that comes later: the box goes on working, and starts anew with the changed file.

The running box holds its devices, so that they cannot be tried here: they are made, not opened. A
box that does not start with them takes the file as it was (`edge/first_boot.py` `run`).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edge.configuration import Configuration
from edge.discovery.found import Finder
from edge.discovery.survey import Survey, survey
from edge.domain.refusals import Refusal, refuse
from edge.drivers.bridge import Bridge
from edge.drivers.errors import DeviceConfigurationError
from edge.drivers.registry import build_devices
from edge.drivers.stacks import Stacks
from edge.durable_file import replace_durably
from edge.setup.choice import Choice, Place, places_of
from edge.setup.rewriting import with_choice


class DeviceChange:
    """What one run of the box may have changed; `before` is the file's text then, else None."""

    def __init__(
        self,
        path: Path,
        configuration: Configuration,
        finders: Callable[[Stacks, bool], Sequence[Finder]],
    ) -> None:
        self._path = path
        self._configuration = configuration
        self._finders = finders
        self._stacks = Stacks(configuration.stacks.pcsc, configuration.stacks.gpio)
        self.survey = Survey((), ())
        self.before: str | None = None

    @property
    def tables(self) -> tuple[Mapping[str, object], ...]:
        """The device tables that stand in the file."""
        return self._configuration.devices

    @property
    def places(self) -> list[Place]:
        """What was found besides."""
        return places_of(self.survey.found, self.tables)

    async def look(self) -> None:
        """Look for devices, and disturb none that are in use."""
        self.survey = await survey(self._finders(self._stacks, False))

    async def use(self, choice: Choice) -> Refusal | None:
        """Write the file with the chosen devices. Raises OSError."""
        if self.before is not None:
            return None  # a form that was sent twice
        text = await asyncio.to_thread(self._path.read_text, encoding="utf-8")
        folder = self._path.absolute().parent
        changed = with_choice(text, folder, self.tables, choice, self.survey.found)
        if isinstance(changed, Refusal):
            return changed
        try:
            build_devices(changed[1].devices, Bridge(lambda _event: None), self._stacks)
        except DeviceConfigurationError as error:
            return refuse("setup_device_refused", why=str(error))
        await self._write(changed[0])
        self.before = text
        return None

    async def take_back(self) -> None:
        """Write the file as it was. Raises OSError."""
        if self.before is not None:
            await self._write(self.before)

    async def _write(self, text: str) -> None:
        mode = self._path.stat().st_mode & 0o777
        await asyncio.to_thread(replace_durably, self._path, text.encode(), mode)
