"""Manifests: the hub's signed statement of what everybody's state is at one block.

Row: [chain, generation, stream, block number, block hash, position,
      [[node, epoch, seq, head hash], ...], [[kind, cafe, state hash], ...], content hash]

Heads and state hashes are in ascending order of their numbers. The content hash is SHA-256 of the
snapshot's bytes. A box recomputes the state hashes from the rows before it trusts a snapshot, and
drops old ops only below a manifest that its own state hashes match.
"""

from sync_protocol.codec import pack
from sync_protocol.expect import expect_bytes, expect_int, expect_list, expect_text
from sync_protocol.ops import EPOCH_MAX, HASH_BYTES, NODE_MAX, POSITION_MAX, SEQ_MAX

HEADS_MAX = 100_000
SECTIONS_MAX = 1_000_000


class Manifest:
    """The decoded statement; field shapes as in the module's text."""

    __slots__ = (
        "chain",
        "generation",
        "stream",
        "block_number",
        "block_hash",
        "position",
        "heads",
        "state_hashes",
        "content_hash",
    )

    def __init__(
        self,
        chain: str,
        generation: int,
        stream: int,
        block_number: int,
        block_hash: bytes,
        position: int,
        heads: "list[tuple[int, int, int, bytes]]",
        state_hashes: "list[tuple[int, int, bytes]]",
        content_hash: bytes,
    ) -> None:
        self.chain = chain
        self.generation = generation
        self.stream = stream
        self.block_number = block_number
        self.block_hash = block_hash
        self.position = position
        self.heads = heads
        self.state_hashes = state_hashes
        self.content_hash = content_hash

    def row(self) -> list[object]:
        """Return the array that is signed and sent."""
        return [
            self.chain,
            self.generation,
            self.stream,
            self.block_number,
            self.block_hash,
            self.position,
            [list(head) for head in self.heads],
            [list(section) for section in self.state_hashes],
            self.content_hash,
        ]

    def signing_bytes(self) -> bytes:
        """Return what the hub signs."""
        return pack(["cafebox manifest", self.row()])


def manifest_from_row(row: object) -> Manifest:
    """Return the `Manifest` of a decoded array; `DecodeError` names what is wrong."""
    values = expect_list(row, "manifest", 9, 9)
    heads = []
    for item in expect_list(values[6], "heads", 0, HEADS_MAX):
        head = expect_list(item, "head", 4, 4)
        heads.append(
            (
                expect_int(head[0], "node", 0, NODE_MAX),
                expect_int(head[1], "epoch", 1, EPOCH_MAX),
                expect_int(head[2], "seq", 0, SEQ_MAX),
                expect_bytes(head[3], "head hash", HASH_BYTES, HASH_BYTES),
            )
        )
    sections = []
    for item in expect_list(values[7], "state hashes", 0, SECTIONS_MAX):
        section = expect_list(item, "state hash", 3, 3)
        sections.append(
            (
                expect_int(section[0], "kind", 1, 0xFFFF),
                expect_int(section[1], "cafe", 0, NODE_MAX),
                expect_bytes(section[2], "state hash", HASH_BYTES, HASH_BYTES),
            )
        )
    return Manifest(
        expect_text(values[0], "chain", 64),
        expect_int(values[1], "generation", 1, EPOCH_MAX),
        expect_int(values[2], "stream", 0, 0xFFFF),
        expect_int(values[3], "block number", 0, POSITION_MAX),
        expect_bytes(values[4], "block hash", HASH_BYTES, HASH_BYTES),
        expect_int(values[5], "position", 0, POSITION_MAX),
        heads,
        sections,
        expect_bytes(values[8], "content hash", HASH_BYTES, HASH_BYTES),
    )
