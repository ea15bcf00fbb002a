"""Words for what a box says of itself: its devices, its papers, its clock, what stops it."""

from collections.abc import Mapping

from edge.web.translations import _
from sync_protocol.ops import TRUST_MEASURED, TRUST_NONE, TRUST_RTC

BOX_TERMS: Mapping[str, Mapping[str, str]] = {
    "device": {
        "card_reader": _("Reader"),
        "barcode_scanner": _("Scanner"),
        "receipt_printer": _("Printer"),
        "feedback": _("Light and buzzer"),
        "door_relay": _("Door"),
        "door_counter": _("Door counter"),
        "power_input": _("Mains"),
        "customer_display": _("Customer display"),
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
        "no_number": _("not a card of this chain"),
        "no_port": _("cable not plugged in"),
        "no_host": _("no reply at its address: is it switched on?"),
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
        "stale": _("too late: nobody waits for it"),
        "unreadable": _("its record is damaged"),
        "asked_again": _("asked for again"),
        "bouncing": _("door sensor bounces: check its cable"),
        "pin_fault": _("pin fault: run cafebox doctor"),
        "exit_fault": _("exit button fault: a tap opens the door"),
        "exit_stuck": _("exit button stuck: the door stands open"),
        "power_failed": _("power cut"),
        "node_silent": _("door node silent: has it power?"),
        "node_unproven": _("door node has another key"),
    },
    "print_state": {
        "waiting": _("Waiting"),
        "kept": _("Not printed"),
        "printed": _("Printed"),
        "failed": _("Failed"),
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
    "second_copy": {
        "behind": _("the second medium lags behind"),
        "other_entries": _(
            "it also holds entries that this box has not; keep it, call head office"
        ),
        "missing": _("the stick is not there; plug it in"),
        "same_disk": _("the stick is not mounted; plug it in"),
        "full": _("the stick is full; use a larger one"),
        "read_only": _("the stick cannot be written"),
        "fault": _("the stick is faulty; use another one"),
    },
    "clock_trust": {
        str(TRUST_NONE): _("clock not vouched for"),
        str(TRUST_RTC): _("hardware clock"),
        str(TRUST_MEASURED): _("clock measured against the hub"),
    },
}
"""Families of `edge.web.terms`."""
