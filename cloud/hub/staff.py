"""Staff of head office: passwords and PINs (argon2id), log-in, sessions."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cloud.domain.refusals import Refusal, refusal
from cloud.store.database import Database
from cloud.store.models import StaffSession
from cloud.store.reports import read_documents
from sync_protocol.kinds import STAFF, field_index
from sync_protocol.registers import RegisterRow

PASSWORD_LENGTH_MIN = 8
PASSWORD_LENGTH_MAX = 128
SESSION_MS = 12 * 3600 * 1000
"""A working day: a browser left open overnight asks for the password again."""
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff. `role`: admin, manager or cashier; `cafes`: where, empty for all."""

    id: int
    name: str
    role: str
    cafes: tuple[int, ...]
    active: bool


def person_of(key: int | str, row: RegisterRow) -> Person | None:
    """Return the person of a STAFF document, None for an erased one."""
    if row.entries is None or not isinstance(key, int):
        return None
    name, role, cafes, active = (
        row.value(field_index(STAFF, field)) for field in ("name", "role", "cafes", "active")
    )
    return Person(
        key,
        name if isinstance(name, str) else "",
        role if isinstance(role, str) else "",
        tuple(cafe for cafe in cafes if isinstance(cafe, int)) if isinstance(cafes, list) else (),
        active is True,
    )


def check_password(password: str) -> Refusal | None:
    """Return why a password cannot be set."""
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        return refusal("password_short")
    return None


def check_pin(pin: str) -> Refusal | None:
    """Return why a PIN cannot be set."""
    if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 12):
        return refusal("pin_shape")
    return None


def hash_secret(secret: str) -> str:
    """Return the argon2id hash (RFC 9106) of a password or PIN; takes some 30 ms."""
    return PasswordHasher().hash(secret)


def secret_matches(hashed: str, secret: str) -> bool:
    """Return whether a hash is of this password or PIN; takes some 30 ms."""
    try:
        return PasswordHasher().verify(hashed, secret)
    except (VerificationError, InvalidHashError):
        return False


def find_by_password(database: Database, name: str, password: str) -> Person | Refusal:
    """Return the active person of this name and password (blocking). Slow for any wrong answer."""
    found: Person | None = None
    hashed = ""
    for key, row in read_documents(database, STAFF):
        person = person_of(key, row)
        value = row.value(field_index(STAFF, "password_hash"))
        if person is not None and person.active and person.name == name and isinstance(value, str):
            found, hashed = person, value
    if found is None:
        # The same time as for a wrong password, so that names cannot be told apart.
        hash_secret(password)
        return refusal("bad_credentials")
    return found if secret_matches(hashed, password) else refusal("bad_credentials")


def _token_hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


def new_token(random_bytes: Callable[[int], bytes]) -> str:
    """Return a session's token: what the browser keeps in its cookie."""
    return random_bytes(TOKEN_BYTES).hex()


def open_session(database: Database, token: str, staff: int, now_ms: int) -> None:
    """Store a session; those that have ended go. Runs on the writer."""
    database.run(StaffSession.delete().where(StaffSession.expires_ms <= now_ms))
    database.run(
        StaffSession.insert(
            token_hash=_token_hash(token), staff=staff, expires_ms=now_ms + SESSION_MS
        )
    )


def close_session(database: Database, token: str) -> None:
    """End a session. Runs on the writer."""
    database.run(StaffSession.delete().where(StaffSession.token_hash == _token_hash(token)))


def person_of_session(database: Database, token: str, now_ms: int) -> Person | None:
    """Return who a token belongs to, None if it has ended or the person is no longer active."""
    session = database.first(
        StaffSession.select().where(
            StaffSession.token_hash == _token_hash(token), StaffSession.expires_ms > now_ms
        )
    )
    if session is None:
        return None
    for key, row in read_documents(database, STAFF):
        if key == session.staff:
            person = person_of(key, row)
            return person if person is not None and person.active else None
    return None
