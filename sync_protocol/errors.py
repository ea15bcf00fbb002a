"""The errors of the protocol: one tree, each with a stable code and words for a log.

A remote peer's bad bytes raise `ProtocolError` or a descendant. Anything else that escapes
from this package is a bug of ours.
"""


class ProtocolError(Exception):
    """A peer's bytes, op or claim broke the protocol.

    `code` is stable and counted in metrics, `detail` is for a log and may change.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.detail = detail
        super().__init__(code + (": " + detail if detail else ""))


class DecodeError(ProtocolError):
    """Bytes are not the canonical encoding of the shape that was expected."""


class LimitError(ProtocolError):
    """A written limit (size, depth, count) was exceeded."""


class ChainError(ProtocolError):
    """A hash chain does not continue what is known of its author."""


class SignatureError(ProtocolError):
    """A signature does not verify."""
