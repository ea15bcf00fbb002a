"""`cafebox`, also `python -m edge.cli`: loads its commands, which takes a Pi seconds, and runs one.

The commands stand in `edge/cli_commands.py`. Whoever presses Ctrl-C gets words and no
traceback, while it loads too: what is imported above `main` could not see to that.
"""

import sys

INTERRUPTED = 130
"""Ctrl-C, as shells know it: 128 and the number of SIGINT."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        from edge.cli_commands import perform  # noqa: PLC0415  see the module

        return perform(arguments)
    except KeyboardInterrupt:
        print("cafebox: stopped by Ctrl-C; what was done until then stays", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
