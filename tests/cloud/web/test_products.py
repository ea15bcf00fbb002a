"""The catalogue's page over HTTP: a product set, changed, and changed by two at once."""

import re

import pytest
from aiohttp import ClientSession

from cloud.domain.rules import Place
from cloud.hub.office import HeadOffice
from cloud.hub.rules import publish
from cloud.store.reports import read_documents
from cloud.web.documents import fields_of, products
from sync_protocol.kinds import PRODUCT
from tests.cloud.web.conftest import log_end

BLANK = {
    "name_en": "",
    "category": "",
    "barcode": "",
    "member_price_yuan": "",
    "brand": "",
    "commission_percent": "",
    "low_stock": "",
    "audience": "",
}


def fields_in(page: str) -> dict[str, str]:
    """What a browser would send from the page's form of a product."""
    form = page[page.index('action="/products"') :]
    boxes = re.findall(r'<input type="checkbox" name="(\w+)" checked>', form)
    texts = re.findall(r'<input [^>]*name="(\w+)"[^>]* value="([^"]*)">', form)
    return dict(texts) | dict.fromkeys(boxes, "on")


@pytest.mark.covers("A254", "A289")
async def test_products_are_set_and_changed_and_a_bad_price_changes_nothing(
    site: str, person: ClientSession, office: HeadOffice
) -> None:
    form = {"sku": "cola", "name": "可乐", "price_yuan": "4.5", "counted": "on", "on_sale": "on"}
    async with person.post(f"{site}/products", data=form) as answer:
        assert answer.status == 200
        assert "4.50" in await answer.text()
    position = log_end(office)
    for price in ("-1", "1.234", "abc", "", "99999999", "1e3", "４"):
        async with person.post(f"{site}/products", data={**form, "price_yuan": price}) as answer:
            assert answer.status == 422
            assert "price_invalid" in await answer.text()
    assert log_end(office) == position
    async with person.get(f"{site}/products?sku=cola") as answer:
        form = fields_in(await answer.text())
    async with person.post(f"{site}/products", data={**form, "price_yuan": "5"}) as answer:
        assert "5.00" in await answer.text()
    (product,) = products(office.hub.reader)
    assert (product.sku, product.price_fen, product.counted) == ("cola", 500, True)


async def test_a_product_has_a_scope_and_a_commission_and_a_bad_number_changes_nothing(
    site: str, person: ClientSession, office: HeadOffice
) -> None:
    form = {"sku": "spa", "name": "按摩", "price_yuan": "50", "on_sale": "on", "service": "on"}
    scope = {"audience": " members  gold", "cafes": "1, 2", "commission_percent": "15"}
    async with person.post(f"{site}/products", data={**form, **scope}) as answer:
        assert answer.status == 200
    ((_, row),) = read_documents(office.hub.reader, PRODUCT)
    fields = fields_of(PRODUCT, row)
    names = ("audience", "cafes", "commission_percent", "service", "free")
    assert [fields[name] for name in names] == ["members gold", [1, 2], 15, True, False]
    position = log_end(office)
    for wrong in ({"commission_percent": "0" * 9 + "101"}, {"low_stock": "-1"}, {"cafes": "east"}):
        async with person.post(f"{site}/products", data={**form, **wrong}) as answer:
            assert answer.status == 422
            assert "product_" in await answer.text()
    assert log_end(office) == position


async def test_a_product_is_changed_from_what_it_is_and_a_refusal_keeps_what_was_typed(
    site: str, person: ClientSession, office: HeadOffice
) -> None:
    form = {"sku": "spa/1", "name": "按摩", "price_yuan": "50", "unit": "次", "cafes": "1 2"}
    async with person.post(f"{site}/products", data={**form, "service": "on"}) as answer:
        assert answer.status == 200
        (link,) = re.findall(r'href="(/products\?sku=[^"#]+)', await answer.text())
    async with person.get(site + link) as answer:
        shown = fields_in(await answer.text())
    # A box that is not ticked is not sent.
    assert shown.pop("seen")
    assert shown == {**BLANK, **form, "price_yuan": "50.00", "service": "on"}
    async with person.get(site + link) as answer:
        shown = fields_in(await answer.text())
    async with person.post(f"{site}/products", data={**shown, "price_yuan": "x"}) as answer:
        assert answer.status == 422
        assert fields_in(await answer.text()) == {**shown, "price_yuan": "x"}
    async with person.post(f"{site}/products", data={**shown, "price_yuan": "55"}) as answer:
        assert answer.status == 200
    ((_, row),) = read_documents(office.hub.reader, PRODUCT)
    fields = fields_of(PRODUCT, row)
    assert [fields[name] for name in ("price_fen", "unit", "cafes")] == [55_00, "次", [1, 2]]
    assert [fields[name] for name in ("service", "on_sale")] == [True, False]


async def test_of_two_who_change_a_product_at_once_neither_undoes_the_others(
    site: str, person: ClientSession, office: HeadOffice
) -> None:
    form = {"sku": "cola", "name": "可乐", "price_yuan": "4.5", "on_sale": "on"}
    async with person.post(f"{site}/products", data=form) as answer:
        assert answer.status == 200
    # A new product of the same code would be the old one overwritten.
    async with person.post(f"{site}/products", data={**form, "price_yuan": "9"}) as answer:
        assert answer.status == 422
        assert "record_exists" in await answer.text()
    async with person.get(f"{site}/products?sku=cola") as answer:
        shown = fields_in(await answer.text())
    async with person.post(f"{site}/products", data={**shown, "price_yuan": "5"}) as answer:
        assert answer.status == 200
    position = log_end(office)
    stale = {**shown, "name": "可口可乐"}
    async with person.post(f"{site}/products", data=stale) as answer:
        assert answer.status == 422
        text = await answer.text()
    assert "record_changed" in text
    assert re.search(r'data-stands="price_yuan">[^<]*5\.00<', text)
    assert re.search(r'data-stands="name">[^<]*可乐<', text)
    assert log_end(office) == position
    typed = fields_in(text)
    assert (typed["name"], typed["price_yuan"]) == ("可口可乐", "4.50")
    # Whoever has seen what stands now may write over it.
    async with person.post(f"{site}/products", data={**typed, "price_yuan": "5"}) as answer:
        assert answer.status == 200
    (product,) = products(office.hub.reader)
    assert (product.name, product.price_fen) == ("可口可乐", 500)


async def test_products_are_listed_under_the_names_of_their_categories(
    site: str, person: ClientSession, office: HeadOffice
) -> None:
    wanted = [(Place("categories", 0), [["product", "drink", "饮料", "Drinks"]])]
    await publish(office.hub, wanted, 0)
    form = {"sku": "cola", "name": "可乐", "price_yuan": "4.5", "category": "drink"}
    async with person.post(f"{site}/products", data=form) as answer:
        assert '<td data-label="类别">饮料</td>' in await answer.text()
    async with person.post(f"{site}/language/en") as answer:
        assert answer.status == 200
    async with person.get(f"{site}/products") as answer:
        assert '<td data-label="Category">Drinks</td>' in await answer.text()
