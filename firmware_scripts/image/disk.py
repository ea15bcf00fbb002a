"""A system in a folder becomes the image of a disk, without mounting anything.

    1  MBR | 2  boot, FAT32 | 3  root, ext4 | room: the box makes its encrypted /data there

The room is whatever the card has beyond the image.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 1024 * 1024
SECTOR = 512
BOOT_START = 4 * MEBIBYTE
BOOT_BYTES = 512 * MEBIBYTE
ROOT_START = BOOT_START + BOOT_BYTES
SPARE = 1.2
SPARE_BYTES = 192 * MEBIBYTE
"""Of the root beyond what it holds: tables of the file system, and room for repairs."""
BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Disk:
    """`number`: eight hexadecimal digits, by which Linux finds the partitions."""

    number: str

    @property
    def boot(self) -> str:
        return f"{self.number}-01"

    @property
    def root(self) -> str:
        return f"{self.number}-02"

    @property
    def data(self) -> str:
        return f"{self.number}-03"

    def fstab(self) -> str:
        return (
            f"PARTUUID={self.root} / ext4 defaults,noatime 0 1\n"
            f"PARTUUID={self.boot} /boot/firmware vfat defaults,noatime 0 2\n"
        )

    def command_line(self) -> str:
        """The kernel's, for a Pi's cmdline.txt; the root is mounted read-only by it."""
        return (
            f"console=serial0,115200 console=tty1 root=PARTUUID={self.root} rootfstype=ext4"
            " fsck.repair=yes rootwait\n"
        )


def pack(disk: Disk, root: Path, boot: Path, image: Path) -> None:
    """Write the image; it appears under its name once it is whole. Raises CalledProcessError."""
    unfinished = image.with_name(image.name + ".part")
    unfinished.unlink(missing_ok=True)
    used = subprocess.run(
        ["du", "--summarize", "--block-size=1", "--one-file-system", str(root)],
        capture_output=True,
        text=True,
        check=True,
    )
    needed = int(int(used.stdout.split()[0]) * SPARE) + SPARE_BYTES
    root_bytes = -(-needed // MEBIBYTE) * MEBIBYTE
    with unfinished.open("wb") as file:
        file.truncate(ROOT_START + root_bytes)
    table = (
        f"label: dos\nlabel-id: 0x{disk.number}\n"
        f"start={BOOT_START // SECTOR}, size={BOOT_BYTES // SECTOR}, type=c, bootable\n"
        f"start={ROOT_START // SECTOR}, size={root_bytes // SECTOR}, type=83\n"
    )
    subprocess.run(["sfdisk", "--quiet", str(unfinished)], input=table, text=True, check=True)
    pack_boot(boot, unfinished)
    words = ["mkfs.ext4", "-q", "-F", "-L", "cafebox-root", "-m", "1", "-d", str(root)]
    words += ["-b", str(BLOCK), "-E", f"offset={ROOT_START}"]
    run(*words, str(unfinished), str(root_bytes // BLOCK))
    unfinished.replace(image)


def pack_boot(boot: Path, image: Path) -> None:
    """The file system that the firmware reads, made beside the image and copied into its place."""
    packed = image.with_name(image.name + ".boot")
    try:
        with packed.open("wb") as file:
            file.truncate(BOOT_BYTES)
        run("mkfs.vfat", "-F", "32", "-s", "2", "-n", "BOOT", str(packed))
        files = [str(path) for path in sorted(boot.iterdir())]
        if files:
            run("mcopy", "-s", "-Q", "-i", str(packed), *files, "::")
        words = ["dd", "bs=1M", f"seek={BOOT_START // MEBIBYTE}", "conv=notrunc,sparse"]
        run(*words, "status=none", f"if={packed}", f"of={image}")
    finally:
        packed.unlink(missing_ok=True)


def run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
