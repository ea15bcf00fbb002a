"""`cafebox doctor`: looks at everything that the box needs; each finding says what to type."""

import asyncio
import os
import shutil
import sqlite3
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp

from edge import app, machine
from edge.configuration import Configuration, ConfigurationError, place_text
from edge.desk.copy_state import CopyState
from edge.desk.reconciling import reconcile_cafe
from edge.domain.business_day import business_day
from edge.drivers.bridge import Bridge
from edge.drivers.contract import DeviceStatus
from edge.drivers.errors import HINTS, DeviceConfigurationError, Reason
from edge.drivers.registry import Devices, build_devices
from edge.drivers.stacks import Stacks
from edge.events import DeviceState
from edge.second_copy.follower import CopyPlace
from edge.store.backup import check_backup
from edge.store.errors import StoreError
from edge.store.opening import open_reader
from edge.sync.enrolment import Enrolment, EnrolmentError
from edge.sync.tls import distrust_of, http_client
from sync_protocol.ops import TRUST_MEASURED, TRUST_NONE, TRUST_RTC

FREE_BYTES_MIN = 500 * 1024 * 1024
"""A week without a line writes a few hundred megabytes."""
FIRST_WORD_S = 60.0
"""How long a driver gets to say anything, on a machine that is busy."""
SETTLE_S = 3.0
"""How long devices get to say that they are well."""
ANSWER_S = 5.0
CLOCK_APART_S = 60.0
"""More than a slow answer and the whole seconds of the hub's date can explain."""
UPDATE_KEY_BYTES = 32
OWN_USER = "Type it as the box's own user, on a provisioned Pi: sudo cafebox doctor"
CLOCK_WORDS: Mapping[object, str] = {
    TRUST_NONE: "nobody vouches for it until the hub is heard",
    TRUST_RTC: "from the hardware clock",
    TRUST_MEASURED: "measured against the hub",
}
CLOCK_REMEDY = (
    "Bring the line to the hub up, and type: timedatectl, systemctl status cafebox-clock."
    " A clock with a cell keeps the time without a line: provision --clock ds3231"
)
UPDATE_KEYS_REMEDY = "Copy release.pub of head office there: it comes from cafebox-update new-key"
NEW_EPOCH = (
    "Head office: cafebox-hub enrol-code --cafe CAFE --node NODE."
    " Here, with the box stopped: cafebox enrol CODE --again"
)
STOP_REMEDIES = {
    "own_op_not_applied": "Head office must look at the case that names this box's entry",
    "fenced_rewind": f"An old copy of the store was put back. {NEW_EPOCH}",
    "fenced_fork": f"Another box runs on a copy of this store: find it, stop it. {NEW_EPOCH}",
    "fenced_epoch_closed": f"A later epoch of this box was given. {NEW_EPOCH}",
    "fenced_unknown_node": f"The hub does not know this box. {NEW_EPOCH}",
    "fenced_revoked": "Head office has locked this box: cafebox-hub node-status NODE active",
    "other_hardware": f"The store was moved to this machine. {NEW_EPOCH}",
}
"""What to do where the store says that nothing may be spent, by its code."""
COPY_REMEDIES = {
    CopyState.OFF: 'Plug a stick in; in the configuration: [second_copy] folder = "/media/..."',
    CopyState.BEHIND: "Wait a moment; if it stays so, the medium is slow: use another one",
    CopyState.OTHER_ENTRIES: "Keep the stick. It holds entries that this store has not: head office"
    " takes them by cafebox-hub carry-in FOLDER",
    CopyState.MISSING: "Plug the stick in and mount it. Type: lsblk, then mount",
    CopyState.SAME_DISK: "Nothing is mounted there. Type: lsblk, then mount;"
    " or set other_disk = false if that disk is meant",
    CopyState.FULL: "Use a larger stick, or bring the line up: what the hub has goes away",
    CopyState.READ_ONLY: "Type: mount -o remount,rw FOLDER; look at the stick's lock",
    CopyState.FAULT: "Type: dmesg | tail; use another stick",
}
"""What to do about the second copy, by its state."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `remedy` is empty where all is well."""

    check: str
    ok: bool
    found: str
    remedy: str = ""


async def examine(
    configuration: Configuration, update_keys: Path = machine.UPDATE_KEYS
) -> list[Finding]:
    """All findings, in the order in which one would repair them."""
    findings = [*_folder(configuration.data_dir)]
    enrolment = None
    try:
        enrolment = app.enrolment_of(configuration)
        answer = enrolment.answer
        name = f"node {answer.node}.{answer.epoch} of cafe {answer.cafe} in chain {answer.chain}"
        findings.append(Finding("identity", True, name))
    except (app.NotEnrolledError, EnrolmentError) as error:
        findings.append(Finding("identity", False, "none that can be used", str(error)))
    except PermissionError as error:
        findings.append(Finding("identity", False, "it may not be read", f"{OWN_USER}: {error}"))
    findings.append(await asyncio.to_thread(_store, configuration.data_dir / app.STORE_NAME))
    findings.append(await asyncio.to_thread(_papers, configuration))
    hub, hub_s = await _hub(configuration)
    findings.append(hub)
    findings.append(_clock(await ask_health(configuration), hub_s))
    if enrolment is not None:
        findings.append(await _broker(configuration, enrolment))
    findings.append(await _second_copy(configuration))
    findings += await _devices(configuration)
    findings += _update_keys(update_keys)
    return findings


def _folder(folder: Path) -> Iterator[Finding]:
    place = folder if folder.exists() else folder.parent
    if not os.access(place, os.W_OK):
        remedy = f"{OWN_USER}; else: chown $USER {place}"
        yield Finding("folder", False, f"{place} cannot be written", remedy)
        return
    free_bytes = shutil.disk_usage(place).free
    enough = free_bytes >= FREE_BYTES_MIN
    remedy = "" if enough else "Free at least 500 MB: a week without a line needs it"
    yield Finding("folder", enough, f"{place}, {free_bytes // 1_048_576} MB free", remedy)


def _store(path: Path) -> Finding:
    try:
        if not path.exists():
            return Finding("store", True, "none yet; the first start makes it")
        reader = open_reader(path)
        with closing(reader.database):
            check_backup(reader)
            outbox = reader.outbox()
            stopped = reader.stop_spending()
    except StoreError as error:
        words = f"{error.words}. With a second copy: cafebox rebuild --from FOLDER CODE"
        return Finding("store", False, error.code, words)
    except PermissionError as error:
        return Finding("store", False, "it may not be read", f"{OWN_USER}: {error}")
    if stopped:
        remedy = STOP_REMEDIES.get(stopped, "Head office must look at this box")
        return Finding("store", False, f"spending is stopped: {stopped}", remedy)
    return Finding("store", True, f"whole; {outbox.count} ops wait for the hub")


def _papers(configuration: Configuration) -> Finding:
    """Whether the day's top-ups and sales say what the ledger says."""
    path = configuration.data_dir / app.STORE_NAME
    now_ms = time.time_ns() // 1_000_000
    day = business_day(
        now_ms, configuration.box.utc_offset_min, configuration.box.business_day_hour
    )
    try:
        if not path.exists():
            return Finding("papers", True, "none yet")
        reader = open_reader(path)
        with closing(reader.database):
            found = reconcile_cafe(reader, reader.identity.cafe, day)
    except (StoreError, sqlite3.DatabaseError, ValueError, PermissionError):
        return Finding("papers", False, "the store cannot be read", "As for the store")
    if not found.differences:
        return Finding("papers", True, f"those of {day} agree with the ledger")
    numbers = ", ".join(one.number for one in found.differences)
    remedy = "Look at «Reconcile accounts» at the counter, and tell head office"
    return Finding("papers", False, f"they differ from the ledger: {numbers}", remedy)


async def _hub(configuration: Configuration) -> tuple[Finding, float | None]:
    """Whether the hub answers, and how many seconds its clock is ahead of ours (RFC 9110, Date)."""
    url, ca_file = configuration.hub.url, configuration.ca_file
    address = url.rstrip("/") + "/healthz"
    timeout = aiohttp.ClientTimeout(total=ANSWER_S)
    try:
        async with http_client(ca_file, timeout) as client, client.get(address) as answer:
            status, date = answer.status, answer.headers.get("Date", "")
    except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError) as error:
        cause = error.__cause__
        fault = cause if isinstance(cause, ssl.SSLError) else ssl.SSLError(str(error))
        return await _distrusted("hub", url, fault, (error.host, error.port or 443), ca_file), None
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        why = str(error) or type(error).__name__
        remedy = "Compare hub.url with the hub's address"
        return Finding("hub", False, f"{url}: {why}", remedy), None
    well = status == 200
    remedy = "" if well else "Look at the hub's log"
    try:
        ahead_s = parsedate_to_datetime(date).timestamp() - time.time()
    except ValueError:
        return Finding("hub", well, f"{url} answers {status}", remedy), None
    return Finding("hub", well, f"{url} answers {status}", remedy), ahead_s


def _clock(health: dict[str, object] | None, hub_ahead_s: float | None) -> Finding:
    """How good the time is: compared with the hub's, and what the running box makes of it."""
    trust: object
    if health is None or "clock_trust" not in health:  # set up just now
        health, trust = None, machine.machine_clock().trust
    else:
        trust = health["clock_trust"]
    words = CLOCK_WORDS.get(trust, CLOCK_WORDS[TRUST_NONE])
    if hub_ahead_s is not None and abs(hub_ahead_s) > CLOCK_APART_S:
        way = "behind" if hub_ahead_s > 0 else "ahead of"
        found = f"{abs(hub_ahead_s):.0f} s {way} the hub's time; {words}"
        return Finding("clock", False, found, CLOCK_REMEDY)
    heard = health is None and hub_ahead_s is not None
    well = trust != TRUST_NONE or heard
    return Finding("clock", well, "as the hub's" if heard else words, "" if well else CLOCK_REMEDY)


def _update_keys(folder: Path) -> Iterator[Finding]:
    """Whether a box that was provisioned can take an update: some key must vouch for it."""
    if not folder.parent.is_dir():
        return  # not provisioned: updated by pip
    try:
        keys = [path.read_text(encoding="ascii").strip() for path in sorted(folder.glob("*.pub"))]
        broken = sum(len(bytes.fromhex(key)) != UPDATE_KEY_BYTES for key in keys)
    except (OSError, ValueError) as error:
        yield Finding("update keys", False, f"{folder}: {error}", UPDATE_KEYS_REMEDY)
        return
    well = bool(keys) and not broken
    found = f"{len(keys)} in {folder}" + (f", {broken} of another length" if broken else "")
    yield Finding("update keys", well, found, "" if well else UPDATE_KEYS_REMEDY)


async def _broker(configuration: Configuration, enrolment: Enrolment) -> Finding:
    try:
        login = app.broker_login(configuration, enrolment)
    except ConfigurationError as error:
        return Finding("broker", False, "no address", str(error))
    place = place_text(login.host, login.port)
    try:
        async with asyncio.timeout(ANSWER_S):
            _, writer = await asyncio.open_connection(login.host, login.port, ssl=login.tls)
    except (OSError, TimeoutError) as error:
        if isinstance(error, ssl.SSLError) or (
            login.tls and isinstance(error, ConnectionResetError)
        ):
            server = (login.host, login.port)
            return await _distrusted("broker", place, error, server, configuration.ca_file)
        why = str(error) or "no answer"
        return Finding(
            "broker", False, f"{place}: {why}", "Start the broker, or set hub.broker_url"
        )
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return Finding("broker", True, f"{place} answers{' by TLS' if login.tls else ''}")


async def _distrusted(
    check: str, place: str, error: OSError, server: tuple[str, int], ca_file: Path | None
) -> Finding:
    """Why a TLS line to a server was not opened."""
    why = await asyncio.to_thread(distrust_of, error, *server, ca_file)
    return Finding(check, False, f"{place}: {why.found}", why.remedy)


async def _second_copy(configuration: Configuration) -> Finding:
    """Whether what the hub has not is on a second medium: asked of a running box, or looked at."""
    name, folder = "second copy", configuration.second_copy_folder
    if folder is None:
        found = "one copy only: what the hub has not is on this disk alone"
        return Finding(name, True, found, COPY_REMEDIES[CopyState.OFF])
    health = await ask_health(configuration)
    if health is not None and "second_copy" in health:  # else it is being set up
        state = CopyState(str(health["second_copy"]))
    else:
        place = CopyPlace(folder, configuration.data_dir, configuration.second_copy.other_disk)
        state = place.fault() or CopyState.IN_STEP
    well = state is CopyState.IN_STEP
    words = f"in {folder}" if well else f"{folder}: {state.value.replace('_', ' ')}"
    return Finding(name, well, words, COPY_REMEDIES.get(state, ""))


async def ask_health(configuration: Configuration) -> dict[str, object] | None:
    """What a running box says of itself at `/healthz`, None where none answers."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as client,
            client.get(configuration.address + "healthz") as response,
        ):
            values = await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None
    return values if isinstance(values, dict) else None


async def _devices(configuration: Configuration) -> list[Finding]:
    """How the devices do: asked of a running box, which holds them, or else tried for a moment."""
    health = await ask_health(configuration) or {}
    states, reasons = health.get("devices"), health.get("device_reasons")
    if isinstance(states, dict) and isinstance(reasons, dict):
        return [_device(name, state, reasons.get(name, "")) for name, state in states.items()]
    return await _try_devices(configuration)


def _device(name: str, state: str, reason: str) -> Finding:
    """One device's finding: its reason's hint is what to type next."""
    hints = {one.value: hint for one, hint in HINTS.items()}
    well = state == DeviceState.OK
    remedy = "" if well else hints.get(reason, "The counter page's foot says what to do")
    return Finding(f"device {name}", well, state if well else f"{state}: {reason}", remedy)


async def _try_devices(configuration: Configuration) -> list[Finding]:
    stacks = Stacks(configuration.stacks.pcsc, configuration.stacks.gpio)
    settled = asyncio.Event()
    try:
        devices = build_devices(configuration.devices, Bridge(lambda _event: settled.set()), stacks)
        await devices.open()
    except DeviceConfigurationError as error:
        return [Finding("devices", False, f"{error.key}: {error.reason}", error.hint)]
    try:
        await _settle(devices, settled)
        statuses = [(device.name, device.status) for device in devices]
        return [_device(name, status.state.value, status.reason) for name, status in statuses]
    finally:
        await devices.close()


async def _settle(devices: Devices, changed: asyncio.Event) -> None:
    """Wait until every device is well, or has had its time since each of them said a word."""

    async def until_all(holds: Callable[[DeviceStatus], bool], timeout_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not all(holds(device.status) for device in devices):
                    changed.clear()
                    await changed.wait()

    await until_all(lambda status: status.reason != Reason.NOT_OPENED, FIRST_WORD_S)
    await until_all(lambda status: status.state is DeviceState.OK, SETTLE_S)
