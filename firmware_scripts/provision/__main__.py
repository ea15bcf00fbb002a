"""From Raspberry Pi OS Lite to a box by one command: `sudo python3 provision --hub URL --key KEY`.

Each step looks first and changes only what is not so; a second run changes nothing, and a dry run
changes nothing ever. Prints a line for each change. Exit codes: 0 done, 1 a step failed.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from machine import Machine, StepFailedError
from steps import Wishes, provision


def main() -> int:
    parser = argparse.ArgumentParser(prog="provision", description=__doc__)
    parser.add_argument("--hub", required=True, help="the hub's address: http://host:8600")
    parser.add_argument("--key", type=Path, required=True, help="the key *.pub that signs updates")
    parser.add_argument("--bundle", type=Path, help="the version to install where there is none")
    parser.add_argument("--dry-run", action="store_true", help="say what would be changed")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("type sudo before it")
    machine = Machine(dry_run=arguments.dry_run)
    try:
        provision(machine, Wishes(arguments.hub, arguments.key, arguments.bundle))
    except (StepFailedError, OSError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{machine.changes} {'to change' if arguments.dry_run else 'changed'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
