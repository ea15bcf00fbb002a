"""What the keys of a keyboard reader or scanner mean: Linux's key codes on a US layout.

Readers and scanners send the keys of a US keyboard whatever the computer's layout is. Source:
linux/input-event-codes.h.
"""

EV_SYN, EV_KEY = 0x00, 0x01
SYN_DROPPED = 3
"""Events were lost: the kernel keeps 64 for a program that is slow to take them."""
PRESSED, RELEASED = 1, 0
ENTERS = frozenset({28, 96})
"""KEY_ENTER and KEY_KPENTER."""
SHIFTS = frozenset({42, 54})

_ROWS = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
    (71, "789-456+1230.", "789-456+1230."),  # the number pad
)
PLAIN = {first + at: char for first, plain, _ in _ROWS for at, char in enumerate(plain)}
SHIFTED = {first + at: char for first, _, shifted in _ROWS for at, char in enumerate(shifted)}
