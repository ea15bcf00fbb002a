#!/bin/bash
# Resolve the lock files anew: names, versions and hashes for every platform, no addresses.
# One resolution of everything; the smaller sets follow it, so that they agree.
set -eu
cd "$(dirname "$0")/.."
python=.cache/lock/bin/python
[ -x $python ] || .venv/bin/python -m venv .cache/lock
$python -m pip install -qq uv

# Settings of this machine (further indexes, local wheels) stay out of the lock files.
compile() {
    env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL -u UV_FIND_LINKS -u UV_EXTRA_INDEX_URL PIP_CONFIG_FILE=/dev/null \
        $python -m uv pip compile --quiet --no-config --universal --python-version 3.11 --upgrade \
        --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" "$@"
}
compile --all-extras pyproject.toml requirements/build.in -o requirements/test.lock
compile --extra hardware pyproject.toml requirements/build.in -c requirements/test.lock -o requirements/demo.lock
compile --extra serial pyproject.toml requirements/build.in -c requirements/test.lock -o requirements/fake.lock
compile pyproject.toml requirements/build.in -c requirements/test.lock -o requirements/run.lock
npm install --package-lock-only --ignore-scripts --silent
