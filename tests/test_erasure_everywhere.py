"""A member is erased: nothing of the person is left in any byte of hub and boxes, logs included."""

from pathlib import Path

import pytest

from tests.brokers.servers import Mosquitto
from tests.faults.services import ForkedStack
from tests.refold import refold_box, refold_hub
from tests.smoke.counter import Counter
from tests.smoke.evidence import Evidence
from tests.stack import CHAIN, eventually

NAME, PHONE, IDENTITY = "欧阳不留痕", "13987650123", "110101199003077774"
NOTE, EXIT, REASON = "耳机坏了自己修", "不爱玩游戏了", "本人要求换号码"
NEW_PHONE = "13987650456"
INITIALS = "oyblh"
WRITTEN = (NAME, PHONE, NEW_PHONE, IDENTITY, NOTE, EXIT, REASON)
"""What stands in a member's file; each is looked for on the disks."""
ERASED_SECONDS = 120.0


def traces(folder: Path) -> list[str]:
    """Return the files under `folder` in which something of the person stands."""
    wanted = [
        text.encode(encoding)
        for text in (*WRITTEN, INITIALS)
        for encoding in ("utf-8", "gb18030", "utf-16-le")
    ]
    wanted.append(NAME.encode("unicode_escape"))
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(text in path.read_bytes() for text in wanted)
    ]


@pytest.mark.timeout(240)
async def test_an_erased_member_is_in_no_file_of_the_chain(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        async with ForkedStack(tmp_path / "stack", broker.url) as stack:
            await stack.add_box("a")
            await stack.add_box("b")
            await stack.until_in_step()
            counter = Counter("a", stack.boxes["a"], stack.staff, Evidence())
            try:
                await counter.log_in()
                person = {"name": NAME, "phone": PHONE, "identity": IDENTITY, "consent": True}
                member = (await counter.do("register_member", **person))["member"]
                await counter.do("top_up", member=member, amount_fen=3000, tender="cash")
                await counter.do("add_member_note", member=member, about="service", text=NOTE)
                await counter.do("approve_member", member=member)
                changed = {**person, "phone": NEW_PHONE, "reason": REASON}
                await counter.do("change_member", member=member, **changed)
                await counter.do("request_exit", member=member, reason=EXIT)
            finally:
                await counter.close()
            await stack.until_in_step()
            found = traces(stack.folder)
            for store in ("hub/hub.sqlite", "a/box.db", "b/box.db"):
                assert any(name.startswith(store) for name in found), f"{store} never had it"

            await stack.operate("erase-member", str(member), "--yes")
            await stack.until_in_step()
            await eventually(
                lambda: not traces(stack.folder),
                f"{traces(stack.folder)} to be clean",
                ERASED_SECONDS,
            )
            # a box that comes later starts from a fresh snapshot
            await stack.add_box("c")
            await stack.until_in_step()
        assert traces(stack.folder) == []
        assert refold_hub(stack.hub_store).differences == []
        for box in stack.boxes.values():
            assert refold_box(box.store, CHAIN, box.cafe).differences == []
