"""Who this box is: its key and what the hub answered to its one-time code, in one file.

The key is written, mode 600, before the code is used: a repeat after a lost answer asks with the
same key and gets the same answer.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.store.identity import Identity
from edge.sync.hub_http import HubHttp
from sync_protocol.codec import pack, unpack
from sync_protocol.errors import ProtocolError
from sync_protocol.expect import expect_bytes, expect_list
from sync_protocol.http_api import EnrolAnswer, EnrolRequest, enrol_answer_from_bytes

KEY_BYTES = 32


class EnrolmentError(Exception):
    """The box has no usable identity; the words say what to do."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A box's identity: its Ed25519 key (RFC 8032) and the hub's answer."""

    private_key: Ed25519PrivateKey
    answer: EnrolAnswer

    @property
    def identity(self) -> Identity:
        """Whose name the store writes in."""
        answer = self.answer
        return Identity(answer.chain, answer.node, answer.epoch, answer.cafe)

    def sign(self, data: bytes) -> bytes:
        """Sign with the box's key."""
        return self.private_key.sign(data)

    def verify_hub(self, signature: bytes, data: bytes) -> bool:
        """Return whether `signature` is the hub's of `data`."""
        key = Ed25519PublicKey.from_public_bytes(self.answer.hub_public_key)
        try:
            key.verify(signature, data)
        except InvalidSignature:
            return False
        return True


def load_enrolment(path: Path) -> Enrolment | None:
    """Return the identity in a file, None where the box has none yet.

    Raises `EnrolmentError` for a file that is not ours or that others may read.
    """
    seed, answer = _read(path)
    if seed is None or answer is None:
        return None
    try:
        answered = enrol_answer_from_bytes(answer)
    except ProtocolError as error:
        raise EnrolmentError(f"{path} is damaged ({error}); restore it or enrol anew") from error
    return Enrolment(Ed25519PrivateKey.from_private_bytes(seed), answered)


async def enrol(
    path: Path,
    http: HubHttp,
    code: str,
    *,
    hardware: bytes,
    software: str,
    random_bytes: Callable[[int], bytes],
    again: bool = False,
) -> Enrolment:
    """Ask the hub for an identity with a one-time code and keep it in `path`.

    `again` asks for the next epoch of a box that has one: with a new key, since a copy of the box
    has the old one. Raises `EnrolmentError` where the box is enrolled already (or, `again`, where
    the code was not one of this box), and `HubRefusedError` with the hub's words, such as for a
    code that was used.
    """
    before = load_enrolment(path)
    if before is not None and not again:
        raise EnrolmentError(
            f"{path}: this box is enrolled; for its next epoch type: cafebox enrol CODE --again"
        )
    # Beside the old one until the hub has answered: the box goes on with what it has.
    waiting = path if before is None else path.with_name(path.name + ".next")
    seed, _ = _read(waiting)
    if seed is None:
        seed = random_bytes(KEY_BYTES)
        _write(waiting, seed, None)
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public_key = key.public_key().public_bytes_raw()
    answered = await http.enrol(EnrolRequest(code, public_key, hardware, software))
    if before is not None:
        _check_same_box(before, answered)
    _write(path, seed, answered.pack())
    if waiting != path:
        waiting.unlink()
    return Enrolment(key, answered)


def _check_same_box(before: Enrolment, answered: EnrolAnswer) -> None:
    """Refuse a code of another box: the store could not follow."""
    was = before.identity
    if (answered.chain, answered.node, answered.cafe) != (was.chain, was.node, was.cafe):
        raise EnrolmentError(
            f"the code is for node {answered.node} of cafe {answered.cafe}, this box is node"
            f" {was.node} of cafe {was.cafe}; on the hub type:"
            f" cafebox-hub enrol-code --cafe {was.cafe} --node {was.node}"
        )


def _read(path: Path) -> tuple[bytes | None, bytes | None]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None, None
    if path.stat().st_mode & 0o077:
        raise EnrolmentError(f"{path} can be read by others; type: chmod 600 {path}")
    try:
        values = expect_list(unpack(data), "identity", 2, 2)
        seed = expect_bytes(values[0], "key", KEY_BYTES, KEY_BYTES)
        answer = None if values[1] is None else expect_bytes(values[1], "answer", 1, 4096)
    except ProtocolError as error:
        raise EnrolmentError(f"{path} is damaged ({error}); restore it or enrol anew") from error
    return seed, answer


def _write(path: Path, seed: bytes, answer: bytes | None) -> None:
    """Replace the file durably: a key that is lost after the code was used locks the box out."""
    partial = path.with_name(path.name + ".part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pack([seed, answer]))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
