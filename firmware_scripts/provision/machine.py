"""The machine that is provisioned: looks at what is there, changes it, and says so."""

import grp
import os
import pwd
import subprocess
from collections.abc import Sequence
from pathlib import Path


class StepFailedError(Exception):
    """A step could not be done; the words say what to do."""


class Machine:
    """Counts what it changes; a dry run only says what it would change."""

    def __init__(self, *, dry_run: bool) -> None:
        self._dry_run = dry_run
        self.changes = 0

    def packages(self, names: Sequence[str]) -> None:
        """Install the packages that are missing."""
        if not names:
            return
        shown = self.read("dpkg-query", "-W", "-f", "${Package} ${Status}\n", *names)
        there = {line.split()[0] for line in shown.splitlines() if line.endswith(" installed")}
        missing = [name for name in names if name not in there]
        if missing:
            self.run("apt-get", "update", "--quiet")
            command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
            self._change(f"install {' '.join(missing)}", command)

    def knows_package(self, name: str) -> bool:
        """Whether this system has or could get a package."""
        return bool(self.read("apt-cache", "show", "--quiet", name).strip())

    def group(self, name: str) -> None:
        try:
            grp.getgrnam(name)
        except KeyError:
            self._change(f"add the group {name}", ["groupadd", "--system", name])

    def user(self, name: str, home: Path) -> None:
        """A user of the system: no password, no shell."""
        try:
            pwd.getpwnam(name)
        except KeyError:
            words = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
            command = ["useradd", *words, "--home-dir", str(home), name]
            self._change(f"add the user {name}", command)

    def folder(self, path: Path, owner: str, group: str, mode: int) -> None:
        if not path.is_dir():
            self.say(f"make {path}")
            if not self._dry_run:
                path.mkdir()
        self._own(path, owner, group, mode)

    def place(self, path: Path) -> None:
        """A folder to mount on, with those above it; whose it is, its user decides."""
        if not path.is_dir():
            self.say(f"make {path}")
            if not self._dry_run:
                path.mkdir(parents=True)

    def file(self, path: Path, content: bytes, mode: int = 0o644, group: str = "root") -> None:
        """Write a file, in one rename, unless it is so already."""
        if not path.is_file() or path.read_bytes() != content:
            self.say(f"write {path}")
            if not self._dry_run:
                path.parent.mkdir(parents=True, exist_ok=True)
                unfinished = path.with_name(f".{path.name}.part")
                unfinished.write_bytes(content)
                unfinished.replace(path)
        self._own(path, "root", group, mode)

    def enabled(self, unit: str) -> None:
        """Have a unit start with the machine."""
        if self.read("systemctl", "is-enabled", unit).strip() != "enabled":
            self._change(f"enable {unit}", ["systemctl", "enable", "--quiet", unit])

    def masked(self, unit: str) -> None:
        """Have a unit never start, whether it is here or comes later."""
        if self.read("systemctl", "is-enabled", unit).strip() != "masked":
            self._change(f"switch {unit} off", ["systemctl", "mask", "--quiet", unit])

    def absent(self, path: Path) -> None:
        """Have a file not be there."""
        if path.exists():
            self.say(f"remove {path}")
            if not self._dry_run:
                path.unlink()

    @property
    def is_started(self) -> bool:
        """Whether its systemd runs; while an image is made, it does not."""
        return Path("/run/systemd/system").is_dir()

    def run(self, *command: str) -> None:
        """Run what may be run again and again, such as reading a changed file."""
        if not self._dry_run:
            subprocess.run(command, check=True)

    def read(self, *command: str) -> str:
        """What a command prints, whatever its exit code."""
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def _own(self, path: Path, owner: str, group: str, mode: int) -> None:
        if self._dry_run and not path.exists():
            return
        standing = path.stat()
        try:
            user_id, group_id = pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid
        except KeyError:
            if self._dry_run:
                return  # the user is still to be added
            raise
        if (standing.st_uid, standing.st_gid) != (user_id, group_id):
            self.say(f"give {path} to {owner}:{group}")
            if not self._dry_run:
                os.chown(path, user_id, group_id)
        if standing.st_mode & 0o7777 != mode:
            self.say(f"set the mode of {path} to {mode:o}")
            if not self._dry_run:
                path.chmod(mode)

    def _change(self, said: str, command: Sequence[str]) -> None:
        self.say(said)
        if not self._dry_run:
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(command, check=True, env=environment)

    def say(self, said: str) -> None:
        """Tell a change, and count it."""
        self.changes += 1
        print(said, flush=True)
