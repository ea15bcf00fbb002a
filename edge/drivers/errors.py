"""What can go wrong with a device: one error tree and the codes of its reasons.

An error says which operation failed on which device, why (a stable code), and what the operator
does next. Errors are for operations that somebody awaits; what happens to a device on its own is
told as a `DeviceStateChanged` event with the same codes.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a device does not do its work. The codes are stable: pages translate them."""

    NOT_OPENED = "not_opened"
    NO_DAEMON = "no_daemon"
    NO_READER = "no_reader"
    READER_FAULT = "reader_fault"
    READER_BUSY = "reader_busy"
    CARD_MUTE = "card_mute"
    CARD_GONE = "card_gone"
    NO_UID = "no_uid"
    NO_NUMBER = "no_number"
    NO_PORT = "no_port"
    NO_HOST = "no_host"
    PORT_BUSY = "port_busy"
    NO_PERMISSION = "no_permission"
    SILENT = "silent"
    GARBLED = "garbled"
    STALLED = "stalled"
    LINE_LOST = "line_lost"
    PAPER_LOW = "paper_low"
    PAPER_OUT = "paper_out"
    COVER_OPEN = "cover_open"
    PRINTER_ERROR = "printer_error"
    BOUNCING = "bouncing"
    PIN_FAULT = "pin_fault"
    EXIT_FAULT = "exit_fault"
    EXIT_STUCK = "exit_stuck"
    POWER_FAILED = "power_failed"
    NODE_SILENT = "node_silent"
    NODE_UNPROVEN = "node_unproven"


HINTS = {
    Reason.NOT_OPENED: "Start the box: cafebox run",
    Reason.NO_DAEMON: "Start the card daemon: systemctl restart pcscd",
    Reason.NO_READER: "Plug in the reader and compare `port` with: cafebox devices",
    Reason.READER_FAULT: "Unplug the card reader and plug it in again",
    Reason.READER_BUSY: "Close the other program that uses the card reader",
    Reason.CARD_MUTE: "Lay the card flat on the reader, once more",
    Reason.CARD_GONE: "Hold the card on the reader until it beeps",
    Reason.NO_UID: "Use a contactless card (ISO 14443 or 15693)",
    Reason.NO_NUMBER: "Use a card of this chain, or compare `number_block` and `key_file`",
    Reason.NO_PORT: "Plug in the cable and compare `port` with: cafebox devices",
    Reason.NO_HOST: "Switch it on, plug in its network cable and compare `host` with its test page",
    Reason.PORT_BUSY: "End the other program on this port: fuser -v PORT",
    Reason.NO_PERMISSION: "Run the box as its own user, or: usermod -aG dialout,gpio,lp cafebox",
    Reason.SILENT: "Switch the printer on and check its cable and baud rate",
    Reason.GARBLED: "Compare `baud` with the printer's self-test page",
    Reason.STALLED: "Switch the printer off and on again",
    Reason.LINE_LOST: "Plug the cable in again",
    Reason.PAPER_LOW: "Have a new paper roll ready",
    Reason.PAPER_OUT: "Put in a new paper roll",
    Reason.COVER_OPEN: "Close the printer's cover",
    Reason.PRINTER_ERROR: "Clear the cutter, then switch the printer off and on again",
    Reason.BOUNCING: "Check the door sensor's cable and its pull-up",
    Reason.PIN_FAULT: "Compare `pin` with what holds it: sudo cat /sys/kernel/debug/gpio",
    Reason.EXIT_FAULT: "Compare `exit_pin` with what holds it: sudo cat /sys/kernel/debug/gpio",
    Reason.EXIT_STUCK: "Free the exit button: the door stands open as long as it is pressed",
    Reason.POWER_FAILED: "Wait until the mains is back: the box goes on by itself",
    Reason.NODE_SILENT: "Give the door node power, and compare its settings.json with the box",
    Reason.NODE_UNPROVEN: "Write the key of `key_file` into the door node's settings.json",
}
"""The operator's next command for each reason."""


class DeviceError(Exception):
    """Something about a device failed."""

    def __init__(self, operation: str, device: str, reason: str, hint: str) -> None:
        super().__init__(f"{operation}: {device}: {reason}. {hint}")
        self.operation = operation
        self.device = device
        self.reason = reason
        self.hint = hint


class DeviceConfigurationError(DeviceError):
    """The configuration of a device cannot be used; `key` names the culprit, `hint` the remedy."""

    def __init__(self, key: str, problem: str, hint: str) -> None:
        super().__init__("configure", key, problem, hint)
        self.key = key


class DeviceOperationError(DeviceError):
    """A device could not do what it was asked for."""

    def __init__(self, operation: str, device: str, reason: Reason) -> None:
        super().__init__(operation, device, reason, HINTS[reason])


class DeviceAbsentError(DeviceOperationError):
    """The device or its line is not there."""


class DeviceFaultError(DeviceOperationError):
    """The device is there and cannot do its work until a person helps."""


NEEDS_A_HAND = frozenset(
    {Reason.PAPER_OUT, Reason.COVER_OPEN, Reason.PRINTER_ERROR, Reason.STALLED}
)
"""Reasons of a device on a line that is there, and cannot do its work until a person helps."""


def undone(operation: str, device: str, reason: Reason) -> DeviceOperationError:
    """The error of an operation of which nothing was done."""
    error_type = DeviceFaultError if reason in NEEDS_A_HAND else DeviceAbsentError
    return error_type(operation, device, reason)


class PrintOutcomeUnknownError(DeviceOperationError):
    """Bytes of the job went out and nobody confirmed them: print it again only as a COPY."""
