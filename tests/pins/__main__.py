"""`make test-pins`: the contract suites of doors, Wiegand and keyboard readers on a real kernel.

Boots the user-mode Linux that `tools/build_pins_kernel.sh` makes, over this machine's own root,
which it cannot write to, and runs pytest in it. There RPi.GPIO (rpi-lgpio) and python-evdev speak
to lines of gpio-sim and keyboards of uinput. Time in that kernel is virtual: it passes when all
wait for something, so that a busy machine is no slower to it than an idle one.
"""

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
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
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
export HOME=/dev/shm TMPDIR=/dev/shm PYTHONDONTWRITEBYTECODE=1
export RPI_LGPIO_REVISION=c03114 RPI_LGPIO_CHIP=0
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t configfs configfs /sys/kernel/config
mount -t hostfs -o {folder} none {folder}
mount -t tmpfs run /run
mkdir -p /dev/pts /dev/shm
mount -t tmpfs shm /dev/shm
mount -t devpts devpts /dev/pts
cd /dev/shm
{command}
echo $? >{folder}/code
{python} -c "import ctypes; ctypes.CDLL(None).reboot({power_off})"
"""
"""A Raspberry Pi 4 by its revision: rpi-lgpio asks for one. `folder` alone can be written to."""
POWER_OFF = 0x4321FEDC
"""LINUX_REBOOT_CMD_POWER_OFF of reboot(2)."""


def main(arguments: Sequence[str]) -> int:
    """Run the suites; pytest's exit code, or 3 with words where the kernel does not run."""
    if not KERNEL.exists():
        return _complain("There is no kernel for pins yet. Type: make test-pins")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        init = folder / "init"
        init.write_text(_init_text(folder, _suites(arguments)))
        init.chmod(0o755)
        with (folder / "kernel.log").open("wb") as log:
            _boot(init, log.fileno())
        code = folder / "code"
        if not code.exists():
            log_end = (folder / "kernel.log").read_text("utf-8", "replace")[-2000:]
            return _complain(f"{log_end}\nThe kernel for pins died, or took {BOOT_LIMIT_S} s.")
        return int(code.read_text())


def _suites(arguments: Sequence[str]) -> list[str]:
    tests = ROOT / "tests"
    return [
        *(sys.executable, "-m", "pytest", "--kernel-pins", "-p", "no:cacheprovider"),
        *("--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"), *arguments),
        *(str(tests / "contracts" / f"{suite}.py") for suite in SUITES),
        *(str(tests / "pins" / f"{suite}.py") for suite in OWN_SUITES),
    ]


def _init_text(folder: Path, command: Sequence[str]) -> str:
    words = shlex.join(command)
    python = shlex.quote(sys.executable)
    return INIT.format(folder=folder, command=words, python=python, power_off=POWER_OFF)


def _boot(init: Path, log: int) -> None:
    """Run the kernel until it powers off; the processes that it is made of end with it."""
    command = [
        *(str(KERNEL), f"init={init}", f"mem={MEMORY}"),
        *("root=hostfs", "rootfstype=hostfs", "rootflags=/", "ro"),
        *("con=null", "con0=null,fd:1", "quiet", "time-travel=inf-cpu"),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stderr=log, start_new_session=True
    ) as kernel:
        try:
            with suppress(subprocess.TimeoutExpired):
                kernel.wait(BOOT_LIMIT_S)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(kernel.pid, signal.SIGKILL)


def _complain(words: str) -> int:
    print(words, file=sys.stderr)
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
