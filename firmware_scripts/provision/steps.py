"""What makes a machine a box, in order. The files to copy stand in `files`, as on the machine."""

from dataclasses import dataclass
from pathlib import Path

from boot_config import config_text
from machine import Machine, StepFailedError
from storage import Storage, store_on_card

HERE = Path(__file__).parent
PROGRAMS = ("clock", "data_partition", "update")
"""Folders beside this one, installed as /usr/local/lib/cafebox-clock, -data and -update."""

PACKAGES = (
    "avahi-daemon",  # cafebox.local
    "cryptsetup-bin",  # the encrypted data partition
    "dosfstools",  # checks the boot medium
    "fdisk",  # makes the data partition
    "fonts-wqy-zenhei",  # Chinese where the printer has no letters
    "pcscd",  # card readers
    "polkitd",  # lets the box use pcscd
    "python3",
    "python3-cryptography",  # signatures of updates
    "python3-evdev",  # readers and scanners that pose as keyboards
    "python3-msgpack",
    "python3-pyscard",  # card readers
    "systemd-timesyncd",
    "util-linux-extra",  # hwclock
)
PACKAGES_OF_A_PI = ("python3-rpi-lgpio",)  # pins; known to Raspberry Pi OS alone
USER = "cafebox"
DEVICE_GROUPS = ("dialout", "gpio", "input", "lp")
DATA = Path("/data")
HOME = DATA / "cafebox"
SLOTS = DATA / "app"
SETTINGS = Path("/etc/cafebox")
BOOT_CONFIG = Path("/boot/firmware/config.txt")
LIBRARY = Path("/usr/local/lib")
SERVICES = ("cafebox.service", "cafebox-confirm.service")
UNITS = (
    *SERVICES,
    "cafebox-clock.service",
    "cafebox-clock-save.timer",
    "cafebox-first-start.service",
)
SYSTEM_UNITS = ("avahi-daemon.service", "pcscd.socket", "systemd-timesyncd.service")
HOST_NAME = "cafebox"
CONFIGURATION = """\
# The box. Every key: cafebox example-config
[box]
data_dir = "box-data"
# For the cafe's network, as http://cafebox.local; "127.0.0.1" for a screen on the box alone.
listen_host = "0.0.0.0"
listen_port = 80

[hub]
url = "{hub}"
"""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What differs from box to box. `bundle` is installed where no version is."""

    hub: str
    key: Path
    bundle: Path | None
    storage: Storage
    clock: str | None
    """A name of `boot_config.CLOCKS`; None leaves it as it is."""


def provision(machine: Machine, wishes: Wishes) -> None:
    """Do all steps. Raises StepFailedError, OSError, CalledProcessError."""
    machine.packages(PACKAGES)
    machine.packages([name for name in PACKAGES_OF_A_PI if machine.knows_package(name)])
    add_people(machine)
    add_folders(machine)
    copy_files(machine)
    name_the_machine(machine)
    configure(machine, wishes)
    describe_the_board(machine, wishes.clock)
    store_on_card(machine, wishes.storage)
    for unit in (*SYSTEM_UNITS, *UNITS):
        machine.enabled(unit)
    if wishes.bundle is not None and not (SLOTS / "state.json").exists():
        install_first(machine, wishes.bundle)


def add_people(machine: Machine) -> None:
    """The box's own user; the groups that its devices belong to."""
    for group in DEVICE_GROUPS:
        machine.group(group)
    machine.user(USER, HOME)


def add_folders(machine: Machine) -> None:
    """The box may write into its home alone: its program is root's."""
    machine.folder(DATA, "root", "root", 0o755)
    machine.folder(SLOTS, "root", "root", 0o755)
    machine.folder(HOME, USER, USER, 0o700)
    machine.folder(SETTINGS, "root", USER, 0o750)
    machine.folder(SETTINGS / "update-keys", "root", "root", 0o755)


def copy_files(machine: Machine) -> None:
    """Units, rules and limits, and the program that updates."""
    for path in sorted((HERE / "files").rglob("*")):
        if path.is_file():
            mode = 0o755 if "sbin" in path.parts else 0o644
            target = Path("/") / path.relative_to(HERE / "files")
            machine.file(target, path.read_bytes(), mode)
    for program in PROGRAMS:
        folder = LIBRARY / f"cafebox-{program.split('_')[0]}"
        for path in sorted((HERE.parent / program).glob("*.py")):
            machine.file(folder / path.name, path.read_bytes())
    if not machine.is_started:
        return
    # Each time: a run before may have been cut between the files and this.
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "systemd-sysctl.service")
    if machine.read("systemctl", "is-active", "systemd-udevd").strip() == "active":
        machine.run("udevadm", "control", "--reload")


def name_the_machine(machine: Machine) -> None:
    """So that it is found as cafebox.local."""
    machine.file(Path("/etc/hostname"), f"{HOST_NAME}\n".encode())
    hosts = Path("/etc/hosts")
    lines = hosts.read_text("utf-8").splitlines() if hosts.exists() else ["127.0.0.1 localhost"]
    if not any(HOST_NAME in line.split()[1:] for line in lines):
        machine.file(hosts, "\n".join([*lines, f"127.0.1.1 {HOST_NAME}", ""]).encode())
    machine.run("hostname", HOST_NAME)


def configure(machine: Machine, wishes: Wishes) -> None:
    """A first configuration, which is the operator's from then on; the key that signs updates."""
    path = HOME / "cafebox.toml"
    if not path.exists():
        machine.file(path, CONFIGURATION.format(hub=wishes.hub).encode(), 0o640, USER)
    if wishes.key.suffix != ".pub":
        raise StepFailedError(f"{wishes.key}: give the public key, which ends in .pub")
    key = SETTINGS / "update-keys" / wishes.key.name
    machine.file(key, wishes.key.read_bytes())


def describe_the_board(machine: Machine, clock: str | None) -> None:
    """Which hardware clock there is, for `cafebox-clock`; what a Pi's firmware must know."""
    named = SETTINGS / "hardware-clock"
    if clock is None:
        clock = named.read_text("utf-8").strip() if named.exists() else "none"
    if clock == "none":
        machine.absent(named)
    else:
        machine.file(named, f"{clock}\n".encode())
    if BOOT_CONFIG.exists():
        standing = BOOT_CONFIG.read_text("utf-8")
        wanted = config_text(standing, clock)
        if wanted != standing:
            machine.file(BOOT_CONFIG, wanted.encode(), 0o755)


def install_first(machine: Machine, bundle: Path) -> None:
    """The first version; the service starts it, and its confirmation follows."""
    machine.say(f"install {bundle}")
    machine.run("/usr/local/sbin/cafebox-update", "install", str(bundle))
    if machine.is_started:
        machine.run("systemctl", "restart", "--no-block", *SERVICES)
