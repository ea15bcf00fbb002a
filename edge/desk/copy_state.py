"""How the second copy does: codes that the page, metrics, `cafebox status` and the doctor share."""

from enum import StrEnum


class CopyState(StrEnum):
    """In any state but IN_STEP and OTHER_ENTRIES what the hub has not is on one disk only."""

    OFF = "off"
    """None is configured."""
    IN_STEP = "in_step"
    BEHIND = "behind"
    """It lacks commits that are older than a second; it is catching up, or its medium is slow."""
    OTHER_ENTRIES = "other_entries"
    """In step; but it also holds entries of this box's epoch that the store has not: an older copy
    of the store was put back."""
    MISSING = "missing"
    """Its folder is not there: the stick was pulled."""
    SAME_DISK = "same_disk"
    """Its folder is on the store's own disk: an empty mount point."""
    FULL = "full"
    READ_ONLY = "read_only"
    FAULT = "fault"
    """The medium cannot be written or read."""

    @property
    def holds_all(self) -> bool:
        """Whether what the hub has not is on two disks."""
        return self in (CopyState.IN_STEP, CopyState.OTHER_ENTRIES)
