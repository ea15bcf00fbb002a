"""What no form of a browser sends: the hub goes on for everybody, whoever sent it is told why."""

from collections.abc import Iterator

from aiohttp import ClientSession

from cloud.hub.office import HeadOffice
from cloud.store.reports import read_documents
from cloud.web.documents import fields_of
from sync_protocol.kinds import PRODUCT

PRODUCT_FORM = {"sku": "cola", "name": "可乐", "price_yuan": "4.5"}
STAFF_FORM = {"name": "小李", "role": "cashier", "pin": "4711"}
CAFE_FORM = {"code": "east", "name": "东门店"}
LONG = "长" * 5000


def too_long() -> Iterator[tuple[str, dict[str, str]]]:
    """(path, form): each field that somebody types, once too long."""
    for name in ("sku", "name", "name_en", "category", "barcode", "unit", "brand", "audience"):
        yield "/products", {**PRODUCT_FORM, name: LONG}
    yield "/products", {**PRODUCT_FORM, "cafes": "9" * 5000}
    yield "/staff", {**STAFF_FORM, "name": LONG}
    yield "/staff", {**STAFF_FORM, "pin": "", "password": LONG}
    for name in ("code", "name", "name_en"):
        yield "/cafes", {**CAFE_FORM, name: LONG}


async def test_what_is_too_long_is_refused_in_words_and_the_hub_goes_on(
    site: str, person: ClientSession, office: HeadOffice
) -> None:
    before = office.hub.head().position
    for path, form in too_long():
        async with person.post(site + path, data=form) as answer:
            assert answer.status == 422, (path, form)
            assert 'role="alert"' in await answer.text()
    assert office.hub.head().position == before
    async with person.post(f"{site}/products", data=PRODUCT_FORM) as answer:
        assert answer.status == 200


async def test_a_staff_form_with_numbers_of_cafes_that_are_none_adds_the_person(
    site: str, person: ClientSession
) -> None:
    form = [*STAFF_FORM.items(), ("cafe", "9" * 5000), ("cafe", "²"), ("cafe", "-1")]
    async with person.post(f"{site}/staff", data=form) as answer:
        assert answer.status == 200
        assert "小李" in await answer.text()


async def test_control_characters_reach_neither_the_log_nor_a_printer(
    site: str, person: ClientSession, office: HeadOffice
) -> None:
    form = {**PRODUCT_FORM, "name": "a\x00b\x1b[c\r\nd"}
    async with person.post(f"{site}/products", data=form) as answer:
        assert answer.status == 200
    ((_, row),) = read_documents(office.hub.reader, PRODUCT)
    assert fields_of(PRODUCT, row)["name"] == "a b [c  d"
    # A charset that Python knows and no browser sends brings half of a surrogate pair.
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=unicode_escape"}
    data = rb"sku=cola&price_yuan=4&name=\ud800!"
    async with person.post(f"{site}/products", data=data, headers=headers) as answer:
        assert answer.status in (200, 422)
    assert office.hub.is_running()


async def test_a_form_that_cannot_be_read_is_refused_in_words(
    site: str, person: ClientSession
) -> None:
    form = "application/x-www-form-urlencoded"
    for kind, body in (
        (f"{form}; charset=bogus", b"code=a&name=b"),
        (form, b"code=\xff"),
        ("multipart/form-data", b"code=a"),
        ("multipart/form-data; boundary=x", b"--x\r\n"),
    ):
        headers = {"Content-Type": kind}
        async with person.post(f"{site}/cafes", data=body, headers=headers) as answer:
            assert (answer.status, "form_unreadable" in await answer.text()) == (400, True), kind


async def test_a_password_is_kept_as_it_was_typed(site: str, person: ClientSession) -> None:
    password = " with a space at both ends "
    form = {"name": "zhao", "role": "read_only", "password": password}
    async with person.post(f"{site}/staff", data=form) as answer:
        assert answer.status == 200
    form = {"name": "zhao", "password": password}
    async with person.post(f"{site}/log-in", data=form, allow_redirects=False) as answer:
        assert answer.status == 303
