"""Words of refusals and reasons: cards and taps."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "card_unknown": (
        "这张卡没有登记，请先办卡",
        "This card is not registered; issue it to a member first",
    ),
    "card_of_staff": (
        "这是{name}的员工卡，只用来登录，请刷会员卡",
        "This is the staff card of {name}: it logs in; tap a member's card",
    ),
    "card_unread": (
        "卡没有读出来，请把卡放平再刷一次",
        "The card could not be read; lay it flat and tap once more",
    ),
    "card_swapped": (
        "读卡器上现在是另一张卡，没有扣款，请重新刷要付款的卡",
        "Another card lies on the reader now; nothing was charged: tap the card that pays again",
    ),
    "card_lost": (
        "这张卡已挂失，不能使用，请核对持卡人",
        "This card is reported lost and cannot be used; check who holds it",
    ),
    "card_void": ("这张卡已作废，请换新卡", "This card is void; issue a new one"),
    "card_suspended": (
        "这张卡已暂停，请找店长恢复",
        "This card is suspended; ask the manager to restore it",
    ),
    "card_expired": (
        "这张卡已过期（{day}）没有续卡，会员资格已停，请先续卡",
        "This card expired on {day} and was not renewed: the membership is off until it is",
    ),
    "card_blank": (
        "这张卡还没有发给会员，请先办卡",
        "This card has not been given to anybody yet; issue it first",
    ),
    "card_number_not_blank": (
        "没有卡号“{number}”的空白卡，请核对或换一张",
        "There is no blank card “{number}”; check it or take another",
    ),
    "card_known_already": (
        "这张卡已经登记过了，请换一张",
        "This card is registered already; take another",
    ),
    "card_type_unknown": (
        "没有“{type}”这种会员卡，请重新选择",
        "There is no card type “{type}”; choose again",
    ),
    "card_payment_needed": (
        "工本费和押金共 {amount_fen}，请选支付方式",
        "Fee and deposit come to {amount_fen}; choose how they are paid",
    ),
    "batch_size_invalid": (
        "一批 1 到 {limit} 张",
        "A batch has 1 to {limit} cards",
    ),
    # what a card is, where something else was needed
    "card_is_active": ("这张卡正常使用中，不用办理", "This card is in use; there is nothing to do"),
    "card_is_suspended": (
        "这张卡已暂停，请先恢复",
        "This card is suspended; restore it first",
    ),
    "card_is_lost": (
        "这张卡已挂失，请先解挂或补卡",
        "This card is lost; cancel that or reissue it",
    ),
    "card_is_void": ("这张卡已作废，不能再办理", "This card is void; nothing can be done with it"),
    "card_without_end": (
        "这张卡没有有效期，不用续期",
        "This card has no last day; there is nothing to renew",
    ),
    "card_day_not_later": (
        "新的有效期要晚于 {day}",
        "The new last day must be later than {day}",
    ),
    "card_day_too_far": (
        "有效期最晚到 {day}",
        "A card is valid to {day} at the latest",
    ),
    "card_same": ("新卡和旧卡是同一张，请换一张", "That is the old card; take another"),
    "card_same_member": (
        "这张卡已经是该会员的了",
        "This card is that member's already",
    ),
    "card_other": (
        "读卡器上的不是这张卡，请核对",
        "The card on the reader is another one; check it",
    ),
    "deposit_elsewhere": (
        "押金 {deposit_fen} 在{places}，已申请转来，请过几秒再试；"
        "没有网络就到那里退，或先作废这张卡",
        "The deposit of {deposit_fen} is at {places}; it was asked for, try again in a few seconds."
        " Without a line return the card there, or void it now",
    ),
    # PINs
    "card_pin_invalid": (
        "卡密码要 {low} 到 {high} 位数字",
        "A card's PIN has {low} to {high} digits",
    ),
    "card_pin_guessable": (
        "密码太简单，请不要用相同或连续的数字",
        "Too easy to guess: not one digit throughout and no run of digits",
    ),
    "card_pin_differs": ("两次输入的密码不一样，请重输", "The two PINs differ; type them again"),
    "card_pin_set_already": (
        "这张卡已有密码，请用“修改密码”",
        "This card has a PIN already; change it instead",
    ),
    # the list of lost cards
    "lost_list_stale": (
        "断网已 {hours} 小时，挂失名单可能不是最新：每人每天最多扣 {limit_fen}，请改用其他方式付款",
        "The list of lost cards is {hours} hours old: up to {limit_fen} a day may be debited;"
        " take another tender",
    ),
    "card_taken": (
        "这张卡已发给会员 {number}，请换一张",
        "This card belongs to member {number}; take another",
    ),
    "card_uid_invalid": ("卡号不对，请重新刷卡", "Not a card number; tap the card again"),
}
