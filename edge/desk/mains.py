"""The mains: while it fails, commands and taps are refused, and what was done is on the disk."""

from dataclasses import dataclass


@dataclass(slots=True)
class Mains:
    """Set on the loop, read on any thread."""

    failed_since_ms: int = 0
    """0 while all is well."""
