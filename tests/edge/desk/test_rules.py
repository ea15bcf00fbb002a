"""Which rows of a published rule hold at a cafe, and until when they are remembered."""

from typing import cast

from edge.desk.catalogue import Catalogue
from edge.desk.rules import rules_in_force, version_of
from edge.store.reader import Reader
from sync_protocol.kinds import RULE
from sync_protocol.rules import RULES
from tests.edge.desk.counter import CAFE, Counter

COMPANY = ["某某电竞", "Some Esports", "0571-1"]


async def test_the_default_holds_until_head_office_publishes(counter: Counter) -> None:
    with counter.store.read() as reader:
        (company,) = rules_in_force(reader, "company")
        assert (company["name"], company["privacy_version"]) == ("", "1")
        assert version_of(reader, "company") == 0
        tiers = rules_in_force(reader, "tiers")
        assert [tier["code"] for tier in tiers] == ["gold", "diamond", "royal"]
        for name in RULES:
            assert isinstance(rules_in_force(reader, name), list)


async def test_the_cafes_own_rule_goes_before_the_chains(counter: Counter) -> None:
    await counter.hub.document(RULE, "company", {"version": 3, "values": [COMPANY]})
    with counter.store.read() as reader:
        (company,) = rules_in_force(reader, "company")
        assert (company["name_en"], company["terms_version"]) == ("Some Esports", "1")
        assert version_of(reader, "company") == 3
    await counter.hub.document(RULE, f"company@{CAFE}", {"version": 1, "values": [["本店"]]})
    await counter.hub.document(RULE, f"company@{CAFE + 1}", {"version": 9, "values": [["别店"]]})
    with counter.store.read() as reader:
        assert rules_in_force(reader, "company")[0]["name"] == "本店"
        assert version_of(reader, "company") == 1
    await counter.hub.document(RULE, f"company@{CAFE}", {"version": 2, "values": None})
    with counter.store.read() as reader:
        assert rules_in_force(reader, "company")[0]["name"] == "某某电竞"


async def test_rows_that_do_not_fit_are_the_default_and_never_half(counter: Counter) -> None:
    rows = [["night", "包夜"], ["noon", 7]]
    await counter.hub.document(RULE, "passes", {"version": 2, "values": rows})
    with counter.store.read() as reader:
        codes = [row["code"] for row in rules_in_force(reader, "passes")]
        assert codes == ["night", "noon", "month", "ten"]
        assert version_of(reader, "passes") == 0


async def test_the_catalogue_remembers_until_it_is_told_to_renew(counter: Counter) -> None:
    catalogue = Catalogue()
    with counter.store.read() as reader:
        assert catalogue.rules(reader, "company")[0]["name"] == ""
    await counter.hub.document(RULE, "company", {"version": 3, "values": [COMPANY]})
    with counter.store.read() as reader:
        assert catalogue.rules(reader, "company")[0]["name"] == ""
        catalogue.renew(reader)
        assert catalogue.rules(reader, "company")[0]["name"] == "某某电竞"
        assert catalogue.rule_in_force(reader, "company").version == 3


async def test_what_every_tap_needs_was_read_when_it_was_renewed(counter: Counter) -> None:
    await counter.hub.document(RULE, "company", {"version": 3, "values": [COMPANY]})
    catalogue = Catalogue()
    with counter.store.read() as reader:
        catalogue.renew(reader)
    unread = cast("Reader", object())
    assert catalogue.letterhead(unread)["phone"] == "0571-1"
    catalogue.rule(unread)
    catalogue.cafe_name(unread)
