"""`cafebox-hub` from outside: with a hub running, and with none."""

import re

import pytest

from cloud.cli import main
from cloud.store import scrub
from cloud.store.backup import check_integrity
from cloud.store.database import open_writer
from sync_protocol.http_api import SNAPSHOT_PATH, blocks_target, snapshot_answer_from_bytes
from sync_protocol.kinds import MEMBER, TRANSACTION
from tests.cloud import bodies
from tests.cloud.hub_process import HubProcess
from tests.cloud.remote_box import eventually


@pytest.mark.covers("A036")
def test_an_operator_sets_up_a_chain_and_looks_after_it(tmp_path, capsys):
    hub = HubProcess(tmp_path)
    hub.start()
    try:
        assert hub.facts["admin"] == "admin"
        assert len(hub.facts["password"]) == 16
        assert hub.command("add-cafe", "--code", "A", "--name", "一号店") == (0, {"cafe": 1})
        code, refused = hub.command("add-cafe", "--code", "A", "--name", "again")
        assert (code, refused["code"]) == (1, "cafe_exists")
        assert hub.command("enrol-code", "--cafe", "7")[1]["code"] == "cafe_unknown"
        code, person = hub.command(
            "add-staff", "--name", "wang", "--role", "cashier", "--cafe", "1", "--pin", "4711"
        )
        assert (code, person["staff"] > 0) == (0, True)
        assert (
            hub.command("add-staff", "--name", "li", "--role", "admin", "--password", "short")[1][
                "code"
            ]
            == "password_short"
        )
        copy = tmp_path / "copy.sqlite"
        assert hub.command("backup", str(copy))[0] == 0
        code, status = hub.command("status")
        assert (code, status["position"], status["nodes"]) == (0, 3, [])
        assert hub.command("refold")[1]["equal"] is True
        assert hub.command("quarantine") == (0, {"messages": []})
        here = ["--config", str(hub.config)]
        assert main([*here, "backup", str(tmp_path / "nowhere" / "copy.sqlite")]) == 3
        assert "in a folder that is there" in capsys.readouterr().err
        assert main([*here, "backup", str(tmp_path)]) == 3
        assert not list(tmp_path.rglob("*.partial"))
        assert main([*here, "add-cafe", "--code", " ", "--name", "空"]) == 2
        assert "code: it is empty" in capsys.readouterr().err
        assert main([*here, "set-rights"]) == 2
        code, words = hub.command("run")
        assert (code, "free the port" in words, "Traceback" in words) == (3, True, False)
        opened = open_writer(f"sqlite:///{copy}")
        check_integrity(opened)
        opened.close()
    finally:
        hub.stop()
    # The same commands with no hub running; the password is shown once only.
    assert hub.command("add-cafe", "--code", "B", "--name", "二号店") == (0, {"cafe": 2})
    assert hub.command("status")[1]["position"] == 4
    hub.start()
    assert "password" not in hub.facts
    hub.stop()


def test_key_files_are_private_and_a_lost_one_is_never_replaced_in_silence(tmp_path):
    hub = HubProcess(tmp_path)
    assert hub.command("status")[0] == 0
    keys = tmp_path / "data" / "hub.keys"
    assert keys.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    keys.chmod(0o644)
    code, words = hub.command("status")
    assert (code, "chmod 600" in words) == (3, True)
    keys.unlink()
    code, words = hub.command("status")
    assert (code, "put it back from the backup" in words) == (3, True)


def test_wrong_usage_and_configuration_have_exit_code_2(tmp_path, capsys):
    hub = HubProcess(tmp_path)
    assert hub.command("erase-member", "5")[0] == 2
    here = ["--config", str(hub.config)]
    assert main([*here, "publish-rules", str(tmp_path / "nowhere.toml")]) == 3
    assert "nowhere.toml: No such file" in capsys.readouterr().err
    hub.config.write_text("[hub]\nlisten_prt = 1\n")
    code, words = hub.command("status")
    assert (code, "listen_prt" in words) == (2, True)


def test_every_command_says_what_it_does_and_takes_json_behind_it(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    names = re.findall(r"^    ([a-z-]+) ", capsys.readouterr().out, re.MULTILINE)
    assert {"run", "status", "excuse"} <= set(names)
    for name in names:
        with pytest.raises(SystemExit):
            main([name, "--help"])
        said = capsys.readouterr().out
        assert "--json" in said
        assert re.search(r"^[a-z].* .*$", said.split("\n\n")[1], re.MULTILINE), name


def test_ctrl_c_ends_a_command_in_words(capsys, monkeypatch):
    def interrupted(_path):
        raise KeyboardInterrupt

    monkeypatch.setattr("cloud.cli_commands.load", interrupted)
    assert main(["status"]) == 130
    assert "stopped by Ctrl-C" in capsys.readouterr().err


def test_rules_are_published_from_a_file_and_printed_as_one(tmp_path):
    hub = HubProcess(tmp_path)
    path = tmp_path / "rules.toml"
    path.write_text('[[top_up_tiers]]\nfrom_fen = 10000\nbonus_fen = "much"\n')
    code, refused = hub.command("publish-rules", str(path))
    assert (code, refused["code"]) == (1, "rule_faults")
    assert "top_up_tiers 1 bonus_fen" in refused["en"]
    path.write_text("[[top_up_tiers]]\nfrom_fen = 10000\nbonus_fen = 2000\n")
    code, done = hub.command("publish-rules", str(path))
    assert (code, len(done["ops"])) == (0, 1)
    code, printed = hub.command("rules")
    assert (code, "bonus_fen = 2000" in printed["toml"]) == (0, True)
    assert hub.command("publish-rules", str(path)) == (0, {"ops": []})


def test_products_of_an_old_list_come_in_once_with_every_problem_named(tmp_path):
    hub = HubProcess(tmp_path)
    path = tmp_path / "products.csv"
    path.write_bytes("编号,名称,售价,条码\nCOLA,可乐,4.5x,690\n,水,2,690\n".encode("gb18030"))
    code, answer = hub.command("import-products", str(path))
    assert (code, answer["imported"]) == (1, 0)
    assert [line.split(":")[0] for line in answer["problems"]] == [
        "2 price",
        "3 sku",
        "3 barcode",
    ]
    path.write_text("编号,名称,售价,会员价,计库存\nCOLA,可乐,4.50,4,是\nHOUR,上网,5,,否\n")
    for imported in (2, 0):
        code, answer = hub.command("import-products", str(path))
        assert (code, answer) == (0, {"rows": 2, "imported": imported, "problems": []})


@pytest.mark.covers("A035")
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_one_setting_puts_the_hub_on_postgresql(tmp_path, store_url):
    process = HubProcess(tmp_path, database_url=store_url)
    process.start()
    try:
        for code in ("A", "B"):
            assert process.command("add-cafe", "--code", code, "--name", code)[0] == 0
        hub = process.under_test()
        a, b = await hub.enrol(1), await hub.enrol(2)
        async with a.connected(), b.connected():
            await a.commit(
                a.op(TRANSACTION, bodies.top_up(1, 4001, a.node, 1, 500)),
                a.op(MEMBER, bodies.register(MEMBER, 4001, 1, {"name": "王五"})),
            )
            await eventually(lambda: b.blocks, "the block")
            status, data = await b.get(SNAPSHOT_PATH)
            answer = snapshot_answer_from_bytes(data)
            assert (status, answer.manifest.position) == (200, 7)
            assert len((await b.get(answer.content_target()))[1]) == answer.size
            assert (await b.get(blocks_target(1, 1, 7)))[0] == 200
        assert process.command("backup", str(tmp_path / "copy.dump"))[0] == 0
        assert process.command("erase-member", "4001", "--yes")[0] == 0
        reader = process.reader()
        await eventually(lambda: not scrub.is_needed(reader), "the tables to be rewritten")
        reader.close()
        assert process.command("refold") == (
            0,
            {
                "equal": True,
                "ops": 8,
                "blocks": 7,
                "without_content": 0,
                "differences": 0,
                "first_differences": [],
            },
        )
    finally:
        process.stop()
