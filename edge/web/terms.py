"""Words for codes: what the pages call a reason, a tender, a status, a device.

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
        "grant": _("Moved here from head office"),
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
        # events that are no ledger op
        "tap": _("Card tap"),
        "visit": _("Visit"),
        "member": _("Member"),
        "card": _("Card"),
        "card_claim": _("Card number"),
        "phone_claim": _("Phone number"),
        "identity_claim": _("Identity number"),
        "transfer": _("Transfer"),
        "asset": _("Asset"),
        "asset_claim": _("Asset tag"),
        "segment": _("Clock segment"),
    },
    "tender": {
        "cash": _("Cash"),
        "card": _("Bank card"),
        "wechat": _("WeChat Pay"),
        "alipay": _("Alipay"),
        "wallet": _("Balance"),
    },
    "card_status": {
        "active": _("Card in use"),
        "suspended": _("Card suspended"),
        "lost": _("Card reported lost"),
        "void": _("Card void"),
        "": _("No card"),
    },
    "transfer_status": {
        "dispatched": _("On the way"),
        "received": _("Received"),
        "short": _("Received short"),
    },
    "asset_place": {
        "in_stock": _("In stock"),
        "issued": _("Issued"),
        "in_repair": _("Under repair"),
    },
    "role": {
        "service": _("Service staff"),
        "cashier": _("Cashier"),
        "manager": _("Manager"),
        "head_office": _("Head office"),
        "technician": _("Technician"),
        "read_only": _("Read only"),
    },
    "topic": {
        "counter": _("Counter"),
        "shifts": _("Shift"),
        "members": _("Members"),
        "cards": _("Cards"),
        "money": _("Stored value"),
        "tickets": _("Sales"),
        "goods": _("Goods and assets"),
        "papers": _("Receipts"),
    },
    "needs": {
        "member": _("tap a card first"),
        "ticket_lines": _("choose products first"),
        "shift": _("open a shift first"),
        "no_shift": _("a shift is open"),
    },
    "device": {
        "card_reader": _("Reader"),
        "receipt_printer": _("Printer"),
        "door_relay": _("Door"),
        "door_counter": _("Door counter"),
    },
    "device_state": {
        "ok": _("ready"),
        "degraded": _("needs a hand"),
        "absent": _("not there"),
    },
    "device_reason": {
        "not_opened": _("starting"),
        "no_daemon": _("card daemon down: run systemctl restart pcscd"),
        "no_reader": _("not plugged in"),
        "reader_fault": _("fault: unplug it and plug it in again"),
        "reader_busy": _("used by another program"),
        "card_mute": _("card not read: lay it flat, once more"),
        "card_gone": _("card taken away too soon"),
        "no_uid": _("not a contactless card"),
        "no_port": _("cable not plugged in"),
        "port_busy": _("port used by another program"),
        "no_permission": _("no permission for the port"),
        "silent": _("no reply: is it switched on?"),
        "garbled": _("unreadable replies: check the baud rate"),
        "stalled": _("stalled: switch it off and on"),
        "line_lost": _("cable came out"),
        "paper_low": _("paper low: have a roll ready"),
        "paper_out": _("out of paper: put in a roll"),
        "cover_open": _("cover open: close it"),
        "printer_error": _("cutter jam: clear it, switch off and on"),
        "bouncing": _("door sensor bounces: check its cable"),
        "pin_fault": _("pin fault: run cafebox doctor"),
    },
    "print_state": {
        "waiting": _("Waiting"),
        "printed": _("Printed"),
        "failed": _("Failed"),
    },
    "slip": {
        "check_in": _("Welcome slip"),
        "top_up": _("Top-up"),
        "sale": _("Sale"),
        "refund": _("Refund"),
        "dispatch": _("Transfer dispatched"),
        "transfer_receipt": _("Transfer received"),
    },
    "verdict": {
        "applied": _("applied"),
        "overwrote": _("overwrote another change"),
        "lost": _("lost to an earlier claim"),
        "diverted": _("diverted to the chain's loss"),
        "void": _("void"),
        "deferred": _("deferred"),
        "": _("waiting for the hub"),
    },
    "spending_stopped": {
        "own_op_not_applied": _("head office must look at an entry of this box that did not count"),
        "fenced_rewind": _("old data was put back; ask head office for a new code for this box"),
        "fenced_fork": _("two boxes have the same data; ask head office for a new code"),
        "fenced_epoch_closed": _("another box took over; ask head office for a new code"),
        "fenced_unknown_node": _("head office does not know this box; ask for a code"),
        "fenced_revoked": _("head office has locked this box; call head office"),
        "other_hardware": _("this data is of another machine; ask head office for a new code"),
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
