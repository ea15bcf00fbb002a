"""The floor of a tap: read the UID over PC/SC, commit one row durably with raw sqlite3.

Run as a process of its own, as the box is: `python -m benchmarks.tap_floor READER FILE`. It prints
`ready`, then for each card the monotonic nanoseconds at which its row was on the disk.
"""

import sys
import time
from pathlib import Path

from smartcard import scard

from benchmarks.drain_floor import connect

GET_UID = [0xFF, 0xCA, 0x00, 0x00, 0x00]
FOREVER_MS = 0xFFFFFFFF


def main(reader: str, path: Path) -> None:
    """Serve taps until the process is ended."""
    database = connect(path)
    database.execute("CREATE TABLE tap (id INTEGER PRIMARY KEY, uid BLOB, at_ms INTEGER)")
    context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)[1]
    state = scard.SCardGetStatusChange(context, 0, [(reader, scard.SCARD_STATE_UNAWARE)])[1][0][1]
    print("ready", flush=True)
    while True:
        changes = scard.SCardGetStatusChange(context, FOREVER_MS, [(reader, state)])[1]
        state = changes[0][1] & ~scard.SCARD_STATE_CHANGED
        if not state & scard.SCARD_STATE_PRESENT:
            continue
        _, card, protocol = scard.SCardConnect(
            context, reader, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_ANY
        )
        scard.SCardBeginTransaction(card)
        uid = scard.SCardTransmit(card, protocol, GET_UID)[1][:-2]
        database.execute("BEGIN IMMEDIATE")
        database.execute(
            "INSERT INTO tap (uid, at_ms) VALUES (?, ?)", (bytes(uid), time.time_ns() // 1_000_000)
        )
        database.execute("COMMIT")
        print(time.monotonic_ns(), flush=True)
        scard.SCardEndTransaction(card, scard.SCARD_LEAVE_CARD)
        scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
