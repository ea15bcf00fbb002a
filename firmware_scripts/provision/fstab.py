"""What is mounted where (fstab(5), crypttab(5)): little is written to the card, or nothing.

Always: no swap, no access times, temporary files in memory, the stick with the second copy. With
a read-only root, besides: what Linux must write lies in memory, and what must outlive the power
lies in /data. Text in, text out.
"""

import re

from marked_block import with_block, without_block

MAPPED_NAME = "cafebox-data"
KEY_FILE = "/run/cafebox-data/key"
DATA_LINE = (
    f"/dev/mapper/{MAPPED_NAME} /data ext4"
    " noatime,nodev,nosuid,nofail,errors=remount-ro,x-systemd.device-timeout=20min 0 2"
)
"""`nofail`: a machine whose data does not open still starts, so that one can look at it. The first
start makes /data, which a slow card may take minutes for (cafebox-data.service has 15)."""
COPY = "/media/copy"
COPY_LINE = (
    f"LABEL=CAFEBOX {COPY} vfat"
    " noatime,nodev,nosuid,noexec,flush,uid=cafebox,gid=cafebox,umask=077,noauto 0 0"
)
"""A stick of this name is mounted by a udev rule when it is plugged in, for the second copy."""
TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - mount points
SCRATCH = (
    "/var/lib/NetworkManager",  # leases
    "/var/lib/dhcp",
    "/var/lib/dhcpcd",
    "/var/lib/systemd/rfkill",
    "/var/lib/systemd/timers",
    "/var/log",  # the journal below it is kept
)
"""Written by Linux, and of no use after the power was cut."""
KEPT = {
    "/data/system/journal": "/var/log/journal",
    "/data/system/timesync": "/var/lib/systemd/timesync",  # no start is earlier than this
}
"""What stands in for it on /data."""
BOOT = "/boot/firmware"
SWITCHED_OFF = "#no-swap# "
LONG_LINE = 4
OPTIONS = re.compile(r"^(\s*(?:\S+\s+){3})\S+")


class NoRootLineError(Exception):
    """The table has no line for /, so that nothing can make it read-only."""


def fstab_text(text: str, *, read_only: bool, encrypted: bool) -> str:
    """The table as it shall be; running it over its own result changes nothing.

    `encrypted`: /data is the partition that crypttab opens. Raises NoRootLineError.
    """
    others = [_line(line, read_only=read_only) for line in without_block(text)]
    places = {place: options for place, options in map(_place, others) if place}
    if read_only and "/" not in places:
        raise NoRootLineError
    ours = [f"tmpfs {place} tmpfs nosuid,nodev,size=64M,mode=1777 0 0" for place in TEMPORARY]
    ours.append(COPY_LINE)
    if encrypted:
        ours.append(DATA_LINE)
    if read_only:
        options = "nosuid,nodev,noexec,nofail,size=16M,mode=755"
        ours += [f"tmpfs {place} tmpfs {options} 0 0" for place in SCRATCH]
        ours += [f"{kept} {place} none bind,nofail 0 0" for kept, place in KEPT.items()]
    return with_block(others, [line for line in ours if line.split()[1] not in places])


def is_read_only(text: str) -> bool:
    """Whether a table has the root read-only."""
    return any(
        place == "/" and "ro" in options for place, options in map(_place, text.splitlines())
    )


def has_data(text: str) -> bool:
    """Whether a table mounts something at /data."""
    return any(place == "/data" for place, _options in map(_place, text.splitlines()))


def crypttab_text(text: str, partition: str) -> str:
    """The table with the data partition, by its PARTUUID. The key is made anew at each start and
    is gone from memory's file system once it was used."""
    options = "luks,keyfile-erase,headless=yes,discard,nofail,x-systemd.device-timeout=120s"
    device = f"/dev/disk/by-partuuid/{partition}"
    return with_block(without_block(text), [f"{MAPPED_NAME} {device} {KEY_FILE} {options}"])


def has_crypttab_line(text: str) -> bool:
    return any(line.split()[:1] == [MAPPED_NAME] for line in text.splitlines())


def _place(line: str) -> tuple[str, list[str]]:
    """Mount point and options; ("", []) for a line that mounts nothing."""
    words = line.split()
    if line.startswith("#") or len(words) < LONG_LINE:
        return "", []
    return words[1], words[3].split(",")


def _line(line: str, *, read_only: bool) -> str:
    """A line of others, as it must be for a memory card."""
    place, options = _place(line)
    if not place:
        return line
    words = line.split()
    if words[2] == "swap":
        return SWITCHED_OFF + line
    if place not in ("/", BOOT):
        return line
    wanted = [one for one in options if one not in ("ro", "rw", "relatime", "atime")]
    if "noatime" not in wanted:
        wanted.append("noatime")
    if read_only:
        wanted.append("ro")
    if wanted == options:
        return line
    return OPTIONS.sub(rf"\g<1>{','.join(wanted)}", line)
