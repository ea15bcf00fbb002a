"""`make test-pins`: the contract suites of doors, Wiegand and keyboard readers on a real kernel.

Boots the user-mode Linux that `tools/build_pins_kernel.sh` makes, over this machine's own root,
which it cannot write to, and runs pytest in it. There RPi.GPIO (rpi-lgpio) and python-evdev speak
to lines of gpio-sim and keyboards of uinput. Time in that kernel is virtual: it passes when all
wait for something, so that a busy machine is no slower to it than an idle one.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
KERNEL = ROOT / ".cache" / "pins" / "linux"
SUITES = (
    *("test_doors", "test_dual_beams", "test_tap_lights"),
    *("test_keyboard_readers", "test_number_readers"),
)
OWN_SUITES = ("held_pin", "reader_rules")
"""What can be tried in that kernel alone."""
BOOT_LIMIT_S = 900
MEMORY = "512M"

INIT = """\
#!/bin/sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8
export PYTHONDONTWRITEBYTECODE=1 RPI_LGPIO_REVISION=c03114 RPI_LGPIO_CHIP=0
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t configfs configfs /sys/kernel/config
mount -t hostfs -o {folder} none /mnt
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
cd /tmp
{command}
echo $? >/mnt/code
{python} -c "import ctypes; ctypes.CDLL(None).reboot({power_off})"
"""
"""A Raspberry Pi 4 by its revision: rpi-lgpio asks for one."""
POWER_OFF = 0x4321FEDC
"""LINUX_REBOOT_CMD_POWER_OFF of reboot(2)."""


def main(arguments: list[str]) -> int:
    """Run the suites; pytest's exit code."""
    command = [sys.executable, "-m", "pytest", "--kernel-pins", "-p", "no:cacheprovider"]
    command += ["--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"), *arguments]
    command += [str(ROOT / "tests" / "contracts" / f"{suite}.py") for suite in SUITES]
    command += [str(ROOT / "tests" / "pins" / f"{suite}.py") for suite in OWN_SUITES]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        init = folder / "init"
        quoted = " ".join(f"'{word}'" for word in command)
        python = sys.executable
        init.write_text(
            INIT.format(folder=folder, command=quoted, python=python, power_off=POWER_OFF)
        )
        init.chmod(0o755)
        boot = [
            *(
                str(KERNEL),
                f"mem={MEMORY}",
                "root=hostfs",
                "rootfstype=hostfs",
                "rootflags=/",
                "ro",
            ),
            *(f"init={init}", "con=null", "con0=null,fd:1", "quiet", "time-travel=inf-cpu"),
        ]
        environment = {**os.environ, "TMPDIR": "/tmp"}
        with (folder / "kernel.log").open("wb") as log:
            subprocess.run(
                boot,
                check=False,
                stdin=subprocess.DEVNULL,
                stderr=log,
                timeout=BOOT_LIMIT_S,
                env=environment,
            )
        code = folder / "code"
        if not code.exists():
            print((folder / "kernel.log").read_text("utf-8", "replace")[-2000:], file=sys.stderr)
            print("The kernel for pins died.", file=sys.stderr)
            return 3
        return int(code.read_text())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
