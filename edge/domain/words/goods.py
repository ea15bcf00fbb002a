"""Words of refusals and reasons: stock, transfers and assets."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "quantity_invalid": (
        "数量要是 1 到 {limit} 的整数",
        "A quantity is a whole number from 1 to {limit}",
    ),
    # assets and transfers
    "lines_missing": ("还没有填明细", "No lines were given"),
    "lines_too_many": ("一张单据最多 {limit} 行", "A document holds at most {limit} lines"),
    "line_repeated": ("“{item}”重复了，请合并", "“{item}” is there twice; merge the lines"),
    "cafe_unknown": ("没有这家门店", "There is no such cafe"),
    "cafe_own": ("不能调拨给本店", "A transfer goes to another cafe"),
    "cafe_without_box": (
        "{cafe}还没有可用的盒子，不能接收调拨",
        "{cafe} has no working box yet and cannot receive a transfer",
    ),
    "transfer_unknown": ("找不到这张调拨单", "No such transfer"),
    "transfer_not_ours": (
        "这张调拨单是发给{cafe}的，只有对方能签收",
        "This transfer is for {cafe}; only they can receive it",
    ),
    "transfer_received": ("这张调拨单已经签收过了", "This transfer has been received already"),
    "transfer_held_elsewhere": (
        "货是发给本店旧盒子的，已申请转来，请过几秒再试；还不行就请总部核销旧盒子",
        "The goods were sent to this cafe's former box; they were asked for, try again in a few"
        " seconds. If they do not come, have head office write the old box off",
    ),
    "transfer_surplus": (
        "“{item}”发出 {sent}，不能签收 {received}；多出的请另做入库",
        "{sent} of “{item}” were sent, {received} cannot be received; book the rest as a receipt",
    ),
    "transfer_line_unknown": (
        "“{item}”不在这张调拨单里",
        "“{item}” is not part of this transfer",
    ),
    "asset_tag_invalid": (
        "资产编号要 1 到 {limit} 个字母、数字、点、- 或 _",
        "An asset tag has 1 to {limit} letters, digits, dots, - or _",
    ),
    "asset_is_ours": (
        "资产“{tag}”登记在本店名下，不能撤销入库",
        "The asset “{tag}” is this cafe's own; its receipt stands",
    ),
    "asset_tag_taken": ("资产编号“{tag}”已被使用", "The asset tag “{tag}” is taken"),
    "asset_held_elsewhere": (
        "资产“{tag}”还在本店旧盒子名下，已申请转来，请过几秒再试；还不行就请总部核销旧盒子",
        "The asset “{tag}” is still in the hands of this cafe's former box; it was asked for, try"
        " again in a few seconds. If it does not come, have head office write the old box off",
    ),
    "asset_not_here": (
        "资产“{tag}”不在本店{place}",
        "The asset “{tag}” is not {place} at this cafe",
    ),
}
