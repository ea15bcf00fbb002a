"""Words of refusals and reasons: conflicts that head office has to settle."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "case_claim_lost": (
        "{about}的{thing}已由{other}先登记，本店的没有生效",
        "{about}: {other} had this {thing} first; ours did not count",
    ),
    "case_claim_held": (
        "{other}也登记了本店已有的{thing}（{about}）；本店的有效",
        "{about}: {other} took a {thing} that is already ours; ours counts",
    ),
    "case_concurrent": (
        "{about}的{thing}同时在本店和{other}改过",
        "{about}: the {thing} was changed here and at {other} at once",
    ),
    "case_fenced": (
        "本店盒子的数据被复制或恢复过，已停用",
        "This box's data was copied or put back; it is fenced off",
    ),
    "case_fence_noted": (
        "总部已知悉：本店盒子的数据被复制或恢复过",
        "Head office knows that this box's data was copied or put back",
    ),
    "case_branch_admitted": (
        "总部已把本店旧盒子另写的记录照原样入账",
        "Head office took into the books what this cafe's former box had written",
    ),
    "case_written_off": (
        "总部已核销本店旧盒子，它占用的余额已放回总部，会员可照常使用",
        "Head office wrote this cafe's former box off; the balances it held can be spent again",
    ),
    "case_call_for_code": (
        "请店长向总部要新的注册码",
        "Have the manager ask head office for a new enrolment code",
    ),
    "case_void": (
        "本店有一笔{thing}没有生效",
        "A {thing} of this cafe did not count",
    ),
    "case_excess": (
        "本店旧盒子有一笔{thing}超出了余额，差额由总部承担",
        "A {thing} of this cafe's former box went beyond the balance; head office bears it",
    ),
    "case_kept_ours": (
        "总部决定：{about}的{thing}以本店为准",
        "{about}: head office kept our {thing}",
    ),
    "case_kept_other": (
        "总部决定：{about}的{thing}以{other}为准",
        "{about}: head office kept the {thing} of {other}",
    ),
    "case_merged": (
        "总部已把{about}的两份档案合并成一份",
        "{about}: head office merged the two records into one",
    ),
    "case_noted": (
        "总部已知悉：本店的一笔{thing}",
        "Head office has noted a {thing} of this cafe",
    ),
    "case_left": (
        "总部看过了：{about}的{thing}保持现状",
        "{about}: head office left the {thing} as it is",
    ),
    "case_wait": ("先照常营业，等总部决定", "Carry on; head office decides"),
    "case_nothing_to_do": ("不用处理", "Nothing to do"),
    "case_ask_other_phone": (
        "请会员换一个手机号，或等总部决定",
        "Ask the member for another phone number, or wait for head office",
    ),
    "case_ask_other_phone_now": (
        "请会员下次来时另留一个手机号",
        "Ask the member for another phone number at the next visit",
    ),
    "case_check_identity": (
        "请核对证件；多半是同一个人，等总部合并",
        "Check the document; it is likely one person, and head office merges the two",
    ),
    "case_enter_identity_again": (
        "请再核对一次会员的证件号",
        "Check the member's identity number once more",
    ),
    "case_give_other_card": (
        "请收回这张卡，给会员换一张新卡",
        "Take this card back and give the member a new one",
    ),
    "case_leave_asset": (
        "先不要领用或调拨，等总部决定归哪家",
        "Do not issue or move it until head office says whose it is",
    ),
    "case_cancel_receipt": (
        "请撤销本店的入库；若是另一件东西，换个编号再入库",
        "Undo the receipt here; if it is another thing, receive it under another tag",
    ),
    "case_opening_taken_back": (
        "本店导入的旧余额已自动冲回，没有重复入账；两份名单金额不同时请报告总部",
        "Ours was taken back by itself: nothing counts twice. Tell head office if the lists differ",
    ),
    "case_call_member": ("请联系会员说明，等总部决定", "Tell the member; head office decides"),
    "case_call_head_office": (
        "账上没有这一笔，请店长联系总部",
        "It is not in the books; have the manager call head office",
    ),
}
