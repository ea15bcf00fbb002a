"""A box that boots in 1970 and one that is 30 years ahead, against a real hub."""

import time

import pytest

from cloud.store import log
from sync_protocol.clock import stamp_ms
from sync_protocol.kinds import MEMBER
from sync_protocol.ops import TRUST_MEASURED, TRUST_NONE
from tests.cloud.remote_box import eventually
from tests.edge.store import bodies

YEAR_MS = 365 * 24 * 3600 * 1000
OFFLINE_MS = 600_000
"""How long before its first line a box wrote, by its own clock's count."""


def now_ms():
    return time.time_ns() // 1_000_000


def trust_of_last_op(box):
    return box.read(lambda reader: reader.own_ops(reader.own_head().seq, 1)[0].header.trust)


async def name(box, text):
    shown = box.read(lambda reader: reader.register(MEMBER, 812))
    document = bodies.document(MEMBER, 812, box.cafe, {"name": text}, shown)
    return await box.append(MEMBER, document)


async def boot(make_box, cafe, wall_offset_ms):
    """Return a box that wrote something before its first line."""
    box = await make_box(cafe, start=False)
    box.wall_offset_ms = wall_offset_ms
    box.switch.cut()
    box.start()
    await box.append(MEMBER, bodies.document(MEMBER, 900 + cafe, box.cafe, {"name": "offline"}))
    assert trust_of_last_op(box) == TRUST_NONE
    box.switch.mend()
    await eventually(lambda: box.sync.up, "the line")
    return box


@pytest.mark.parametrize("wall_offset_ms", [-now_ms(), 30 * YEAR_MS], ids=["1970", "2056"])
async def test_stamps_come_out_right_whatever_the_box_clock_says(hub, make_box, wall_offset_ms):
    box = await boot(make_box, 0, wall_offset_ms)
    await box.settled()
    reader = hub.office.hub.reader
    for seq in (1, 2):
        effective = log.read_op(reader, box.node, 1, seq).entry.annotation.effective
        assert abs(stamp_ms(effective) - now_ms()) < 60_000, stamp_ms(effective)
    await eventually(lambda: abs(box.sync.clock_offset_ms + wall_offset_ms) < 60_000, "the offset")
    op = await eventually(lambda: _measured(box), "an op with a measured clock")
    assert op


async def _measured(box):
    await name(box, str(time.monotonic_ns()))
    return trust_of_last_op(box) == TRUST_MEASURED


async def test_two_wrong_clocks_and_a_right_one_agree_on_who_was_last(hub, make_box):
    early = await boot(make_box, 0, -now_ms())
    late = await boot(make_box, 1, 30 * YEAR_MS)
    for box, text in ((late, "first"), (early, "second"), (late, "third"), (early, "fourth")):
        await name(box, text)
        for other in (early, late):
            await other.settled()
            await eventually(
                lambda other=other, text=text: other.read(
                    lambda reader: (
                        (member := reader.register(MEMBER, 812)) is not None
                        and member.confirmed is not None
                        and member.value("name") == text
                    )
                ),
                text,
            )
    for box in (early, late):
        await box.assert_equal_to_hub()
