"""The lock files: names, versions and hashes of all that the project asks for, no addresses."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKS = {name: ROOT / "requirements" / f"{name}.lock" for name in ("run", "fake", "demo", "test")}


def pins(lock: Path) -> dict[str, str]:
    """Return the version of each package by its normal form (PEP 503)."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text("utf-8"), re.MULTILINE))


def wanted(requirements: list[str]) -> set[str]:
    names = [re.match(r"[\w.-]+", requirement) for requirement in requirements]
    return {re.sub(r"[-_.]+", "-", name[0]).lower() for name in names if name}


def test_each_set_is_locked_and_the_smaller_follow_the_larger() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    run = wanted(project["dependencies"])
    fake = run | wanted(extras["serial"])
    demo = fake | wanted(extras["hardware"])
    everything = demo | wanted([name for extra in extras.values() for name in extra])
    locked = {name: pins(lock) for name, lock in LOCKS.items()}
    assert run <= locked["run"].keys()
    assert fake <= locked["fake"].keys()
    assert demo <= locked["demo"].keys()
    assert everything <= locked["test"].keys()
    assert locked["run"].items() <= locked["fake"].items() <= locked["demo"].items()
    assert locked["demo"].items() <= locked["test"].items()


def test_every_pin_has_hashes_and_no_address() -> None:
    for lock in LOCKS.values():
        for block in re.split(r"\n(?=\S)", lock.read_text("utf-8")):
            assert block.startswith("#") or "--hash=sha256:" in block, block
    for lock in [*LOCKS.values(), ROOT / "package-lock.json"]:
        text = lock.read_text("utf-8")
        assert "://" not in text
        assert '"resolved"' not in text


def test_rpi_gpio_and_rpi_lgpio_are_never_together() -> None:
    assert "rpi-lgpio" in pins(LOCKS["test"])
    assert "rpi-gpio" not in pins(LOCKS["test"])
