"""A block of our own lines at the end of a text file that others write too."""

from collections.abc import Sequence

BEGIN = "# cafebox: written by provisioning, from here"
END = "# cafebox: to here"


def without_block(text: str) -> list[str]:
    """The lines that are not ours."""
    kept: list[str] = []
    ours = False
    for line in text.splitlines():
        if line == BEGIN:
            ours = True
        elif line == END:
            ours = False
        elif not ours:
            kept.append(line)
    return kept


def with_block(others: Sequence[str], ours: Sequence[str]) -> str:
    """The file's text: the lines of others, then ours between their marks, if there are any."""
    block = [BEGIN, *ours, END] if ours else []
    return "".join(f"{line}\n" for line in (*others, *block))
