"""Words of refusals and reasons: members: registering, finding, what is special about them."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "name_invalid": (
        "姓名要 1 到 {limit} 个字，且不含特殊符号",
        "A name has 1 to {limit} characters and no control characters",
    ),
    "phone_invalid": (
        "手机号不对：要 11 位、以 1 开头，国外号码以 + 开头",
        "Not a phone number: 11 digits beginning with 1, or + and a country code",
    ),
    "identity_invalid": (
        "身份证号校验不通过，请核对后重输",
        "The identity number's check digit is wrong; check and enter it again",
    ),
    "birth_date_invalid": (
        "出生日期不对，请按年月日填写",
        "Not a valid birth date; enter year, month and day",
    ),
    "consent_missing": (
        "会员还没同意隐私条款，不能登记",
        "The member has not agreed to the privacy terms and cannot be registered",
    ),
    "phone_taken": (
        "这个手机号已登记给会员 {number}，请先查找该会员",
        "This phone belongs to member {number}; find that member instead",
    ),
    "identity_taken": (
        "这个身份证号已登记给会员 {number}，请先查找该会员",
        "This identity number belongs to member {number}; find that member instead",
    ),
    "member_unknown": ("找不到该会员，请重新查找", "No such member; search again"),
    "member_closed": ("该会员已退会，不能办理", "This member has left; nothing can be done"),
    "member_rejected": (
        "该会员的申请没有通过审核，不能办理",
        "This member's application did not pass its review; nothing can be done",
    ),
    "member_not_identified": (
        "没有“{text}”这个卡号、手机号或会员号，请核对",
        "“{text}” is no card number, phone or member number; check it",
    ),
    "card_number_manual": (
        "本店只能刷卡，不能手输卡号，请把卡放到读卡器上",
        "Here cards are tapped and their numbers are not typed; lay the card on the reader",
    ),
    "identity_kind_unknown": (
        "没有“{kind}”这种证件，请重新选择",
        "“{kind}” is no kind of document; choose again",
    ),
    "document_number_invalid": (
        "证件号码要 5 到 20 位字母或数字，请核对",
        "A document number has 5 to 20 letters and digits; check it",
    ),
    "identity_needed": (
        "发卡要有证件号码，请补填后再发卡",
        "A card needs the number of an identity document; add it first",
    ),
    "phone_needed": (
        "发卡要有手机号，请补填后再发卡",
        "A card needs a phone number; add it first",
    ),
    "category_unknown": (
        "没有“{category}”这个会员分类，请重新选择",
        "There is no member category “{category}”; choose again",
    ),
    "custom_field_unknown": (
        "会员档案里没有“{field}”这一项，请刷新页面",
        "A member's file has no field “{field}”; reload the page",
    ),
    # review, changes, notes
    "member_approved_already": (
        "该会员的资料已经审核过了",
        "This member's data has been approved already",
    ),
    "nothing_changed": ("资料没有改动，不用保存", "Nothing was changed; there is nothing to save"),
    "reason_missing": ("请写明原因", "Write down the reason"),
    "consent_current": (
        "该会员已同意现行条款",
        "This member has agreed to the terms in force already",
    ),
    # leaving
    "exit_requested_already": (
        "该会员已申报退会，等待审核",
        "This member's exit has been asked for already and waits for approval",
    ),
    "exit_not_requested": (
        "该会员还没有申报退会，请先申报",
        "This member's exit was not asked for; do that first",
    ),
    "exit_balance_left": (
        "还有余额 {balance_fen}，请先办理提现，再审核退会",
        "{balance_fen} is left; cash it out before you approve the exit",
    ),
    "exit_deposit_left": (
        "还有卡押金 {deposit_fen}，请先退卡，再审核退会",
        "{deposit_fen} of card deposits is left; take the cards back before you approve the exit",
    ),
    "exit_passes_left": (
        "次卡、期卡还值 {passes_fen}，请先退掉，再审核退会",
        "Passes are still worth {passes_fen}; give that back before you approve the exit",
    ),
    "exit_owes": (
        "会员还有预支 {owed_fen} 未还，请先归还",
        "The member still owes an advance of {owed_fen}; have it repaid first",
    ),
    "member_not_closed": (
        "该会员没有退会，不用恢复",
        "This member has not left; there is nothing to restore",
    ),
    # what is special about a member today
    "exit_requested": ("已申报退会，等待审核", "Exit asked for, waits for approval"),
    "consent_outdated": (
        "隐私条款或会员条款已更新，请会员重新确认",
        "The terms have changed; ask the member to agree to them",
    ),
    "birthday_today": ("今天生日", "Birthday today"),
    "under_age": ("未满 18 周岁，不得上机", "Under 18: may not use a PC"),
    "claim_provisional": (
        "登记待总部确认",
        "Registration waits for head office to confirm it",
    ),
}
