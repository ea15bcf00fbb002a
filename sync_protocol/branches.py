"""Branches: ops of an epoch that left its log, admitted by two people as a chain of their own.

A box whose store was copied, or put back from a backup, writes other ops of numbers that the log
has. A BRANCH op of the hub opens a place for them: an epoch number of the node that nobody signs
under, whose chain begins behind the parent's op. The ops come into the log as they were written,
so their headers go on naming the epoch that they were written in:

    body of BRANCH = [node, branch's epoch, parent's epoch, parent's seq, parent's hash,
                      last seq, last hash, [staff id, staff id]]

Wherever an op is found by (node, epoch, seq), those of a branch stand under the branch's epoch. A
reference names the header's epoch; its hash tells a branch's op from the log's.
"""

from sync_protocol.expect import ID_MAX, expect_bytes, expect_int, expect_list
from sync_protocol.ops import EPOCH_MAX, HASH_BYTES, NODE_MAX, SEQ_MAX


class Branch:
    """The decoded body of a BRANCH op: see the module's text."""

    __slots__ = (
        "node",
        "epoch",
        "parent_epoch",
        "parent_seq",
        "parent_hash",
        "last_seq",
        "last_hash",
        "approvers",
    )

    def __init__(
        self,
        node: int,
        epoch: int,
        parent_epoch: int,
        parent_seq: int,
        parent_hash: bytes,
        last_seq: int,
        last_hash: bytes,
        approvers: "tuple[int, int]",
    ) -> None:
        self.node = node
        self.epoch = epoch
        self.parent_epoch = parent_epoch
        self.parent_seq = parent_seq
        self.parent_hash = parent_hash
        self.last_seq = last_seq
        self.last_hash = last_hash
        self.approvers = approvers

    def body(self) -> list[object]:
        """Return the array that is hashed and sent."""
        return [
            self.node,
            self.epoch,
            self.parent_epoch,
            self.parent_seq,
            self.parent_hash,
            self.last_seq,
            self.last_hash,
            list(self.approvers),
        ]


def branch_from_body(body: object) -> Branch:
    """Return the `Branch` of a decoded body; `DecodeError` names what is wrong."""
    values = expect_list(body, "branch", 8, 8)
    people = expect_list(values[7], "approvers", 2, 2)
    return Branch(
        expect_int(values[0], "node", 1, NODE_MAX),
        expect_int(values[1], "epoch", 1, EPOCH_MAX),
        expect_int(values[2], "parent_epoch", 1, EPOCH_MAX),
        expect_int(values[3], "parent_seq", 0, SEQ_MAX),
        expect_bytes(values[4], "parent_hash", HASH_BYTES, HASH_BYTES),
        expect_int(values[5], "last_seq", 1, SEQ_MAX),
        expect_bytes(values[6], "last_hash", HASH_BYTES, HASH_BYTES),
        (
            expect_int(people[0], "approver", 1, ID_MAX),
            expect_int(people[1], "approver", 1, ID_MAX),
        ),
    )
