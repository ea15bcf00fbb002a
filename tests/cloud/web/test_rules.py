"""Rules at head office: a form from the rule's columns, faults by row, versions, a file, words."""

import re
import tomllib
from collections.abc import AsyncIterator
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from cloud import app
from cloud.configuration import Configuration
from cloud.domain.rule_cells import cell_text, cell_value
from cloud.domain.rule_file import FILE_LENGTH_MAX, file_of, rules_of_file
from cloud.domain.rules import EDITABLE, Place, default_rows, faults_of
from cloud.hub.office import HeadOffice
from cloud.store.reports import read_document
from cloud.web.application import build_application
from cloud.web.rule_words import CHOICES, COLUMNS, RULE_NAMES, RULE_PURPOSES
from sync_protocol.kinds import RULE
from sync_protocol.rules import CHOICE, RULES, check_rows
from sync_protocol.rules import CHOICES as SEVERAL

PASSWORD = "correct horse battery"
MADE = "points_make_money"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[HeadOffice]:
    configuration = Configuration(tmp_path)

    def failed(error: BaseException) -> None:
        raise error

    async with app.open_office(configuration, app.make_line(configuration), failed) as opened:
        await opened.add_staff("chen", "head_office", [], (PASSWORD, ""), 0)
        await opened.add_cafe({"code": "A", "name": "东门店"}, 0)
        yield opened


@pytest.fixture
async def chen(office: HeadOffice) -> AsyncIterator[ClientSession]:
    server = TestServer(build_application(office, timezone(timedelta(hours=8))))
    await server.start_server()
    jar = CookieJar(unsafe=True)
    async with ClientSession(server.make_url("/"), cookie_jar=jar) as session:
        form = {"name": "chen", "password": PASSWORD}
        async with session.post("/log-in", data=form) as answer:
            assert answer.status == 200
        yield session
    await server.close()


def test_points_are_not_sold_for_less_than_they_are_redeemed_by() -> None:
    rule = RULES["points"]
    names = [column.name for column in rule.columns]
    for bought, redeemed, codes in ((0, 100, []), (100, 100, []), (50, 0, []), (101, 100, [MADE])):
        (row,) = default_rows(rule)
        row[names.index("money_points")], row[names.index("yuan_points")] = bought, redeemed
        assert [fault.refusal.code for fault in faults_of(rule, [row])] == codes


def document(office: HeadOffice, key: str) -> tuple[object, object]:
    row = read_document(office.hub.reader, RULE, key)
    return (None, None) if row is None else (row.value(0), row.value(1))


async def page(chen: ClientSession, path: str) -> str:
    async with chen.get(path) as answer:
        assert answer.status == 200
        return await answer.text()


def fields_of(text: str) -> dict[str, str]:
    """What a browser would send of the rule's form as it stands."""
    form = text[text.index('action="/rules/') : text.index('id="versions"')]
    found = dict(re.findall(r'<input[^>]*name="([^"]+)" value="([^"]*)"[^>]*autocomplete', form))
    found |= dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    found |= dict(re.findall(r'type="checkbox" name="([^"]+)" value="(yes)" checked', form))
    for name, options in re.findall(
        r'<select id="[^"]+" name="([^"]+)".*?>(.*?)</select>', form, re.S
    ):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


@pytest.mark.covers("A422", "A426")
async def test_head_office_publishes_rules_by_a_form_and_sees_the_versions(
    chen: ClientSession, office: HeadOffice
) -> None:
    form = fields_of(await page(chen, "/rules/tiers"))
    assert (form["1.code"], form["1.discount_percent"], form["version"]) == ("gold", "95", "0")
    form |= {"1.discount_percent": "93", "3.place": "0", "do": "publish"}
    async with chen.post("/rules/tiers", data=form) as answer:
        assert answer.status == 200
        text = await answer.text()
    assert "第 1 版已发布" in text
    assert re.search(r"<del>95</del>.*<ins>93</ins>", text)
    version, values = document(office, "tiers")
    assert version == 1
    assert [row[0] for row in check_rows(RULES["tiers"], values)] == ["gold", "diamond"]
    listed = await page(chen, "/rules")
    assert re.search(r'data-rule="tiers".*?data-label="版本">1<.*?chen', listed, re.S)
    # Master data: an own category for one cafe, a row added without any script.
    form = {"version": "0", "do": "add"}
    async with chen.post("/rules/categories?cafe=1", data=form) as answer:
        form = fields_of(await answer.text())
    form |= {"1.of": "product", "1.code": "drink", "1.name": "饮料", "do": "publish"}
    async with chen.post("/rules/categories?cafe=1", data=form) as answer:
        assert answer.status == 200
    assert document(office, "categories@1") == (1, [["product", "drink", "饮料", ""]])
    assert document(office, "categories") == (None, None)
    # Taken back, the chain's holds again; the version goes on.
    async with chen.post("/rules/categories?cafe=1", data={"version": "1", "do": "take_back"}):
        assert document(office, "categories@1") == (2, None)


@pytest.mark.covers("A422")
async def test_each_fault_is_named_by_row_and_column_and_nothing_is_published(
    chen: ClientSession, office: HeadOffice
) -> None:
    form = fields_of(await page(chen, "/rules/passes"))
    form |= {
        "1.price_fen": "12,5",
        "1.from_minute": "25:00",
        "2.code": "night",
        "3.visits": "-1",
        "do": "publish",
    }
    async with chen.post("/rules/passes", data=form) as answer:
        assert answer.status == 422
        text = await answer.text()
    assert "第 1 行，价格（元）" in text
    assert "第 3 行，次数" in text
    assert 'value="12,5"' in text
    form |= {"1.price_fen": "12.5", "1.from_minute": "23:00", "3.visits": "0"}
    async with chen.post("/rules/passes", data=form) as answer:
        text = await answer.text()
    assert "code_repeated" in text
    assert "第 2 行，编号" in text
    form |= {"2.code": "noon", "1.weekdays": "1"}
    form = [*form.items(), ("1.weekdays", "6")]
    async with chen.post("/rules/passes", data=form) as answer:
        assert answer.status == 200
    _version, values = document(office, "passes")
    first = check_rows(RULES["passes"], values)[0]
    assert (first[4], first[8], first[10]) == (1250, 1380, "1 6")


async def test_a_version_that_was_not_seen_is_not_overwritten(
    chen: ClientSession, office: HeadOffice
) -> None:
    form = fields_of(await page(chen, "/rules/spending")) | {"do": "publish"}
    async with chen.post("/rules/spending", data=form | {"1.pin_above_fen": "50"}) as answer:
        assert answer.status == 200
    async with chen.post("/rules/spending", data=form | {"1.pin_above_fen": "60"}) as answer:
        assert answer.status == 422
        assert "rule_changed" in await answer.text()
    form = fields_of(await page(chen, "/rules/spending")) | {"do": "publish"}
    async with chen.post("/rules/spending", data=form) as answer:
        assert "rule_same" in await answer.text()
    assert document(office, "spending")[0] == 1


@pytest.mark.covers("A426")
async def test_the_parameters_of_rights_are_a_rule_too_and_a_file_carries_all(
    chen: ClientSession, office: HeadOffice
) -> None:
    form = fields_of(await page(chen, "/rules/rights"))
    form |= {"1.advance_limit_fen": "35.00", "do": "publish"}
    async with chen.post("/rules/rights", data=form) as answer:
        assert answer.status == 200
    assert document(office, "rights") == (1, [100, 0, 3500, 0])
    text = await page(chen, "/rules.toml")
    tables = tomllib.loads(text)
    assert tables["rights"]["advance_limit_fen"] == 3500
    assert tables["counter"]["minimum_age"] == 18
    changed = (
        text.replace("minimum_age = 18", "minimum_age = 16") + '\n["company@1"]\nname = "东门"\n'
    )
    async with chen.post("/rules", data={"text": changed}) as answer:
        assert answer.status == 200
    assert document(office, "counter")[0] == 1
    assert document(office, "company@1")[1][0][0] == "东门"
    assert document(office, "tiers") == (None, None)
    # An older file takes back nothing that was published since; without its versions it does.
    older = text.replace("minimum_age = 18", "minimum_age = 14")
    async with chen.post("/rules", data={"text": older}) as answer:
        assert answer.status == 422
        assert "rule_changed" in await answer.text()
    assert document(office, "counter")[0] == 1
    async with chen.post("/rules", data={"text": "[counter]\nminimum_age = 14"}) as answer:
        assert answer.status == 200
    assert document(office, "counter")[0] == 2
    bad = '[counter]\nminimum_age = "x"\nheight = 2\n[nothing]\n["tiers@9"]\n'
    async with chen.post("/rules", data={"text": bad}) as answer:
        assert answer.status == 422
        faults = await answer.text()
    for code in ("column_unknown", "rule_unknown"):
        assert code in faults
    assert document(office, "counter")[0] == 2


def test_every_rule_column_and_choice_has_words() -> None:
    assert RULE_NAMES.keys() == RULE_PURPOSES.keys() == EDITABLE.keys()
    for name, rule in EDITABLE.items():
        for column in rule.columns:
            assert f"{name}.{column.name}" in COLUMNS or column.name in COLUMNS, (name, column.name)
            if column.type in (CHOICE, SEVERAL):
                for choice in column.choices:
                    assert f"{column.name}.{choice}" in CHOICES, (column.name, choice)


@given(st.data())
def test_what_is_shown_reads_back_and_what_is_published_every_box_reads(data) -> None:
    name = data.draw(st.sampled_from(sorted(EDITABLE)))
    rule = EDITABLE[name]
    for column in rule.columns:
        text = data.draw(st.text(max_size=12))
        value = cell_value(column, text)
        rows = [[other.default for other in rule.columns]]
        rows[0][rule.columns.index(column)] = value
        if isinstance(value, int | str) and not faults_of(rule, rows):
            assert cell_value(column, cell_text(column, value)) == value
            if name in RULES:
                assert check_rows(rule, rows) == rows


def test_the_file_of_the_defaults_reads_back() -> None:
    published = [(Place(name, 0), default_rows(rule), 3) for name, rule in EDITABLE.items()]
    read = rules_of_file(file_of(published), [])
    made = {place: (rows, read.seen[place.key]) for place, rows in read.rules}
    assert made == {place: (rows, version) for place, rows, version in published}
    assert read.faults == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x = " + "9" * 5000, "file_shape"),
        ("x = " + "[" * 5000, "file_shape"),
        ("versions = 3", "file_shape"),
        ("versions = { tiers = 1.5 }", "file_shape"),
        ("[sessions]\n" + "#" * FILE_LENGTH_MAX, "file_long"),
    ],
)
def test_what_is_no_file_of_rules_is_refused_whole(text: str, code: str) -> None:
    read = rules_of_file(text, [])
    assert [found.fault.refusal.code for found in read.faults] == [code]
