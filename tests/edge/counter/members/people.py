"""What tests of members and cards share: people, rules of head office, looks at the store."""

from sync_protocol.kinds import RULE
from tests.edge.web.test_counter_http import Site

IDENTITY = "11010519491231002X"
"""The example of GB 11643-1999."""
PHONE = "13800138000"
UID, OTHER_UID = "04A1B2C3", "04A1B2C4"


async def refused(site: Site, command: str, **inputs: object) -> str:
    """Send a command that must be refused with words; the log is then as it was."""
    before = site.counter.own_seq()
    status, answer = await site.json(command, **inputs)
    assert status == 422, answer
    assert answer["words"]
    assert site.counter.own_seq() == before
    return str(answer["code"])


async def publish(site: Site, rule: str, *rows: list[object], version: int = 1) -> None:
    """Let head office publish a rule."""
    values = {"version": version, "values": list(rows)}
    await site.counter.hub.document(RULE, rule, values)
    site.counter.desk.log_applied()


async def register(site: Site, name: str = "王小明", **more: object) -> int:
    """Register a member."""
    member = (await site.done("register_member", name=name, consent=True, **more))["member"]
    assert isinstance(member, int)
    return member


async def found(site: Site, text: str) -> str:
    """The page of a search."""
    return await site.get(f"/show/find?text={text}", **{"HX-Request": "true"})


async def work(site: Site, path: str) -> str:
    """A work in hand as htmx gets it."""
    return await site.get(f"/show/{path}", **{"HX-Request": "true"})
