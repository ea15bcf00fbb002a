"""Words for the set-up's own codes: its steps, and where devices are looked for."""

from collections.abc import Mapping

from edge.web.translations import _

STEP_WORDS: Mapping[str, str] = {
    "language": _("Language"),
    "code": _("One-time code"),
    "successor": _("The box before"),
    "devices": _("Devices"),
    "slip": _("Test slip"),
    "card": _("First tap"),
}
"""The steps in their order."""

STACK_WORDS: Mapping[str, str] = {
    "pcsc": _("Card readers"),
    "serial": _("Serial ports"),
    "usb": _("USB devices"),
    "evdev": _("Readers and scanners that type"),
    "gpio": _("The board's pins"),
}
"""What the finders look at (`edge.discovery`)."""
