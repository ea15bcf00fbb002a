"""One conflict of each sort between two cafes without a line; each maker leaves the lines cut."""

from edge.domain.decision import Here, document_change
from sync_protocol.accounts import REVENUE, TILL
from sync_protocol.kinds import MEMBER, TRANSACTION
from sync_protocol.ledger import REASON_SALE, Transaction
from tests.cloud.remote_box import HubUnderTest
from tests.two_cafes import Cafe, TwoCafes

PHONE = "13800138011"
IDENTITY = "11010519491231002X"
CARD = "04A1B2C377"
TAG = "KB-0009"


async def same_phone(chain: TwoCafes) -> tuple[int, int]:
    """Two people with one phone number; (the first's id, the second's)."""
    return await _register(chain, ("陈晨", "何禾"), phone=PHONE)


async def same_person(chain: TwoCafes) -> tuple[int, int]:
    """One person, registered in both cafes with one phone and one identity number."""
    return await _register(chain, ("林琳", "林琳"), phone="13800138012", identity=IDENTITY)


async def same_card(chain: TwoCafes) -> tuple[int, int]:
    """One piece of plastic, given to two people."""
    return await _register(chain, ("孙笙", "钱倩"), card_uid=CARD)


async def _register(chain: TwoCafes, names: tuple[str, str], **typed: str) -> tuple[int, int]:
    """Register in both cafes without a line; the first one's reaches head office first."""
    chain.cut()
    made = []
    for cafe, name in zip(chain.cafes, names, strict=True):
        values = await cafe.do("register_member", name=name, consent=True, **typed)
        made.append(int(str(values["member"])))
    await chain.first_of_all(chain.cafes[0])
    return made[0], made[1]


async def both_edit(chain: TwoCafes, values: tuple[dict[str, str], dict[str, str]]) -> int:
    """Both cafes change one member's record; returns the member."""
    east = chain.cafes[0]
    made = await east.do("register_member", name="安安", phone="13800138013", consent=True)
    member = int(str(made["member"]))
    await chain.agree()
    chain.cut()
    for cafe, one in zip(chain.cafes, values, strict=True):
        await edit(cafe, member, one)
    await chain.first_of_all(east)
    return member


async def edit(cafe: Cafe, member: int, values: dict[str, str]) -> None:
    """Change a member's record in a cafe, over what is shown there."""
    document = cafe.read(lambda reader: reader.register(MEMBER, member))
    assert document is not None
    here = Here(cafe.number, cafe.node, 1, 0, 0, 0)
    op = document_change(here, MEMBER, member, document.shown, values, b"s" * 16)
    await cafe.append((op.kind, op.body))


async def same_asset(chain: TwoCafes) -> None:
    """Both cafes receive an asset under one tag."""
    chain.cut()
    for cafe, name in zip(chain.cafes, ("键盘", "机械键盘"), strict=True):
        await cafe.do("asset_receipt", tag=TAG, name=name)
    await chain.first_of_all(chain.cafes[0])


async def same_opening(chain: TwoCafes, amounts_fen: tuple[int, int]) -> int:
    """Both cafes import one member of the old system, each with its list's amount."""
    chain.cut()
    for cafe, amount_fen in zip(chain.cafes, amounts_fen, strict=True):
        await cafe.import_list("members", "会员号,姓名\nL-1,陈旧\n")
        balances = f"会员号,储值,赠送,积分\nL-1,{amount_fen / 100:.2f},1.50,30\n"
        await cafe.import_list("balances", balances)
    await chain.first_of_all(chain.cafes[0])
    (member,) = chain.cafes[0].read(lambda reader: reader.registers_where(MEMBER, "number", "L-1"))
    return int(member.key)


async def void_sale(chain: TwoCafes) -> None:
    """A faulty box of the second cafe books a sale in the first one's name.

    The product's own store refuses to: another program speaks for that box.
    """
    first, second = (cafe.number for cafe in chain.cafes)
    postings = [
        (TILL, first, 0, 0, 0, "fen", 1250),
        (REVENUE, first, 0, 0, 0, "fen", -1250),
    ]
    transaction = Transaction(second, REASON_SALE, 20260701, 480, 1, 0, None, postings)
    box = await HubUnderTest(chain.office, chain.url, chain.broker_url).enrol(second)
    async with box.connected():
        await box.commit(box.op(TRANSACTION, transaction.body(), actor=chain.manager))
