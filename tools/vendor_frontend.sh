#!/bin/bash
# Copy the browser libraries that package-lock.json pins from node_modules into both web packages.
# The copies are committed: a box without a line, and a first run without npm, have them.
#   tools/vendor_frontend.sh           copy
#   tools/vendor_frontend.sh --check   exit 1 where a copy is not what the lock file pins
set -eu
cd "$(dirname "$0")/.."
check=${1:-}
for web in edge/web cloud/web; do
    mkdir -p "$web/static/vendor"
    for library in htmx.org/dist/htmx.min.js htmx-ext-sse/dist/sse.min.js; do
        copy="$web/static/vendor/$(basename "$library")"
        if [ "$check" != --check ]; then
            cp "node_modules/$library" "$copy"
        elif ! cmp -s "node_modules/$library" "$copy"; then
            echo "$copy is not what package-lock.json pins. Type: make vendor" >&2
            exit 1
        fi
    done
done
