"""Updates of a box: seal a bundle, install it on trial, select, confirm or give up.

Installed as `cafebox-update`. Exit codes: 0 done, 1 refused or given up, 2 wrong usage.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from bundle import (
    ANY_MACHINE,
    KEY_BYTES,
    BundleRefusedError,
    Manifest,
    check_order,
    open_bundle,
    read_keys,
    seal,
    unpack,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from health import Patience, asked, becomes_well, health_url
from slots import NoWayBackError, Slots, SlotsError

DAY_S = 86_400
BASE = Path("/data/app")
STORE = Path("/data/cafebox/box-data/box.db")
KEYS = Path("/etc/cafebox/update-keys")
PUBLIC_SUFFIX = ".pub"
SERVICE = "cafebox.service"
CONFIGURATION = Path("/data/cafebox/cafebox.toml")


def new_key(arguments: argparse.Namespace) -> None:
    """Write a private key (mode 600) and its public half beside it."""
    if arguments.file.suffix == PUBLIC_SUFFIX:
        raise SlotsError(f"{arguments.file}: name the private key; its public half becomes *.pub")
    key = Ed25519PrivateKey.generate()
    descriptor = os.open(arguments.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key.private_bytes_raw().hex() + "\n")
    public = arguments.file.with_suffix(PUBLIC_SUFFIX)
    public.write_text(key.public_key().public_bytes_raw().hex() + "\n")
    print(f"{public}: copy it to {KEYS} of each box")


def _private_key(path: Path) -> bytes:
    """The private key in a file; its public half looks alike, and anybody may have that."""
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES or path.suffix == PUBLIC_SUFFIX:
        words = f"{path} is no private key. Make one: cafebox-update new-key release.key"
        raise SlotsError(words)
    return secret


def seal_bundle(arguments: argparse.Namespace) -> None:
    """Make a bundle of a folder."""
    secret = _private_key(arguments.key)
    if not arguments.tree.is_dir():
        raise SlotsError(f"{arguments.tree}: there is no such folder")
    now_s = int(time.time())
    manifest = Manifest(
        arguments.version,
        arguments.order,
        arguments.store_step,
        now_s,
        now_s + arguments.days * DAY_S,
        arguments.machine,
        0,
        "",
    )
    with arguments.file.open("wb") as file:
        sealed = seal(arguments.tree, file, Ed25519PrivateKey.from_private_bytes(secret), manifest)
    print(json.dumps(asdict(sealed)))


def install(arguments: argparse.Namespace) -> None:
    """Check a bundle and put it on trial; the service takes it up when it starts next."""
    slots = Slots(arguments.base, arguments.store)
    state = slots.state()
    with arguments.file.open("rb") as file:
        manifest = open_bundle(file, read_keys(arguments.keys))
        here = slots.manifest(state.good)
        check_order(manifest, here, int(time.time()), platform.machine())
        folder = slots.begin()
        unpack(file, manifest, folder)
    slot = slots.put_on_trial(manifest)
    print(f"{manifest.version} starts next, from slot {slot}")


def select(arguments: argparse.Namespace) -> None:
    """Point a link at the version to start now: the one on trial, else the good one."""
    folder = Slots(arguments.base, arguments.store).next_start()
    unfinished = arguments.link.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    unfinished.symlink_to(folder)
    unfinished.replace(arguments.link)


def confirm(arguments: argparse.Namespace) -> int:
    """Watch the version on trial; confirm it, or give it up and start the good one again."""
    slots = Slots(arguments.base, arguments.store)
    trial = slots.state().trial
    if not trial:
        print("nothing is on trial")
        return 0
    version = slots.manifest(trial).version
    patience = Patience(arguments.within, arguments.steady)
    url = arguments.url or health_url(CONFIGURATION)
    well = becomes_well(lambda: asked(url), patience)
    if slots.state().trial != trial:
        print(f"{version} used up its starts: the one before it runs")
        return 1
    if well:
        slots.confirm()
        print(f"{version} is the good one now")
        return 0
    control("stop", arguments.service)
    try:
        slots.give_up()
    finally:
        control("start", arguments.service)
    print(f"{version} was given up")
    return 1


def control(verb: str, service: str) -> None:
    subprocess.run(["/usr/bin/systemctl", verb, service], check=True)


def status(arguments: argparse.Namespace) -> None:
    """Print what stands in the slots."""
    slots = Slots(arguments.base, arguments.store)
    state = slots.state()
    versions = {name: slots.manifest(name).version for name in ("a", "b")}
    print(json.dumps({**asdict(state), "versions": versions}))


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(prog="cafebox-update", description=__doc__)
    main.add_argument("--base", type=Path, default=BASE, help="the folder of the slots")
    main.add_argument("--store", type=Path, default=STORE, help="the box's database")
    commands = main.add_subparsers(required=True)

    def command(name, perform):
        one = commands.add_parser(name, help=perform.__doc__)
        one.set_defaults(perform=perform)
        return one

    one = command("new-key", new_key)
    one.add_argument("file", type=Path)
    one = command("seal", seal_bundle)
    one.add_argument("tree", type=Path)
    one.add_argument("file", type=Path)
    one.add_argument("--key", type=Path, required=True)
    one.add_argument("--version", required=True)
    one.add_argument("--order", type=int, required=True, help="counts releases up")
    one.add_argument("--store-step", type=int, required=True, help="the last migration it knows")
    one.add_argument("--days", type=int, default=90, help="until it expires")
    one.add_argument("--machine", default=ANY_MACHINE, help="as uname -m says; default: any")
    one = command("install", install)
    one.add_argument("file", type=Path)
    one.add_argument("--keys", type=Path, default=KEYS, help="the folder of the keys that may sign")
    one = command("select", select)
    one.add_argument("--link", type=Path, required=True)
    one = command("confirm", confirm)
    one.add_argument("--url", help="of /healthz; default: as the box's configuration says")
    one.add_argument("--within", type=float, default=180.0, help="seconds to become well")
    one.add_argument("--steady", type=float, default=60.0, help="seconds to stay well")
    one.add_argument("--service", default=SERVICE)
    command("status", status)
    return main


def main() -> int:
    arguments = parser().parse_args()
    try:
        return arguments.perform(arguments) or 0
    except (BundleRefusedError, SlotsError, NoWayBackError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
