"""The steps from a code of head office to the first tap, each of them refused without a trace.

The file of the configuration is written when the devices are confirmed, after `edge.configuration`
has read it and the devices were opened by it. The identity is written by `edge.sync.enrolment`; one
that stands there is never replaced from here.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp

from edge.configuration import Configuration, place_text
from edge.discovery.found import Finder, Found
from edge.discovery.survey import Survey, survey
from edge.domain.refusals import LANGUAGES, Refusal, refuse
from edge.drivers.errors import DeviceConfigurationError, DeviceError
from edge.drivers.stacks import Stacks
from edge.durable_file import replace_durably
from edge.example_configuration import SETTINGS_EXAMPLE
from edge.second_copy.rebuild import is_to_be_rebuilt
from edge.setup.choice import Choice, Place, places_of
from edge.setup.configuration_text import with_settings
from edge.setup.hub import CODE_LENGTH_MAX, hub_address, why_refused, why_unreachable
from edge.setup.line import has_network
from edge.setup.progress import Progress, ProgressFile
from edge.setup.rewriting import with_choice
from edge.setup.slips import pin_slip, trial_slip
from edge.setup.succession import Rebuild, Succession
from edge.setup.trial import Trial
from edge.sync.enrolment import Enrolment, EnrolmentError, enrol, load_enrolment
from edge.sync.hub_http import HubHttp, HubRefusedError, HubUnreachableError
from edge.sync.line_switch import LineSwitch
from edge.sync.mqtt_transport import login_of
from sync_protocol.errors import ProtocolError

BROKER_S = 5.0
NEW_FILE_MODE = 0o640
FOLDER_SHOWN_MAX = 100

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the set-up is handed; `address` is where people open the box's page.

    `finders` are asked where devices are; True for those that may disturb them. `copies` are
    folders in which a dead box's second copy may lie.
    """

    configuration_path: Path
    identity_path: Path
    store_path: Path
    address: str
    hardware: bytes
    software: str
    client: aiohttp.ClientSession
    finders: Callable[[bool], Sequence[Finder]]
    rebuild: Rebuild
    copies: Sequence[Path]
    stacks: Stacks
    random_bytes: Callable[[int], bytes]
    wall_ms: Callable[[], int]


class Setup:
    """One first boot: `is_over` once finished, `handed_over` when the counter may take over."""

    def __init__(
        self,
        around: Surroundings,
        configuration: Configuration,
        file: ProgressFile,
        begun: Progress,
    ) -> None:
        """Raises EnrolmentError for an identity that cannot be read."""
        self._around = around
        self._file = file
        self._progress = begun
        self._text = _text_of(around.configuration_path)
        self.configuration = configuration
        self.address = around.address
        self.pin = begun.pin
        self.enrolment = load_enrolment(around.identity_path)
        self.survey = Survey((), ())
        self.trial = Trial(around.stacks)
        self.succession = Succession(around.rebuild, around.copies)
        self.broker_silent = ""
        self.is_over = False
        self.handed_over = asyncio.Event()
        self._one_step = asyncio.Lock()

    @property
    def hub(self) -> str:
        """The hub's address as far as it is known: as provisioned, or as typed."""
        return self._progress.hub or self.configuration.hub.url

    @property
    def language(self) -> str:
        """Of receipts."""
        return self._progress.language or self.configuration.box.language

    @property
    def tables(self) -> tuple[Mapping[str, object], ...]:
        """The device tables that stand in the file."""
        return self.configuration.devices

    @property
    def places(self) -> list[Place]:
        """What was found besides."""
        return places_of(self.survey.found, self.tables)

    @property
    def succeeds(self) -> bool:
        """Whether the box takes the place of another, which wrote under its name before."""
        return self.enrolment is not None and self.enrolment.identity.epoch > 1

    @property
    def is_to_be_rebuilt(self) -> bool:
        """Whether it has none of that box's data yet."""
        if self.enrolment is None:
            return False
        return is_to_be_rebuilt(self._around.store_path, self.enrolment.identity.epoch)

    async def copies(self) -> list[Path]:
        """The folders with a second copy of the box before this one."""
        if self.enrolment is None:
            return []
        identity = self.enrolment.identity
        return await self.succession.copies(identity.chain, identity.node)

    async def take_over(self, copy: str) -> Refusal | None:
        """Begin to take the dead box's place, with the copy in that folder, "" for none."""
        if not self.is_to_be_rebuilt:
            return None  # done by a shell, or a form that was sent twice
        folders = {str(folder): folder for folder in await self.copies()}
        if copy and copy not in folders:
            return refuse("setup_copy_gone", folder=copy[:FOLDER_SHOWN_MAX])
        self._keep(replace(self._progress, copy=copy))
        self.succession.begin(self.hub, folders.get(copy))
        return None

    def choose_language(self, language: str) -> Refusal | None:
        if language not in LANGUAGES:
            return refuse("setup_language")
        self._keep(replace(self._progress, language=language))
        return None

    async def enrol(self, hub: str, code: str) -> Refusal | None:
        """Get the identity by a one-time code. A repeat after a lost answer gets the same one."""
        address = hub_address(hub)
        if isinstance(address, Refusal):
            return address
        if not 0 < len(code.strip()) <= CODE_LENGTH_MAX:
            return refuse("setup_code_missing")
        async with self._one_step:
            if self.enrolment is not None:
                return None  # a form that was sent twice
            # Before the code is used: after a power cut the box must know that it was set up here.
            self._keep(replace(self._progress, hub=address))
            answered = await self._ask(address, code.strip())
            if isinstance(answered, Refusal):
                self._keep(replace(self._progress, hub=""))
                return answered
            self.enrolment = answered
        log.info("enrolled", extra={"node": answered.answer.node, "cafe": answered.answer.cafe})
        await asyncio.gather(self.look_at_broker(), self.look())
        return None

    async def look_at_broker(self) -> None:
        """Note where the broker is, if it does not answer: the box works, without a line."""
        if self.enrolment is None:
            return
        hub = self.configuration.hub
        self.broker_silent = ""
        try:
            url = hub.broker_url or self.enrolment.answer.broker
            login = login_of(url, hub.protocol, self.configuration.ca_file)
        except ValueError:
            return
        try:
            async with asyncio.timeout(BROKER_S):
                _, writer = await asyncio.open_connection(login.host, login.port, ssl=login.tls)
            writer.close()
        except (OSError, TimeoutError):
            self.broker_silent = place_text(login.host, login.port)

    async def look(self, *, ask: bool = False) -> None:
        """Look for devices anew; `ask` serial ports what hangs on them, which takes seconds."""
        self.survey = await survey(self._around.finders(ask))

    async def use_devices(self, choice: Choice) -> Refusal | None:
        """Write the configuration with the chosen devices, which are at work then."""
        async with self._one_step:
            if self.enrolment is None:
                return refuse("setup_code_first")
            folder = self._around.configuration_path.absolute().parent
            found = self.survey.found
            changed = with_choice(self._with_settings(), folder, self.tables, choice, found)
            if isinstance(changed, Refusal):
                return changed
            text, written = changed
            try:
                await self.trial.use(written.devices)
            except DeviceConfigurationError as error:
                return refuse("setup_device_refused", why=str(error))
            await asyncio.to_thread(self._write, text)
            self._text, self.configuration = text, written
            return None

    async def print_test_slip(self) -> Refusal | str:
        """Print it on the first printer; a reason of `edge.drivers.errors` if it did not come."""
        if self.enrolment is None or not self.trial.has_printer:
            return refuse("setup_no_printer")
        answer = self.enrolment.answer
        box = f"{answer.chain} {answer.cafe}.{answer.node}"
        offset_min = self.configuration.box.utc_offset_min
        slip = trial_slip(box, self.address, self._around.wall_ms(), offset_min)
        try:
            await self.trial.print_slip(slip)
        except DeviceError as error:
            return error.reason
        return ""

    @property
    def sure_printers(self) -> list[Found]:
        """Printers that are nothing else for sure: a slip may be sent there unasked."""
        return [one for one in self.survey.found if one.kind == "receipt_printer" and one.sure]

    async def print_pin(self) -> Refusal | None:
        """Print the setup PIN wherever there is a printer for sure."""
        tables = [
            {"kind": one.kind, "driver": one.driver, "name": f"{number}", **one.options}
            for number, one in enumerate(self.sure_printers)
        ]
        slip = pin_slip(self.pin, self.address)
        try:
            printed = await self.trial.print_on_each(tables, slip)
        except DeviceConfigurationError:
            printed = 0
        return None if printed else refuse("setup_pin_not_printed")

    async def finish(self) -> Refusal | None:
        """Close the devices; nothing of the set-up is left but the page that says so."""
        async with self._one_step:
            if self.enrolment is None:
                return refuse("setup_code_first")
            await self.trial.close()
            text = _text_of(self._around.configuration_path)
            settled = with_settings(text, self._settings())
            if settled != text:
                await asyncio.to_thread(self._write, settled)
            if self.is_to_be_rebuilt:
                return refuse("setup_successor")
            await asyncio.to_thread(self._file.remove)
            self.is_over = True
            return None

    async def _ask(self, hub: str, code: str) -> Enrolment | Refusal:
        around = self._around
        try:
            return await enrol(
                around.identity_path,
                HubHttp(hub, around.client, LineSwitch()),
                code,
                hardware=around.hardware,
                software=around.software,
                random_bytes=around.random_bytes,
            )
        except HubRefusedError as error:
            return why_refused(error, hub)
        except HubUnreachableError as error:
            return why_unreachable(error, hub, has_network=has_network())
        except ProtocolError:
            return refuse("setup_not_a_hub", hub=hub)
        except EnrolmentError as error:
            return refuse("setup_identity", why=str(error))

    def _keep(self, progress: Progress) -> None:
        self._file.write(progress)
        self._progress = progress

    def _settings(self) -> dict[tuple[str, str], str]:
        settings = {("hub", "url"): self.hub, ("box", "language"): self.language}
        if self._progress.copy and not self.configuration.second_copy.folder:
            settings["second_copy", "folder"] = self._progress.copy
        return settings

    def _with_settings(self) -> str:
        return with_settings(self._text, self._settings())

    def _write(self, text: str) -> None:
        path = self._around.configuration_path
        mode = path.stat().st_mode & 0o777 if path.exists() else NEW_FILE_MODE
        replace_durably(path, text.encode(), mode)


def _text_of(path: Path) -> str:
    """The configuration's text; where there is none, every key with its meaning, no devices."""
    return path.read_text(encoding="utf-8") if path.exists() else SETTINGS_EXAMPLE
