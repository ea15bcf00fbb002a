"""Head office's pages over HTTP, on a real hub and store without a broker."""

import asyncio
import hmac
import re
from hashlib import sha256

import pytest
from aiohttp import ClientSession

from cloud.hub.office import HeadOffice
from cloud.store.models import Balance, ClaimHolder
from sync_protocol.accounts import VOUCHER
from sync_protocol.claims import claim_key
from sync_protocol.kinds import STAFF
from tests.cloud.web.conftest import PASSWORD, log_end

PAGES = (
    "/",
    "/members",
    "/products",
    "/staff",
    "/cafes",
    "/vouchers",
    "/rules",
    "/rules.toml",
    "/rules/tiers",
    "/cases",
    "/boxes",
    "/entries",
    "/ops/1",
)
FORMS = (
    "/products",
    "/staff",
    "/cafes",
    "/vouchers",
    "/rules",
    "/rules/tiers",
    "/cafes/1/code",
    "/members/1/erase",
    "/cases/1/settle",
    "/boxes/1/1/write-off",
    "/boxes/branches/1/admit",
    "/boxes/1/code",
)


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_without_log_in(site: str, visitor: ClientSession, path: str) -> None:
    async with visitor.get(site + path) as answer:
        text = await answer.text()
    assert 'name="password"' in text
    assert "log-out" not in text


@pytest.mark.parametrize("path", FORMS)
async def test_no_change_without_log_in(
    site: str, visitor: ClientSession, office: HeadOffice, path: str
) -> None:
    position = log_end(office)
    async with visitor.post(
        site + path, data={"code": "X", "name": "X"}, allow_redirects=False
    ) as answer:
        assert answer.status == 303
    assert log_end(office) == position


@pytest.mark.covers("A037")
async def test_a_wrong_password_is_refused_in_words_with_a_code(
    site: str, visitor: ClientSession
) -> None:
    form = {"name": "chen", "password": "wrong"}
    async with visitor.post(f"{site}/log-in", data=form) as answer:
        assert answer.status == 422
        text = await answer.text()
    assert "账号或密码不正确" in text
    assert "bad_credentials" in text
    async with visitor.post(
        f"{site}/log-in", data={"name": "chen", "password": PASSWORD}
    ) as answer:
        assert answer.status == 200
        assert "log-out" in await answer.text()


async def test_the_session_cookie_is_out_of_reach_and_ends_with_the_log_out(
    site: str, person: ClientSession
) -> None:
    async with person.post(f"{site}/log-out", allow_redirects=False) as answer:
        assert answer.status == 303
    async with person.get(f"{site}/members") as answer:
        assert "log-out" not in await answer.text()


async def test_the_log_in_leads_only_to_our_own_pages(site: str, visitor: ClientSession) -> None:
    for wanted, led_to in (
        ("/members", "/members"),
        ("//evil.example/", "/"),
        ("https://e.x", "/"),
    ):
        form = {"name": "chen", "password": PASSWORD, "next": wanted}
        async with visitor.post(f"{site}/log-in", data=form, allow_redirects=False) as answer:
            assert answer.headers["Location"] == led_to
            cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "Secure" not in cookie
    form = {"name": "chen", "password": PASSWORD}
    headers = {"X-Forwarded-Proto": "https"}
    address = f"{site}/log-in"
    async with visitor.post(address, data=form, headers=headers, allow_redirects=False) as answer:
        assert "Secure" in answer.headers["Set-Cookie"]
    assert "SameSite=Strict" in cookie


async def test_another_sites_page_changes_nothing(
    site: str, person: ClientSession, office: HeadOffice
) -> None:
    position = log_end(office)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        form = {"code": "X", "name": "X"}
        async with person.post(f"{site}/cafes", data=form, headers=headers) as answer:
            assert answer.status == 403
    assert log_end(office) == position


async def test_every_answer_forbids_foreign_and_inline_scripts(
    site: str, person: ClientSession
) -> None:
    for path in ("/", "/static/look.css", "/nowhere"):
        async with person.get(site + path) as answer:
            policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.covers("A039")
async def test_staff_get_a_role_cafes_and_a_pin_that_no_page_shows(
    site: str, person: ClientSession
) -> None:
    await _add_cafe(site, person, "east", "东门店")
    form = {"name": "小李", "role": "cashier", "pin": "4711", "cafe": "1"}
    async with person.post(f"{site}/staff", data=form) as answer:
        text = await answer.text()
    assert answer.status == 200
    assert "小李" in text
    assert "东门店" in text
    assert "4711" not in text
    async with person.post(f"{site}/staff", data=form) as answer:
        assert "staff_name_taken" in await answer.text()
    async with person.post(f"{site}/staff", data={**form, "name": "小王", "pin": "1"}) as answer:
        assert "pin_shape" in await answer.text()


async def _add_cafe(site: str, person: ClientSession, code: str, name: str) -> None:
    async with person.post(f"{site}/cafes", data={"code": code, "name": name}) as answer:
        assert answer.status == 200


@pytest.mark.covers("A251")
async def test_cafes_are_data_and_an_enrolment_code_is_shown_once(
    site: str, person: ClientSession
) -> None:
    await _add_cafe(site, person, "east", "东门店")
    async with person.post(f"{site}/cafes", data={"code": "east", "name": "again"}) as answer:
        assert answer.status == 422
        assert "cafe_exists" in await answer.text()
    async with person.post(f"{site}/cafes/1/code", data={"name": "counter"}) as answer:
        shown = re.search(r'id="new-code">([0-9A-Z-]+)<', await answer.text())
    assert shown
    async with person.get(f"{site}/cafes") as answer:
        text = await answer.text()
    assert shown[1] not in text
    assert "counter" in text
    async with person.post(f"{site}/cafes/77/code", data={}) as answer:
        assert "cafe_unknown" in await answer.text()


async def test_both_languages_from_the_same_page(site: str, person: ClientSession) -> None:
    async with person.get(f"{site}/") as answer:
        assert "生意怎么样" in await answer.text()
    async with person.post(f"{site}/language/en") as answer:
        text = await answer.text()
    assert "Is the chain selling?" in text
    assert 'lang="en"' in text
    # The language is chosen on a page, and that page it is that one reads on.
    before = {"Referer": f"{site}/cafes?x=1"}
    async with person.post(f"{site}/language/zh", headers=before) as answer:
        assert answer.url.path_qs == "/cafes?x=1"
    for elsewhere in (f"{site}/cafes/1/code", "https://evil.example/members", f"{site}//e.x/"):
        headers = {"Referer": elsewhere}
        async with person.post(f"{site}/language/en", headers=headers) as answer:
            assert answer.url.path_qs == "/"
    async with person.post(f"{site}/language/xx") as answer:
        assert answer.status == 404


async def test_an_english_page_calls_cafes_by_their_english_names(
    site: str, person: ClientSession
) -> None:
    cafe = {"code": "east", "name": "东门店", "name_en": "East Gate"}
    form = {"name": "lili", "role": "cashier", "pin": "4711", "cafe": "1"}
    for path, data in (("/cafes", cafe), ("/staff", form), ("/language/en", {})):
        async with person.post(site + path, data=data) as answer:
            assert answer.status == 200
    for path in ("/", "/staff", "/cafes", "/rules/tiers"):
        async with person.get(site + path) as answer:
            text = re.sub(r'value="[^"]*"', "", await answer.text())  # but in the form of names
        assert ("East Gate" in text, "东门店" in text) == (True, False), path


async def test_empty_pages_teach(site: str, person: ClientSession) -> None:
    for path, words in (
        ("/", "还没有门店"),
        ("/members", "还没有会员"),
        ("/products", "还没有商品"),
        ("/cases", "没有冲突"),
        ("/members?text=zzz", "没有找到"),
    ):
        async with person.get(site + path) as answer:
            assert words in await answer.text()


async def test_what_is_not_there_is_not_found(site: str, person: ClientSession) -> None:
    for path in (
        "/ops/999999",
        "/ops/x",
        "/members/5",
        "/members/99999999999999999999999",
        "/entries?cafe=1&day=20270301&class=9999",
        "/entries",
    ):
        async with person.get(site + path) as answer:
            assert answer.status == 404, path


async def test_every_op_is_shown_as_evidence_without_secrets(
    site: str, person: ClientSession, office: HeadOffice
) -> None:
    await _add_cafe(site, person, "east", "东门店")
    secrets = {"card_hash": b"\xca" * 16, "second_factor": "c2VhbGVk", "pin_hash": "$argon2id$"}
    await office.set_fields(STAFF, 7, {"name": "小李", **secrets}, 0)
    for position in range(1, log_end(office) + 1):
        async with person.get(f"{site}/ops/{position}") as answer:
            text = await answer.text()
        assert answer.status == 200
        assert re.search(r"<h1><code>0\.1\.\d+-[0-9A-Z-]+</code></h1>", text)
        assert "argon2" not in text
        assert "c2VhbGVk" not in text
        assert "cacaca" not in text


async def test_a_form_of_vouchers_that_is_sent_twice_is_one_batch(
    site: str, person: ClientSession, office: HeadOffice
) -> None:
    async with person.get(f"{site}/vouchers") as answer:
        shown = re.search(r'name="request_id" value="([^"]+)"', await answer.text())
    assert shown
    form = {"amount_yuan": "15", "count": "3", "request_id": shown[1]}

    async def codes(form: dict[str, str]) -> list[str]:
        async with person.post(f"{site}/vouchers", data=form) as answer:
            assert answer.status == 200
            return re.findall(r'data-code="([0-9A-Z-]+)"', await answer.text())

    first, again = await asyncio.gather(codes(form), codes(form))
    assert len(set(first)) == 3
    assert again == first
    held = Balance.select().where(Balance.code == VOUCHER)
    assert [row.amount for row in office.hub.reader.rows(held)] == [-1500] * 3
    # Another wish from the same form, or the same from another, is another batch.
    assert not set(await codes({**form, "count": "2"})) & set(first)
    assert not set(await codes({**form, "request_id": "another"})) & set(first)


async def test_a_batch_of_vouchers_is_issued_for_all_cafes(
    site: str, person: ClientSession, office: HeadOffice
) -> None:
    form = {"amount_yuan": "15", "count": "3", "until_day": "2099-12-31"}
    async with person.post(f"{site}/vouchers", data=form) as answer:
        text = await answer.text()
    codes = re.findall(r'data-code="([0-9A-Z-]+)"', text)
    assert len(set(codes)) == 3
    normal = [f"voucher {code}".encode() for code in codes]
    secret = office.hub.keys.claim_secret
    keys = [claim_key(hmac.new(secret, one, sha256).digest()) for one in normal]
    claims = ClaimHolder.select().where(ClaimHolder.key << keys)
    held = Balance.select().where(Balance.code == VOUCHER)
    reader = office.hub.reader
    claimed = {claim.subject for claim in reader.rows(claims)}
    assert claimed == {row.subject for row in reader.rows(held) if row.amount == -1500}
    assert len(claimed) == 3
    async with person.get(f"{site}/vouchers") as answer:
        text = await answer.text()
    assert text.count("15.00") >= 3
    assert codes[0] not in text
    for wrong in (
        {"count": "0"},
        {"count": "201"},
        {"amount_yuan": "0"},
        {"until_day": "2020-01-01"},
        {"until_day": "2099-13-01"},
        {"until_day": "31/12/2099"},
    ):
        end = log_end(office)
        async with person.post(f"{site}/vouchers", data={**form, **wrong}) as answer:
            assert answer.status == 422
        assert log_end(office) == end
