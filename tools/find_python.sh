#!/bin/sh
# Print the path of a Python that can hold the environment: 3.11 or newer, with venv, pip, SSL and SQLite.
# PYTHON=/path names one. Exit 1 and print nothing where there is none.
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3}; do
    "$candidate" -c '
import sys
assert sys.version_info >= (3, 11)
import ensurepip, sqlite3, ssl, venv
print(sys.executable)' 2>/dev/null && exit 0
done
exit 1
