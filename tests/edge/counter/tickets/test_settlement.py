"""A bill that says why: discounts line by line, takings, printing on demand, the change screen."""

import re

import pytest

from edge.domain.paper_codes import QR_HEAD
from edge.receipt import QrCode
from tests.edge.counter.tickets.conftest import APPROVED, Desk, texts
from tests.edge.desk.counter import MANAGER


@pytest.mark.covers("A102")
async def test_each_line_says_on_page_and_paper_what_it_costs_and_why(till: Desk) -> None:
    shop = till.shop
    await shop.publish(
        "events",
        {"name": "店庆", "name_en": "Birthday sale", "to_day": shop.today, "discount_percent": 80},
    )
    member = await shop.member()
    due = await shop.ticket(member, COLA=2, HOUR=1)
    assert due == 800 + 240
    page = await shop.show("ticket")
    assert page.count("店庆 8折") == 2
    assert 'data-saved-fen="260"' in page
    paid = await shop.done(
        "pay", expected_total_fen=due, tenders=[["wechat", 500, "WX-77"], ["cash", 1_000]]
    )
    assert (paid["discount_fen"], paid["change_fen"]) == (260, 460)
    slip = texts((await till.papers(1))[-1])
    for line in (
        "  2 x ¥5.00 ¥10.00",
        "  店庆 8折 -¥2.00",
        "上网一小时 ¥3.00",
        "  店庆 8折 -¥0.60",
        "原价 ¥13.00",
        "已优惠 -¥2.60",
        "合计 ¥10.40",
        "微信 WX-77 ¥5.00",
        "现金 ¥5.40",
        "找零 ¥4.60",
    ):
        assert line.strip() in slip or line in slip, (line, slip)


@pytest.mark.covers("A050")
async def test_the_takings_of_a_day_are_by_tender_kind_and_category(till: Desk) -> None:
    shop = till.shop
    await shop.product("TOAST", 600, category="food")
    await shop.publish("categories", {"of": "product", "code": "food", "name": "食品"})
    member = await shop.member()
    await shop.done("top_up", member=member, amount_fen=10_000, tender="cash")
    await shop.buy(member, "wallet", TOAST=2)
    wrong = await shop.buy(0, COLA=1)
    await shop.done("void_sale", sale=wrong["sale"], reason="错", **APPROVED)
    part = await shop.buy(0, HOUR=2)
    await shop.log_in(MANAGER)
    await shop.done("refund", sale=part["sale"], amount_fen=300, reason="断网")
    page = await shop.show("takings")
    facts = {name: int(fen) for name, fen in re.findall(r'data-(\w+)-fen="(\d+)"', page)}
    assert facts["list"] == 1_200 + 500 + 600
    assert (facts["voided"], facts["refunded"], facts["net"]) == (500, 300, 1_500)
    tenders = dict(re.findall(r'data-tender="(\w+)".*?class="money">¥([\d.,-]+)', page))
    assert tenders == {"cash": "103.00", "wallet": "12.00"}
    kinds = dict(re.findall(r'data-reason="(\w+)".*?class="money">¥([\d.,-]+)', page))
    assert kinds["top_up"] == "100.00"
    assert kinds["void"] == "-5.00"
    assert re.search(r"食品</td><td class=\"figure\">2</td><td class=\"money\">¥12.00", page)
    yesterday = await shop.get(f"/show/takings?day={shop.day_after(-1)}")
    assert 'data-net-fen="0"' in yesterday


@pytest.mark.covers("A429")
async def test_the_receipt_comes_at_once_or_when_it_is_asked_for(till: Desk) -> None:
    shop = till.shop
    await shop.buy(0, COLA=1)
    assert len(await till.papers(1)) == 1
    await shop.publish("counter", {"print_at_once": False})
    await shop.done("add_line", sku="COLA")
    page = await till.form("pay", expected_total_fen="500", tender="cash")
    assert "打印小票" in page
    assert "未打印" in await shop.show("receipts")
    job = re.search(r'name="print_job" value="(\d+)"', page)
    assert job is not None
    assert len(shop.counter.printer.printed) == 1
    await shop.done("reprint", print_job=int(job[1]))
    await till.papers(2)
    assert shop.counter.printer.printed[-1][1] is False, "asked for, it is no copy"


@pytest.mark.covers("A430")
async def test_what_was_tendered_and_the_change_stand_large_or_not_at_all(till: Desk) -> None:
    shop = till.shop
    fields = {"expected_total_fen": "500", "tender": "cash", "received_yuan": "10"}
    await shop.done("add_line", sku="COLA")
    assert 'name="received_yuan"' in await shop.show("pay")
    page = await till.form("pay", **fields)
    assert 'data-change-fen="500"' in page
    assert "¥10.00" in page
    await shop.publish("counter", {"show_change": False})
    await shop.done("add_line", sku="COLA")
    assert 'name="received_yuan"' not in await shop.show("pay")
    assert "data-change-fen" not in await till.form("pay", **fields)


@pytest.mark.covers("A435")
async def test_the_receipt_proves_what_was_spent_and_can_be_checked(till: Desk) -> None:
    shop = till.shop
    await shop.publish(
        "company",
        {
            "name": "蓝海网咖",
            "phone": "400-100",
            "receipt_head": "欢迎回来",
            "receipt_foot": "钱物当面点清",
        },
    )
    sold = await shop.buy(0, COLA=1)
    paper = (await till.papers(1))[-1]
    slip = texts(paper)
    for line in ("蓝海网咖", "欢迎回来", "消费小票", "电话 400-100", "钱物当面点清"):
        assert line in slip
    (number,) = (line.removeprefix("单号 ") for line in slip if line.startswith("单号 "))
    (code,) = (line.content for line in paper.lines if isinstance(line, QrCode))
    head, name, said, entry, _ = code.split(":")
    assert (head, name, said) == (QR_HEAD, "sale", number)
    assert f"流水 {entry}" in slip
    path = "/show/check-receipt?text="
    page = await shop.get(path + code)
    assert 'data-genuine="yes"' in page
    assert "¥5.00" in page
    forged = code.replace("-0001:", "-0002:")
    assert 'data-genuine="no"' in await shop.get(path + forged)
    await shop.done("void_sale", sale=sold["sale"], reason="错", **APPROVED)
    assert "已作废" in await shop.get(path + code)


async def test_prices_of_the_fee_and_the_bill_add_up(till: Desk) -> None:
    shop = till.shop
    member = await shop.member()
    due = await shop.ticket(member, COLA=3)
    paid = await shop.done("pay", tender="cash", expected_total_fen=due)
    assert paid["total_fen"] == 1_350
    assert paid["discount_fen"] == 150
