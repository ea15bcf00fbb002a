"""Bytes that carry a check of their own, for rows that no chain covers: answers and print jobs.

A flipped bit in an op, a block or a projection is found by its hash. What a cashier is told again,
or a printer prints, is in no chain: its first bytes are the start of its SHA-256.
"""

import logging
from hashlib import sha256

CHECK_BYTES = 8

logger = logging.getLogger(__name__)


def with_check(data: bytes) -> bytes:
    """Return what is stored for `data`."""
    return sha256(data).digest()[:CHECK_BYTES] + data


def checked(stored: bytes, what: str) -> bytes:
    """Return the data of stored bytes; b"" where an erasure emptied them or they are damaged.

    `what` names the row in the log.
    """
    data = stored[CHECK_BYTES:]
    if stored and sha256(data).digest()[:CHECK_BYTES] != stored[:CHECK_BYTES]:
        logger.error("%s is not what was written; a backup may have it", what)
        return b""
    return data
