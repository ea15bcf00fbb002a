"""Steps that spare the memory card: what is mounted where, switched off, encrypted."""

import re
from dataclasses import dataclass
from pathlib import Path

from fstab import (
    COPY,
    KEPT,
    SCRATCH,
    NoRootLineError,
    crypttab_text,
    fstab_text,
    has_crypttab_line,
    has_data,
    is_read_only,
)
from machine import Machine, StepFailedError

ROOTS = ("read-only", "writable")
FSTAB = Path("/etc/fstab")
CRYPTTAB = Path("/etc/crypttab")
UNIT_FILES = Path("/lib/systemd/system")
STATE = Path("/var/lib")
SETTING = re.compile(r"^(StateDirectory|User)=(\S.*)$", re.MULTILINE)
BOX_DATA = Path("/data/cafebox/box-data")
SWITCHED_OFF = (
    # They write at times of their own, and change what was tested.
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "logrotate.timer",
    "man-db.timer",
    # systemd-timesyncd notes the time as well, and moves no clock back.
    "fake-hwclock.service",
    "fake-hwclock-load.service",
    "fake-hwclock-save.service",
    "fake-hwclock-save.timer",
    # Swap on a card wears it out.
    "dphys-swapfile.service",
    "systemd-zram-setup@zram0.service",
)


@dataclass(frozen=True, slots=True)
class Storage:
    """None is as it stands. `root`: one of ROOTS; `data`: the PARTUUID of what becomes /data."""

    root: str | None
    data: str | None


def store_on_card(machine: Machine, wanted: Storage) -> None:
    """Raises StepFailedError; the tables hold from the next start on."""
    for unit in SWITCHED_OFF:
        machine.masked(unit)
    table = FSTAB.read_text("utf-8") if FSTAB.exists() else ""
    keys = CRYPTTAB.read_text("utf-8") if CRYPTTAB.exists() else ""
    if wanted.data is not None:
        keys = encrypt(machine, keys, wanted.data)
    encrypted = has_crypttab_line(keys)
    if encrypted:
        machine.enabled("cafebox-data.service")
    read_only = wanted.root == "read-only" if wanted.root else is_read_only(table)
    if read_only:
        may_be_read_only(table, encrypted=encrypted)
        for path in (*SCRATCH, *KEPT.values(), *KEPT):
            machine.place(Path(path))
        for path, user in state_folders(UNIT_FILES).items():
            if not path.exists():
                machine.folder(path, user, user, 0o755)
    machine.place(Path(COPY))
    try:
        text = fstab_text(table, read_only=read_only, encrypted=encrypted)
    except NoRootLineError:
        raise StepFailedError(
            f"{FSTAB} has no line for /: write it, then provision again"
        ) from None
    if text != table:
        machine.file(FSTAB, text.encode())


def state_folders(units: Path) -> dict[Path, str]:
    """What units keep their state in, and whose it is: systemd cannot make it later on."""
    found: dict[Path, str] = {}
    for unit in sorted(units.glob("*.service")):
        settings = dict(SETTING.findall(unit.read_text("utf-8")))
        for name in settings.get("StateDirectory", "").split():
            found[STATE / name] = settings.get("User", "root")
    return found


def encrypt(machine: Machine, keys: str, partition: str) -> str:
    """Name the partition in crypttab, whose text is returned; the next start makes it."""
    if not has_crypttab_line(keys) and BOX_DATA.exists():
        raise StepFailedError(
            "This box has data that is not encrypted. Make it anew: write a card, provision it with"
            " --data, then rebuild it as after a loss"
        )
    wanted = crypttab_text(keys, partition)
    if wanted != keys:
        machine.file(CRYPTTAB, wanted.encode())
    return wanted


def may_be_read_only(table: str, *, encrypted: bool) -> None:
    """Raises StepFailedError where the box would have no place to write to."""
    if not encrypted and not has_data(table) and not Path("/data").is_mount():
        raise StepFailedError("A read-only root needs a partition for /data: name it by --data")
