"""The udev rule for readers that type, by the real udev on a kernel's own keyboards; run by
`python -m tests.pins`.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.pins.keyboards import KernelKeyboards

ROOT = Path(__file__).parents[2]
RULES = ROOT / "firmware_scripts/provision/files/etc/udev/rules.d/71-cafebox-readers.rules"
PLACE = Path("/run/udev/rules.d")


@pytest.mark.parametrize(
    ("name", "types_for_the_box"),
    [
        ("SYC ID&IC USB Reader", True),
        ("Sycreader RFID Technology Co., Ltd SYC ID&IC USB Reader", True),
        ("Barcode Scanner HID", True),
        ("Honeywell Imaging SCANNER", True),
        ("Logitech USB Keyboard", False),
        ("gpio-keys", False),
    ],
)
def test_compositors_leave_readers_alone_and_no_keyboard(
    name: str, *, types_for_the_box: bool
) -> None:
    PLACE.mkdir(parents=True, exist_ok=True)
    shutil.copy(RULES, PLACE)
    keyboards = KernelKeyboards()
    try:
        device = Path("/sys/class/input", Path(keyboards.plug(name)).name).resolve()
        done = subprocess.run(
            ["udevadm", "test", "--action=add", device], capture_output=True, text=True, check=True
        )
    finally:
        keyboards.close()
    properties = set(done.stdout.splitlines())
    assert ("LIBINPUT_IGNORE_DEVICE=1" in properties) is types_for_the_box
    assert ("ID_INPUT_KEYBOARD=1" in properties) is not types_for_the_box
