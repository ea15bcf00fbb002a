"""A refusal as data: a stable code, and words for the person at the screen in both languages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """Why head office or the hub said no. Nothing was changed.

    `code` is stable and counted; `zh` and `en` are shown.
    """

    code: str
    zh: str
    en: str


REFUSALS = {
    refusal.code: refusal
    for refusal in (
        Refusal("bad_credentials", "账号或密码不正确", "Account or password is wrong"),
        Refusal("code_unknown", "注册码不存在", "This enrolment code does not exist"),
        Refusal(
            "code_used", "注册码已被另一台盒子使用", "Another box has used this enrolment code"
        ),
        Refusal(
            "code_expired",
            "注册码已过期，请总部重新发一个",
            "This enrolment code is too old; head office gives out a new one",
        ),
        Refusal("cafe_unknown", "门店不存在", "There is no such cafe"),
        Refusal("cafe_incomplete", "请填写门店编号和名称", "Give a code and a name"),
        Refusal("cafe_closed", "门店已关闭", "This cafe is closed"),
        Refusal(
            "cafe_unconfirmed",
            "门店编号与输入的不一致，没有关闭",
            "The code typed is not this cafe's; it was not closed",
        ),
        Refusal(
            "cafe_not_delivered",
            "门店的盒子还有记录没有交给总部：先让它联网交齐；盒子坏了或丢了，先在“盒子”页核销",
            "A box of this cafe has entries that are not here: bring its line up first;"
            " if it is dead or lost, write it off on the page of boxes",
        ),
        Refusal("cafe_exists", "门店编号已存在", "A cafe with this code exists"),
        Refusal("node_unknown", "盒子不存在", "There is no such box"),
        Refusal("node_of_other_cafe", "该盒子属于另一家门店", "This box belongs to another cafe"),
        Refusal("member_unknown", "会员不存在", "There is no such member"),
        Refusal("already_erased", "该会员资料已被清除", "This member has been erased before"),
        Refusal("staff_name_taken", "账号已存在", "An account with this name exists"),
        Refusal("password_has_name", "密码里不能有账号名", "A password does not hold the account"),
        Refusal(
            "password_plain",
            "密码要有大小写字母、数字、符号中的三种，或 16 位以上",
            "A password mixes three of small letters, capitals, digits, signs; or has 16 letters",
        ),
        Refusal("password_same", "新密码与旧密码相同", "The new password is the old one"),
        Refusal(
            "second_factor_needed",
            "请输入验证器上的 6 位动态码",
            "Type the six digits that your authenticator shows",
        ),
        Refusal(
            "second_factor_wrong",
            "动态码不对或已用过，请等下一个",
            "The code is wrong or was used; wait for the next one",
        ),
        Refusal("not_by_oneself", "这要由另一位管理员来做", "Another administrator does this"),
        Refusal("admin_only", "只有管理员可以做", "Only an administrator may do this"),
        Refusal("staff_unknown", "没有这个人", "There is no such person"),
        Refusal("role_unknown", "没有这个职务", "There is no such role"),
        Refusal("staff_card_taken", "这张卡已是别人的员工卡", "This card is somebody else's"),
        Refusal("card_uid_shape", "卡号为 8 至 20 位十六进制", "A card has 8 to 20 hex digits"),
        Refusal("first_run_over", "系统已初始化", "The first run is over"),
        Refusal("company_incomplete", "请填写公司名称", "Give the company's name"),
        Refusal(
            "operation_unknown",
            "没有这项权限，请检查拼写",
            "There is no such right; check the word",
        ),
        Refusal("pin_shape", "PIN 码为 4 至 12 位数字", "A PIN has 4 to 12 digits"),
        Refusal("grant_nothing_held", "总部没有可用余额", "The hub holds nothing of this account"),
        Refusal("grant_class", "此类账户不能调拨", "Accounts of this class are not granted"),
        Refusal("grant_amount", "申请的数额无效", "The amount asked for is not valid"),
        Refusal("merge_self", "不能把会员并入自己", "A member cannot be merged into itself"),
        Refusal("merged_already", "该会员已被合并", "This member has been merged already"),
        Refusal("member_erased", "该会员资料已被清除", "This member has been erased"),
        Refusal("epoch_closed", "该盒子的这一期已关闭", "This epoch of the box is closed"),
        Refusal("case_unknown", "没有这个冲突", "There is no such case"),
        Refusal("case_settled", "这个冲突已经处理过了", "Somebody has settled this case already"),
        Refusal(
            "case_changed",
            "内容刚刚又变了，请重新看过再决定",
            "What is at stake has just changed; look again, then decide",
        ),
        Refusal("settlement_unknown", "不能这样处理", "This case cannot be settled that way"),
        Refusal("note_missing", "请写下原因", "Give a reason"),
        Refusal("note_long", "原因最多 200 字", "A reason has at most 200 characters"),
        Refusal(
            "note_personal",
            "原因里不要写姓名、电话或证件号：原因会一直保留",
            "Leave names, phones and identity numbers out of the reason: it is kept for ever",
        ),
        Refusal(
            "right_missing",
            "您的职务不能做这件事，请找店长或总部",
            "Your role may not do this; ask a manager or head office",
        ),
        Refusal(
            "cafe_not_yours",
            "这是其他门店的事，请找那边的店长或总部",
            "This is about another cafe; ask its manager or head office",
        ),
        Refusal(
            "whole_chain",
            "这关系到所有门店，您只管其中几家，请找总部",
            "This concerns every cafe, and you answer for some of them; ask head office",
        ),
        Refusal(
            "approver_unknown",
            "批准人须为在职的店长或管理员",
            "An approver must be an active manager",
        ),
        Refusal(
            "other_log",
            "盒子的日志与总部不符，请重新放回备份",
            "The box followed another log; put the backup back again, then start the hub",
        ),
        Refusal("recovering", "总部正在恢复，请稍后再试", "The hub is recovering; try again later"),
        Refusal("not_recovering", "总部不在恢复中", "The hub is not recovering"),
        Refusal("not_waited_for", "不需要等待该盒子", "Nobody waits for this box"),
        Refusal("epoch_unknown", "盒子没有这一期", "The box has no such earlier epoch"),
        Refusal("left_over_unknown", "没有这批遗留记录", "There are no such left-over entries"),
        Refusal("left_over_admitted", "这批记录已被接纳", "These entries were admitted before"),
        Refusal(
            "left_over_incomplete",
            "记录尚未交齐，请让盒子保持联网",
            "The box has not handed in all of it yet; keep its line up",
        ),
        Refusal("voucher_count", "一批最多 200 张", "A batch has 1 to 200 vouchers"),
        Refusal(
            "voucher_amount", "面值须在 0.01 到 1,000 元之间", "A voucher is worth ¥0.01 to ¥1,000"
        ),
        Refusal(
            "day_invalid",
            "日期不对，请输入如 2027-03-01",
            "This is no day of the calendar; write one such as 2027-03-01",
        ),
        Refusal("voucher_day", "截止日期已经过去", "The last day is past"),
        Refusal(
            "rule_changed",
            "之后有人发布了新版本，请重新打开或重新下载再改",
            "Somebody has published another version since; open or download it again, then change",
        ),
        Refusal("rule_same", "和现在的规则一样，没有发布", "This is the rule as it stands"),
        Refusal(
            "rule_faults",
            "规则有错误，没有发布；请按下面的提示改正",
            "The rule has faults and was not published; they are listed below",
        ),
        Refusal(
            "record_changed",
            "打开之后有人改过，没有覆盖；请看现在的内容，再决定是否保存",
            "Somebody has changed this since you opened it; look at what stands now, then save",
        ),
        Refusal(
            "record_exists",
            "这个编号已经有了，请从列表里打开再改",
            "This code is taken; open it from the list to change it",
        ),
        Refusal(
            "value_invalid",
            "填写的内容太长，或有不能保存的字符",
            "What was typed is too long, or has characters that cannot be kept",
        ),
        Refusal("two_people", "需要两名不同的员工批准", "Two different people must approve"),
        Refusal(
            "approver_in_hand",
            "两位批准人之一近 7 天内设置过另一位的密码或动态码，不算两个人，请另找一位批准",
            "One of the two set the other's password or authenticator within 7 days, so they do not"
            " count as two; let somebody else approve",
        ),
        Refusal(
            "approval_kept",
            "这里已有同事先批准过，请重新看过再决定",
            "Somebody has approved this just now; look again, then decide",
        ),
    )
}
"""Code -> `Refusal`: every refusal of the hub and of head office."""


def refusal(code: str) -> Refusal:
    """Return the refusal of a code; KeyError for one that is not in the table."""
    return REFUSALS[code]
