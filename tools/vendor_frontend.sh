#!/bin/bash
# Keep one source of what both web packages hold, though edge and cloud never import each other.
# - Browser libraries: from node_modules, as package-lock.json pins them, to both. The copies are
#   committed: a box without a line, and a first run without npm, have them.
# - The look, and how pages write, render and guard: from edge/web to cloud/web, where imports name
#   cloud.web instead. How commands show their progress: the same.
#   tools/vendor_frontend.sh           copy
#   tools/vendor_frontend.sh --check   exit 1 where a copy is not its source
set -eu
cd "$(dirname "$0")/.."
check=${1:-}

shared() { # SOURCE
    case $1 in
    *.py) sed 's/\bedge\.web\b/cloud.web/' "$1" ;;
    *) cat "$1" ;;
    esac
}

share() { # SOURCE COPY
    if [ "$check" != --check ]; then
        mkdir -p "$(dirname "$2")"
        shared "$1" >"$2"
    elif ! cmp -s <(shared "$1") "$2"; then
        echo "$2 is not $1. Change the source and type: make vendor" >&2
        exit 1
    fi
}

for library in htmx.org/dist/htmx.min.js htmx-ext-sse/dist/sse.min.js; do
    for web in edge/web cloud/web; do
        share "node_modules/$library" "$web/static/vendor/$(basename "$library")"
    done
done
for source in static/look.css formats.py translations.py page_security.py rendering.py sheets.py; do
    share "edge/web/$source" "cloud/web/$source"
done
share edge/cli_progress.py cloud/cli_progress.py
