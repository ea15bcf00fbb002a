"""The hub's secrets: its Ed25519 key and the chain's claim secret, in one file of mode 600."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sync_protocol.codec import pack, unpack
from sync_protocol.errors import ProtocolError
from sync_protocol.expect import expect_bytes, expect_list
from sync_protocol.http_api import CLAIM_SECRET_BYTES

KEY_BYTES = 32
FILE_MODE = 0o600
SEALING_INFO = b"cafebox sealing key"


class KeyFileError(Exception):
    """The key file is missing, readable by others or malformed; the words say what to do."""


@dataclass(frozen=True, slots=True)
class HubKeys:
    """`sign` signs with the hub's key (Ed25519, RFC 8032); `claim_secret` keys claim hashes."""

    private: Ed25519PrivateKey
    claim_secret: bytes

    def sign(self, data: bytes) -> bytes:
        return self.private.sign(data)

    @property
    def public_bytes(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    @property
    def sealing_public_bytes(self) -> bytes:
        """What boxes seal to: the X25519 key of `unseal`."""
        return self._sealing_private().public_key().public_bytes_raw()

    def unseal(self, sealed: bytes, info: bytes) -> bytes | None:
        """Open what a box sealed (HPKE, RFC 9180), None where it was changed or is not for us."""
        suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
        try:
            return suite.decrypt(sealed, self._sealing_private(), info)
        except InvalidTag:
            return None

    def _sealing_private(self) -> X25519PrivateKey:
        """Derived (HKDF, RFC 5869), so that a hub put back from its key file opens old copies."""
        seed = self.private.private_bytes_raw()
        derived = HKDF(SHA256(), KEY_BYTES, None, SEALING_INFO).derive(seed)
        return X25519PrivateKey.from_private_bytes(derived)


def create_keys(path: Path, random_bytes: Callable[[int], bytes]) -> HubKeys:
    """Write new keys to `path`, durably, readable by the owner alone; never overwrites."""
    seed = random_bytes(KEY_BYTES)
    claim_secret = random_bytes(CLAIM_SECRET_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pack([seed, claim_secret]))
        file.flush()
        os.fsync(file.fileno())
    return HubKeys(Ed25519PrivateKey.from_private_bytes(seed), claim_secret)


def load_keys(path: Path) -> HubKeys:
    """Return the keys of a file that `create_keys` wrote."""
    try:
        mode = path.stat().st_mode & 0o777
        data = path.read_bytes()
    except FileNotFoundError:
        raise KeyFileError(
            f"{path} is missing: put it back from the backup; without it no box trusts this hub"
        ) from None
    if mode & 0o077:
        raise KeyFileError(f"{path} can be read by others: run `chmod 600 {path}`")
    try:
        values = expect_list(unpack(data), "keys", 2, 2)
        seed = expect_bytes(values[0], "seed", KEY_BYTES, KEY_BYTES)
        secret = expect_bytes(values[1], "claim secret", CLAIM_SECRET_BYTES, CLAIM_SECRET_BYTES)
    except ProtocolError:
        raise KeyFileError(f"{path} is damaged: put it back from the backup") from None
    return HubKeys(Ed25519PrivateKey.from_private_bytes(seed), secret)


def verifier(public_key: bytes) -> Callable[[bytes, bytes], bool]:
    """Return verify(signature, data) for a node's public key."""
    key = Ed25519PublicKey.from_public_bytes(public_key)

    def verify(signature: bytes, data: bytes) -> bool:
        try:
            key.verify(signature, data)
        except InvalidSignature:
            return False
        return True

    return verify
