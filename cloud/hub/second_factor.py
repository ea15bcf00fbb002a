"""Second factors of head office: time-based one-time passwords (RFC 6238), sealed at rest.

A staff document goes to every box; so its `second_factor` holds the secret sealed with a key that
only the hub has (AES-GCM, key by HKDF-SHA256 from the hub's own; the person's id is authenticated
with it, so that nobody's seal fits another). A code is taken once: `used_steps` remembers the last
step of each person.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from io import BytesIO

import pyotp
import qrcode
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from qrcode.image.svg import SvgPathImage

from cloud.hub.keys import HubKeys

STEP_S = 30
STEPS_OFF_MAX = 1
"""A telephone's clock may be half a minute off."""
NONCE_BYTES = 12
ISSUER = "cafebox"


def new_secret() -> str:
    """A fresh secret in base 32."""
    return pyotp.random_base32()


def seal(keys: HubKeys, staff: int, secret: str, random_bytes: Callable[[int], bytes]) -> str:
    """The secret as a staff document keeps it."""
    nonce = random_bytes(NONCE_BYTES)
    sealed = AESGCM(_key(keys)).encrypt(nonce, secret.encode(), str(staff).encode())
    return b64encode(nonce + sealed).decode()


def unseal(keys: HubKeys, staff: int, sealed: str) -> str:
    """The secret again, empty where this is no seal of ours for this person."""
    try:
        data = b64decode(sealed, validate=True)
        nonce, rest = data[:NONCE_BYTES], data[NONCE_BYTES:]
        return AESGCM(_key(keys)).decrypt(nonce, rest, str(staff).encode()).decode()
    except (Base64Error, InvalidTag, ValueError):
        return ""


def step_of(secret: str, code: str, now_ms: int) -> int:
    """The step of time that a code is right for, 0 for a wrong one."""
    digits = code.replace(" ", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) == 6 and secret):
        return 0
    now = now_ms // 1000 // STEP_S
    totp = pyotp.TOTP(secret)
    for step in range(now - STEPS_OFF_MAX, now + STEPS_OFF_MAX + 1):
        if pyotp.utils.strings_equal(digits, totp.at(step * STEP_S)):
            return step
    return 0


def address(secret: str, name: str, chain: str) -> str:
    """The `otpauth` address that an authenticator app reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=f"{ISSUER} {chain}")


def picture(text: str) -> str:
    """A QR code as an SVG element."""
    file = BytesIO()
    qrcode.make(text, image_factory=SvgPathImage).save(file)
    svg = file.getvalue().decode()
    return svg[svg.index("<svg") :]


def _key(keys: HubKeys) -> bytes:
    private = keys.private.private_bytes_raw()
    return HKDF(SHA256(), 32, salt=None, info=b"cafebox second factor").derive(private)
