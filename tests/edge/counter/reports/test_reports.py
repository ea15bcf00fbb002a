"""Reports at the counter: on the page, by day, account and amount, in full, on paper, as files."""

import csv
import io
import json
import re
from pathlib import Path

import openpyxl
import pytest

from edge.desk.reports.day_sums import DaySums, fold_day
from edge.desk.reports.views import REPORT_NAMES
from edge.domain.report_table import Table, columns
from edge.effects.spreadsheets import csv_of, xlsx_of
from edge.events import CardTapped
from tests.edge.counter.money.conftest import Till
from tests.edge.desk.counter import CARD, MANAGER

TODAY, TOMORROW = 20261106, 20261107
DAY_SECONDS = 86_400
LOOK = {"HX-Request": "true"}


async def sell(till: Till, sku: str, quantity: int, tender: str, member: int = 0) -> int:
    """Sell so many of a product, to a walk-in or a member; the sale's id."""
    if member:
        await till.done("set_ticket_member", member=member)
    else:
        await till.done("sell_to_walk_in")
    line = await till.done("add_line", sku=sku, quantity=quantity)
    paid = await till.done("pay", tender=tender, expected_total_fen=line["total_fen"])
    return int(str(paid["sale"]))


async def shown(till: Till, name: str, **query: object) -> str:
    address = "&".join(f"{key}={value}" for key, value in query.items())
    return await till.get(f"/show/report?report={name}&{address}", **LOOK)


def cells(page: str, column: str) -> list[str]:
    return re.findall(rf'data-cell="{column}"[^>]*>([^<]*)<', page)


def total(page: str, column: str) -> str:
    found = re.search(rf'data-sum="{column}"[^>]*><strong>([^<]*)<', page)
    assert found is not None, column
    return found[1]


@pytest.mark.covers("A130")
async def test_top_ups_and_spends_are_summed_by_day_and_listed_one_by_one(till: Till) -> None:
    await till.top_up(10_000)
    await till.done("spend", member=till.member, amount_fen=1_500, note="网费")
    till.counter.clock.forward(DAY_SECONDS)
    await till.top_up(3_000)
    await sell(till, "COLA", 2, "wallet", till.member)
    await till.log_in(MANAGER)
    page = await shown(till, "stored-value", from_day=TODAY, to_day=TOMORROW)
    assert cells(page, "topped_up") == ["100.00", "30.00"]
    assert cells(page, "wallet") == ["15.00", "9.00"]
    assert (total(page, "topped_up"), total(page, "net")) == ("130.00", "106.00")
    assert '<svg class="chart"' in page
    page = await shown(till, "spends", from_day=TODAY, to_day=TOMORROW)
    assert cells(page, "total") == ["15.00", "9.00"]
    assert cells(page, "what") == ["Other", "Goods"]
    assert cells(page, "member") == ["王小明"] * 2


@pytest.mark.covers("A149")
async def test_income_is_recorded_payment_by_payment_and_reported_by_day_and_tender(
    till: Till,
) -> None:
    await till.top_up(10_000, tender="wechat", tender_reference="WX-77")
    await sell(till, "COLA", 1, "cash")
    await sell(till, "COLA", 1, "wallet", till.member)
    sale = await sell(till, "NOODLE", 1, "cash")
    await till.log_in(MANAGER)
    await till.done("refund", sale=sale, amount_fen=200, reason="少一包")
    page = await shown(till, "income")
    assert (total(page, "cash"), total(page, "wechat")) == ("8.00", "100.00")
    assert total(page, "total") == "108.00"
    records = await shown(till, "income-records")
    assert sorted(cells(records, "amount")) == ["-2.00", "100.00", "5.00", "5.00"]
    assert "WX-77" in cells(records, "reference")
    by_tender = await shown(till, "income-tenders")
    assert dict(zip(cells(by_tender, "tender"), cells(by_tender, "total"), strict=True)) == {
        "Cash": "8.00",
        "WeChat Pay": "100.00",
    }


@pytest.mark.covers("A155")
async def test_top_up_records_are_filtered_by_date_account_and_amount(till: Till) -> None:
    other = await till.done("register_member", name="李雷", consent=True, phone="13800001111")
    await till.top_up(10_000)
    await till.top_up(2_000)
    await till.top_up(3_000, member=other["member"])
    till.counter.clock.forward(DAY_SECONDS)
    await till.top_up(5_000)
    await till.log_in(MANAGER)
    both = {"from_day": TODAY, "to_day": TOMORROW}
    for query, amounts in (
        (both, ["100.00", "20.00", "30.00", "50.00"]),
        ({"from_day": TOMORROW, "to_day": TOMORROW}, ["50.00"]),
        ({**both, "account": "13800001111"}, ["30.00"]),
        ({**both, "from_yuan": 25, "to_yuan": "50.00"}, ["30.00", "50.00"]),
        ({**both, "from_yuan": 25, "account": "13800001111", "to_yuan": 29}, []),
    ):
        assert cells(await shown(till, "top-ups", **query), "amount") == amounts, query
    page = await shown(till, "top-ups", account="99999999")
    assert "report_account_unknown" in page


@pytest.mark.covers("A156")
async def test_a_record_in_full_has_its_time_its_method_and_its_amount(till: Till) -> None:
    await till.top_up(10_000, tender="alipay", tender_reference="ALI-9", note="生日")
    await till.log_in(MANAGER)
    page = await shown(till, "top-ups")
    link = re.search(r'href="(/show/record\?record=\d+)"', page)
    assert link is not None
    record = await till.get(link[1], **LOOK)
    assert re.search(r"<time[^>]*>11-07 \d\d:\d\d</time>", record)
    assert re.search(r"data-method>Alipay<", record)
    assert 'data-amount-fen="10000"' in record
    assert "ALI-9" in record


@pytest.mark.covers("A157")
async def test_top_up_records_are_exported_as_csv_and_as_a_workbook(till: Till) -> None:
    await till.done("register_member", name="=2+3", consent=True, phone="13800002222")
    await till.top_up(12_345)
    await till.log_in(MANAGER)
    text = await till.get("/reports/top-ups.csv")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[0][:3] == ["Number", "Time", "What"]
    assert (rows[1][3], rows[1][5]) == ("王小明", "123.45")
    async with till.visitor.get(f"{till.address}/reports/top-ups.xlsx") as answer:
        assert answer.headers["Content-Disposition"].endswith('.xlsx"')
        book = openpyxl.load_workbook(io.BytesIO(await answer.read()))
    sheet = book.active
    assert sheet.cell(2, 6).value == 123.45
    assert sheet.cell(2, 6).number_format == "#,##0.00"
    assert sheet.cell(2, 2).is_date
    values = json.loads(await till.get("/reports/top-ups.json"))
    assert values["rows"][0]["amount"] == 12_345
    async with till.visitor.get(f"{till.address}/reports/nothing.csv") as answer:
        assert answer.status == 422


@pytest.mark.covers("A367")
async def test_card_swipes_and_what_they_spent_are_counted(till: Till) -> None:
    await till.top_up(10_000)
    for _ in range(2):
        till.counter.clock.forward(60)
        await till.counter.desk.tap(CardTapped("counter", CARD, till.counter.clock.monotonic_ns()))
    await sell(till, "COLA", 2, "wallet", till.member)
    await sell(till, "COLA", 1, "cash")
    await till.log_in(MANAGER)
    page = await shown(till, "swipes", from_day=TODAY, to_day=TODAY)
    found = {name: cells(page, name) for name in ("members", "taps", "payments", "spent")}
    assert found == {"members": ["1"], "taps": ["2"], "payments": ["1"], "spent": ["9.00"]}
    assert cells(page, "average") == ["9.00"]


@pytest.mark.covers("A497")
async def test_what_was_spent_on_in_a_period_is_summed_up(till: Till) -> None:
    await till.top_up(10_000)
    await sell(till, "COLA", 2, "wallet", till.member)
    await sell(till, "NOODLE", 1, "cash")
    await till.done("spend", member=till.member, amount_fen=3_000)
    await till.log_in(MANAGER)
    page = await shown(till, "spending", from_day=TODAY, to_day=TODAY)
    assert cells(page, "what") == ["Goods", "Other"]
    assert cells(page, "paid") == ["14.00", "30.00"]
    assert cells(page, "average") == ["7.00", "30.00"]
    assert (total(page, "wallet"), total(page, "money")) == ("39.00", "5.00")
    page = await shown(till, "spending", from_day=TOMORROW, to_day=TOMORROW)
    assert cells(page, "what") == []


async def test_every_report_opens_prints_and_has_files(till: Till) -> None:
    await till.top_up(10_000)
    await sell(till, "COLA", 2, "wallet", till.member)
    await till.log_in(MANAGER)
    printed = len(till.counter.printer.printed)
    for count, name in enumerate(REPORT_NAMES, 1):
        page = await shown(till, name)
        assert f'data-report="{name}"' in page
        assert 'role="alert"' not in page
        await till.done("print_report", report=name)
        assert REPORT_NAMES[name][0] in await till.slip(printed + count)
        for format_name in ("csv", "xlsx", "json"):
            async with till.visitor.get(f"{till.address}/reports/{name}.{format_name}") as answer:
                assert answer.status == 200
                assert await answer.read()
    page = await shown(till, "day", from_day=20200101, to_day=TODAY)
    assert "report_days_many" in page
    page = await shown(till, "day", from_day=TODAY, to_day=20260101)
    assert "report_days_order" in page


async def test_kept_sums_of_a_day_follow_what_changes_in_it(till: Till, tmp_path: Path) -> None:
    await till.top_up(10_000)
    sale = await sell(till, "COLA", 2, "cash")
    kept = DaySums()
    with till.counter.store.read() as reader:
        assert dict(kept.of_days(reader, (TODAY,)))[TODAY] == fold_day(reader, TODAY)
    till.counter.clock.forward(DAY_SECONDS)
    await till.log_in(MANAGER)
    await till.done("refund", sale=sale, amount_fen=300, reason="退一瓶")
    with till.counter.store.read() as reader:
        after = dict(kept.of_days(reader, (TODAY, TOMORROW)))
        assert after[TODAY] == fold_day(reader, TODAY)
        assert after[TODAY]["money", "cash"][3] == 300
    kept.save(tmp_path / "sums.json")
    await till.counter.hub.confirm_all()
    again = DaySums.load(tmp_path / "sums.json")
    assert again == kept
    (tmp_path / "sums.json").write_text(
        (tmp_path / "sums.json").read_text().replace("1", "2"), encoding="utf-8"
    )
    assert DaySums.load(tmp_path / "sums.json") == DaySums()
    with till.counter.store.read() as reader:
        assert dict(again.of_days(reader, (TODAY,)))[TODAY] == fold_day(reader, TODAY)
    with till.counter.store.read() as reader:
        assert dict(kept.of_days(reader, (TODAY,)))[TODAY] == fold_day(reader, TODAY)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_spreadsheet_takes_a_name_for_a_formula(start: str) -> None:
    evil = f'{start}HYPERLINK("http://x","y")'
    made = columns("name:text fen:money+", (("名", "Name"), ("金额", "Amount")))
    table = Table("t", ("表", "T"), TODAY, TODAY, made, ((evil, -150),))
    (_names, row, _sums) = csv.reader(io.StringIO(csv_of(table, "en", 480)[1:], newline=""))
    assert row[0] == "'" + evil
    assert row[1] == "-1.50"
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_of(table, "en", 480))).active
    assert sheet.cell(2, 1).data_type == "s"
    assert sheet.cell(2, 1).quotePrefix
    assert sheet.cell(2, 2).value == -1.5
