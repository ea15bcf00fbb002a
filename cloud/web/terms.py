"""Words for codes: what head office calls a reason, an account, a verdict, a status.

A code is stable and stands in the data; its words are message ids here, translated by the
catalogues. A code that is not listed is shown as it is.
"""

from collections.abc import Mapping

from cloud.web.rule_words import RULE_TERMS
from cloud.web.translations import _
from sync_protocol.ops import TRUST_MEASURED, TRUST_NONE, TRUST_RTC

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
        "advance": _("Advance limit"),
        "repayment": _("Advance repaid"),
        "expiry": _("Expired"),
        "voucher": _("Voucher issued"),
        "redemption": _("Voucher redeemed"),
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
        "admin": _("Administrator"),
        "technician": _("Technician"),
        "read_only": _("Read only"),
    },
    "case_type": {
        "lost_claim": _("Taken twice"),
        "concurrent": _("Changed in two places at once"),
        "void": _("Without effect"),
        "excess": _("Spent beyond what was there"),
        "fenced_epoch": _("A box's data was copied or put back"),
    },
    "case_words": {
        "phone_claim": _("Two members were registered with one phone number. The first has it."),
        "identity_claim": _("Two members were registered with one identity number."),
        "card_claim": _("One card was issued to two records. The first has it."),
        "asset_claim": _(
            "Two cafes received an asset under one tag. Choose whose it is; the other cafe then"
            " undoes its receipt with one button."
        ),
        "voucher_claim": _("One voucher was redeemed twice. The first redemption stands."),
        "concurrent": _("Neither had seen the other's change."),
        "void": _("The hub did not let this count:"),
        "excess": _("A copied or restored box spent this; the chain bears it, never the member."),
        "rewind": _(
            "An old copy of this box's data was put back, so it was fenced off. Nothing is lost:"
            " give it a new enrolment code, then admit what it still holds."
        ),
        "fork": _(
            "Two boxes run on the same data, so both were fenced off. Give the right one a new"
            " enrolment code, then look at what the other one wrote."
        ),
    },
    "found": {
        "rewind": _("An old copy of this box's data was put back: it wrote over what it had sent."),
        "fork": _("Two boxes ran on the same data: each wrote entries of its own."),
        "forked": _("This box's entries part from the log."),
        "fenced": _("Head office has fenced this box off."),
        "closed": _("This epoch was written off; what came later waits for a decision."),
        "superseded": _("The box was given a new epoch, and its former one still holds something."),
        "current": _("The box is in use."),
    },
    "choice": {
        "keep_a": _("Keep A"),
        "keep_b": _("Keep B"),
        "merge": _("One person: merge"),
        "dismiss": _("Leave it as it is"),
        "noted": _("Noted"),
    },
    "settlement": {
        "keep_a": _("A kept"),
        "keep_b": _("B kept"),
        "merge": _("merged into one member"),
        "dismiss": _("left as it was"),
        "admit": _("taken into the books as written"),
        "write_off": _("written off"),
    },
    "record": {
        "member": _("Member"),
        "card": _("Card"),
        "product": _("Product"),
        "visit": _("Visit"),
        "sale": _("Sale"),
        "transfer": _("Transfer"),
        "asset": _("Asset"),
        "phone_claim": _("Phone number"),
        "identity_claim": _("Identity number"),
        "card_claim": _("Card number"),
        "asset_claim": _("Asset tag"),
        "voucher_claim": _("Voucher"),
        "transaction": _("Ledger entry"),
        "cafe_transaction": _("Ledger entry"),
        "box": _("Box"),
        "segment": _("Clock note"),
    },
    "record_status": {
        "active": _("in use"),
        "suspended": _("suspended"),
        "lost": _("reported lost"),
        "void": _("void"),
        "closed": _("closed"),
        "dispatched": _("on the way"),
        "received": _("received"),
        "short": _("received short"),
    },
    "field": {
        "record": _("Record"),
        "number": _("Number"),
        "name": _("Name"),
        "thing_name": _("Name of the thing"),
        "phone": _("Phone"),
        "identity": _("Identity number"),
        "birth_date": _("Birth date"),
        "tier": _("Tier"),
        "status": _("Status"),
        "home_cafe": _("Home cafe"),
        "joined_day": _("Joined"),
        "consent": _("Privacy terms"),
        "note": _("Note"),
        "photo": _("Photo"),
        "balance": _("Stored value"),
        "label": _("Printed on the card"),
        "issued_day": _("Issued"),
        "valid_to_day": _("Valid to"),
        "type": _("Type"),
        "serial": _("Serial number"),
        "bought_day": _("Bought"),
        "received_lines": _("Received"),
        "received_ms": _("Received at"),
    },
    "void_reason": {
        "below_zero": _("it spent more than there was"),
        "not_holder": _("it spent what another box holds"),
        "other_cafe": _("it wrote in another cafe's name"),
        "hub_only": _("only head office may write this"),
        "owner": _("the record belongs to another cafe"),
        "unbalanced": _("its sides do not add up"),
        "balance_range": _("the balance would be too large to count"),
        "malformed": _("it cannot be read"),
        "body_size": _("it is too large"),
        "body_missing": _("its content never arrived"),
    },
    "standing": {
        "current": _("in use"),
        "fenced": _("fenced off"),
        "forked": _("fenced off for good"),
        "superseded": _("followed by a new epoch"),
        "admitted": _("admitted branch"),
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
    **RULE_TERMS,
}


def term(family: str, code: object) -> str:
    """The message id for a code."""
    return TERMS[family].get(str(code), str(code))
