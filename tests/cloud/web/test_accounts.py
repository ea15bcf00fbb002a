"""Accounts at head office: passwords, second factors, locks, rights, and the first run."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pyotp
import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from cloud import app
from cloud.configuration import Configuration
from cloud.domain import counter_operations
from cloud.domain.counter_operations import OPERATIONS
from cloud.domain.passwords import GENERATED_DAY, Security, is_due, must_do, password_fault
from cloud.domain.rights import ROLES
from cloud.hub.accounts import card_hash
from cloud.hub.office import HeadOffice
from cloud.store.reports import read_document
from cloud.web.application import build_application
from cloud.web.documents import staff
from edge.domain.cards import normal_uid
from edge.domain.members import keyed_hash
from edge.domain.rights_table import RIGHTS, ROLE_NAMES
from sync_protocol.kinds import RULE, STAFF, field_index
from tools.operations import text

PASSWORD = "Correct-horse-battery-9"
NEW = "Another-battery-77"
RULES = Security(10, 180, True, 5, 15 * 60_000)


class Clocks:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now_ms = 1_794_000_000_000
        self.monotonic_s = 10_000.0
        self.day = 20261107

    def forward(self, seconds: int) -> None:
        self.now_ms += seconds * 1000
        self.monotonic_s += seconds


class Visitor:
    """One person's browser at head office."""

    def __init__(self, office: HeadOffice, address: str, client: ClientSession) -> None:
        self.office = office
        self.address = address
        self.client = client

    async def post(self, path: str, **form: object) -> tuple[int, str, str]:
        """(status, where it leads, the page)."""
        url = self.address + path
        async with self.client.post(url, data=form, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location", ""), await answer.text()

    async def get(self, path: str) -> tuple[int, str, str]:
        async with self.client.get(self.address + path, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location", ""), await answer.text()

    async def log_in(self, name: str, password: str = PASSWORD, code: str = "") -> str:
        """Log in; the code of the refusal, empty where the person is in."""
        form = {"name": name, "password": password, "code": code}
        status, _where, text = await self.post("/log-in", **form)
        if status == 303:
            return ""
        found = re.search(r'<code class="small muted">(\w+)</code>', text)
        assert found is not None, text
        return found[1]

    async def change(self, number: int, **form: object) -> tuple[int, str, str]:
        """Open a person's page and save its form; fields that are not named are sent empty."""
        page = (await self.get(f"/staff/{number}"))[2]
        seen = re.search(r'name="seen" value="(\w+)"', page)
        assert seen is not None, page
        return await self.post(f"/staff/{number}", seen=seen[1], **form)

    async def enrol(self) -> str:
        """Set up an authenticator as the page says; its secret."""
        _status, _where, text = await self.get("/account")
        secret = re.search(r"<code>([A-Z2-7]{32})</code>", text)
        sealed = re.search(r'name="sealed" value="([^"]+)"', text)
        assert secret is not None
        assert sealed is not None
        assert secret[1] not in sealed[1]
        form = {"password": PASSWORD, "sealed": sealed[1], "code": self.code(secret[1])}
        status, where, page = await self.post("/account/second-factor", **form)
        assert (status, where) == (303, "/account"), page
        return secret[1]

    def code(self, secret: str) -> str:
        """What the authenticator shows now."""
        return pyotp.TOTP(secret).at(self.office.hub.surroundings.now_ms() // 1000)


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@asynccontextmanager
async def opened(folder: Path, clocks: Clocks) -> AsyncIterator[HeadOffice]:
    """Head office on a store in a folder, on clocks that a test moves."""
    configuration = Configuration(folder)

    def failed(error: BaseException) -> None:
        raise error

    async with app.open_office(configuration, app.make_line(configuration), failed) as office:
        office.hub.surroundings = replace(
            office.hub.surroundings,
            now_ms=lambda: clocks.now_ms,
            monotonic_s=lambda: clocks.monotonic_s,
            business_day=lambda: (clocks.day, 480),
        )
        yield office


@pytest.fixture
async def visitor(tmp_path: Path, clocks: Clocks) -> AsyncIterator[Visitor]:
    async with opened(tmp_path, clocks) as office:
        for name, role in (("chen", "admin"), ("lin", "admin"), ("wu", "manager")):
            await office.add_staff(name, role, [], (PASSWORD, ""), 0)
        server = TestServer(build_application(office, timezone(timedelta(hours=8))))
        await server.start_server()
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as client:
            yield Visitor(office, str(server.make_url("/")).rstrip("/"), client)
        await server.close()


def staff_number(office: HeadOffice, name: str) -> int:
    return next(one.staff for one in staff(office.hub.reader) if one.name == name)


@pytest.mark.covers("A137")
async def test_a_password_is_long_and_mixed_and_lasts_half_a_year(
    visitor: Visitor, clocks: Clocks
) -> None:
    assert await visitor.log_in("wu") == ""
    for new, code in (
        ("Short-1", "password_short"),
        ("alllowercase", "password_plain"),
        ("Wu-is-my-name-1", "password_has_name"),
        ("Aaaaaaaaaaaaaaaaaaaa", "password_plain"),
        (PASSWORD, "password_same"),
    ):
        status, _where, text = await visitor.post("/account/password", old=PASSWORD, new=new)
        assert status == 422
        assert code in text
    wrong = await visitor.post("/account/password", old="not it", new=NEW)
    assert "bad_credentials" in wrong[2]
    clocks.day = 20270506  # 180 days later: not yet
    await visitor.enrol()
    assert (await visitor.get("/"))[0] == 200
    clocks.day = 20270507
    assert (await visitor.get("/"))[:2] == (303, "/account")
    assert (await visitor.post("/cafes", code="X", name="X"))[:2] == (303, "/account")
    assert (await visitor.post("/account/password", old=PASSWORD, new=NEW))[0] == 303
    assert (await visitor.get("/"))[0] == 200
    await visitor.post("/log-out")
    assert await visitor.log_in("wu", PASSWORD) == "bad_credentials"


@pytest.mark.covers("A348")
async def test_managers_need_a_second_factor_after_a_week_and_each_code_counts_once(
    visitor: Visitor, clocks: Clocks
) -> None:
    assert await visitor.log_in("wu") == ""
    clocks.day = 20261115
    assert (await visitor.get("/members"))[:2] == (303, "/account")
    secret = await visitor.enrol()
    assert (await visitor.get("/members"))[0] == 200
    number = staff_number(visitor.office, "wu")
    row = read_document(visitor.office.hub.reader, STAFF, number)
    assert row is not None
    assert secret not in str(row.value(field_index(STAFF, "second_factor")))
    await visitor.post("/log-out")
    assert await visitor.log_in("wu") == "second_factor_needed"
    assert await visitor.log_in("wu", code=visitor.code(secret)) == "second_factor_wrong"  # used
    assert await visitor.log_in("wu", code="000000") == "second_factor_wrong"
    clocks.forward(60)
    assert await visitor.log_in("wu", code=visitor.code(secret)) == ""


async def test_a_lost_authenticator_is_taken_away_by_another_administrator(
    visitor: Visitor, clocks: Clocks
) -> None:
    assert await visitor.log_in("chen") == ""
    secret = await visitor.enrol()
    chen = staff_number(visitor.office, "chen")
    status, _where, text = await visitor.post(f"/staff/{chen}/second-factor")
    assert (status, "not_by_oneself" in text) == (422, True)
    await visitor.post("/log-out")
    clocks.forward(60)
    assert await visitor.log_in("lin") == ""
    assert (await visitor.post(f"/staff/{chen}/second-factor"))[0] == 303
    assert (await visitor.post(f"/staff/{chen}/password", password=NEW))[0] == 303
    await visitor.post("/log-out")
    assert await visitor.log_in("chen", NEW) == ""  # no code any more
    assert (await visitor.get("/"))[:2] == (303, "/account")  # and a password of one's own
    assert visitor.code(secret)


async def test_a_thief_of_a_session_neither_keeps_it_nor_takes_the_account(
    visitor: Visitor, clocks: Clocks
) -> None:
    assert await visitor.log_in("chen") == ""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as client:
        stolen = Visitor(visitor.office, visitor.address, client)
        assert await stolen.log_in("chen") == ""
        page = (await stolen.get("/account"))[2]
        secret = re.search(r"<code>([A-Z2-7]{32})</code>", page)
        sealed = re.search(r'name="sealed" value="([^"]+)"', page)
        assert secret is not None
        assert sealed is not None
        mine = {"sealed": sealed[1], "code": stolen.code(secret[1])}
        for guess in ("", "guess 1", "guess 2"):
            form = {**mine, "password": guess}
            assert "bad_credentials" in (await stolen.post("/account/second-factor", **form))[2]
        for _ in range(2):
            form = {"old": "guess", "new": NEW}
            assert "bad_credentials" in (await stolen.post("/account/password", **form))[2]
        # Guesses count as log-ins do.
        assert "log_in_locked" in (await stolen.post("/account/password", **form))[2]
        clocks.forward(15 * 60 + 1)
        assert (await visitor.post("/account/password", old=PASSWORD, new=NEW))[0] == 303
        assert 'name="password"' in (await stolen.get("/members"))[2]
        assert (await visitor.get("/members"))[0] == 200
        assert await stolen.log_in("chen", NEW) == ""
        await visitor.post("/log-out")
        assert await visitor.log_in("lin") == ""
        chen = staff_number(visitor.office, "chen")
        assert (await visitor.post(f"/staff/{chen}/second-factor"))[0] == 303
        assert 'name="password"' in (await stolen.get("/members"))[2]


async def test_only_an_administrator_makes_or_changes_one(visitor: Visitor) -> None:
    await visitor.office.add_staff("zhou", "head_office", [], (PASSWORD, ""), 0)
    assert await visitor.log_in("zhou") == ""
    chen, wu = (staff_number(visitor.office, name) for name in ("chen", "wu"))
    for path, form in (
        (f"/staff/{chen}/password", {"password": NEW}),
        (f"/staff/{chen}/second-factor", {}),
        (f"/staff/{chen}", {"role": "service", "active": "on"}),
        (f"/staff/{wu}", {"role": "admin", "active": "on"}),
        ("/staff", {"name": "new", "role": "admin", "password": NEW}),
    ):
        status, _where, text = await visitor.post(path, **form)
        assert (status, "admin_only" in text) == (422, True), path
    assert (await visitor.post(f"/staff/{wu}/password", password=NEW))[0] == 303


async def test_five_wrong_tries_lock_an_account_for_a_quarter_of_an_hour(
    tmp_path: Path, clocks: Clocks
) -> None:
    async with opened(tmp_path, clocks) as office:
        await office.add_staff("chen", "admin", [], (PASSWORD, ""), 0)
        codes = [(await office.log_in("chen", "wrong")).code for _ in range(4)]
        assert codes == ["bad_credentials"] * 4
        guesses = await asyncio.gather(*(office.log_in("chen", f"guess {n}") for n in range(20)))
        assert sorted({guess.code for guess in guesses}) == ["bad_credentials", "log_in_locked"]
        assert sum(guess.code == "bad_credentials" for guess in guesses) == 1
    clocks.now_ms += 10**12  # the wall clock steps by thirty years; the lock stands
    async with opened(tmp_path, clocks) as office:
        assert (await office.log_in("chen", PASSWORD)).code == "log_in_locked"
        clocks.forward(15 * 60)
        assert not hasattr(await office.log_in("chen", PASSWORD), "code")


@pytest.mark.covers("A424")
async def test_a_person_is_kept_with_role_cafes_rights_pin_and_card(visitor: Visitor) -> None:
    assert await visitor.log_in("chen") == ""
    await visitor.post("/staff", name="小李", role="service", pin="2580")
    number = staff_number(visitor.office, "小李")
    form = {
        "role": "cashier",
        "active": "on",
        "granted": "refund",
        "taken": "sell",
        "pin": "1470",
        "card_uid": "04:a1:b2:c3",
    }
    assert (await visitor.change(number, **form))[0] == 303
    row = read_document(visitor.office.hub.reader, STAFF, number)
    assert row is not None
    values = {
        name: row.value(field_index(STAFF, name))
        for name in ("role", "granted", "taken", "active", "card_hash")
    }
    uid = bytes.fromhex("04A1B2C3")
    card = keyed_hash(visitor.office.hub.keys.claim_secret, normal_uid(uid))
    assert values == {
        "role": "cashier",
        "granted": ["refund"],
        "taken": ["sell"],
        "active": True,
        "card_hash": card,
    }
    page = (await visitor.get(f"/staff/{number}"))[2]
    assert '<option value="refund" selected>' in page
    assert card.hex() not in page
    refused = await visitor.post(f"/staff/{number}", **{**form, "granted": "nothing"})
    assert "operation_unknown" in refused[2]
    other = staff_number(visitor.office, "wu")
    taken = await visitor.change(other, **{**form, "role": "manager", "granted": ""})
    assert "staff_card_taken" in taken[2]
    stale = await visitor.post(f"/staff/{number}", seen="0" * 16, role="service")
    assert "record_changed" in stale[2]
    assert '<option value="cashier" selected>' in stale[2]
    own = staff_number(visitor.office, "chen")
    oneself = await visitor.post(f"/staff/{own}", role="manager", active="on")
    assert "not_by_oneself" in oneself[2]


@pytest.mark.covers("A036")
async def test_the_first_run_asks_once_for_the_company_and_a_password_of_ones_own(
    tmp_path: Path, clocks: Clocks
) -> None:
    async with opened(tmp_path, clocks) as office:
        await office.add_staff("admin", "admin", [], ("generated-password", ""), 0, GENERATED_DAY)
        server = TestServer(build_application(office, timezone(timedelta(hours=8))))
        await server.start_server()
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as client:
            visitor = Visitor(office, str(server.make_url("/")).rstrip("/"), client)
            assert await visitor.log_in("admin", "generated-password") == ""
            assert (await visitor.get("/"))[:2] == (303, "/first-run")
            assert (await visitor.post("/cafes", code="A", name="A"))[:2] == (303, "/first-run")
            form = {"name": "飞宇网咖", "phone": "010-1", "old": "generated-password"}
            short = await visitor.post("/first-run", **form, new="short")
            assert "password_short" in short[2]
            nameless = await visitor.post("/first-run", **{**form, "name": ""}, new=NEW)
            assert "company_incomplete" in nameless[2]
            assert (await visitor.post("/first-run", **form, new=NEW))[:2] == (303, "/cafes")
            assert (await visitor.get("/cafes"))[0] == 200
            row = read_document(office.hub.reader, RULE, "company")
            assert row is not None
            assert row.value(field_index(RULE, "values"))[0][:3] == ["飞宇网咖", "", "010-1"]
            again = await visitor.post("/first-run", **{**form, "old": NEW}, new=PASSWORD)
            assert "first_run_over" in again[2]
        await server.close()


def test_a_password_is_due_by_its_day() -> None:
    assert not is_due(20260101, 20260630, 180)
    assert is_due(20260101, 20260701, 180)
    assert is_due(GENERATED_DAY, 20260101, 180)
    assert not is_due(0, 20260101, 180)
    assert must_do(20260101, False, 20260105, RULES) == ""
    assert must_do(20260101, False, 20260110, RULES) == "second_factor"
    assert must_do(20260101, True, 20260110, RULES) == ""
    assert must_do(20250101, True, 20260110, RULES) == "password"


def test_a_long_phrase_need_not_be_mixed() -> None:
    assert password_fault("correct horse battery", "chen", RULES) is None
    assert password_fault("correcthor", "chen", RULES) is not None


def test_the_names_of_rights_are_the_counters() -> None:
    assert Path(counter_operations.__file__).read_text() == text(), "python -m tools.operations"
    assert OPERATIONS.keys() == RIGHTS.keys()


def test_head_office_and_counter_know_the_same_roles() -> None:
    assert set(ROLE_NAMES) == ROLES


@pytest.mark.parametrize("uid", ["04A1B2C3", "04:a1:b2:c3", "04a1b2c3d4e5f6"])
def test_a_staff_card_is_hashed_as_a_box_does_it(uid: str) -> None:
    plain = bytes.fromhex(uid.replace(":", ""))
    assert card_hash(b"k" * 32, uid) == keyed_hash(b"k" * 32, normal_uid(plain))


@pytest.mark.parametrize("uid", ["", "04", "xyz", "04A1B2C3D4E5F60718293A", "04A1B2C"])
def test_what_is_no_card_is_refused(uid: str) -> None:
    assert not isinstance(card_hash(b"k" * 32, uid), bytes)
