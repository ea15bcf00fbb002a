#!/bin/sh
# Put the box and what it needs into a folder, for `cafebox-update seal`: what stands in a slot.
#   firmware_scripts/build_tree.sh FOLDER [PLATFORM]   for a Pi: manylinux_2_28_aarch64
# Debian's python3 (3.11) runs it; card readers and pins come with the system (provision/steps.py).
set -eu
project=$(cd "$(dirname "$0")/.." && pwd)
folder=$1
platform=${2:-}
python=${PYTHON:-python3}
[ ! -e "$folder" ] || { echo "$folder is there already. Name a new one." >&2; exit 1; }
set -- --quiet --target "$folder" --only-binary=:all: --python-version 3.11 --implementation cp
[ -z "$platform" ] || set -- "$@" --platform "$platform" --platform manylinux2014_aarch64
"$python" -m pip install "$@" --require-hashes -r "$project/requirements/fake.lock"
"$python" -m pip install --quiet --target "$folder" --no-deps --no-build-isolation "$project"
rm -rf "$folder/bin" "$folder/cloud"
