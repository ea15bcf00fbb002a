"""Staff of head office: passwords and PINs (argon2id), log-in, sessions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cloud.domain.passwords import Security, security_of
from cloud.domain.refusals import Refusal, refusal
from cloud.domain.rights import sees
from cloud.store.database import Database
from cloud.store.models import StaffSession
from cloud.store.reports import read_document, read_documents
from sync_protocol.kinds import RULE, STAFF, field_index
from sync_protocol.registers import RegisterRow
from sync_protocol.rules import RULES, rows_in_force

SESSION_MS = 12 * 3600 * 1000
"""A working day: a browser left open overnight asks for the password again."""
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff. `role`: of `cloud.domain.rights`; `cafes`: where, empty for all.

    `password_day` (yyyymmdd) is 0 where it is not known; `second_factor` is sealed, empty for none.
    """

    id: int
    name: str
    role: str
    cafes: tuple[int, ...]
    active: bool
    password_hash: str = field(default="", repr=False)
    password_day: int = 0
    second_factor: str = field(default="", repr=False)

    def sees(self, cafe: int) -> bool:
        """Whether what belongs to a cafe is for them to see."""
        return sees(self.cafes, cafe)


def person_of(key: int | str, row: RegisterRow) -> Person | None:
    """Return the person of a STAFF document, None for an erased one."""
    if row.entries is None or not isinstance(key, int):
        return None

    def text(name: str) -> str:
        value = row.value(field_index(STAFF, name))
        return value if isinstance(value, str) else ""

    cafes = row.value(field_index(STAFF, "cafes"))
    day = row.value(field_index(STAFF, "password_day"))
    return Person(
        key,
        text("name"),
        text("role"),
        tuple(cafe for cafe in cafes if isinstance(cafe, int)) if isinstance(cafes, list) else (),
        row.value(field_index(STAFF, "active")) is True,
        text("password_hash"),
        day if isinstance(day, int) else 0,
        text("second_factor"),
    )


def security(database: Database) -> Security:
    """Return the rule of log-ins that is in force (blocking)."""
    rule = RULES["security"]
    row = read_document(database, RULE, rule.name)
    values = row.value(field_index(RULE, "values")) if row is not None else None
    (found,) = rows_in_force(rule, rule.default if values is None else values)
    return security_of(dict(zip([one.name for one in rule.columns], found, strict=True)))


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
    for key, row in read_documents(database, STAFF):
        person = person_of(key, row)
        if person is not None and person.active and person.name == name and person.password_hash:
            found = person
    if found is None:
        # The same time as for a wrong password, so that names cannot be told apart.
        hash_secret(password)
        return refusal("bad_credentials")
    return found if secret_matches(found.password_hash, password) else refusal("bad_credentials")


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


def close_sessions_of(database: Database, staff: int, but: str = "") -> None:
    """End all sessions of a person but the one of the token `but`. Runs on the writer."""
    theirs = (StaffSession.staff == staff) & (StaffSession.token_hash != _token_hash(but))
    database.run(StaffSession.delete().where(theirs))


def person_of_session(database: Database, token: str, now_ms: int) -> Person | None:
    """Return who a token belongs to, None if it has ended or the person is no longer active."""
    session = database.first(
        StaffSession.select().where(
            StaffSession.token_hash == _token_hash(token), StaffSession.expires_ms > now_ms
        )
    )
    if session is None:
        return None
    row = read_document(database, STAFF, session.staff)
    person = None if row is None else person_of(session.staff, row)
    return person if person is not None and person.active else None
