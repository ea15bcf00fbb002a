"""Words of refusals and reasons: seats, sessions, identity checks."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    # seats
    "seat_unknown": ("没有这个机位，请从图上选", "There is no such seat; choose one on the map"),
    "seat_in_use": (
        "{seat} 有人在用，请先下机或换一个机位",
        "{seat} is in use; end its session first, or choose another seat",
    ),
    "seat_out_of_order": (
        "{seat} 停用中，请换一个机位",
        "{seat} is out of order; choose another seat",
    ),
    "seat_numbers_invalid": (
        "结束编号要大于或等于起始编号",
        "The last number must not be below the first",
    ),
    "seat_name_invalid": (
        "机位名称要有 1 到 {limit} 个字",
        "A seat's name has 1 to {limit} characters",
    ),
    "seat_name_taken": ("已经有机位叫 {seat}", "There is a seat {seat} already"),
    "seat_place_taken": (
        "第 {row} 排第 {column} 列已经是 {seat}，请换位置",
        "Row {row}, column {column} is {seat} already; choose another place",
    ),
    "seat_place_invalid": (
        "排和列最大到 {limit}",
        "Rows and columns go up to {limit}",
    ),
    "seats_too_many": ("一家店最多 {limit} 个机位", "A cafe has at most {limit} seats"),
    "zone_unknown": (
        "没有“{zone}”这个区域，区域由总部设置",
        "There is no zone “{zone}”; head office sets zones up",
    ),
    # identity checks
    "identity_document_missing": (
        "上机前要核对证件：请登记姓名和证件号码",
        "Before a session a document is checked: enter its name and number",
    ),
    "identity_of_another": (
        "这张证件不是该会员的，请核对本人",
        "This document is not the member's own; check who it is",
    ),
    "identity_check_missing": (
        "今天还没有核对过此人的证件，请先登记",
        "This person's document was not checked today; check it first",
    ),
    "under_age_refused": (
        "未满 {age} 周岁，依法不能上机；已记录",
        "Under {age}: the law forbids a session; this was recorded",
    ),
    # sessions
    "session_unknown": ("没有这次上机记录", "There is no such session"),
    "session_ended_before": ("这次上机已经结账", "This session was ended and settled before"),
    "session_open_already": (
        "此人正在 {seat} 上机，请先下机或换机",
        "This person is at {seat} already; end that session or change its seat",
    ),
    "session_needs_member": (
        "本店只接待会员上机，请先登记会员",
        "Only members sit down here; register a member first",
    ),
    "session_not_running": ("现在不在计时", "The time is not running now"),
    "session_not_paused": ("没有暂停，不用继续", "It is not paused"),
    "session_is_postpaid": (
        "这次上机是后付费，下机时结账",
        "This session is paid at its end",
    ),
    "session_changed": (
        "费用已变，现在应收 {due_fen}，请核对后再结账",
        "The amount has changed; {due_fen} is due now, check it and settle again",
    ),
    "session_other_zone": (
        "该套餐或卡只能在这些区域用：{zones}",
        "This package or pass holds in these zones alone: {zones}",
    ),
    "prepayment_too_little": (
        "这些钱不够上机一分钟，请多收一些",
        "This does not pay for one minute; take more",
    ),
    "prepayment_elsewhere": (
        "预付的 {amount_fen} 不在本机（盒子换过或被停用），已向总部申请转来，请过几秒再试；"
        "还不行就请总部核销旧盒子",
        "The {amount_fen} paid before does not stand at this box (it was replaced or stopped); it"
        " was asked for, try again in a few seconds. If it does not come, have head office write"
        " the old box off",
    ),
    "package_unknown": (
        "没有这个套餐，或此客人不能用",
        "There is no such package, or it is not for this guest",
    ),
    "package_other_hours": ("现在不是这个套餐的时段", "This package does not hold at this hour"),
    "pass_none_in_force": (
        "没有现在能用的次卡、包时或包月卡",
        "There is no pass that holds here and now",
    ),
}
