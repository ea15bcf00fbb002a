"""What the machine says of itself: its clocks, the boot they count from, its serial number."""

import hashlib
import secrets
import time
from pathlib import Path

from edge.store.identity import Clock
from sync_protocol.ops import TRUST_NONE, TRUST_RTC

UPDATE_KEYS = Path("/etc/cafebox/update-keys")
"""The public keys that may sign an update of a provisioned box, one to a file `*.pub`."""


def wall_ms() -> int:
    """Milliseconds since 1970 by the machine's clock."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Milliseconds that never step."""
    return time.monotonic_ns() // 1_000_000


def machine_clock() -> Clock:
    """The machine's clocks, the boot that they count from, and how good the time is at the start.

    Whether a battery-backed clock set the time at this boot is said by firmware_scripts/clock on
    a machine that was provisioned with one, else by the kernel in `hctosys`.
    """
    boot = Path("/proc/sys/kernel/random/boot_id")
    boot_id = bytes.fromhex(boot.read_text().strip().replace("-", "")) if boot.exists() else b""
    rtc = Path("/sys/class/rtc/rtc0/hctosys")
    provisioned = Path("/run/cafebox-clock")
    if provisioned.is_dir():
        by_rtc = (provisioned / "believed").exists()
    else:
        by_rtc = rtc.exists() and rtc.read_text().strip() == "1"
    trust = TRUST_RTC if by_rtc else TRUST_NONE
    return Clock(wall_ms, monotonic_ms, boot_id or secrets.token_bytes(16), trust)


def hardware_id() -> bytes:
    """Sixteen bytes that stay with this machine: of the Pi's serial number, or its machine id."""
    for path in ("/proc/device-tree/serial-number", "/etc/machine-id"):
        if Path(path).exists():
            return hashlib.sha256(Path(path).read_bytes().strip(b"\0\n")).digest()[:16]
    return b""
