"""Stock, assets and transfers on a real store."""

from sync_protocol.accounts import (
    ASSET_IN_STOCK,
    ASSET_ISSUED,
    ASSET_UNIT,
    ITEM,
    STOCK,
    STOCK_LOST,
    TRANSIT,
)
from sync_protocol.kinds import SITE, TRANSACTION, TRANSFER
from sync_protocol.ledger import REASON_DISPATCH, Transaction
from tests.edge.desk.counter import BOX, CAFE, EAST_BOX, EAST_CAFE, EPOCH, MANAGER, Counter

TRANSFER_ID = 777


async def _arriving(counter: Counter, units: list[list[object]]) -> None:
    """The other cafe has sent something, and the hub's log has brought it here."""
    postings = []
    for unit, quantity in units:
        source = STOCK if str(unit).startswith(ITEM) else ASSET_IN_STOCK
        holder = (EAST_BOX, 1) if source == ASSET_IN_STOCK else (0, 0)
        postings.append((source, EAST_CAFE, *holder, 0, unit, -quantity))
        postings.append((TRANSIT, TRANSFER_ID, BOX, EPOCH, 0, unit, quantity))
    body = Transaction(EAST_CAFE, REASON_DISPATCH, 0, 0, 0, TRANSFER_ID, None, postings).body()
    await counter.hub.write((TRANSACTION, body))
    document = {
        "from_cafe": EAST_CAFE,
        "to_cafe": CAFE,
        "lines": units,
        "dispatched_ms": counter.clock.now_ms,
        "status": "dispatched",
    }
    await counter.hub.document(TRANSFER, TRANSFER_ID, document)


def _stock(sku: str) -> tuple[int, int, int, int, int, str]:
    return (STOCK, CAFE, 0, 0, 0, ITEM + sku)


async def test_goods_come_and_go(counter: Counter) -> None:
    await counter.do("goods_receipt", lines=[["COLA", 24], ["NOODLE", "6"]])
    answer = await counter.do("goods_issue", lines='[["COLA", 2], ["NOODLE", 7]]', cause="lost")
    assert answer.values["below_zero"] == ["NOODLE"]
    assert counter.shown(_stock("COLA")) == 22
    assert counter.shown((STOCK_LOST, CAFE, 0, 0, 0, ITEM + "COLA")) == 2
    products = {product.sku: product for product in await counter.desk.views.products()}
    assert products["COLA"].in_stock == 22
    assert products["HOUR"].in_stock is None
    assert (
        await counter.refused("goods_receipt", lines=[["HOUR", 1]])
    ).code == "product_not_counted"


async def test_a_dispatch_leaves_here_and_waits_for_the_addressee(counter: Counter) -> None:
    await counter.do("goods_receipt", lines=[["COLA", 24]])
    await counter.do("asset_receipt", tag="pc-1", name="主机")
    answer = await counter.do(
        "dispatch_transfer", to_cafe=EAST_CAFE, lines=[["COLA", 10]], tags="PC-1"
    )
    transfer = answer.values["transfer"]
    assert isinstance(transfer, int)
    assert counter.shown(_stock("COLA")) == 14
    assert counter.shown((TRANSIT, transfer, EAST_BOX, 1, 0, ITEM + "COLA")) == 10
    assert counter.shown((TRANSIT, transfer, EAST_BOX, 1, 0, ASSET_UNIT + "PC-1")) == 1
    assert await counter.desk.views.assets() == ()
    (sent,) = await counter.desk.views.transfers(incoming=False)
    assert (sent.to_name[0], sent.status, sent.tags) == ("东门店", "dispatched", ("PC-1",))
    refusal = await counter.refused("receive_transfer", transfer=transfer, lines=[["COLA", 10]])
    assert refusal.code == "transfer_not_ours"
    gone = await counter.refused("dispatch_transfer", to_cafe=EAST_CAFE, tags="PC-1")
    assert gone.code == "asset_not_here"
    assert (await counter.refused("dispatch_transfer", to_cafe=CAFE, tags="X")).code == "cafe_own"
    assert (await counter.refused("dispatch_transfer", to_cafe=9, tags="X")).code == "cafe_unknown"
    await counter.hub.document(SITE, EAST_CAFE, {"open": False})
    closed = await counter.refused("dispatch_transfer", to_cafe=EAST_CAFE, tags="X")
    assert closed.code == "cafe_unknown"
    assert [cafe.cafe for cafe in await counter.desk.views.cafes()] == [CAFE]


async def test_a_receipt_with_a_shortage(counter: Counter) -> None:
    await counter.hub.confirm_all()
    await _arriving(counter, [[ITEM + "COLA", 10], [ITEM + "NOODLE", 4], [ASSET_UNIT + "PC-9", 1]])
    page = await counter.desk.views.counter(counter.session, 1)
    assert [(one.from_name, one.items) for one in page.transfers] == [
        (
            ("东门店", "East Gate"),
            (("COLA", ("可乐", "Cola"), 10), ("NOODLE", ("泡面", "Noodles"), 4)),
        )
    ]
    surplus = await counter.refused("receive_transfer", transfer=TRANSFER_ID, lines=[["COLA", 11]])
    assert surplus.code == "transfer_surplus"
    assert "可乐" in surplus.words("zh")
    answer = await counter.do(
        "receive_transfer",
        transfer=TRANSFER_ID,
        lines=[["COLA", 9], ["NOODLE", 0]],
        tags="PC-9",
    )
    assert answer.values["status"] == "short"
    assert answer.values["shortage"] == [["COLA", 1], ["NOODLE", 4]]
    assert counter.shown(_stock("COLA")) == 9
    assert counter.shown((TRANSIT, TRANSFER_ID, BOX, EPOCH, 0, ITEM + "COLA")) == 0
    assert [asset.tag for asset in await counter.desk.views.assets()] == ["PC-9"]
    again = await counter.refused("receive_transfer", transfer=TRANSFER_ID, tags="PC-9")
    assert again.code == "transfer_received"
    assert await counter.desk.views.transfers(incoming=True) == ()


async def test_an_asset_is_issued_and_returned(counter: Counter) -> None:
    await counter.do("asset_receipt", tag="KB-7", name="键盘", type="外设", serial="S7")
    taken = await counter.refused("asset_receipt", tag="kb-7", name="键盘")
    assert taken.code == "asset_tag_taken"
    await counter.do("asset_issue", tag="KB-7", user=MANAGER)
    unit = ASSET_UNIT + "KB-7"
    assert counter.shown((ASSET_ISSUED, CAFE, BOX, EPOCH, 0, unit)) == 1
    (asset,) = await counter.desk.views.assets()
    assert (asset.place, asset.serial) == ("issued", "S7")
    assert (await counter.refused("asset_issue", tag="KB-7", user=MANAGER)).code == "asset_not_here"
    await counter.do("asset_return", tag="KB-7")
    assert counter.shown((ASSET_IN_STOCK, CAFE, BOX, EPOCH, 0, unit)) == 1
    nobody = await counter.refused("asset_issue", tag="KB-7", user=424242)
    assert nobody.code == "member_unknown"
