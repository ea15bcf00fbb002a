"""Identity checks: nobody sits down without one, minors are turned away, records never change."""

import csv
import io
import json
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from edge.cli import main
from edge.desk.commands import Input
from edge.desk.table import COMMANDS
from sync_protocol.kinds import IDENTITY_CHECK, KINDS
from tests.edge.counter.sessions.floor import ADULT, Floor, identity_number, papers
from tests.edge.desk.counter import CASHIER, MANAGER

MINOR = identity_number(20120515)


def records(floor: Floor) -> list[dict[str, object]]:
    with floor.counter.store.read() as reader:
        return [
            {
                "check": document.key,
                "row": document.shown.row(),
                **{
                    field.name: document.value(field.name) for field in KINDS[IDENTITY_CHECK].fields
                },
            }
            for document in reader.registers(IDENTITY_CHECK)
        ]


@pytest.mark.covers("A084")
async def test_nobody_sits_down_without_a_recorded_check(floor: Floor) -> None:
    seat = floor.seats["A01"]
    assert await floor.refused("start_session", seat=seat) == "identity_document_missing"
    nobody = await floor.refused("start_session", seat=seat, identity_check=12345)
    assert nobody == "identity_check_missing"
    wrong = {**papers(ADULT[:-1] + "1")}
    assert await floor.refused("start_session", seat=seat, **wrong) == "identity_invalid"
    assert records(floor) == []
    await floor.start("A01", **papers())
    (record,) = records(floor)
    assert record["document_kind"] == "id_card"
    assert (record["name"], record["document_number"]) == ("张三", ADULT)
    assert (record["checker"], record["outcome"]) == (CASHIER, "passed")
    assert record["checked_ms"] == floor.counter.clock.now_ms
    assert record["seat"] == seat
    assert KINDS[IDENTITY_CHECK].keep_days >= 60
    shown = await floor.get(f"/show/seat?seat={seat}", **{"HX-Request": "true"})
    assert "证件已核对" in shown


@pytest.mark.covers("A245")
async def test_a_minor_is_refused_recorded_and_shown_as_an_alert(floor: Floor) -> None:
    status, answer = await floor.json(
        "start_session", seat=floor.seats["A01"], **papers(MINOR, "小毛")
    )
    assert (status, answer["code"]) == (422, "under_age_refused")
    assert await floor.map_state("A01") == "free"
    (record,) = records(floor)
    assert (record["outcome"], record["document_number"]) == ("under_age", MINOR)
    page = await floor.get("/")
    assert 'data-under-age="1"' in page
    member = await floor.guest("小毛", MINOR)
    status, answer = await floor.json("start_session", seat=floor.seats["A01"], member=member)
    assert (status, answer["code"]) == (422, "under_age_refused")
    assert len(records(floor)) == 1
    check = record["check"]
    named = await floor.refused("start_session", seat=floor.seats["A01"], identity_check=check)
    assert named == "under_age_refused"


async def test_a_members_document_is_reused_and_recorded_once_a_day(floor: Floor) -> None:
    member = await floor.guest()
    for _ in range(2):
        session = await floor.start("A01", member=member)
        floor.minutes(0.5)
        await floor.end(session, 8)  # one begun minute
    assert len(records(floor)) == 1
    floor.at_hour(10, days=1)
    await floor.start("A01", member=member)
    assert len(records(floor)) == 2
    assert {record["member"] for record in records(floor)} == {member}


async def test_a_check_of_another_person_or_day_seats_nobody(floor: Floor) -> None:
    member = await floor.guest()
    other = identity_number(19900101)
    seat = floor.seats["A01"]
    foreign = await floor.refused("start_session", seat=seat, member=member, **papers(other))
    assert foreign == "identity_of_another"
    checked = await floor.done("check_identity", **papers(other, "李四"))
    named = {"seat": seat, "identity_check": checked["identity_check"]}
    assert await floor.refused("start_session", member=member, **named) == "identity_of_another"
    floor.at_hour(10, days=1)
    assert await floor.refused("start_session", **named) == "identity_check_missing"


async def test_another_document_tells_its_birth_date(floor: Floor) -> None:
    passport = {"name": "Ann Lee", "document_kind": "passport", "document_number": "E1234567"}
    seat = floor.seats["A01"]
    assert await floor.refused("start_session", seat=seat, **passport) == "birth_date_invalid"
    _status, answer = await floor.json(
        "start_session", seat=seat, birth_date="2012-05-15", **passport
    )
    assert answer["code"] == "under_age_refused"
    adult = {**passport, "document_number": "E7654321", "birth_date": "1990-05-15"}
    await floor.start("A01", **adult)


async def test_no_command_changes_a_record(floor: Floor) -> None:
    await floor.start("A01", **papers())
    before = records(floor)
    check = before[0]["check"]
    await floor.log_in(MANAGER)
    for name, command in COMMANDS.items():
        if name in ("log_in", "log_out", "hand_over", "close_shift"):
            continue
        inputs: dict[str, object] = {
            one.name: check for one in command.parameters if one.type is Input.ID
        }
        inputs |= {one.name: "改" for one in command.parameters if one.type is Input.TEXT}
        await floor.json(name, **inputs)
    assert [one for one in records(floor) if one["check"] == check] == before
    again = await floor.done("check_identity", **papers(ADULT, "李代"))
    assert again["identity_check"] == check
    assert [one for one in records(floor) if one["check"] == check] == before


async def test_one_command_exports_the_records_for_an_inspector(
    floor: Floor, capsys: pytest.CaptureFixture[str], tmp_path
) -> None:
    await floor.start("A01", **papers(ADULT, "=HYPERLINK(1)"))
    floor.minutes(1)
    await floor.json("start_session", seat=floor.seats["A02"], **papers(MINOR, "小毛"))
    await floor.log_in(MANAGER)
    shown = await floor.get("/show/identity-checks")
    assert ADULT in shown
    assert 'data-outcome="under_age"' in shown
    configuration = tmp_path / "cafebox.toml"
    configuration.write_text(f'[box]\ndata_dir = "{tmp_path}"\n', encoding="utf-8")
    today = (floor.now - timedelta(hours=6)).strftime("%Y-%m-%d")
    days = ["--from", today, "--to", today]
    command = ["--config", str(configuration), "identity-checks", *days]
    assert main([*command, "--csv", "--language", "en"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["document number"] for row in rows] == [ADULT, MINOR]
    assert rows[0]["name"] == "'=HYPERLINK(1)"
    assert [row["outcome"] for row in rows] == ["passed", "under_age"]
    assert main([*command, "--xlsx", str(tmp_path / "checks.xlsx")]) == 0
    capsys.readouterr()
    sheet = load_workbook(tmp_path / "checks.xlsx").active
    assert [cell.value for cell in sheet["F"]] == [
        "证件号码",
        ADULT,
        MINOR,
    ]  # texts: none is rounded
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["checks"][0]["name"] == "=HYPERLINK(1)"
    assert main([*command[:3], "--from", "2020-01-01", "--to", "2020-01-02", "--csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
