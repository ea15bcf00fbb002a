"""What a conflict case means at this counter: what happened, and what to do, in words."""

from dataclasses import dataclass

from edge.domain.refusals import Parameter, Sentence
from sync_protocol.kinds import (
    ASSET,
    ASSET_CLAIM,
    CAFE_TRANSACTION,
    CARD,
    CARD_CLAIM,
    IDENTITY_CLAIM,
    MEMBER,
    OPENING_CLAIM,
    PHONE_CLAIM,
    PRODUCT,
    TRANSACTION,
    TRANSFER,
    VOUCHER_CLAIM,
)

Name = tuple[str, str]
"""A name in (Chinese, English)."""

LOST_CLAIM = "lost_claim"
CONCURRENT = "concurrent"
EXCESS = "excess"
FENCED_EPOCH = "fenced_epoch"
KEEP_A = "keep_a"
KEEP_B = "keep_b"
ADMIT = "admit"
WRITE_OFF = "write_off"
MERGE = "merge"
"""Types and settlements as head office writes them into a CASE document."""

_THINGS: dict[int, Name] = {
    PHONE_CLAIM: ("手机号", "phone number"),
    IDENTITY_CLAIM: ("证件号", "identity number"),
    CARD_CLAIM: ("卡", "card"),
    ASSET_CLAIM: ("资产编号", "asset tag"),
    VOUCHER_CLAIM: ("券", "voucher"),
    OPENING_CLAIM: ("旧系统余额", "opening balance"),
    MEMBER: ("会员资料", "member record"),
    CARD: ("卡", "card"),
    ASSET: ("资产资料", "asset record"),
    PRODUCT: ("商品", "product"),
    TRANSFER: ("调拨单", "transfer"),
    TRANSACTION: ("账目", "ledger entry"),
    CAFE_TRANSACTION: ("账目", "ledger entry"),
    0: ("盒子", "box"),
}
_RECORD: Name = ("记录", "record")
_LOST_TO_DO = {
    PHONE_CLAIM: "case_ask_other_phone",
    IDENTITY_CLAIM: "case_check_identity",
    CARD_CLAIM: "case_give_other_card",
    ASSET_CLAIM: "case_leave_asset",
    VOUCHER_CLAIM: "case_call_member",
    OPENING_CLAIM: "case_opening_taken_back",
}
_FENCE_SETTLED = {ADMIT: "case_branch_admitted", WRITE_OFF: "case_written_off"}
_AFTER_OTHER_KEPT = {
    PHONE_CLAIM: "case_ask_other_phone_now",
    IDENTITY_CLAIM: "case_enter_identity_again",
    CARD_CLAIM: "case_give_other_card",
    ASSET_CLAIM: "case_cancel_receipt",
}


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case as this cafe is concerned by it.

    `is_later`: this cafe wrote the op that opened it (side B); else it stands on side A. `about`
    names the member or thing, `other` the cafe on the other side. `settlement` is empty while open.
    """

    type: str
    kind: int
    is_later: bool
    about: Name
    other: Name
    settlement: str


@dataclass(frozen=True, slots=True)
class Word:
    """A line of head office to this counter."""

    what: Sentence
    todo: Sentence


def concerns(own_cafe: int, later_cafe: int, earlier_cafes: tuple[int, ...]) -> bool:
    """Whether a case is told here: one of its sides is this cafe's."""
    return own_cafe == later_cafe or own_cafe in earlier_cafes


def word(facts: CaseFacts) -> Word:
    """What happened and what the cashier does about it."""
    named: dict[str, Parameter] = {
        "about": facts.about,
        "thing": thing_of(facts.kind),
        "other": facts.other,
    }
    if facts.settlement:
        return _settled(facts, named)
    if facts.type == LOST_CLAIM:
        if not facts.is_later:
            return Word(Sentence("case_claim_held", named), Sentence("case_wait"))
        todo = _LOST_TO_DO.get(facts.kind, "case_wait")
        return Word(Sentence("case_claim_lost", named), Sentence(todo))
    if facts.type == CONCURRENT:
        return Word(Sentence("case_concurrent", named), Sentence("case_wait"))
    if facts.type == FENCED_EPOCH:
        return Word(Sentence("case_fenced"), Sentence("case_call_for_code"))
    if facts.type == EXCESS:
        return Word(Sentence("case_excess", named), Sentence("case_nothing_to_do"))
    return Word(Sentence("case_void", named), Sentence("case_call_head_office"))


def _settled(facts: CaseFacts, named: dict[str, Parameter]) -> Word:
    nothing = Sentence("case_nothing_to_do")
    if facts.settlement == MERGE:
        return Word(Sentence("case_merged", named), nothing)
    if facts.type == FENCED_EPOCH:
        said = _FENCE_SETTLED.get(facts.settlement)
        if said is not None:
            return Word(Sentence(said), nothing)
        return Word(Sentence("case_fence_noted"), Sentence("case_call_for_code"))
    if facts.type not in (LOST_CLAIM, CONCURRENT):
        return Word(Sentence("case_noted", named), nothing)
    if facts.settlement not in (KEEP_A, KEEP_B):
        return Word(Sentence("case_left", named), nothing)
    if (facts.settlement == KEEP_B) == facts.is_later:
        return Word(Sentence("case_kept_ours", named), nothing)
    todo = _AFTER_OTHER_KEPT.get(facts.kind) if facts.type == LOST_CLAIM else None
    return Word(Sentence("case_kept_other", named), Sentence(todo) if todo else nothing)


def thing_of(kind: int) -> Name:
    """What a kind of record is called in a sentence."""
    return _THINGS.get(kind, _RECORD)
