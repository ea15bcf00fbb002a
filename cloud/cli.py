"""`cafebox-hub`, also `python -m cloud.cli`: loads its commands, which takes a while, and runs one.

The commands stand in `cloud/cli_commands.py`. Whoever presses Ctrl-C gets words and no
traceback, while it loads too: what is imported above `main` could not see to that.
"""

import sys

INTERRUPTED = 130
"""Ctrl-C, as shells know it: 128 and the number of SIGINT."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        from cloud.cli_commands import perform  # noqa: PLC0415  see the module

        return perform(arguments)
    except KeyboardInterrupt:
        print(
            "cafebox-hub: stopped by Ctrl-C; a hub that runs goes on with what it was asked",
            file=sys.stderr,
        )
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
