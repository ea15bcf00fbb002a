"""Check the golden vectors under any interpreter: `micropython tests/vectors/check.py`."""

import json
import sys

sys.path.insert(0, sys.path[0] + "/../..")

from tests.vectors.cases import FILES, check

compared = 0
for name in FILES:
    with open(sys.path[1] + "/" + name + ".json") as file:  # noqa: PTH123 - MicroPython has no pathlib
        compared += check(name, json.load(file))
print(f"{sys.implementation.name}: {compared} vectors hold")
