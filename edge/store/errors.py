"""What the store refuses, each with a stable code and words for the person at the box."""


class StoreError(Exception):
    """The store cannot do what it was asked; `code` is stable, `words` say what to do."""

    def __init__(self, code: str, words: str) -> None:
        self.code = code
        self.words = words
        super().__init__(f"{code}: {words}")


class StoreDamagedError(StoreError):
    """What is on the disk is not what was written. The box must not start on it."""


class StoreMismatchError(StoreError):
    """The file belongs to another box, chain or program version."""


class StoreBusyError(StoreError):
    """More work is waiting than the written bound; nothing was taken in, nothing is lost."""


class StoreStoppedError(StoreError):
    """The disk refused a commit, or the store is closed: nothing is written any more."""


class StoreUncertainError(StoreStoppedError):
    """The disk failed at the commit of this very work: whether it is on the disk, and will count,
    is known only after a restart. SQLite finds a whole commit in its log whose fsync reported an
    error."""


class StoreFullError(StoreError):
    """There is no more room on the disk: nothing of this work was kept."""


class OverdrawnError(StoreError):
    """A command would lower an account below zero: its domain rule is wrong. Nothing is written."""
