"""`cafebox enrol`: a box's identity, or its next epoch, by a one-time code of the hub."""

import argparse
import asyncio
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge import app, machine
from edge.cli_output import DONE, Row, print_values
from edge.configuration import Configuration, ConfigurationError, read
from edge.sync.enrolment import enrol
from edge.sync.hub_http import HubHttp
from edge.sync.line_switch import LineSwitch
from edge.sync.tls import http_client


def add_command(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add it to the parser."""
    command = add("enrol", "get this box's identity from the hub by a one-time code")
    command.add_argument("code", help="the code that cafebox-hub enrol-code printed")
    command.add_argument("--again", action="store_true", help="the next epoch of this same box")
    command.add_argument("--hub", default="", help="the hub's address; also written to --config")


def enrol_box(configuration: Configuration, options: argparse.Namespace) -> int:
    """Get an identity; returns the exit code. A refusal leaves no file that was not there."""
    with _with_hub(configuration, options.config, options.hub) as reached:
        answer = asyncio.run(_ask_identity(reached, options.code, options.again))
    if options.json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        print_values(answer)
        print("Now: cafebox doctor, then cafebox run")
    return DONE


async def _ask_identity(configuration: Configuration, code: str, again: bool) -> Row:
    configuration.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with http_client(configuration.ca_file) as client:
        enrolment = await enrol(
            configuration.data_dir / app.IDENTITY_NAME,
            HubHttp(configuration.hub.url, client, LineSwitch()),
            code,
            hardware=machine.hardware_id(),
            software=app.SOFTWARE,
            random_bytes=secrets.token_bytes,
            again=again,
        )
    answer = enrolment.answer
    return {
        "chain": answer.chain,
        "cafe": answer.cafe,
        "node": answer.node,
        "epoch": answer.epoch,
        "broker": answer.broker,
    }


@contextmanager
def _with_hub(configuration: Configuration, path: Path, address: str) -> Iterator[Configuration]:
    """Begin a configuration with the hub's address; one that says otherwise is left alone."""
    if not address:
        yield configuration
    elif path.exists():
        if configuration.hub.url.rstrip("/") != address.rstrip("/"):
            raise ConfigurationError(
                f"{path}: hub.url is another address. Set url = {json.dumps(address)} under [hub],"
                " then enrol without --hub"
            )
        yield configuration
    else:
        text = f"[hub]\nurl = {json.dumps(address)}\n"
        begun = read(text, path.absolute().parent)
        path.write_text(text, encoding="utf-8")
        try:
            yield begun
        except BaseException:
            path.unlink()
            raise
