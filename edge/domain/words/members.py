"""Words of refusals and reasons: members: registering, finding, what is special about them."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "name_invalid": (
        "姓名要 1 到 {limit} 个字,且不含特殊符号",
        "A name has 1 to {limit} characters and no control characters",
    ),
    "phone_invalid": (
        "手机号不对:要 11 位、以 1 开头,国外号码以 + 开头",
        "Not a phone number: 11 digits beginning with 1, or + and a country code",
    ),
    "identity_invalid": (
        "身份证号校验不通过,请核对后重输",
        "The identity number's check digit is wrong; check and enter it again",
    ),
    "birth_date_invalid": (
        "出生日期不对,请按年月日填写",
        "Not a valid birth date; enter year, month and day",
    ),
    "consent_missing": (
        "会员还没同意隐私条款,不能登记",
        "The member has not agreed to the privacy terms and cannot be registered",
    ),
    "phone_taken": (
        "这个手机号已登记给会员 {number},请先查找该会员",
        "This phone belongs to member {number}; find that member instead",
    ),
    "identity_taken": (
        "这个身份证号已登记给会员 {number},请先查找该会员",
        "This identity number belongs to member {number}; find that member instead",
    ),
    "member_unknown": ("找不到该会员,请重新查找", "No such member; search again"),
    "member_closed": ("该会员已退会,不能办理", "This member has left; nothing can be done"),
    # what is special about a member today
    "birthday_today": ("今天生日", "Birthday today"),
    "under_age": ("未满 18 周岁,不得上机", "Under 18: may not use a PC"),
    "claim_provisional": (
        "登记待总部确认",
        "Registration waits for head office to confirm it",
    ),
}
