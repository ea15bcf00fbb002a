"""A small tier of the campaign at every change; `make fuzz` is the whole."""

import logging

import pytest

from sync_protocol import column_reader
from sync_protocol.codec import DEPTH_MAX
from sync_protocol.messages import Ack, unpack_message
from tests.fuzz import targets
from tests.fuzz.__main__ import summary
from tests.fuzz.campaign import Campaign, replay
from tests.fuzz.every_target import every_target
from tests.fuzz.sessions import HubRun

SEED = 20270501
FRAMES = 20_000


@pytest.fixture(autouse=True)
def _quiet():
    logging.disable(logging.CRITICAL)  # every quarantined batch is a warning
    yield
    logging.disable(logging.NOTSET)


def test_mutated_frames_bring_out_nothing_but_refusals():
    result = Campaign(every_target(), FRAMES, SEED).run()
    facts = summary(result)
    assert facts["findings"] == []
    assert result.frames == FRAMES
    for name, counts in result.counts.items():
        assert counts["taken"] or name == "bombs", f"{name}: nothing was taken, all was refused"
        assert len(counts) > 1 or name == "bombs", f"{name}: nothing was refused"


def test_the_same_seed_sends_the_same_frames():
    counts = [Campaign(every_target()[:6], 3000, SEED).run().counts for _ in range(2)]
    assert counts[0] == counts[1]


def test_a_bug_is_found_and_its_frame_made_short(monkeypatch):
    def careless(data):
        message = unpack_message(data)
        if isinstance(message, Ack):
            message.FIELDS[message.seq]  # an index that the peer chose
        return message

    target = targets.Messages()
    monkeypatch.setattr(targets, "unpack_message", careless)
    result = Campaign([(target, 1)], 5000, SEED).run()
    [finding] = result.findings
    assert finding.error.startswith("IndexError")
    frames = [bytes.fromhex(frame) for frame in finding.frames]
    assert [len(frame) for frame in frames] == [len(Ack(1, 90, bytes(8)).pack())]
    assert replay(target, frames) is not None
    monkeypatch.undo()
    assert replay(target, frames) is None


def test_a_bug_behind_a_good_signature_is_found(monkeypatch):
    monkeypatch.setattr(column_reader, "ROW_DEPTH_MAX", 3 * DEPTH_MAX)
    result = Campaign([(HubRun(), 1)], 20_000, SEED).run()
    [finding] = result.findings
    assert "value_depth" in finding.error
