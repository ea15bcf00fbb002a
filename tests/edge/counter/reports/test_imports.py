"""Import from the old system: every problem by row and column, once only, from CSV and XLSX."""

import asyncio
import io
import re

import openpyxl
import pytest
from aiohttp import FormData

from edge.desk.imports import Asked, Imports
from edge.domain.imports import ALIASES, BALANCES, MEMBERS
from edge.web.sheets import SheetError, read_sheet
from sync_protocol.accounts import BONUS, OPENING, POINTS_HELD, WALLET
from sync_protocol.kinds import MEMBER
from tests.edge.counter.money.conftest import Till
from tests.edge.desk.counter import MANAGER, SETTINGS

LOOK = {"HX-Request": "true"}
GOOD = (
    "会员号,姓名,手机,证件号,生日,等级,备注\n"
    "A001,韩梅梅,13900001111,11010519491231002X,,gold,x\n"
    "A002,Lucy,,,1999-5-1,,\n"
)
BAD = (
    "会员号,姓名,手机,证件号,生日,等级\n"
    "B001,,123,,,\n"
    "B002,甲,13900002222,110105194912310021,,\n"
    "B003,乙,13900002222,,2999-01-01,platinum\n"
    "B003,丙,,,,\n"
    "B004,丁,,,,\n"
)


def asked(what: str, text: str | bytes, **more: bool) -> Asked:
    sheet = read_sheet(text.encode() if isinstance(text, str) else text, ALIASES[what])
    return Asked(what, sheet.columns, sheet.rows, **more)


def importer(till: Till) -> Imports:
    counter = till.counter
    return Imports(counter.store, SETTINGS, counter.clock.wall_ms)


def found(progress) -> list[tuple[int, str, str]]:
    return [(one.row, one.column, one.refusal.code) for one in progress.problems]


async def test_a_dry_run_lists_every_problem_by_row_and_column_and_writes_nothing(
    till: Till,
) -> None:
    before = till.counter.own_seq()
    progress = await importer(till).run(asked(MEMBERS, BAD))
    assert found(progress) == [
        (2, "name", "name_invalid"),
        (2, "phone", "phone_invalid"),
        (3, "identity", "identity_invalid"),
        (4, "birth_date", "import_day"),
        (4, "tier", "import_tier"),
        (5, "number", "import_repeated"),
    ]
    for one in progress.problems:
        assert one.refusal.words("zh") != one.refusal.words("en")
    refused = await importer(till).run(asked(MEMBERS, BAD, dry_run=False))
    assert refused.refusal is not None
    assert refused.refusal.code == "import_problems"
    assert till.counter.own_seq() == before
    partly = await importer(till).run(asked(MEMBERS, BAD, dry_run=False, leave_out=True))
    assert (partly.written, partly.finished) == (1, True)


async def test_members_and_balances_come_in_once_however_often_they_are_imported(
    till: Till,
) -> None:
    for written in (2, 0):
        progress = await importer(till).run(asked(MEMBERS, GOOD, dry_run=False))
        assert (progress.written, progress.skipped) == (written, 2 - written)
    with till.counter.store.read() as reader:
        (document,) = reader.registers_where(MEMBER, "number", "A001")
    member = int(document.key)
    assert document.value("tier") == "gold"
    assert document.value("birth_date") == 19491231
    # A phone that is taken is a problem, not a crash.
    again = await importer(till).run(asked(MEMBERS, "会员号,姓名,手机\nA009,某,13900001111\n"))
    assert found(again) == [(2, "phone", "phone_taken")]
    balances = '会员号,储值,赠送,积分\nA001,"1,234.50",20,300\nA002,0,,\n'
    for _ in range(2):
        progress = await importer(till).run(asked(BALANCES, balances, dry_run=False))
        assert progress.problems == []
    assert (till.has(WALLET, member), till.has(BONUS, member)) == (123_450, 2_000)
    assert till.has(POINTS_HELD, member) == 300
    with till.counter.store.read() as reader:
        opened = {account[5]: one.shown for account, one in reader.balances_of(OPENING, member)}
    assert opened == {"fen": 125_450, "points": 300}
    bad = '会员号,储值,积分\nA001,-5,1.5\nZ999,1,1\nA002,1.005,\nA009,"12,5",\n'
    progress = await importer(till).run(asked(BALANCES, bad))
    assert found(progress) == [
        (2, "wallet", "import_amount"),
        (2, "points", "import_points"),
        (3, "number", "import_no_member"),
        (4, "wallet", "import_amount"),
        (5, "number", "import_no_member"),
        (5, "wallet", "import_amount"),
    ]
    await till.done("show_member", member=member)
    assert 'data-balance-fen="125450"' in await till.get("/")
    # It stands at head office, which alone can say that no other cafe imported it first.
    assert await till.refused("spend", member=member, amount_fen=3_450) == "spendable_elsewhere"
    await till.counter.hub.confirm_all()
    await till.counter.hub.grant(member, 3_450)
    await till.done("spend", member=member, amount_fen=3_450)


def test_lists_are_read_in_utf_8_gb18030_and_as_workbooks() -> None:
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        sheet = read_sheet(GOOD.encode(encoding), ALIASES[MEMBERS])
        assert sheet.rows[0] == (
            2,
            {
                "number": "A001",
                "name": "韩梅梅",
                "phone": "13900001111",
                "identity": "11010519491231002X",
                "birth_date": "",
                "tier": "gold",
            },
        )
        assert sheet.unknown == ("备注",)
    book = openpyxl.Workbook()
    book.active.append(["会员号", "姓名", "手机"])
    book.active.append([1001.0, "韩梅梅", 13900001111])
    target = io.BytesIO()
    book.save(target)
    sheet = read_sheet(target.getvalue(), ALIASES[MEMBERS])
    assert sheet.rows[0][1] == {"number": "1001", "name": "韩梅梅", "phone": "13900001111"}
    for data, code in (
        (b"", "file_empty"),
        (b"a,b\n1,2\n", "file_heading"),
        (b"\xff\xfe\x00", "file_encoding"),
        (b"PK\x03\x04broken", "file_shape"),
    ):
        with pytest.raises(SheetError) as error:
            read_sheet(data, ALIASES[MEMBERS])
        assert error.value.code == code


async def test_three_thousand_members_and_balances_come_in_by_few_commits(till: Till) -> None:
    """What a disk takes long for is not done once for each."""
    commits: list[None] = []
    till.counter.store.listen(lambda: commits.append(None))
    lines = [f"N{place:05},会员{place},139{place:08},,," for place in range(3_000)]
    text = "会员号,姓名,手机,证件号,生日,等级\n" + "\n".join(lines)
    progress = await importer(till).run(asked(MEMBERS, text, dry_run=False))
    assert (progress.written, progress.problems) == (3_000, [])
    balances = "会员号,储值\n" + "\n".join(f"N{place:05},{place}" for place in range(3_000))
    progress = await importer(till).run(asked(BALANCES, balances, dry_run=False))
    assert progress.written == 2_999
    assert 0 < len(commits) <= 100


async def test_a_manager_imports_a_file_on_the_page(till: Till) -> None:
    async with till.visitor.post(f"{till.address}/imports", data={"what": "members"}) as answer:
        assert answer.status == 403
    await till.log_in(MANAGER)

    async def send(text: str, do: str) -> str:
        form = FormData()
        form.add_field("what", "members")
        form.add_field("do", do)
        form.add_field("file", text.encode(), filename="list.csv", content_type="text/csv")
        address = f"{till.address}/imports"
        async with till.visitor.post(address, data=form, headers=LOOK) as answer:
            return await answer.text()

    async def finished() -> str:
        async with asyncio.timeout(60):
            while True:
                page = await till.get("/show/import", **LOOK)
                if 'data-finished="yes"' in page:
                    return page
                await asyncio.sleep(0.02)

    await send(BAD, "check")
    page = await finished()
    assert re.findall(r'data-row="(\d+)" data-column="(\w*)"', page)[:2] == [
        ("2", "name"),
        ("2", "phone"),
    ]
    await send(GOOD, "import")
    page = await finished()
    assert 'data-written="2"' in page
    assert "file_heading" in await send("a,b\n1,2\n", "check")
