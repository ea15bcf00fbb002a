"""Why a serial port does not open or a line is lost, for all drivers on serial lines."""

import errno
import termios

from edge.drivers.errors import Reason

LINE_ERRORS = (OSError, termios.error, TypeError)
"""What pyserial raises for a line that is away: its SerialException is an OSError, and a read of
a port that was closed meanwhile is a TypeError."""


def reason_of_open(error: BaseException) -> Reason:
    """Why `serial.Serial` did not open; pyserial wraps the system's error."""
    number = getattr(error, "errno", None)
    if number == errno.EACCES:
        return Reason.NO_PERMISSION
    if number in {errno.EAGAIN, errno.EBUSY} or "exclusively lock" in str(error):
        return Reason.PORT_BUSY
    return Reason.NO_PORT
