"""Copy the counter's rights for head office's pages: `python -m tools.operations [--check]`.

Head office gives and takes single rights by their names; the rights themselves stand in
`edge.domain.rights_table`, which head office may not import. `--check` changes nothing and exits 1
where the copy is out of step.
"""

import sys
from pathlib import Path

from edge.domain.rights_table import RIGHTS

TARGET = Path(__file__).parent.parent / "cloud" / "domain" / "counter_operations.py"
HEAD = """\
\"\"\"The counter's rights, for giving and taking single ones: made by tools/operations.py.\"\"\"

from collections.abc import Mapping

OPERATIONS: Mapping[str, tuple[str, str]] = {
"""


def text() -> str:
    """The module as it should be."""
    rows = [f'    "{code}": ("{names[0]}", "{names[1]}"),\n' for code, (_, names) in RIGHTS.items()]
    return HEAD + "".join(sorted(rows)) + '}\n"""Operation -> (Chinese, English)."""\n'


def main() -> int:
    """Write the copy, or check it."""
    if "--check" in sys.argv:
        in_step = TARGET.read_text() == text()
        if not in_step:
            print(f"{TARGET.name} is out of step. Type: python -m tools.operations")
        return 0 if in_step else 1
    TARGET.write_text(text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
