"""A one-time code gives a box its identity; a lost answer is asked for again with the same key."""

import aiohttp
import pytest

from edge.sync.enrolment import EnrolmentError, load_enrolment
from edge.sync.hub_http import HubRefusedError, HubUnreachableError
from edge.sync.line_switch import LineCutError
from tests.edge.sync.boxes import Box, broker_login


@pytest.fixture
async def box(tmp_path, hub, broker):
    async with aiohttp.ClientSession() as client:
        yield Box(tmp_path / "box", hub.url, broker_login(broker.port), client)


@pytest.fixture
async def code(hub):
    return await hub.office.create_code(hub.cafes[0], "box")


async def test_code_gives_an_identity_that_only_its_owner_reads(box, code, hub):
    enrolment = await box.enrol(code)
    assert enrolment.identity.cafe == hub.cafes[0]
    assert enrolment.identity.epoch == 1
    kept = load_enrolment(box.identity_path)
    assert kept.identity == enrolment.identity
    assert kept.sign(b"x") == enrolment.sign(b"x")
    assert box.identity_path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(EnrolmentError, match="enrolled"):
        await box.enrol(code)
    box.identity_path.chmod(0o644)
    with pytest.raises(EnrolmentError, match="chmod"):
        load_enrolment(box.identity_path)


async def test_lost_answer_is_asked_for_again(box, code, monkeypatch):
    """The hub has answered and the box lost power before it wrote the answer down."""
    box.switch.cut()
    with pytest.raises(LineCutError):
        await box.enrol(code)
    box.switch.mend()
    with_key_only = box.identity_path.read_bytes()
    first = await box.enrol(code)
    box.identity_path.write_bytes(with_key_only)
    again = await box.enrol(code)
    assert again.identity == first.identity


async def test_used_and_unknown_codes_are_refused_in_words(box, code, tmp_path, hub):
    await box.enrol(code)
    other = Box(tmp_path / "other", hub.url, box.login, box.client)
    with pytest.raises(HubRefusedError) as used:
        await other.enrol(code)
    assert used.value.status == 409
    assert used.value.zh
    assert used.value.en
    with pytest.raises(HubRefusedError):
        await other.enrol("no-such-code")
    assert load_enrolment(other.identity_path) is None


async def test_hub_out_of_reach_is_told(box, code):
    box.hub_url = "http://127.0.0.1:9"
    with pytest.raises(HubUnreachableError):
        await box.enrol(code)
