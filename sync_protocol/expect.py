"""Narrow a decoded value to the shape that was promised, or say which field broke it."""

from sync_protocol.errors import DecodeError

AMOUNT_MAX = 1 << 53
"""Bound of an amount (fen, points, pieces): exact in every language that a report may use."""

ID_MAX = (1 << 53) - 1
TEXT_MAX = 4096
"""Bytes of one text field; a longer note belongs in a document, not in an op."""


def expect_int(value: object, name: str, low: int, high: int) -> int:
    """Return `value` if it is an int (not a bool) within low..high, else raise `DecodeError`."""
    if type(value) is int and low <= value <= high:  # some ten times for each op
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        raise DecodeError("field_type", name)
    raise DecodeError("field_range", name)


def expect_bytes(value: object, name: str, low: int, high: int) -> bytes:
    """Return `value` if it is bytes of low..high length."""
    if not isinstance(value, bytes):
        raise DecodeError("field_type", name)
    if len(value) < low or len(value) > high:
        raise DecodeError("field_range", name)
    return value


def expect_text(value: object, name: str, high: int = TEXT_MAX) -> str:
    """Return `value` if it is a str of at most `high` characters, none of them U+0000.

    PostgreSQL's text holds every character but that one (its manual, section 8.3).
    """
    if not isinstance(value, str):
        raise DecodeError("field_type", name)
    if len(value) > high or "\x00" in value:
        raise DecodeError("field_range", name)
    return value


def expect_list(value: object, name: str, low: int, high: int) -> list[object]:
    """Return `value` if it is a list of low..high items."""
    if type(value) is list and low <= len(value) <= high:
        return value
    raise DecodeError("field_range" if isinstance(value, list) else "field_type", name)


def expect_key(value: object, name: str) -> "int | str":
    """Return `value` if it can be a record's key: an id, or a text of 1 to 64 characters.

    U+0000 is none of them, see `expect_text`.
    """
    if isinstance(value, str):
        if not value or len(value) > 64 or "\x00" in value:
            raise DecodeError("field_range", name)
        return value
    return expect_int(value, name, 0, ID_MAX)
