"""What makes a machine a box, in order. The files to copy stand in `files`, as on the machine."""

from dataclasses import dataclass
from pathlib import Path

from machine import Machine, StepFailedError

HERE = Path(__file__).parent
UPDATE = HERE.parent / "update"

PACKAGES = (
    "avahi-daemon",  # cafebox.local
    "pcscd",  # card readers
    "polkitd",  # lets the box use pcscd
    "python3",
    "python3-cryptography",  # signatures of updates
    "python3-msgpack",
    "systemd-timesyncd",
)
USER = "cafebox"
DEVICE_GROUPS = ("dialout", "gpio", "input", "lp")
DATA = Path("/data")
HOME = DATA / "cafebox"
SLOTS = DATA / "app"
SETTINGS = Path("/etc/cafebox")
PROGRAM = Path("/usr/local/lib/cafebox-update")
UNITS = ("cafebox.service", "cafebox-confirm.service")
SYSTEM_UNITS = ("avahi-daemon.service", "pcscd.socket", "systemd-timesyncd.service")
HOST_NAME = "cafebox"
CONFIGURATION = """\
# The box. Every key: cafebox example-config
[box]
data_dir = "box-data"

[hub]
url = "{hub}"
"""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What differs from box to box. `bundle` is installed where no version is."""

    hub: str
    key: Path
    bundle: Path | None


def provision(machine: Machine, wishes: Wishes) -> None:
    """Do all steps. Raises StepFailedError, OSError, CalledProcessError."""
    machine.packages(PACKAGES)
    add_people(machine)
    add_folders(machine)
    copy_files(machine)
    name_the_machine(machine)
    configure(machine, wishes)
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
    for path in sorted(UPDATE.glob("*.py")):
        machine.file(PROGRAM / path.name, path.read_bytes())
    # Each time: a run before may have been cut between the files and this.
    machine.run("systemctl", "daemon-reload")
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


def install_first(machine: Machine, bundle: Path) -> None:
    """The first version; the service starts it, and its confirmation follows."""
    machine.say(f"install {bundle}")
    machine.run("/usr/local/sbin/cafebox-update", "install", str(bundle))
    machine.run("systemctl", "restart", "--no-block", *UNITS)
