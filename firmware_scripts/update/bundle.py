"""Signed bundles: one version of the application in one file, checked before a byte is unpacked.

    "CBU1" | manifest length 4 | manifest | signature 64 | payload

The manifest is JSON and names the payload's SHA-256; the signature is Ed25519 (RFC 8032) over all
before it. A bundle is taken if a key of this box made the signature, its `order` is greater than
that of the version here, it has not expired, and it is for this machine. The payload is a tar file
(gzip) of the folder that becomes a slot.
"""

import hashlib
import json
import os
import shutil
import struct
import tarfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MAGIC = b"CBU1"
SIGNATURE_BYTES = 64
KEY_BYTES = 32
MANIFEST_BYTES_MAX = 4096
PAYLOAD_BYTES_MAX = 512 * 1024 * 1024
UNPACKED_BYTES_MAX = 2 * 1024 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024
GZIP_LEVEL = 3
"""Level 9 takes eight times as long for a tenth less."""
ANY_MACHINE = "any"


class BundleRefusedError(Exception):
    """A bundle that is not taken: a stable code, and words for the technician."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(f"{code}: {words}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself. Times are seconds since 1970 (UTC).

    `order` counts releases up; `store_step` is the last step of the store's migrations that the
    version knows.
    """

    version: str
    order: int
    store_step: int
    made_s: int
    expires_s: int
    machine: str
    payload_bytes: int
    payload_sha256: str

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True).encode()


def read_manifest(data: bytes) -> Manifest:
    """The manifest of signed bytes. Raises BundleRefusedError."""
    try:
        values = json.loads(data)
        known = {field.name: field.type for field in fields(Manifest)}
        if set(values) != set(known) or any(
            type(values[name]) is not kind for name, kind in known.items()
        ):
            raise ValueError("another set of fields")
    except (ValueError, TypeError) as error:
        words = f"its manifest is of another kind ({error}); update in smaller steps"
        raise BundleRefusedError("manifest_unknown", words) from None
    return Manifest(**values)


def read_keys(folder: Path) -> tuple[Ed25519PublicKey, ...]:
    """The keys that may sign for this box: one hexadecimal key in each file *.pub."""
    return tuple(
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(path.read_text("ascii").strip()))
        for path in sorted(folder.glob("*.pub"))
    )


def open_bundle(file: BinaryIO, keys: Iterable[Ed25519PublicKey]) -> Manifest:
    """Read up to the payload, and check who signed. Raises BundleRefusedError."""
    head = file.read(len(MAGIC) + 4)
    if len(head) != len(MAGIC) + 4 or not head.startswith(MAGIC):
        raise BundleRefusedError("not_a_bundle", "it is no bundle of cafebox")
    size = struct.unpack(">I", head[len(MAGIC) :])[0]
    if size > MANIFEST_BYTES_MAX:
        raise BundleRefusedError("not_a_bundle", "its manifest is too long")
    manifest, signature = file.read(size), file.read(SIGNATURE_BYTES)
    if len(signature) != SIGNATURE_BYTES:
        raise BundleRefusedError("not_a_bundle", "it was cut short")
    if not any(signature):
        raise BundleRefusedError("unsigned", "nobody signed it")
    if not any(_signed(key, signature, head + manifest) for key in keys):
        raise BundleRefusedError("wrong_key", "no key that this box trusts signed it")
    return read_manifest(manifest)


def check_order(new: Manifest, here: Manifest, now_s: int, machine: str) -> None:
    """Whether a bundle may follow the version here. Raises BundleRefusedError.

    A clock that was never set is behind: no time before the version here was made is believed.
    """
    if new.machine not in (machine, ANY_MACHINE):
        raise BundleRefusedError("wrong_machine", f"it is for {new.machine}, this is {machine}")
    if new.order <= here.order:
        words = f"{new.version} ({new.order}) is not newer than {here.version} ({here.order})"
        raise BundleRefusedError("not_newer", words)
    if max(now_s, here.made_s) >= new.expires_s:
        raise BundleRefusedError("expired", "its time is over; ask for a new one")


def unpack(file: BinaryIO, manifest: Manifest, folder: Path) -> None:
    """Check the payload to its last byte, then unpack it into a new folder and fsync all of it.

    Raises BundleRefusedError; what was unpacked by then is the caller's to remove.
    """
    start = file.tell()
    _check_payload(file, manifest)
    file.seek(start)
    folder.mkdir()
    total = 0
    try:
        with tarfile.open(fileobj=file, mode="r:gz") as archive:
            for member in archive:
                total += member.size
                if total > UNPACKED_BYTES_MAX:
                    raise BundleRefusedError("too_large", "it unpacks to more than a slot holds")
                _unpack_member(archive, member, folder)
    except (tarfile.TarError, FileExistsError) as error:
        raise BundleRefusedError("payload_unsafe", str(error)) from None
    sync_tree(folder)


def seal(tree: Path, file: BinaryIO, key: Ed25519PrivateKey, manifest: Manifest) -> Manifest:
    """Write a folder as a bundle; the manifest is completed with what the payload came to."""
    payload = file.name + ".payload"
    try:
        with tarfile.open(payload, "w:gz", compresslevel=GZIP_LEVEL) as archive:
            archive.add(tree, arcname=".")
        data = Path(payload)
        with data.open("rb") as packed:
            digest = hashlib.file_digest(packed, "sha256").hexdigest()
        values = asdict(manifest) | {
            "payload_bytes": data.stat().st_size,
            "payload_sha256": digest,
        }
        manifest = Manifest(**values)
        written = manifest.to_bytes()
        head = MAGIC + struct.pack(">I", len(written)) + written
        file.write(head + key.sign(head))
        with data.open("rb") as packed:
            shutil.copyfileobj(packed, file)
    finally:
        Path(payload).unlink(missing_ok=True)
    return manifest


def sync_tree(folder: Path) -> None:
    """Bring a folder with all that is in it to the medium."""
    for path in (*folder.rglob("*"), folder):
        if not path.is_symlink():
            sync(path)


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the medium: fsync(2)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _signed(key: Ed25519PublicKey, signature: bytes, data: bytes) -> bool:
    try:
        key.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def _unpack_member(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Files and folders alone, within the slot: Debian 12's tarfile has no filters yet."""
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or not (member.isreg() or member.isdir()):
        raise BundleRefusedError("payload_unsafe", f"{member.name} has no place in a slot")
    target = folder / name
    if member.isdir():
        target.mkdir(exist_ok=True)
        return
    packed = archive.extractfile(member)
    if packed is None:
        raise BundleRefusedError("payload_unsafe", f"{member.name} has no content")
    with packed, target.open("xb") as file:
        shutil.copyfileobj(packed, file)


def _check_payload(file: BinaryIO, manifest: Manifest) -> None:
    if not 0 < manifest.payload_bytes <= PAYLOAD_BYTES_MAX:
        raise BundleRefusedError("too_large", "its payload is larger than a slot may be")
    digest = hashlib.sha256()
    size = 0
    while chunk := file.read(CHUNK_BYTES):
        size += len(chunk)
        if size > manifest.payload_bytes:
            break
        digest.update(chunk)
    if size != manifest.payload_bytes or digest.hexdigest() != manifest.payload_sha256:
        raise BundleRefusedError("damaged", "its payload is not what was signed; copy it again")
