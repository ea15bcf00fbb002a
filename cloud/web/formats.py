"""How pages write money, times and ids.

One source for both web packages: `make vendor` copies it from edge/web to cloud/web.
"""

from datetime import UTC, datetime, tzinfo

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Base 32 without I, L, O and U (https://www.crockford.com/base32.html)."""


SPAN_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1))
"""Units of time by their symbols (SI brochure, table 8), each in ms."""


def money(amount_fen: int) -> str:
    """`-1234567` fen is `-12,345.67`; the unit stands beside it in the page."""
    sign = "-" if amount_fen < 0 else ""
    yuan, fen = divmod(abs(amount_fen), 100)
    return f"{sign}{yuan:,}.{fen:02}"


def signed_money(amount_fen: int) -> str:
    """Money with a plus sign where it is a gain."""
    return f"+{money(amount_fen)}" if amount_fen > 0 else money(amount_fen)


def count(value: int) -> str:
    """A count with thousands set apart."""
    return f"{value:,}"


def signed_span(span_ms: int) -> str:
    """How far a clock is off, in the largest whole unit: `+450 ms`, `-3 s`, `+20,778 d`."""
    unit, size_ms = next(
        ((unit, size_ms) for unit, size_ms in SPAN_UNITS if abs(span_ms) >= size_ms), SPAN_UNITS[-1]
    )
    return f"{'-' if span_ms < 0 else '+'}{abs(span_ms) // size_ms:,} {unit}"


def short_id(value: int) -> str:
    """An id as people read it aloud: Crockford base 32, in groups of four from the right."""
    digits = ""
    while value:
        value, digit = divmod(value, 32)
        digits = CROCKFORD[digit] + digits
    digits = digits or "0"
    head = len(digits) % 4
    groups = [digits[:head]] if head else []
    return "-".join(groups + [digits[i : i + 4] for i in range(head, len(digits), 4)])


def chain_code(node: int, epoch: int, seq: int, op_hash: bytes) -> str:
    """An op as papers and pages name it: whose and which, and 32 bits of its hash."""
    digits = short_id(int.from_bytes(op_hash[:4], "big")).replace("-", "").rjust(7, "0")
    return f"{node}.{epoch}.{seq}-{digits}"


def clock(wall_ms: int, zone: tzinfo) -> str:
    """Hours and minutes, local."""
    return datetime.fromtimestamp(wall_ms / 1000, zone).strftime("%H:%M")


def day_and_clock(wall_ms: int, zone: tzinfo) -> str:
    """Month, day, hours and minutes, local."""
    return datetime.fromtimestamp(wall_ms / 1000, zone).strftime("%m-%d %H:%M")


def full_stamp(wall_ms: int, zone: tzinfo) -> str:
    """The full local time with its offset, for the hover."""
    return datetime.fromtimestamp(wall_ms / 1000, zone).isoformat(timespec="milliseconds")


def iso_utc(wall_ms: int) -> str:
    """For the `datetime` attribute of `<time>`."""
    return datetime.fromtimestamp(wall_ms / 1000, UTC).isoformat(timespec="milliseconds")


def day(business_day: int) -> str:
    """`20270301` is `2027-03-01`; 0 is no day."""
    text = f"{business_day:08}"
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if business_day else "–"


def initials(name: str) -> str:
    """What stands for a photo: the last two Chinese characters, else the first letters."""
    words = name.split()
    if not words:
        return "?"
    if len(words) == 1:
        return words[0][-2:] if not words[0].isascii() else words[0][:2].upper()
    return (words[0][0] + words[-1][0]).upper()
