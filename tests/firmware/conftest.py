"""The programs of firmware_scripts, run as they are installed: each folder by its __main__."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent
UPDATE = ROOT / "firmware_scripts" / "update"
DEADLINE_S = 120

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def run_update(
    *words: object, wrapper: tuple[str, ...] = (), cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run cafebox-update; a wrapper is what stands before it on the command line."""
    command = [*wrapper, sys.executable, str(UPDATE), *map(str, words)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def module(folder: str, name: str) -> ModuleType:
    """A module of a program that is run by its folder."""
    path = str(ROOT / "firmware_scripts" / folder)
    sys.path.insert(0, path)
    try:
        return import_module(name)
    finally:
        sys.path.remove(path)


class Workshop:
    """Makes bundles: of a program that says its version and ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sealed = 0
        self.keys = folder / "keys"
        self.keys.mkdir()
        self.key = folder / "release.key"
        made = run_update("new-key", self.key)
        assert made.returncode == 0, made.stderr
        (folder / "release.pub").rename(self.keys / "release.pub")

    def bundle(self, order: int, *, key: Path | None = None, **options: object) -> Path:
        """A bundle whose version is its order."""
        tree = self.folder / f"tree-{order}"
        (tree / "edge").mkdir(parents=True, exist_ok=True)
        (tree / "edge" / "__init__.py").write_text("")
        (tree / "edge" / "cli.py").write_text(f'print("version {order}")\n')
        return self.sealed(tree, order, key=key, **options)

    def sealed(self, tree: Path, order: int, *, key: Path | None = None, **options: object) -> Path:
        """A folder as a bundle."""
        file = self.folder / f"{order}-{self._sealed}.cafebox"
        self._sealed += 1
        words: list[object] = ["--key", key or self.key, "--version", order, "--order", order]
        for name, value in ({"store_step": 9} | options).items():
            words += ["--" + name.replace("_", "-"), value]
        sealed = run_update("seal", tree, file, *words)
        assert sealed.returncode == 0, sealed.stderr
        return file


class Machine:
    """The slots of a box, and what its service does with them."""

    def __init__(self, folder: Path, keys: Path) -> None:
        self.folder = folder
        self.base = folder / "app"
        self.base.mkdir(parents=True, exist_ok=True)
        self.store = folder / "box.db"
        self.keys = keys

    def run(
        self, *words: object, wrapper: tuple[str, ...] = ()
    ) -> "subprocess.CompletedProcess[str]":
        places = ("--base", self.base, "--store", self.store)
        return run_update(*places, *words, wrapper=wrapper, cwd=self.folder)

    def install(
        self, bundle: Path, wrapper: tuple[str, ...] = ()
    ) -> "subprocess.CompletedProcess[str]":
        return self.run("install", bundle, "--keys", self.keys, wrapper=wrapper)

    def start(self) -> str:
        """What the started version says of itself."""
        link = self.folder / "slot"
        selected = self.run("select", "--link", link)
        assert selected.returncode == 0, selected.stderr
        command = [sys.executable, "-m", "edge.cli"]
        environment = {**os.environ, "PYTHONPATH": str(link), "PYTHONDONTWRITEBYTECODE": "1"}
        said = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=True
        )
        return said.stdout.strip()

    def status(self) -> dict[str, object]:
        values = json.loads(self.run("status").stdout)
        assert isinstance(values, dict)
        return values


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture
def machine(tmp_path: Path, workshop: Workshop) -> Machine:
    """A box with nothing installed."""
    return Machine(tmp_path, workshop.keys)
