"""The second copy and the support bundle as a technician has them: page, metrics, commands."""

import asyncio
import json
import tarfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from edge import app
from edge.cli import main
from edge.configuration import Configuration, SecondCopySection, read
from edge.doctor import examine
from edge.drivers.fake.cafe import VirtualCafe
from edge.second_copy.rebuild import REBUILDING_NAME
from edge.store.errors import StoreError
from edge.support_bundle import clean_line, write_bundle
from tests.edge.desk.counter import CASHIER, PIN, HandHub, MovedClock, furnish_hub
from tests.edge.second_copy.sticks import opened, written
from tests.edge.sync.boxes import eventually
from tests.edge.test_box import Box, configuration
from tests.stack import eventually as until

__all__ = ["configuration"]

NAME, LATIN_NAME, PHONE = "欧阳测试", "Canary Ouyang", "13912345678"
IDENTITY_NUMBER = "110101199003070396"
SECRET = "hunter2secret"
STOPPED, REFUSED = 3, 1
SECONDS = 60.0


@pytest.fixture
async def box(
    configuration: tuple[Configuration, VirtualCafe], tmp_path: Path
) -> AsyncIterator[tuple[Box, Configuration, Path]]:
    """A running box with a stick, the cashier logged in; its configuration; the stick's folder."""
    loaded, cafe = configuration
    stick = tmp_path / "stick"
    stick.mkdir()
    loaded = replace(loaded, second_copy=SecondCopySection(str(stick), other_disk=False))
    jar = aiohttp.CookieJar(unsafe=True)  # unsafe: also for an address without a name
    async with (
        app.running(loaded) as running,
        aiohttp.ClientSession(loaded.address, cookie_jar=jar) as client,
    ):
        await furnish_hub(HandHub(running.store, MovedClock()))
        box = Box(running, cafe, client)
        await box.do("log_in", staff=CASHIER, pin=PIN)
        await box.do("open_shift")
        yield box, loaded, stick


async def state_of(box: Box, wanted: str) -> None:
    """Wait until the box says of its second copy what is wanted."""

    async def is_said() -> bool:
        async with box.client.get("/healthz") as response:
            return bool((await response.json())["second_copy"] == wanted)

    await until(is_said, f"the second copy to be {wanted}", SECONDS)


async def text_of(box: Box, path: str) -> str:
    async with box.client.get(path) as response:
        return await response.text()


@pytest.mark.covers("A136", "A303")
async def test_a_stick_holds_what_the_hub_has_not_and_the_page_says_when_it_does_not(
    box: tuple[Box, Configuration, Path], tmp_path: Path
) -> None:
    running, loaded, stick = box
    await running.do("register_member", name=NAME, consent=True)
    store = running.running.store
    await eventually(lambda: opened(stick) == written(store), "all ops on the stick")
    await state_of(running, "in_step")
    assert 'data-second-copy="in_step"' in await text_of(running, "/")
    assert "cafebox_second_copy_holds_all 1.0" in await text_of(running, "/metrics")
    stick.rename(tmp_path / "pocket")
    await state_of(running, "missing")
    page = await text_of(running, "/")
    assert 'data-second-copy="missing"' in page
    assert "只有一份数据" in page or "One copy only" in page
    assert "cafebox_second_copy_holds_all 0.0" in await text_of(running, "/metrics")
    finding = next(one for one in await examine(loaded) if one.check == "second copy")
    assert not finding.ok
    assert "mount" in finding.remedy
    await running.do("register_member", name=NAME, consent=True)
    (tmp_path / "pocket").rename(stick)
    await state_of(running, "in_step")
    await eventually(lambda: opened(stick) == written(store), "the stick to be caught up")


async def test_a_running_box_s_ops_are_carried_out(
    box: tuple[Box, Configuration, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running, loaded, _stick = box
    await running.do("register_member", name=NAME, consent=True)
    config = tmp_path / "cafebox.toml"
    config.write_text(f'[box]\ndata_dir = "{loaded.data_dir}"\n')
    words = ["--config", str(config), "carry-out", str(tmp_path / "carried"), "--json"]
    assert main(words) == 0
    (row,) = json.loads(capsys.readouterr().out)["files"]
    assert row["first_seq"] == 1
    assert opened(tmp_path / "carried") == written(running.running.store)


async def test_a_store_that_is_whole_is_not_rebuilt(
    box: tuple[Box, Configuration, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _running, loaded, stick = box
    config = tmp_path / "cafebox.toml"
    config.write_text(f'[box]\ndata_dir = "{loaded.data_dir}"\n')
    words = ["--config", str(config), "rebuild", "--from", str(stick), "CODE-CODE-CODE"]
    assert await asyncio.to_thread(main, words) == STOPPED
    assert "enrol CODE --again" in capsys.readouterr().err
    bare = tmp_path / "bare"
    config.write_text(f'[box]\ndata_dir = "{bare}"\n')
    assert await asyncio.to_thread(main, words[:-1]) == STOPPED
    assert "enrol-code" in capsys.readouterr().err
    assert not list(bare.iterdir()), "nothing has begun"
    config.write_text(f'[box]\ndata_dir = "{bare}"\n[hub]\nurl = "http://127.0.0.1:1"\n')
    assert await asyncio.to_thread(main, words) == REFUSED
    assert not (bare / REBUILDING_NAME).exists(), "a code that was not taken begins nothing either"


async def test_a_box_whose_rebuild_broke_off_begins_with_no_empty_store(
    configuration: tuple[Configuration, VirtualCafe],
) -> None:
    """It would give the dead box's numbers once more."""
    loaded, _cafe = configuration
    (loaded.data_dir / REBUILDING_NAME).touch()
    with pytest.raises(StoreError, match="cafebox rebuild"):
        async with app.running(loaded):
            pass
    assert not (loaded.data_dir / app.STORE_NAME).exists()


# --- support bundle -------------------------------------------------------------------------------


async def test_a_support_bundle_holds_nothing_that_is_somebodys(
    box: tuple[Box, Configuration, Path], tmp_path: Path
) -> None:
    """Canaries: names, numbers, PINs and keys are in the store, the configuration and the log."""
    running, loaded, _stick = box
    await running.do(
        "register_member", name=NAME, phone=PHONE, identity=IDENTITY_NUMBER, consent=True
    )
    hub = replace(
        loaded.hub, url=f"http://admin:{SECRET}@hub.test:1", broker_url=f"mqtt://u:{SECRET}@b:1"
    )
    lines = [
        {"time": "2027-01-01T00:00:00", "level": "warning", "name": "edge", "event": f"no {PHONE}"},
        {"level": "error", "name": "edge", "event": f"member '{LATIN_NAME}' {NAME}", "seq": 41},
        {"level": "error", "name": "edge", "event": "broke off", "error": trace(), "who": NAME},
        {"level": "info", "name": "edge", "event": "tap", "device": "counter", "pin": "8642"},
    ]
    log = tmp_path / "box.log"
    words = [json.dumps(line, ensure_ascii=False) for line in lines]
    log.write_text("\n".join([*words, f"plain {IDENTITY_NUMBER} '{LATIN_NAME}'"]))
    target = tmp_path / "bundle.tar.gz"
    names = await write_bundle(replace(loaded, hub=hub), target, log)
    with tarfile.open(target) as bundle:
        texts = {
            Path(entry.name).name: bundle.extractfile(entry).read().decode()  # type: ignore[union-attr]  # files alone
            for entry in bundle.getmembers()
        }
    assert sorted(texts) == sorted(names)
    whole = "\n".join(texts.values())
    keys = [b"s" * 32, b"k" * 32]  # the box's own and the chain's, as its identity has them
    assert all(key in (loaded.data_dir / app.IDENTITY_NAME).read_bytes() for key in keys)
    secrets = [NAME, LATIN_NAME, PHONE, IDENTITY_NUMBER, SECRET]
    secrets += [text for key in keys for text in (key.decode(), key.hex())]
    assert [secret for secret in secrets if secret in whole] == []
    assert "8642" not in texts["log.jsonl"]
    store = json.loads(texts["store.json"])
    assert store["ops"]["member"] == 1
    assert store["own_seq"] > 1
    assert json.loads(texts["about.json"])["cafe"] == loaded_cafe(loaded)
    assert {one["check"] for one in json.loads(texts["doctor.json"])} >= {"store", "second copy"}
    assert json.loads(texts["health.json"])["ok"]
    assert "cafebox_ops_waiting" in texts["metrics.txt"]
    assert "test_second_copy.py" in texts["log.jsonl"]


def loaded_cafe(loaded: Configuration) -> int:
    return app.enrolment_of(loaded).answer.cafe


def trace() -> str:
    return f"""Traceback (most recent call last):
  File "{__file__}", line 7, in trace
    raise ValueError("{LATIN_NAME}")
ValueError: {LATIN_NAME} {PHONE}"""


async def test_a_bundle_is_written_where_everything_is_broken(tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    loaded = read("", tmp_path)
    loaded.data_dir.mkdir()
    (loaded.data_dir / app.STORE_NAME).write_bytes(b"no store")
    (loaded.data_dir / app.IDENTITY_NAME).write_bytes(b"no identity")
    names = await write_bundle(loaded, tmp_path / "bundle.tar.gz", tmp_path / "empty.log")
    assert "doctor.json" in names


def test_a_line_keeps_its_codes_and_measures() -> None:
    line = clean_line(
        '{"level": "info", "event": "line up", "seq": 12, "reason": "fork", "x": [1]}'
    )
    assert json.loads(line) == {
        "level": "info",
        "event": "line up",
        "seq": 12,
        "reason": "fork",
        "x": "#",
    }
