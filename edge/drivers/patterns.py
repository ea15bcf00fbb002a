"""Patterns for names of devices: `*` is anything, `?` one character, all else stands for itself.

Readers have brackets in their names ("[ACR1252 Dual Reader PICC]"), which fnmatch would take for
a choice of characters.
"""

from fnmatch import fnmatchcase


def fits(name: str, pattern: str) -> bool:
    """Whether a name fits a pattern; capitals count."""
    return fnmatchcase(name, pattern.replace("[", "[[]"))
