"""Import the modules named as arguments, in one MicroPython."""

import sys

sys.path.insert(0, ".")
for module in sys.argv[1:]:
    __import__("sync_protocol." + module)
print(f"{len(sys.argv) - 1} modules imported")
