"""A store, its second copy in a folder, and the hub's key that opens it."""

import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud.hub.keys import HubKeys
from edge.second_copy.follower import CopyPlace, SecondCopy
from edge.second_copy.sealed_files import Sealing
from sync_protocol.codec import pack
from sync_protocol.frames import unpack_frame
from sync_protocol.messages import unpack_message
from sync_protocol.ops import header_from_row
from sync_protocol.sealed_copy import FILE_SUFFIX, read_records

HUB = HubKeys(Ed25519PrivateKey.from_private_bytes(b"h" * 32), b"c" * 32)
WRITTEN_MS = 1_780_000_000_000
BOX = Ed25519PrivateKey.from_private_bytes(b"b" * 32)


def sealing(store):
    key = HUB.sealing_public_bytes
    return Sealing(store.identity, BOX.sign, key, lambda: WRITTEN_MS, secrets.token_bytes)


def second_copy(store, folder, other_disk=False):
    place = CopyPlace(folder, store.path.parent, other_disk)
    return SecondCopy(store, place, sealing(store), lambda: None)


def opened(folder):
    """Return {(epoch, seq): packed row} of every op that the hub can open in a folder."""
    found = {}
    for path in sorted(folder.glob(f"*{FILE_SUFFIX}")):
        data = path.read_bytes()
        if not data.startswith(b"cafebox"):
            continue
        for record in read_records(data)[0]:
            push = unpack_message(HUB.unseal(record.sealed, record.info()))
            for row in unpack_frame(push.frame):
                header = header_from_row(row[0])
                found[header.epoch, header.seq] = pack(row)
    return found


def written(store):
    """Return the same of what a store has not had acked."""
    with store.read() as reader:
        ops = reader.own_ops(reader.acked_seq() + 1, 100_000)
    return {(op.header.epoch, op.header.seq): pack(op.wire_row()) for op in ops}
