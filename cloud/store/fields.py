"""Columns that hold bytes and record keys in both databases."""

from peewee import Field

from sync_protocol.codec import pack, unpack


class BytesField(Field):
    """Bytes in, bytes out."""

    field_type = "BLOB"

    def db_value(self, value: bytes | None) -> bytes | None:
        return value

    def python_value(self, value: bytes | memoryview | None) -> bytes | None:
        return None if value is None else bytes(value)


class KeyField(Field):
    """A record's key, an int or a text, as its canonical bytes: 7 and "7" are two keys."""

    field_type = "BLOB"

    def db_value(self, value: int | str | None) -> bytes | None:
        return None if value is None else pack(value)

    def python_value(self, value: bytes | memoryview | None) -> int | str | None:
        if value is None:
            return None
        key = unpack(bytes(value))
        if isinstance(key, (int, str)):
            return key
        raise ValueError("a key column holds something else")
