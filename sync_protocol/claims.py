"""Claims: keys that only one subject in the chain may hold (card, phone, asset tag, ...).

Body: [salt, key, cafe, subject, action]

- salt: as in `registers`
- key: bytes; for a phone, an identity number or a card the keyed hash of its normal form
  (`claim_key`), for an asset tag its UTF-8, for opening balances `opening_key`
- subject: the member or card that takes or gives up the key; for an asset tag the receipt's id,
  so that a second receipt of one tag is a second subject; for opening balances the document of
  their transaction
- action: TAKE or RELEASE

The first in the hub's log wins. Until a TAKE is annotated it is provisional, and pages say so.
A row is [subject, cafe, reference]. A second TAKE by the same subject changes nothing.
"""

from sync_protocol.expect import ID_MAX, expect_bytes, expect_int, expect_key, expect_list
from sync_protocol.kinds import Kind
from sync_protocol.ops import NODE_MAX, OpRef, ref_from_row
from sync_protocol.registers import SALT_BYTES

TAKE = 1
RELEASE = 0
KEY_BYTES_MAX = 64
CLAIM_KEY_BYTES = 16


class ClaimWrite:
    """The decoded body of a claim op."""

    __slots__ = ("salt", "key", "cafe", "subject", "action")

    def __init__(
        self, salt: bytes, key: bytes, cafe: int, subject: "int | str", action: int
    ) -> None:
        self.salt = salt
        self.key = key
        self.cafe = cafe
        self.subject = subject
        self.action = action

    def body(self) -> list[object]:
        """Return the array that is hashed and sent."""
        return [self.salt, self.key, self.cafe, self.subject, self.action]


def claim_from_body(kind: Kind, body: object) -> ClaimWrite:
    """Return the `ClaimWrite` of a decoded body; `DecodeError` names what is wrong."""
    values = expect_list(body, "claim", 5, 5)
    salt_bytes = SALT_BYTES if kind.personal else 0
    return ClaimWrite(
        expect_bytes(values[0], "salt", salt_bytes, salt_bytes),
        expect_bytes(values[1], "key", 1, KEY_BYTES_MAX),
        expect_int(values[2], "cafe", 0, NODE_MAX),
        expect_key(values[3], "subject"),
        expect_int(values[4], "action", RELEASE, TAKE),
    )


class ClaimRow:
    """Who holds a key: subject, the cafe that took it, and the reference of the op."""

    __slots__ = ("subject", "cafe", "reference")

    def __init__(self, subject: "int | str", cafe: int, reference: OpRef) -> None:
        self.subject = subject
        self.cafe = cafe
        self.reference = reference

    def row(self) -> list[object]:
        """Return the array that is stored and that the state hash covers."""
        return [self.subject, self.cafe, self.reference.row()]


def claim_row_from_stored(value: object) -> ClaimRow:
    """Return the `ClaimRow` of a stored or received array."""
    values = expect_list(value, "claim row", 3, 3)
    return ClaimRow(
        expect_key(values[0], "subject"),
        expect_int(values[1], "cafe", 0, NODE_MAX),
        ref_from_row(values[2]),
    )


def holder_against(write: ClaimWrite, row: "ClaimRow | None") -> "ClaimRow | None":
    """Return the row that makes a TAKE lose, or None where it wins or changes nothing."""
    if write.action == TAKE and row is not None and row.subject != write.subject:
        return row
    return None


def fold_claim(row: "ClaimRow | None", write: ClaimWrite, reference: OpRef) -> "ClaimRow | None":
    """Return the row after an applied claim op; None means that the key is free."""
    if write.action == TAKE:
        return row if row is not None else ClaimRow(write.subject, write.cafe, reference)
    if row is not None and row.subject == write.subject:
        return None
    return row


def claim_key(keyed_hash: bytes) -> bytes:
    """Return the claim key of a keyed hash (HMAC-SHA-256 of the normal form, chain's key)."""
    return keyed_hash[:CLAIM_KEY_BYTES]


def opening_key(member: int) -> bytes:
    """Return the claim key of a member's opening balances: the id in decimal digits."""
    return str(member).encode()


def member_of_opening(key: bytes) -> int:
    """Return the member of an `opening_key`, 0 for bytes that are none."""
    member = int(key.decode()) if key.isdigit() else 0
    return member if member <= ID_MAX else 0
