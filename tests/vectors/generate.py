"""Write the golden vectors anew: `python -m tests.vectors.generate`. A changed file is a changed
protocol; say why in the commit, and raise a version if peers in the field would differ."""

import json
from pathlib import Path

from tests.vectors.cases import FILES, make

FOLDER = Path(__file__).parent


def text_of(name: str) -> str:
    """Return the text of `name`.json: one case a line."""
    content = make(name)
    lines = [json.dumps(case, ensure_ascii=False) for case in content["cases"]]
    refused = json.dumps(content["refused"])
    return '{"refused": ' + refused + ',\n"cases": [\n' + ",\n".join(lines) + "\n]}\n"


if __name__ == "__main__":
    for name in FILES:
        (FOLDER / f"{name}.json").write_text(text_of(name), encoding="utf-8")
