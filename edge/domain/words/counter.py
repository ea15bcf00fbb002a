"""Words of refusals and reasons: log-in, visits, and what any command may lack."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "field_missing": ("缺少“{field}”，请补上", "“{field}” is missing; fill it in"),
    "field_invalid": ("“{field}”填得不对，请改正", "“{field}” is not valid; correct it"),
    "field_too_long": (
        "“{field}”太长，最多 {limit} 个字",
        "“{field}” is too long, at most {limit} characters",
    ),
    "body_too_large": (
        "一次发来的内容太多，最多 {limit} KB，请少填一些",
        "Too much was sent at once, at most {limit} KB; send less",
    ),
    "command_unknown": (
        "没有“{command}”这个操作，请刷新页面",
        "There is no command “{command}”; reload the page",
    ),
    "request_id_invalid": (
        "请求编号不对，请刷新页面再试",
        "The request's number is not valid; reload the page and try again",
    ),
    "request_id_reused": (
        "这个请求编号已用于别的操作，请刷新页面再试",
        "This request's number was used for another command; reload the page and try again",
    ),
    "box_busy": (
        "盒子正忙，这次没有办理，请稍后再试",
        "The box is busy and did nothing; try again in a moment",
    ),
    "disk_full": (
        "盒子的存储卡满了，这次没有办理，请联系总部",
        "The box's disk is full and nothing was done; call head office",
    ),
    "disk_refused": (
        "盒子的存储卡写不进去，这次没有办理，请停用本机并联系总部",
        "The box cannot write to its disk and did nothing; stop using it and call head office",
    ),
    "outcome_unknown": (
        "盒子的存储卡出错，这次是否办成要重启后才知道，请先不要收款或重做，请联系总部",
        "The disk failed: whether this was done is known after a restart; do not take money or do "
        "it again, and call head office",
    ),
    "power_failed": (
        "停电了：已办的都已保存，现在不接新单，来电后自动恢复",
        "The mains has failed: all that was done is saved and nothing new is taken; the box goes "
        "on by itself when the mains is back",
    ),
    "log_in_first": ("请先登录再操作", "Log in first"),
    "log_in_failed": ("工号或 PIN 不对，请再试", "Wrong staff number or PIN; try again"),
    "staff_card_unknown": (
        "这张卡不是员工卡，请选名字登录，或请总部登记",
        "This is nobody's staff card; choose your name, or have head office register the card",
    ),
    "log_in_locked": (
        "PIN 连续输错，已锁定，请 {minutes} 分钟后再试",
        "Too many wrong PINs; locked, try again in {minutes} minutes",
    ),
    "staff_inactive": ("该账号已停用，请找店长", "This account is closed; ask the manager"),
    "staff_other_cafe": (
        "该账号不能在本店登录，请找店长",
        "This account may not log in at this cafe; ask the manager",
    ),
    "visit_not_open": ("该会员现在不在店内", "This member is not in the cafe now"),
}
