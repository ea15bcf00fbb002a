"""From Raspberry Pi OS Lite to a box by one command: `sudo python3 provision --hub URL --key KEY`.

Each step looks first and changes only what is not so; a second run changes nothing, and a dry run
changes nothing ever. Prints a line for each change. `provision packages` prints what it installs.
Exit codes: 0 done, 1 a step failed, 2 wrong usage.
"""

import argparse
import errno
import os
import subprocess
import sys
from pathlib import Path

from boot_config import CLOCKS
from machine import Machine, StepFailedError
from steps import PACKAGES, Wishes, provision
from storage import ROOTS, Storage


def main() -> int:
    if sys.argv[1:] == ["packages"]:
        print("\n".join(PACKAGES))
        return 0
    parser = argparse.ArgumentParser(prog="provision", description=__doc__)
    parser.add_argument("--hub", required=True, help="the hub's address: http://host:8600")
    parser.add_argument("--key", type=Path, required=True, help="the key *.pub that signs updates")
    parser.add_argument("--bundle", type=Path, help="the version to install where there is none")
    parser.add_argument("--root", choices=ROOTS, help="from the next start on; default: as it is")
    parser.add_argument(
        "--data",
        metavar="PARTUUID",
        help="the partition that becomes /data, encrypted; it is empty",
    )
    parser.add_argument("--clock", choices=CLOCKS, help="the hardware clock; default: as it is")
    parser.add_argument("--dry-run", action="store_true", help="say what would be changed")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("type sudo before it")
    if not arguments.hub.startswith(("http://", "https://")):
        parser.error(f"--hub {arguments.hub}: write it like http://host:8600")
    for path in (arguments.key, arguments.bundle):
        if path is not None and not path.is_file():
            parser.error(f"{path}: there is no such file")
    machine = Machine(dry_run=arguments.dry_run)
    storage = Storage(arguments.root, arguments.data)
    wishes = Wishes(arguments.hub, arguments.key, arguments.bundle, storage, arguments.clock)
    try:
        provision(machine, wishes)
    except OSError as error:
        read_only = "The root is read-only now. Type: sudo mount -o remount,rw /"
        print(read_only if error.errno == errno.EROFS else error, file=sys.stderr)
        return 1
    except (StepFailedError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{machine.changes} {'to change' if arguments.dry_run else 'changed'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
