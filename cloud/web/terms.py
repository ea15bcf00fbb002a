"""Words for codes: what head office calls a reason, an account, a verdict, a status.

A code is stable and stands in the data; its words are message ids here, translated by the
catalogues. A code that is not listed is shown as it is.
"""

from collections.abc import Mapping

from sync_protocol.ops import TRUST_MEASURED, TRUST_NONE, TRUST_RTC


def _(message: str) -> str:
    """Mark a message for the catalogue; it is translated where it is shown."""
    return message


TERMS: Mapping[str, Mapping[str, str]] = {
    "reason": {
        "top_up": _("Top-up"),
        "spend": _("Spend"),
        "sale": _("Sale"),
        "refund": _("Refund"),
        "points": _("Points"),
        "grant": _("Granted to a box"),
        "release": _("Released to head office"),
        "opening": _("Opening balance"),
        "epoch_close": _("Box replaced"),
        "sweep": _("Swept to head office"),
        "correction": _("Correction"),
        "goods_receipt": _("Goods receipt"),
        "goods_issue": _("Goods issue"),
        "dispatch": _("Transfer dispatched"),
        "transfer_receipt": _("Transfer received"),
        "asset_receipt": _("Asset received"),
        "asset_issue": _("Asset issued"),
        "asset_return": _("Asset returned"),
    },
    "account": {
        "till": _("Cash"),
        "card_clearing": _("Bank card"),
        "wechat_clearing": _("WeChat Pay"),
        "alipay_clearing": _("Alipay"),
        "revenue": _("Sales"),
        "wallet": _("Stored value"),
        "bonus": _("Bonus credit"),
        "points": _("Points"),
        "lucky": _("Lucky points"),
        "visits": _("Visits"),
        "receivable": _("Owed by the member"),
    },
    "unit": {"points": _("points"), "lucky": _("lucky points"), "visits": _("visits")},
    "role": {
        "service": _("Service staff"),
        "cashier": _("Cashier"),
        "manager": _("Manager"),
        "head_office": _("Head office"),
    },
    "case_type": {
        "lost_claim": _("The same number twice"),
        "concurrent": _("Changed in two places at once"),
        "void": _("Without effect"),
    },
    "case_status": {"open": _("open"), "settled": _("settled")},
    "standing": {
        "current": _("in use"),
        "fenced": _("fenced off"),
        "closed": _("closed"),
        "revoked": _("revoked"),
    },
    "verdict": {
        "applied": _("applied"),
        "overwrote": _("overwrote another change"),
        "lost": _("lost to an earlier claim"),
        "diverted": _("diverted to the chain's loss"),
        "void": _("void"),
        "deferred": _("deferred"),
    },
    "clock_trust": {
        str(TRUST_NONE): _("clock not vouched for"),
        str(TRUST_RTC): _("hardware clock"),
        str(TRUST_MEASURED): _("clock measured against the hub"),
    },
}


def term(family: str, code: object) -> str:
    """The message id for a code."""
    return TERMS[family].get(str(code), str(code))
