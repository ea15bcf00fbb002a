"""Words of refusals and reasons: cards and taps."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "card_unknown": (
        "这张卡没有登记,请先办卡",
        "This card is not registered; issue it to a member first",
    ),
    "card_unread": (
        "卡没有读出来,请把卡放平再刷一次",
        "The card could not be read; lay it flat and tap once more",
    ),
    "card_lost": (
        "这张卡已挂失,不能使用,请核对持卡人",
        "This card is reported lost and cannot be used; check who holds it",
    ),
    "card_void": ("这张卡已作废,请换新卡", "This card is void; issue a new one"),
    "card_suspended": (
        "这张卡已暂停,请找店长恢复",
        "This card is suspended; ask the manager to restore it",
    ),
    "card_expired": (
        "这张卡已过期({day}),请续卡",
        "This card expired on {day}; renew it",
    ),
    "card_taken": (
        "这张卡已发给会员 {number},请换一张",
        "This card belongs to member {number}; take another",
    ),
    "card_uid_invalid": ("卡号不对,请重新刷卡", "Not a card number; tap the card again"),
}
